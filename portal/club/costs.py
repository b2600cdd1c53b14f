"""What an event cost, line by line. A line is never changed: it is taken back, and written anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, select
from sqlalchemy.orm import aliased

from models import db
from models.club_invites import CostKind, EventCost
from portal.actors import Actor
from portal.club import capacity
from portal.club.entries import note
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

MOST_MINUTES = 60_000


def record(event_id: int, kind: str, amount: int, minutes: int, words: str, *, actor: Actor, moment: datetime) -> EventCost:
    """Write a line of cost (fen; minutes of staff alone). Raises NotAllowed, NotFound, Refusal."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    if kind not in set(CostKind):
        raise Refusal("there is no such kind of cost")
    if not 0 < amount < 10**12 or not 0 <= minutes <= MOST_MINUTES:
        raise Refusal("a cost is an amount above 0, and 1,000 hours at most")
    if minutes and kind != CostKind.STAFF:
        raise Refusal("hours are counted for the firm's own people alone")
    row = EventCost(event_id=event.id, kind=kind, amount=amount, minutes=minutes, note=words.strip().replace("\0", "")[:200], at=moment, actor_id=actor.user_id)
    row.actor_label = actor.label
    return _kept(row, "cost_recorded", actor, moment)


def take_back(event_id: int, cost_id: int, *, actor: Actor, moment: datetime) -> EventCost:
    """Take a line back. Raises NotAllowed, NotFound, Conflict where it was taken back already."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    line = db.session.execute(select(EventCost).where(EventCost.id == cost_id, EventCost.event_id == event.id, EventCost.undoes_id.is_(None))).scalar_one_or_none()
    if line is None:
        raise NotFound("there is no such cost")
    if db.session.execute(select(EventCost.id).where(EventCost.undoes_id == line.id)).first():
        raise Conflict("this cost was taken back already")
    row = EventCost(
        event_id=event.id, kind=line.kind, amount=line.amount, minutes=line.minutes, note="", at=moment, actor_id=actor.user_id, actor_label=actor.label, undoes_id=line.id
    )
    return _kept(row, "cost_taken_back", actor, moment)


def _kept(row: EventCost, what: str, actor: Actor, moment: datetime) -> EventCost:
    db.session.add(row)
    db.session.flush()
    note(row.event_id, None, what, actor, moment, cost=row.id, kind=row.kind, amount=row.amount, minutes=row.minutes)
    return row


def counting() -> ColumnElement[bool]:
    """The condition on EventCost that a line counts: it was not taken back, and takes none back."""
    later = aliased(EventCost)
    return EventCost.undoes_id.is_(None) & ~select(later.id).where(later.undoes_id == EventCost.id).correlate(EventCost).exists()


def of_event(event_id: int) -> Sequence[EventCost]:
    """The lines of an event that count, in their order."""
    return db.session.execute(select(EventCost).where(EventCost.event_id == event_id, counting()).order_by(EventCost.id)).scalars().all()


def totals() -> Select[int, int]:
    """By event what it cost in all (event_id, cost)."""
    return select(EventCost.event_id, cast(func.sum(EventCost.amount), BigInteger).label("cost")).where(counting()).group_by(EventCost.event_id)
