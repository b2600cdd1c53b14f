"""Whom somebody may ask about: the firm's desk about everybody, a branch about its own people and for its own accounts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from models import db
from models.clients import AccountVersion
from models.partners import Branch, BrokerVersion, StaffVersion
from portal.actors import Actor
from portal.departures.exposure import Kind, Person, nobody
from portal.permissions import Can, Scope
from portal.versions import current


def narrowed(actor: Actor) -> ColumnElement[bool] | None:
    """The condition, on AccountVersion, to which exposed accounts somebody's sight is narrowed; None: all of them."""
    if actor.need(Can.DEPARTURE_SEE) is Scope.ALL:
        return None
    return AccountVersion.branch_id == select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")).scalar_subquery()


def check(actor: Actor, persons: Sequence[Person]) -> None:
    """Raises NotFound, as for somebody who is not there, where one of them is of another branch."""
    if actor.need(Can.DEPARTURE_SEE) is Scope.ALL:
        return
    branch = db.session.execute(select(Branch.id).where(Branch.branch_no == (actor.branch_no or ""))).scalar()
    staff, brokers = current(StaffVersion).subquery(), current(BrokerVersion).subquery()
    own = set(db.session.execute(select(staff.c.staff_id).where(staff.c.branch_id == branch)).scalars())
    under = set(db.session.execute(select(brokers.c.broker_id).where(brokers.c.branch_id == branch)).scalars())
    for one in persons:
        if one.key not in (own if one.kind is Kind.STAFF else under):
            raise nobody(one.kind, one.number)
