"""Whom somebody may ask about: the firm's desk about everybody, a branch about its own people and for its own accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from models import db
from models.clients import AccountVersion
from models.partners import Branch, Broker, BrokerVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.departures.exposure import Kind, Person, nobody
from portal.permissions import Can, Scope
from portal.versions import current


def narrowed(actor: Actor) -> ColumnElement[bool] | None:
    """The condition, on AccountVersion, to which exposed accounts somebody's sight is narrowed; None: all of them."""
    if actor.need(Can.DEPARTURE_SEE) is Scope.ALL:
        return None
    return AccountVersion.branch_id == select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")).scalar_subquery()


def offered(actor: Actor, most: int) -> list[tuple[str, str]]:
    """Whom somebody may ask about, as they stand in an address (staff-S001) and by name; so many of the staff and of the brokers at most."""
    everybody = actor.need(Can.DEPARTURE_SEE) is Scope.ALL
    branch = select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")).scalar_subquery()
    found: list[tuple[str, str]] = []
    kinds: tuple[tuple[Kind, Any, Any, Any, Any], ...] = (
        (Kind.STAFF, Staff, Staff.staff_no, StaffVersion, StaffVersion.staff_id),
        (Kind.BROKER, Broker, Broker.broker_no, BrokerVersion, BrokerVersion.broker_id),
    )
    for kind, who, number, version, key in kinds:
        newest = current(version).subquery()
        query = select(number, newest.c.name).join(newest, newest.c[key.key] == who.id)
        query = query if everybody else query.where(newest.c.branch_id == branch)
        found += [(f"{kind}-{no}", name) for no, name in db.session.execute(query.order_by(number).limit(most))]
    return found


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
