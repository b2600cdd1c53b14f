"""Of whom a departure speaks: one of the staff, or an introducing broker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from models import db
from models.departures import Departure, DepartureKind
from models.partners import Branch, Broker, BrokerVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.permissions import Can, Scope
from portal.refusals import NotFound, Refusal
from portal.versions import current

OF_STAFF = frozenset({DepartureKind.STAFF_LEAVES, DepartureKind.STAFF_MOVES})
"""The kinds in which one of the staff goes; in the others it is a broker."""


@dataclass(frozen=True)
class Person:
    """A person of the firm, by number; `kind` is `staff` or `broker`."""

    kind: str
    id: int
    number: str
    name: str
    branch_no: str
    left_on: date | None = None


def is_staff(kind: str) -> bool:
    """Whether a kind of departure is one of the staff's."""
    return kind in OF_STAFF


def person(kind: DepartureKind, number: str, actor: Actor, *, hold: bool = False) -> Person:
    """Who goes, within the actor's reach; with `hold` nobody else records anything of him until the transaction ends.

    Raises NotAllowed; NotFound for a number that there is not (or that is of another branch); Refusal where it is the other kind of person."""
    scope = actor.need(Can.DEPARTURE_RECORD)
    found = _staff(number, hold) if is_staff(kind) else _broker(number, hold)
    if found is not None and (scope is Scope.ALL or (scope is Scope.BRANCH and found.branch_no == actor.branch_no)):
        return found
    other = _broker(number, False) if is_staff(kind) else _staff(number, False)
    if found is None and other is not None:
        if is_staff(kind):
            raise Refusal("%(number)s is an introducing broker: choose how a broker goes", number=number)
        raise Refusal("%(number)s is one of the staff: choose how a staff member goes", number=number)
    if is_staff(kind):
        raise NotFound("there is no staff member %(number)s", number=number)
    raise NotFound("there is no broker %(number)s", number=number)


def person_of(departure: Departure) -> Person:
    """Who goes in a departure that there is."""
    if departure.staff_id is not None:
        found = _staff(db.session.execute(select(Staff.staff_no).where(Staff.id == departure.staff_id)).scalar_one(), False)
    else:
        found = _broker(db.session.execute(select(Broker.broker_no).where(Broker.id == departure.broker_id)).scalar_one(), False)
    if found is None:
        raise NotFound("there is no such departure")
    return found


def _staff(number: str, hold: bool) -> Person | None:
    if hold:
        db.session.execute(select(Staff.id).where(Staff.staff_no == number).with_for_update())
    row = current(StaffVersion).subquery()
    query = select(Staff.id, row.c.name, Branch.branch_no, row.c.left_on).join(row, row.c.staff_id == Staff.id).join(Branch, Branch.id == row.c.branch_id)
    found = db.session.execute(query.where(Staff.staff_no == number)).first()
    return None if found is None else Person("staff", found.id, number, found.name, found.branch_no, found.left_on)


def _broker(number: str, hold: bool) -> Person | None:
    if hold:
        db.session.execute(select(Broker.id).where(Broker.broker_no == number).with_for_update())
    row = current(BrokerVersion).subquery()
    query = select(Broker.id, row.c.name, Branch.branch_no).join(row, row.c.broker_id == Broker.id).join(Branch, Branch.id == row.c.branch_id)
    found = db.session.execute(query.where(Broker.broker_no == number)).first()
    return None if found is None else Person("broker", found.id, number, found.name, found.branch_no)
