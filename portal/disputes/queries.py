"""Reading disputes: every list begins with those that the reader may see."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from models import db
from models.disputes import Dispute, DisputeEntry
from models.identity import Role, User, UserRole
from models.partners import Broker
from models.settlement import CalendarDay, CalendarYear
from portal.actors import Actor
from portal.disputes.policy import visible_to
from portal.disputes.states import DAYS_TO_ANSWER, WAITS_FOR_DESK, due_after
from portal.permissions import PERMISSIONS, Can
from portal.refusals import NotFound


def disputes(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Every dispute that the actor may see, with its broker's number."""
    return select(Dispute, Broker.broker_no).join(Broker, Broker.id == Dispute.broker_id).where(visible_to(actor))


def dispute_for(actor: Actor, dispute_id: int, *, lock: bool = False) -> tuple[Dispute, str]:
    """A dispute that the actor may see, with its broker's number. Raises NotFound, the same for foreign and for missing ones."""
    query = disputes(actor).where(Dispute.id == dispute_id)
    if lock:
        query = query.with_for_update(of=Dispute).execution_options(populate_existing=True)
    found = db.session.execute(query).one_or_none()
    if found is None:
        raise NotFound("there is no dispute %(number)s that you may see", number=dispute_id)
    return found[0], found[1]


def entries(dispute_id: int) -> list[DisputeEntry]:
    """What was said and done, in its order."""
    return list(db.session.execute(select(DisputeEntry).where(DisputeEntry.dispute_id == dispute_id).order_by(DisputeEntry.id)).scalars())


def waiting_for_desk(actor: Actor) -> int:
    """How many of the disputes that an actor sees wait for the firm's word."""
    waits = select(func.count()).select_from(Dispute).where(visible_to(actor), Dispute.state.in_([state.value for state in WAITS_FOR_DESK]))
    return db.session.execute(waits).scalar_one()


def due_from(day: date, number: int = DAYS_TO_ANSWER) -> date:
    """The `number`-th trading day after a day, by the trading calendar: until then a question put on it must be answered."""
    last_year = db.session.execute(select(func.max(CalendarYear.year))).scalar()
    until = date(last_year, 12, 31) if last_year else day
    ahead = select(CalendarDay.day).where(CalendarDay.day > day, CalendarDay.day <= day + timedelta(days=40), CalendarDay.trading).order_by(CalendarDay.day)
    return due_after(day, list(db.session.execute(ahead).scalars()), until, number)


def desk() -> list[int]:
    """The ids of the users who may answer."""
    roles = [role for role in Role if Can.DISPUTE_ANSWER in PERMISSIONS[role]]
    return sorted(db.session.execute(select(UserRole.user_id).where(UserRole.role.in_(roles)).distinct()).scalars())


def users_of_broker(broker_no: str) -> list[int]:
    """The ids of the users who are a broker."""
    return sorted(db.session.execute(select(User.id).where(User.broker_no == broker_no)).scalars())
