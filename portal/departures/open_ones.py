"""Who is going: suspected or announced departures, with the equity that hangs on each. The number of questions does not grow with them."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import polars as pl
from sqlalchemy import func, select

from models import db
from models.departures import Departure, DepartureState
from models.partners import Broker, BrokerVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.departures import figures, sight
from portal.departures.exposure import Kind, Person, exposed
from portal.departures.policy import visible_to
from portal.departures.register import LIVE
from portal.versions import current


class Going(NamedTuple):
    """A departure that is suspected or announced: who, and of the accounts that lead to him first (each counts once) how many, their equity and what
    is expected to go along, in fen."""

    id: int
    number: str
    state: str
    person: Person
    name: str
    effective_on: date | None
    accounts: int
    equity: int
    expected: int


def going(actor: Actor, day: date) -> list[Going]:
    """The departures that the reader may see, the announced before the suspected, the soonest first."""
    staff, broker = current(StaffVersion).subquery(), current(BrokerVersion).subquery()
    query = select(Departure, Staff.staff_no, Broker.broker_no, func.coalesce(staff.c.name, broker.c.name))
    query = query.outerjoin(Staff, Staff.id == Departure.staff_id).outerjoin(Broker, Broker.id == Departure.broker_id)
    query = query.outerjoin(staff, staff.c.staff_id == Departure.staff_id).outerjoin(broker, broker.c.broker_id == Departure.broker_id)
    rows = db.session.execute(query.where(Departure.state.in_(LIVE), visible_to(actor))).all()
    rows = sorted(rows, key=lambda row: (row[0].state != DepartureState.ANNOUNCED, row[0].effective_on or date.max, row[0].id))
    leaving = [_person(*row[:3]) for row in rows]
    frame = figures.table(exposed(leaving, day), leaving, day, figures.settled_up_to(day), sight.narrowed(actor)) if leaving else None
    sums = {} if frame is None else {row["person"]: row for row in frame.group_by("person").agg(pl.len().alias("accounts"), pl.col("equity", "expected").sum()).rows(named=True)}
    nothing = {"accounts": 0, "equity": 0, "expected": 0}
    found = []
    for (departure, _staff_no, _broker_no, name), person in zip(rows, leaving, strict=True):
        hangs = sums.get(person.number, nothing)
        money = hangs["accounts"], hangs["equity"], hangs["expected"]
        found.append(Going(departure.id, departure.number, str(departure.state), person, name or "", departure.effective_on, *money))
    return found


def _person(departure: Departure, staff_no: str | None, broker_no: str | None) -> Person:
    if departure.staff_id is not None:
        return Person(Kind.STAFF, departure.staff_id, staff_no or "")
    return Person(Kind.BROKER, departure.broker_id or 0, broker_no or "")
