"""The words of a broker's desk, in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.values.rates import decimal_text
from portal.commission.bridge import Bridge
from portal.commission.fading import Reason, Why
from portal.commission.lapses import Lapse, What
from portal.commission.outlook import Outlook
from portal.web.formats import number_text, yuan_text

EFFECTS = {
    "volume": _l("Trading volume"),
    "mix": _l("Mix of clients and products"),
    "attribution": _l("Attribution"),
    "rate": _l("Rates and steps"),
    "corrections": _l("Corrections"),
    "level": _l("Cap or guarantee"),
    "adjustments": _l("Adjustments"),
}
MEANINGS = {
    "volume": _l("The clients of both months traded more or less altogether."),
    "mix": _l("The trading lay with clients and products that pay differently."),
    "attribution": _l("Clients came or went, or a share or state changed."),
    "rate": _l("Another plan, step or rate; days that do not earn; rounding."),
    "corrections": _l("What was learnt about months that are closed."),
    "level": _l("What a cap took off or a guarantee added."),
    "adjustments": _l("What was entered by hand and approved by a second person."),
}
LAPSES = {What.AGREEMENT: _l("Agreement"), What.LICENCE: _l("Licence"), What.PLAN: _l("Plan version"), What.ATTRIBUTION: _l("Attribution of account")}
BROKER_STATES = {"applicant": _l("Applicant"), "active": _l("Active"), "suspended": _l("Suspended"), "ended": _l("Ended")}


def why_call(reason: Reason) -> str:
    """Why a client should be called, in a sentence with its numbers."""
    values: dict[str, Any] = {"before": number_text(reason.before), "now": number_text(reason.now)}
    if reason.why in (Why.WITHDREW, Why.SANK):
        values = {"before": yuan_text(reason.before), "now": yuan_text(reason.now)}
    if reason.why is Why.WITHDREW:
        return str(_("Took out %(now)s net in 20 settled days, of %(before)s.", **values))
    if reason.why is Why.SILENT:
        return str(_("No trade in the last 20 settled days; in the 20 before on %(before)s days.", **values))
    if reason.why is Why.SANK:
        return str(_("Average equity fell from %(before)s to %(now)s.", **values))
    return str(_("Traded %(now)s lots in 20 settled days, %(before)s in the 20 before.", **values))


def share_text(share: int) -> str:
    """A share in ten-thousandths of a per cent, as it is shown: 60 %."""
    return f"{decimal_text(share, 4)} %"


def lapse_text(lapse: Lapse) -> str:
    """What lapses, with its name."""
    return f"{LAPSES[lapse.what]} {lapse.name}"


def outlook_text(found: Outlook) -> str:
    """Where the estimate comes from."""
    if not found.days_left:
        return str(_("All trading days of the month are settled."))
    return str(
        _(
            "%(left)s trading days are left. In the last %(days)s settled days, eight of ten runs of as many days would end the month between %(low)s and %(high)s.",
            left=found.days_left,
            days=found.looked_at,
            low=yuan_text(found.low),
            high=yuan_text(found.high),
        )
    )


def bridge_text(found: Bridge, before: str, after: str) -> str:
    """A bridge in a sentence: the difference, and what made most of it."""
    change = found.after - found.before
    most = max(found.effects, key=lambda name: abs(found.effects[name]))
    values = {"before": before, "after": after, "from": yuan_text(found.before), "to": yuan_text(found.after)}
    if not change and not found.effects[most]:
        return str(_("%(before)s and %(after)s came to the same: %(to)s.", **values))
    values |= {"change": signed(change), "most": EFFECTS[most], "effect": signed(found.effects[most])}
    return str(_("From %(from)s in %(before)s to %(to)s in %(after)s: %(change)s. Most of it: %(most)s, %(effect)s.", **values))


def signed(fen: int) -> str:
    """An amount with its sign."""
    return f"+{yuan_text(fen)}" if fen > 0 else yuan_text(fen)


def percent_of(rate: int) -> str:
    """A rate of hundred-millionths in percent."""
    return f"{decimal_text(rate, 6)} %"
