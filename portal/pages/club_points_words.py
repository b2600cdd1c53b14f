"""Points in words: what happened to them, what earns them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l

from models.club_points import PointFact, PointReward, PointRule, PointWhat, RedemptionState
from models.values.calendar import NotADate, parse_day
from portal.pages import words
from portal.refusals import Refusal

WHATS = {
    PointWhat.EARNED.value: (_l("Points earned"), "good"),
    PointWhat.SPENT.value: (_l("Redeemed"), "info"),
    PointWhat.RESTORED.value: (_l("Given back"), "good"),
    PointWhat.EXPIRED.value: (_l("Expired"), "neutral"),
    PointWhat.REVERSED.value: (_l("Taken back with a payment"), "bad"),
    PointWhat.REINSTATED.value: (_l("There again"), "good"),
    PointWhat.SETTLED.value: (_l("Set against a debt"), "neutral"),
    PointWhat.CORRECTED.value: (_l("Set right by hand"), "warn"),
}
FACTS = {
    PointFact.ATTENDED.value: _l("Came to an event"),
    PointFact.LEARNT.value: _l("Came to an event for education, or passed a course"),
    PointFact.FEEDBACK.value: _l("Said how an event was"),
    PointFact.REFERRED.value: _l("Brought a friend who became a client"),
    PointFact.LOTS.value: _l("Lots traded (only where the rule set allows it)"),
    PointFact.COMMISSION.value: _l("Fees paid (only where the rule set allows it)"),
}
"""The closed list of what a rule may read."""
REDEMPTIONS = {
    RedemptionState.ASKED.value: (_l("To be handed over"), "warn"),
    RedemptionState.GIVEN.value: (_l("Handed over"), "good"),
    RedemptionState.REFUNDED.value: (_l("Points given back"), "neutral"),
}


def title(thing: PointReward | PointRule) -> str:
    """A title in the reader's language, where there is one."""
    return thing.title if words.is_chinese() else thing.title_en or thing.title


def lot_title(lot_title: str, rule_code: str, rules: dict[str, PointRule]) -> str:
    """What a lot was earned for: by which rule, and at what."""
    rule = rules.get(rule_code)
    parts = [title(rule)] if rule is not None else []
    return " · ".join([*parts, lot_title] if lot_title else parts) or "–"


def whole(name: str, *, least: int = 0) -> int:
    """A whole number from the form. Raises Refusal."""
    text = request.form.get(name, "").strip()
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 10) or int(text) < least:
        raise Refusal("this is a whole number: %(given)s", given=text[:20] or "–")
    return int(text)


def day_of(name: str, default: date | None = None) -> date:
    """A day from the form. Raises Refusal."""
    text = request.form.get(name, "").strip()
    if not text and default is not None:
        return default
    try:
        return parse_day(text)
    except NotADate as error:
        raise Refusal("a day is written like 2026-03-31: %(given)s", given=text[:20] or "–") from error


def rules_by_code(rules: list[PointRule]) -> dict[str, Any]:
    """Rules by their code, the newest one of each."""
    return {rule.code: rule for rule in rules}
