"""The packet of a client who changes hands: what was said, what was promised, what to know of the risk, what he comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from models import db
from models.care import CareTask, Contact, TaskState
from models.clients import AccountVersion
from models.club import Booking, ClubEvent
from models.handovers import Handover, HandoverClient
from models.partners import Staff
from models.risk import RiskRun, RiskScore
from portal.care.queries import effective
from portal.handover import facts, verbs
from portal.handover.outcomes import equity_now
from portal.handover.successors import Reason, reasons
from portal.versions import current

CONTACTS = 10
EVENTS = 5


@dataclass(frozen=True)
class Packet:
    """What who gets a client should know. `equity_now` in fen; `score` is the newest, None where there is none."""

    client: AccountVersion
    equity_now: int
    contacts: Sequence[Any]
    tasks: Sequence[Any]
    score: Any
    events: Sequence[Any]
    successor: str
    proposed: str


def of(row: HandoverClient) -> Packet:
    """The packet of one client."""
    client = db.session.execute(current(AccountVersion, None, AccountVersion.account_id == row.account_id)).scalar_one()
    numbers = dict(db.session.execute(select(Staff.id, Staff.staff_no).where(Staff.id.in_([one for one in (row.decided_id, row.proposed_id) if one]))).all())
    return Packet(
        client, equity_now(row.account_id), _contacts(row.account_id), _tasks(row.account_id), _score(row.account_id), _events(client.client_no),
        numbers.get(row.decided_id or 0, ""), numbers.get(row.proposed_id or 0, ""),
    )  # fmt: skip


def _contacts(account_id: int) -> Sequence[Any]:
    query = select(Contact.at, Contact.channel, Contact.outcome, Contact.note, Staff.staff_no).join(Staff, Staff.id == Contact.staff_id)
    return db.session.execute(query.where(Contact.account_id == account_id, effective()).order_by(Contact.at.desc(), Contact.id.desc()).limit(CONTACTS)).all()


def _tasks(account_id: int) -> Sequence[Any]:
    owner, before = Staff.__table__.alias("owner"), Staff.__table__.alias("before")
    query = select(CareTask.kind, CareTask.note, CareTask.due_on, owner.c.staff_no.label("owner"), before.c.staff_no.label("before"))
    query = query.join(owner, owner.c.id == CareTask.owner_id).outerjoin(before, before.c.id == CareTask.moved_from_id)
    return db.session.execute(query.where(CareTask.account_id == account_id, CareTask.state == TaskState.OPEN.value).order_by(CareTask.due_on, CareTask.id)).all()


def _score(account_id: int) -> Any:
    query = select(RiskScore, RiskRun.on_day).join(RiskRun, RiskRun.id == RiskScore.run_id).where(RiskScore.account_id == account_id)
    return db.session.execute(query.order_by(RiskScore.run_id.desc()).limit(1)).first()


def _events(client_no: str) -> Sequence[Any]:
    query = select(ClubEvent, Booking.state, Booking.starts_at, Booking.seats).join(ClubEvent, ClubEvent.id == Booking.event_id)
    return db.session.execute(query.where(Booking.client_no == client_no).order_by(Booking.starts_at.desc(), Booking.id.desc()).limit(EVENTS)).all()


@dataclass(frozen=True)
class Fit:
    """How well somebody would fit a client, and the room that he has."""

    staff_no: str
    points: int
    why: tuple[Reason, ...]
    room: int


def fits(handover: Handover, row: HandoverClient, today: date) -> list[Fit]:
    """Everybody who may get a client, the best first."""
    (client,) = facts.clients({row.account_id: row.equity}, max(today, handover.counts_from))
    people = verbs.candidates(handover, today)
    numbers = dict(db.session.execute(select(Staff.id, Staff.staff_no).where(Staff.id.in_([one.staff_id for one in people]))).all())
    found = [(one, reasons(client, one)) for one in people]
    return sorted((Fit(numbers[one.staff_id], sum(point for _, point in why), why, one.room) for one, why in found), key=lambda one: (-one.points, one.staff_no))
