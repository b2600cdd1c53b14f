"""Who of the staff looks after leads: somebody who is still there and has room for one more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, func, select, true

from models import db
from models.identity import User
from models.leads import IntroducerKind, Lead
from models.partners import Branch, BrokerVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.leads.introducers import Introducer
from portal.leads.states import OPEN
from portal.leads.terms import Terms
from portal.partners.here import is_here
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotFound, Refusal
from portal.versions import current


@dataclass(frozen=True)
class Colleague:
    """One of the staff, with the number of open leads that he looks after."""

    id: int
    staff_no: str
    name: str
    branch_id: int
    leads: int = 0


def colleagues(actor: Actor, today: date) -> list[Colleague]:
    """Those to whom an actor may give leads: of his branch, or everybody; nobody who left. By number."""
    scope = actor.scope(Can.LEAD_ASSIGN)
    if scope is None:
        return []
    owned = select(func.count()).select_from(Lead).where(Lead.owner_staff_id == StaffVersion.staff_id, is_open()).scalar_subquery()
    return [Colleague(*row) for row in db.session.execute(_there(today).add_columns(owned).where(_within(actor, scope)).order_by(Staff.staff_no))]


def colleague(actor: Actor, staff_no: str, today: date) -> Colleague:
    """One of them. Raises NotFound for a number outside of the actor's reach, Refusal for somebody who left."""
    within = _within(actor, actor.need(Can.LEAD_ASSIGN))
    found = db.session.execute(_there(today).where(Staff.staff_no == staff_no, within)).one_or_none()
    if found is not None:
        return Colleague(*found)
    if db.session.execute(_everybody().where(Staff.staff_no == staff_no, within)).first():
        raise Refusal("%(number)s has left the firm: leads are given to people who are there", number=staff_no)
    raise NotFound("there is no staff member %(number)s to whom you may give leads", number=staff_no)


def number_of(staff_id: int | None) -> str:
    """The number of one of the staff; empty for nobody."""
    return "" if staff_id is None else db.session.get_one(Staff, staff_id).staff_no


def is_there(staff_id: int, today: date) -> bool:
    """Whether one of the staff has not left."""
    return db.session.execute(_there(today).where(Staff.id == staff_id)).first() is not None


def room(staff_id: int, terms: Terms) -> int:
    """How many leads somebody can take on yet. Holds his row until the transaction ends, so that two at once do not both get the last place."""
    db.session.execute(select(Staff.id).where(Staff.id == staff_id).with_for_update())
    return seen_room(staff_id, terms)


def seen_room(staff_id: int, terms: Terms) -> int:
    """The same to be shown: nothing is held, so it may be less a moment later."""
    held = db.session.execute(select(func.count()).select_from(Lead).where(Lead.owner_staff_id == staff_id, is_open())).scalar_one()
    return max(0, terms.leads_per_staff - int(held))


def rooms(staff_ids: Collection[int], terms: Terms) -> dict[int, int]:
    """The same as `room` for several at once: their rows are held, always in the same order."""
    db.session.execute(select(Staff.id).where(Staff.id.in_(staff_ids)).order_by(Staff.id).with_for_update())
    counted = select(Lead.owner_staff_id, func.count()).where(Lead.owner_staff_id.in_(staff_ids), is_open()).group_by(Lead.owner_staff_id)
    held = {row[0]: row[1] for row in db.session.execute(counted)}
    return {staff_id: max(0, terms.leads_per_staff - held.get(staff_id, 0)) for staff_id in staff_ids}


def need_room(staff_id: int, staff_no: str, terms: Terms) -> None:
    """Raises Conflict where somebody looks after as many open leads as he may."""
    if room(staff_id, terms) == 0:
        raise Conflict("%(number)s looks after %(most)s open leads already, which is the most", number=staff_no, most=terms.leads_per_staff)


def first_owner(introducer: Introducer, today: date) -> int | None:
    """Who looks after a new lead by itself: the employee who brought it, or the one who looks after its broker; nobody who left."""
    staff_id: int | None = None
    if introducer.kind is IntroducerKind.STAFF:
        staff_id = introducer.id
    elif introducer.kind is IntroducerKind.BROKER:
        version = current(BrokerVersion, None, BrokerVersion.broker_id == introducer.id)
        staff_id = db.session.execute(version.with_only_columns(BrokerVersion.manager_staff_id)).scalar()
    return staff_id if staff_id is not None and is_there(staff_id, today) else None


def users_of(staff_id: int) -> list[int]:
    """The ids of the users who are a staff member."""
    number = select(Staff.staff_no).where(Staff.id == staff_id).scalar_subquery()
    return list(db.session.execute(select(User.id).where(User.staff_no == number)).scalars())


def is_open() -> ColumnElement[bool]:
    """The condition that a lead is one that somebody works on."""
    return Lead.state.in_([state.value for state in OPEN])


def _everybody() -> Select[*tuple[int, str, str, int]]:
    version = current(StaffVersion).subquery()
    held = select(Staff.id, Staff.staff_no, StaffVersion.name, StaffVersion.branch_id).join(StaffVersion, StaffVersion.staff_id == Staff.id)
    return held.where(StaffVersion.id.in_(select(version.c.id)))


def _there(today: date) -> Select[*tuple[int, str, str, int]]:
    return _everybody().where(is_here(today))


def _within(actor: Actor, scope: Scope) -> ColumnElement[bool]:
    if scope is Scope.ALL:
        return true()
    return StaffVersion.branch_id.in_(select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")))
