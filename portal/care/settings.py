"""The dated settings of care: a day's value is the newest row that counts by then; every change stays with who made it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select

from models import db
from models.care_steps import CareSetting
from portal.actors import Actor
from portal.audit import log
from portal.permissions import Can
from portal.refusals import Refusal


def values_on(day: date) -> dict[str, Any]:
    """Every setting that was made, as it counts on a day."""
    newest = select(func.max(CareSetting.id)).where(CareSetting.counts_from <= day).group_by(CareSetting.name)
    return {row.name: row.value for row in db.session.execute(select(CareSetting.name, CareSetting.value).where(CareSetting.id.in_(newest)))}


def history(*begins: str, most: int = 50) -> list[CareSetting]:
    """What was set under names that begin so, the newest first."""
    query = select(CareSetting).where(or_(*(CareSetting.name.startswith(one, autoescape=True) for one in begins)))
    return list(db.session.execute(query.order_by(CareSetting.id.desc()).limit(most)).scalars())


def put(name: str, value: Any, counts_from: date, actor: Actor, moment: datetime, today: date) -> CareSetting:
    """Set something from a day on. Raises NotAllowed, Refusal for a day gone by: what was done under a setting stays explained by it."""
    actor.need(Can.CARE_EDIT)
    if counts_from < today:
        raise Refusal("a setting counts from today on or later: %(day)s has gone by", day=counts_from)
    row = CareSetting(name=name, counts_from=counts_from, value=value, set_at=moment, set_by_id=actor.user_id, set_by_label=actor.label)
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "care.setting", "care", name, after={"value": value, "counts_from": str(counts_from)})
    return row
