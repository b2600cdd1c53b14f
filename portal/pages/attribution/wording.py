"""The desk's words, in the reader's language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

KINDS = {
    "over": _l("Shares over 100 %"),
    "overlapping": _l("One broker twice"),
    "agreement_missing": _l("Without agreement"),
    "licence_missing": _l("Without licence"),
    "pending": _l("Call outstanding"),
    "span_ends": _l("Attribution ends"),
    "agreement_ends": _l("Agreement ends"),
    "licence_ends": _l("Licence ends"),
    "uncovered": _l("Nobody's equity"),
}
TONES = {"uncovered": "neutral", "over": "bad", "overlapping": "bad", "pending": "warn", "agreement_missing": "bad", "licence_missing": "bad"}
REMEDIES = {
    "over": _l("Have the shares corrected at once: an import refuses this, so it came another way."),
    "overlapping": _l("Have one of the two rows withdrawn: an import refuses this, so it came another way."),
    "agreement_missing": _l("Nothing is earned without an agreement: record it, or end the attribution."),
    "licence_missing": _l("Nothing is earned without a licence: record it, or end the attribution."),
    "pending": _l("Make the confirmation call and record its day. Days before it earn nothing."),
    "span_ends": _l("Extend it, or agree who follows, before that day."),
    "agreement_ends": _l("Renew the agreement before that day, or days after it earn nothing."),
    "licence_ends": _l("Ask for the renewed licence before that day, or days after it earn nothing."),
    "uncovered": _l("Intended? Then nothing. Otherwise have the attribution recorded with its true first day."),
}
CAUSES = {
    "attribution": _l("Other owners"),
    "settlement": _l("Other trades or balances"),
    "terms": _l("Other terms or tiers"),
    "rounding": _l("Rounding of a tier"),
}
RECORDED = {
    "import": _l("Import"),
    "settlement": _l("Settled day"),
    "adjustments": _l("Adjustments"),
    "commission.month.close": _l("Month close"),
    "case": _l("Case between claims"),
    "confirmation": _l("Confirmation call"),
    "conversion": _l("Lead became a client"),
    "departure": _l("Departure"),
    "handover": _l("Handover"),
    "onboarding": _l("Application of a broker"),
    "transfer": _l("Transfer of attribution"),
}
"""What kind of step a recording is; other kinds are shown by their own word."""
WAYS = {
    "broker": _l("Broker of the account"),
    "servicer": _l("Looks after the account"),
    "branch": _l("Manages the branch"),
    "all": _l("Sees every account"),
    "client": _l("The client himself"),
}
STATES = {"pending": _l("pending"), "confirmed": _l("confirmed"), "suspended": _l("suspended")}
"""States inside a sentence."""
MOVED = {"in": (_l("Came"), "neutral"), "out": (_l("Left"), "neutral"), "more": (_l("Larger share"), "info"), "less": (_l("Smaller share"), "info")}
"""Which way an account moved, with the tone of its badge: none is good or bad in itself."""
