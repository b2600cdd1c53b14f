"""The commission room's words on screen, in the reader's language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.audit.wording import NAMES
from portal.commission.statement import COLUMNS as AMOUNTS
from portal.web.formats import language

KINDS = {
    "none": _l("No plan known"),
    "retained_fee": _l("Share of the retained fee"),
    "per_lot": _l("Per lot"),
    "turnover": _l("On turnover"),
    "equity": _l("On equity"),
    "override": _l("Override"),
    "rounding": _l("Rounding"),
}
REASONS = {
    "": _l("Earns"),
    "broker_inactive": _l("Broker not active"),
    "licence_expired": _l("Licence expired"),
    "no_agreement": _l("No agreement"),
    "no_plan_version": _l("No plan version"),
    "attribution_pending": _l("Attribution pending"),
    "attribution_suspended": _l("Attribution suspended"),
    "self_account": _l("Own account"),
    "related_account": _l("Related account"),
    "no_rate": _l("No rate for the product"),
    "below_first_tier": _l("Below the first step"),
}
STATES = {"pending": _l("Pending"), "confirmed": _l("Confirmed"), "suspended": _l("Suspended")}
MEASURES = {"retained_fee": _l("Retained fee of the month"), "lots": _l("Lots of the month"), "average_equity": _l("Average daily equity")}
"""What tiers are measured by."""
STATE_TONES = {"pending": "warn", "confirmed": "good", "suspended": "bad"}
COLUMNS = {name: NAMES[name] for name in AMOUNTS}
"""What the amounts of a statement are called."""
IMPORT_STATES = {"running": (_l("Running"), "info"), "done": (_l("Done"), "good"), "cancelled": (_l("Cancelled"), "warn"), "failed": (_l("Failed"), "bad")}
OUTCOMES = {
    "posted": (_l("New"), "good"),
    "corrected": (_l("Correction"), "info"),
    "unchanged": (_l("Nothing differs"), "neutral"),
    "same_bytes": (_l("Received before"), "neutral"),
    "waiting": (_l("Waits for a second person"), "warn"),
    "left_alone": (_l("Left alone"), "neutral"),
    "refused": (_l("Refused"), "bad"),
}
"""What becomes of a file or a day."""
ADJUSTMENTS = {
    "goodwill": _l("Goodwill"),
    "dispute": _l("Dispute settled"),
    "data_error": _l("Data error"),
    "contract": _l("Contract"),
    "penalty": _l("Penalty"),
    "write_off": _l("Written off"),
    "other": _l("Other reason"),
}
"""Why an amount was entered by hand."""
BANDS = {
    "nothing_held": (_l("Nothing at risk"), "neutral", _l("No margin is in use: you hold no positions, so prices do not move your equity.")),
    "calm": (_l("Calm"), "good", _l("Less than 70 per cent of your equity is bound as margin. The rest carries losses and new positions.")),
    "watch": (_l("Watch"), "info", _l("70 per cent or more of your equity is bound as margin. A move against you can use up what is available within days.")),
    "tight": (_l("Tight"), "warn", _l("90 per cent or more of your equity is bound as margin. Put in money or reduce positions before prices force you to.")),
    "call": (
        _l("Margin call"),
        "bad",
        _l("Margin is more than your equity: available funds are below 0. Add money before the time that the firm names, or it may close positions for you."),
    ),
    "no_equity": (_l("No equity left"), "bad", _l("Your equity is not above 0, so the ratio says nothing. Call the firm today.")),
}
"""What a risk degree means: name, tone, sentence."""
HELPING = {"servicer": _l("Looks after you"), "originator": _l("Opened your account")}


def is_chinese() -> bool:
    """Whether the reader's language is Chinese."""
    return language() == "zh"


CHANNELS = {"broker": _l("Introduced by a broker"), "staff": _l("Won by staff"), "direct": _l("Came directly")}
"""How an account came."""
