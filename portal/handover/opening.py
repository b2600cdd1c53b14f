"""Whom a departure leaves alone, and by what their chances are told: what a handover is opened with. Looked at on the last day with the person."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.departures import Departure
from models.risk import RiskModel, RiskRun
from portal.departures import fed_back, figures
from portal.departures.exposure import Kind, Person, Way, exposed
from portal.departures.people import person_of
from portal.handover.verbs import Exposed
from portal.risk.facts import evening


def exposed_to(departure: Departure, today: date) -> list[Exposed]:
    """The accounts whom a departure leaves without somebody. Of a staff member those whom he looks after: the brokers whom he manages stay,
    and with them their clients. A departure without a day yet is looked at as if it were tomorrow."""
    who = person_of(departure)
    kind = Kind.STAFF if departure.staff_id is not None else Kind.BROKER
    leaving = [Person(kind, departure.staff_id or departure.broker_id or 0, who.number)]
    day = _eve(departure, today)
    paths = {key: path for key, path in exposed(leaving, day).items() if path.way is not Way.MANAGES}
    rows = figures.table(paths, leaving, day, figures.settled_up_to(day), kind=departure.kind)
    return [Exposed(row["account"], row["equity"], row["chance"] if row["scored"] else None, row["modelled"]) for row in rows.rows(named=True)]


def forecast_by(departure: Departure, today: date, zone: ZoneInfo) -> dict[str, Any] | None:
    """By what the chances of `exposed_to` are made: the model's version, the day of its scores, and the past handovers that moved them; None without scores."""
    day = _eve(departure, today)
    query = select(RiskRun.on_day, RiskModel.version).join(RiskModel, RiskModel.id == RiskRun.model_id).where(RiskRun.on_day <= day)
    run = db.session.execute(query.order_by(RiskRun.on_day.desc(), RiskRun.id.desc()).limit(1)).first()
    if run is None:
        return None
    past = fed_back.pasts(evening(day, zone)).get(departure.kind, fed_back.NOTHING)
    return {"model": run.version, "scored_on": str(run.on_day), "past": past.plain()}


def _eve(departure: Departure, today: date) -> date:
    return (departure.effective_on or today) - timedelta(days=1)
