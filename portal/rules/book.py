"""Which rules hold: the table's, or those that the portal brings where a jurisdiction's have not been loaded yet."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, func, select

from models import db
from models.rules import RuleVersion
from portal.refusals import NotFound
from portal.rules.data import Rule, of_row, shipped


def newest() -> Select[RuleVersion]:
    """The rows that count: the newest of each jurisdiction, code and first day."""
    last = select(func.max(RuleVersion.id)).group_by(RuleVersion.jurisdiction, RuleVersion.code, RuleVersion.valid_from)
    return select(RuleVersion).where(RuleVersion.id.in_(last), ~RuleVersion.withdrawn)


def loaded(jurisdiction: str) -> list[RuleVersion]:
    """The rows of a jurisdiction."""
    return list(db.session.scalars(newest().where(RuleVersion.jurisdiction == jurisdiction).order_by(RuleVersion.id)))


def rules(jurisdiction: str) -> tuple[Rule, ...]:
    """The rules of a jurisdiction over all time, in the order of their file. Raises Refusal for a jurisdiction that there is not."""
    held = {(rule.code, rule.valid_from): rule for rule in map(of_row, loaded(jurisdiction))}
    if not held:
        return shipped(jurisdiction)
    order = {rule.code: place for place, rule in enumerate(shipped(jurisdiction))}
    return tuple(sorted(held.values(), key=lambda rule: (order.get(rule.code, len(order)), rule.code, rule.valid_from)))


def in_force(jurisdiction: str, day: date, asked: str = "") -> list[Rule]:
    """The rules that hold on a day; with `asked`, those that are asked at that place."""
    return [rule for rule in rules(jurisdiction) if rule.holds_on(day) and (not asked or asked in rule.asked)]


def one(jurisdiction: str, code: str, day: date) -> Rule | None:
    """The rule of a code that holds on a day."""
    return next((rule for rule in rules(jurisdiction) if rule.code == code and rule.holds_on(day)), None)


def of_code(jurisdiction: str, code: str) -> list[Rule]:
    """A rule over all its spans. Raises NotFound."""
    found = [rule for rule in rules(jurisdiction) if rule.code == code]
    if not found:
        raise NotFound("there is no rule %(code)s", code=code[:60])
    return found


def parameter(jurisdiction: str, code: str, name: str, day: date, default: Any) -> Any:
    """A number of a rule that holds on a day; the default where no such rule holds."""
    rule = one(jurisdiction, code, day)
    return default if rule is None else rule.parameters.get(name, default)


def newest_id() -> int:
    """The number of the last thing recorded about rules."""
    return int(db.session.execute(select(func.coalesce(func.max(RuleVersion.id), 0))).scalar_one())
