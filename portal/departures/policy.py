"""Who sees which departures: a branch those of its staff and brokers, the firm's desk all, nobody else any."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_, select, true

from models.departures import Departure
from models.partners import Branch, BrokerVersion, StaffVersion
from portal.actors import Actor
from portal.permissions import Can, Scope
from portal.versions import current


def visible_to(actor: Actor, can: Can = Can.DEPARTURE_SEE) -> ColumnElement[bool]:
    """The condition, on Departure, that an actor holds a right over it. A branch is the one where the person is now."""
    scope = actor.scope(can)
    if scope is Scope.ALL:
        return true()
    if scope is not Scope.BRANCH:
        return false()
    branch = select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")).scalar_subquery()
    staff, broker = current(StaffVersion).subquery(), current(BrokerVersion).subquery()
    own_staff = select(staff.c.staff_id).where(staff.c.branch_id == branch)
    own_brokers = select(broker.c.broker_id).where(broker.c.branch_id == branch)
    return or_(Departure.staff_id.in_(own_staff), Departure.broker_id.in_(own_brokers))
