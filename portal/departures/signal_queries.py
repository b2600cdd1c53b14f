"""Who has signals, as of the newest look at everybody; what each says, whether it rests, and who looked. Nobody reads anything about himself."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from models import db
from models.departure_signals import DepartureSignal, SignalLook, SignalRest, SignalRun
from models.departures import Departure, DepartureState
from models.partners import Branch, Broker, BrokerVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.departures.exposure import Kind, Person
from portal.versions import current

LIVE = (DepartureState.SUSPECTED.value, DepartureState.ANNOUNCED.value)
SCHEMA: dict[str, Any] = {
    "who": pl.String,
    "number": pl.String,
    "name": pl.String,
    "branch": pl.String,
    "kinds": pl.String,
    "signals": pl.Int64,
    "resting": pl.Int64,
    "first_on": pl.Date,
    "last_on": pl.Date,
    "departure_id": pl.Int64,
    "departure": pl.String,
    "state": pl.String,
}
"""One row a person: what speaks (words of SignalKind, those that rest last), how many speak and how many rest, and a departure of his that is live."""


class Shown(NamedTuple):
    """A signal of one person: since when, its evidence, and the word that lets it rest, where there is one."""

    kind: str
    first_on: date
    evidence: dict[str, Any]
    rest: SignalRest | None


def newest_run() -> SignalRun | None:
    """The newest look at everybody."""
    return db.session.execute(select(SignalRun).order_by(SignalRun.on_day.desc(), SignalRun.id.desc()).limit(1)).scalar()


def not_own(actor: Actor) -> ColumnElement[bool]:
    """The condition, on Staff and Broker joined outer, that a row is not about the reader himself."""
    mine = or_(and_(Staff.staff_no.is_not(None), Staff.staff_no == (actor.staff_no or "")), and_(Broker.broker_no.is_not(None), Broker.broker_no == (actor.broker_no or "")))
    return ~func.coalesce(mine, False)


def people(actor: Actor, today: date) -> pl.DataFrame:
    """Everybody with a signal in the newest run (SCHEMA). The number of questions does not grow with people."""
    run = newest_run()
    if run is None:
        return pl.DataFrame(schema=SCHEMA).with_row_index("row")
    staff, broker = current(StaffVersion).subquery(), current(BrokerVersion).subquery()
    row = DepartureSignal
    name, branch = func.coalesce(staff.c.name, broker.c.name), func.coalesce(staff.c.branch_id, broker.c.branch_id)
    query = select(row.staff_id, row.broker_id, row.kind, row.first_on, Staff.staff_no, Broker.broker_no, name, Branch.branch_no)
    query = query.outerjoin(Staff, Staff.id == row.staff_id).outerjoin(Broker, Broker.id == row.broker_id)
    query = query.outerjoin(staff, staff.c.staff_id == row.staff_id).outerjoin(broker, broker.c.broker_id == row.broker_id).outerjoin(Branch, Branch.id == branch)
    rests, live = resting(today), _live()
    found: dict[tuple[int | None, int | None], dict[str, Any]] = {}
    for staff_id, broker_id, kind, first_on, staff_no, broker_no, called, branch_no in db.session.execute(query.where(row.run_id == run.id, not_own(actor)).order_by(row.id)):
        who = {
            "who": "staff" if staff_no else "broker",
            "number": staff_no or broker_no,
            "name": called or "",
            "branch": branch_no or "",
            "first_on": first_on,
            "last_on": run.on_day,
        }
        one = found.setdefault((staff_id, broker_id), {**who, "awake": [], "asleep": [], **live.get((staff_id, broker_id), {"departure_id": None, "departure": "", "state": ""})})
        one["asleep" if (staff_id, broker_id, kind) in rests else "awake"].append(kind)
        one["first_on"] = min(one["first_on"], first_on)
    rows = [{**one, "kinds": " ".join(one["awake"] + one["asleep"]), "signals": len(one["awake"]), "resting": len(one["asleep"])} for one in found.values()]
    return pl.DataFrame([[one[name] for name in SCHEMA] for one in rows], schema=SCHEMA, orient="row").with_row_index("row")


def resting(today: date) -> dict[tuple[int | None, int | None, str], SignalRest]:
    """The words that let a signal rest today, by person and kind; of several the one that reaches furthest."""
    rows = db.session.execute(select(SignalRest).where(SignalRest.until_on >= today).order_by(SignalRest.until_on, SignalRest.id)).scalars()
    return {(row.staff_id, row.broker_id, row.kind): row for row in rows}


def _live() -> dict[tuple[int | None, int | None], dict[str, Any]]:
    rows = db.session.execute(select(Departure).where(Departure.state.in_(LIVE))).scalars()
    return {(row.staff_id, row.broker_id): {"departure_id": row.id, "departure": row.number, "state": str(row.state)} for row in rows}


def live_of(person: Person) -> Departure | None:
    """The departure of a person that is suspected or announced."""
    column = Departure.staff_id if person.kind is Kind.STAFF else Departure.broker_id
    return db.session.execute(select(Departure).where(column == person.key, Departure.state.in_(LIVE))).scalar()


def of_person(person: Person, run: SignalRun, today: date) -> list[Shown]:
    """The signals about one person in a run, those that speak before those that rest."""
    column = DepartureSignal.staff_id if person.kind is Kind.STAFF else DepartureSignal.broker_id
    rests = resting(today)
    rows = db.session.execute(select(DepartureSignal).where(DepartureSignal.run_id == run.id, column == person.key).order_by(DepartureSignal.id)).scalars()
    found = [Shown(row.kind, row.first_on, row.evidence, rests.get((row.staff_id, row.broker_id, row.kind))) for row in rows]
    return sorted(found, key=lambda one: one.rest is not None)


def called(person: Person) -> tuple[str, str]:
    """Name and branch of somebody as the firm knows him."""
    model: Any = StaffVersion if person.kind is Kind.STAFF else BrokerVersion
    column = StaffVersion.staff_id if person.kind is Kind.STAFF else BrokerVersion.broker_id
    row = current(model, None, column == person.key).subquery()
    found = db.session.execute(select(row.c.name, Branch.branch_no).join(Branch, Branch.id == row.c.branch_id)).first()
    return (found[0], found[1]) if found else ("", "")


WHOM = func.coalesce(Staff.staff_no, Broker.broker_no)
"""Whose evidence was opened, by number."""


def looks(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Who opened whose evidence and when; looks at the reader's own are not among them."""
    query = select(SignalLook, WHOM.label("whom")).outerjoin(Staff, Staff.id == SignalLook.staff_id).outerjoin(Broker, Broker.id == SignalLook.broker_id)
    return query.where(not_own(actor))
