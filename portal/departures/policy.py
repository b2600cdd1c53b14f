"""Who sees which departures: a branch those of its staff and brokers, the firm's desk all, nobody else any; and nobody what is suspected of himself."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from models.departures import Departure
from models.partners import Branch, Broker, BrokerVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.permissions import Can, Scope
from portal.versions import current


def visible_to(actor: Actor, can: Can = Can.DEPARTURE_SEE) -> ColumnElement[bool]:
    """The condition, on Departure, that an actor holds a right over it. A branch is the one where the person is now."""
    scope = actor.scope(can)
    if scope is Scope.ALL:
        return not_suspected(actor)
    if scope is not Scope.BRANCH:
        return false()
    branch = select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")).scalar_subquery()
    staff, broker = current(StaffVersion).subquery(), current(BrokerVersion).subquery()
    own_staff = select(staff.c.staff_id).where(staff.c.branch_id == branch)
    own_brokers = select(broker.c.broker_id).where(broker.c.branch_id == branch)
    return and_(or_(Departure.staff_id.in_(own_staff), Departure.broker_id.in_(own_brokers)), not_suspected(actor))


def not_suspected(actor: Actor) -> ColumnElement[bool]:
    """The condition, on Departure, that it is no suspicion about the actor himself: of one that nobody announced he learns when the firm tells him."""
    if not actor.staff_no and not actor.broker_no:
        return true()
    staff = select(Staff.id).where(Staff.staff_no == (actor.staff_no or ""))
    broker = select(Broker.id).where(Broker.broker_no == (actor.broker_no or ""))
    mine = or_(func.coalesce(Departure.staff_id, 0).in_(staff), func.coalesce(Departure.broker_id, 0).in_(broker))
    return or_(Departure.announced_on.is_not(None), ~mine)
