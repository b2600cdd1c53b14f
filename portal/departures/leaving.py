"""A departure takes effect: looked at and counted first, then all of it in one transaction.

Of one of the staff who leaves, the sign-in closes, the day he left is asserted, and he looks after nobody from that day on. What other
kinds bring with them (a broker's status and agreements, a colleague's new branch) is changed where it is kept; here only the day is written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from models import db
from models.care import CareTask, TaskState
from models.clients import Servicing, ServicingRole
from models.departures import Departure, DepartureKind
from models.identity import OneTimeLink, Role, User, UserState
from models.leads import Lead, LeadTask
from models.partners import BrokerVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.audit.recordings import hold_clock, open_recording
from portal.departures import states
from portal.departures.people import Person, person_of
from portal.departures.register import departure_for, standing, write_step
from portal.identity import verbs as sign_ins
from portal.identity.queries import live_sessions, roles_of
from portal.leads.states import OPEN
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.versions import Difference, current, write

OF_A_BRANCH = frozenset({Role.STAFF, Role.BRANCH_MANAGER})
"""Whose sign-ins a branch may close: roles that reach no further than a branch."""


@dataclass(frozen=True)
class Leaves:
    """What one of the staff leaves on a day: open sign-ins with sessions and links, clients by whether somebody else looks after them too,
    the spans of looking after that end, the brokers whom he manages, and open leads and tasks."""

    sign_ins: int
    sessions: int
    links: int
    alone: int
    shared: int
    spans: int
    brokers: int
    leads: int
    tasks: int


def leaves(staff_id: int, day: date, moment: datetime) -> Leaves:
    """What somebody leaves from a day on. The number of questions does not grow with his clients."""
    users = _sign_ins(staff_id)
    links = select(OneTimeLink.id).where(OneTimeLink.user_id.in_([one.id for one in users]), OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > moment)
    clients, shared = served(staff_id, day)
    managed = current(BrokerVersion).subquery()
    leads = select(Lead.id).where(Lead.owner_staff_id == staff_id, Lead.state.in_(OPEN))
    lead_tasks = select(LeadTask.id).where(LeadTask.owner_staff_id == staff_id, LeadTask.done_at.is_(None))
    care_tasks = select(CareTask.id).where(CareTask.owner_id == staff_id, CareTask.state == TaskState.OPEN.value)
    return Leaves(
        sign_ins=len(users),
        sessions=len(live_sessions([one.id for one in users], moment)),
        links=_count(links),
        alone=clients - shared,
        shared=shared,
        spans=len(_running(staff_id, day)),
        brokers=_count(select(managed.c.id).where(managed.c.manager_staff_id == staff_id)),
        leads=_count(leads),
        tasks=_count(lead_tasks) + _count(care_tasks),
    )


def checked(departure: Departure, day: date, *, actor: Actor, today: date) -> Person:
    """Who goes, where the departure may take effect from a day on.

    Raises Conflict where it did already, Refusal for a day before it was announced or still to come, NotAllowed for whose sign-in is beyond a branch."""
    states.step(states.TAKE_EFFECT, departure.state, departure.number)
    if departure.announced_on is not None and day < departure.announced_on:
        raise Refusal("it is effective from %(effective)s and was announced on %(announced)s: nobody leaves before he says so", effective=day, announced=departure.announced_on)
    if day > today:
        raise Refusal("%(day)s is still to come: let it take effect on that day", day=day)
    who = person_of(departure)
    if departure.kind == DepartureKind.STAFF_LEAVES:
        if who.left_on is not None and who.left_on <= day:
            raise Conflict("%(number)s has left the firm on %(day)s already", number=who.number, day=who.left_on)
        if actor.scope(Can.DEPARTURE_RECORD) is not Scope.ALL and any(set(roles_of(one)) - OF_A_BRANCH for one in _sign_ins(who.id)):
            raise NotAllowed("the sign-in of %(number)s reaches beyond the branch: compliance or an administrator lets this departure take effect", number=who.number)
    return who


def take_effect(departure_id: int, day: date, typed: str = "", *, actor: Actor, moment: datetime, today: date) -> Leaves | None:
    """Let a departure take effect from a day on; of one of the staff who leaves everything ends with it, and what ended is returned.

    Raises NotAllowed, NotFound, Refusal where the number typed is not his, Conflict where it took effect before."""
    hold_clock()
    departure = departure_for(actor, departure_id, Can.DEPARTURE_RECORD, lock=True)
    who = checked(departure, day, actor=actor, today=today)
    before, ended = standing(departure), None
    departure.state, departure.effective_on = states.step(states.TAKE_EFFECT, departure.state, departure.number), day
    if departure.kind == DepartureKind.STAFF_LEAVES:
        if typed.strip() != who.number:
            raise Refusal("type the staff number %(number)s to confirm", number=who.number)
        ended = leaves(who.id, day, moment)
        _end_everything(departure, who, day, actor, moment)
    counts = {} if ended is None else {"spans": ended.spans, "alone": ended.alone, "shared": ended.shared, "sign_ins": ended.sign_ins}
    write_step(departure, states.TAKE_EFFECT, "", before, actor, moment, **counts)
    return ended


def _end_everything(departure: Departure, who: Person, day: date, actor: Actor, moment: datetime) -> None:
    for user in _sign_ins(who.id, hold=True):
        sign_ins.shut_out(user=user, reason=departure.number, actor=actor, moment=moment)
    recording = open_recording(actor, moment, "departure", departure.number)
    names = [column.name for column in StaffVersion.__table__.columns if column.name not in ("id", "withdrawn", "recording_id")]
    known = db.session.execute(current(StaffVersion, None, StaffVersion.staff_id == who.id).with_only_columns(*(getattr(StaffVersion, name) for name in names))).mappings().one()
    write(Difference(StaffVersion, changed=[{**known, "left_on": day}]), recording.id)  # the phone goes along as it is sealed
    ends = Difference(Servicing)
    for row in _running(who.id, day):
        if row["valid_from"] < day:
            ends.changed.append({**row, "valid_to": day})
        else:
            ends.vanished.append(row)
    write(ends, recording.id, replace=True)


def _sign_ins(staff_id: int, *, hold: bool = False) -> list[User]:
    number = select(Staff.staff_no).where(Staff.id == staff_id).scalar_subquery()
    query = select(User).where(User.staff_no == number, User.state != UserState.DISABLED).order_by(User.id)
    return list(db.session.execute(query.with_for_update(of=User).execution_options(populate_existing=True) if hold else query).scalars())


def _running(staff_id: int, day: date) -> list[dict[str, Any]]:
    """His spans of looking after that reach to the day or beyond."""
    row = current(Servicing, None, Servicing.staff_id == staff_id).subquery()
    query = select(row.c.account_id, row.c.staff_id, row.c.role, row.c.valid_from, row.c.valid_to)
    return [dict(one) for one in db.session.execute(query.where(row.c.role == ServicingRole.SERVICER.value, row.c.valid_to > day)).mappings()]


def served(staff_id: int, day: date) -> tuple[int, int]:
    """How many accounts somebody looks after on a day, and how many of them somebody else does too."""
    row, other = current(Servicing).subquery(), current(Servicing).subquery()
    mine = select(row.c.account_id).distinct().where(row.c.staff_id == staff_id, *_on(row, day))
    return _count(mine), _count(select(other.c.account_id).distinct().where(other.c.account_id.in_(mine), other.c.staff_id != staff_id, *_on(other, day)))


def _on(row: Any, day: date) -> tuple[ColumnElement[bool], ...]:
    return row.c.role == ServicingRole.SERVICER.value, row.c.valid_from <= day, row.c.valid_to > day


def _count(statement: Select[Any]) -> int:
    return int(db.session.execute(select(func.count()).select_from(statement.subquery())).scalar_one())
