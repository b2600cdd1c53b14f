"""The words of the rules on screen, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from models.columns import FIRST_DAY, OPEN_END
from portal.web.formats import yuan_text

EFFECTS = {
    "block": (_l("Forbids"), "bad"),
    "warn": (_l("Warns"), "warn"),
    "pending": (_l("Stays pending"), "warn"),
    "report": (_l("To be reported"), "info"),
    "work_list": (_l("Work list"), "info"),
    "approvals": (_l("Two people approve"), "warn"),
    "pay": (_l("Decides pay"), "neutral"),
    "keep": (_l("Keeping and deleting"), "neutral"),
    "allow": (_l("Allows"), "good"),
}
"""What a rule does, with its tone."""
STOPS = {
    "attribution": _l("An attribution that opens or changes"),
    "books": _l("All books, at every re-check"),
    "conversion": _l("A lead that opens an account"),
    "lead": _l("Work on a lead"),
    "payout": _l("Paying"),
    "erasure": _l("Deleting"),
}
"""Where a rule is asked."""
FACTS = {
    "other_firm": _l("Bound to another firm"),
    "staff_relative": _l("Close relative of staff"),
    "financial_institution": _l("Licensed financial institution"),
    "conduct": _l("Prohibited conduct"),
    "registration": _l("Registration as introducing broker"),
    "guarantee": _l("Guarantee agreement (days of notice)"),
    "legal_representative": _l("Legal representative of a client"),
    "risk_disclosure": _l("Risk disclosure signed"),
}
"""Kinds of facts that somebody records."""
RELATIONS = {
    "spouse": _l("spouse"),
    "parent": _l("parent"),
    "child": _l("child"),
    "child_spouse": _l("child's spouse"),
    "controller": _l("actual controller"),
    "staff_of_institution": _l("staff"),
    "legal_representative": _l("legal representative"),
}
CONDUCT = (
    _l("Posing as staff"),
    _l("Handling openings, statements or transfers for a client"),
    _l("Misleading statements"),
    _l("Trading for a client"),
    _l("Promising profit"),
    _l("Margin lending"),
    _l("Taking over existing clients"),
)
"""What compliance can record against a broker."""


def reason_text(message: str, values: Mapping[str, Any]) -> str:
    """A reason in the reader's language, filled."""
    shown = {name: yuan_text(value) if name.endswith("_fen") else str(RELATIONS.get(str(value), value)) if name == "relation" else value for name, value in values.items()}
    try:
        return str(gettext(message)) % shown
    except (KeyError, ValueError, TypeError):
        return str(gettext(message))


def start_of(day: date) -> date | None:
    """The first day of a span, None where it has no beginning."""
    return None if day == FIRST_DAY else day


def end_of(day: date) -> date | None:
    """The day on which a span ends, None where it is open."""
    return None if day == OPEN_END else day
