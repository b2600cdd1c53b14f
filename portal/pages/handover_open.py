"""From a departure to its handover: everybody who is exposed comes in, with his equity and his chance to go along as they stand now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from models import db
from models.departures import Departure
from models.handovers import Handover
from models.risk import RiskModel, RiskRun
from portal import clock
from portal.departures import fed_back, figures, register
from portal.departures.exposure import Kind, Person, Way, exposed
from portal.departures.people import person_of
from portal.handover.successors import AT_ONCE
from portal.handover.verbs import Exposed, open_handover, propose_again
from portal.local_day import today, zone
from portal.permissions import Can
from portal.risk.facts import evening
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("handover_open", __name__, url_prefix="/departures")


def exposed_to(departure: Departure) -> list[Exposed]:
    """The accounts whom a departure leaves without somebody, on the last day with the person. Of a staff member those whom he looks after: the
    brokers whom he manages stay, and with them their clients."""
    who = person_of(departure)
    kind = Kind.STAFF if departure.staff_id is not None else Kind.BROKER
    leaving = [Person(kind, departure.staff_id or departure.broker_id or 0, who.number)]
    day = (departure.effective_on or today()) - timedelta(days=1)
    paths = {key: path for key, path in exposed(leaving, day).items() if path.way is not Way.MANAGES}
    rows = figures.table(paths, leaving, day, figures.settled_up_to(day), kind=departure.kind)
    return [Exposed(row["account"], row["equity"], row["chance"] if row["scored"] else None, row["modelled"]) for row in rows.rows(named=True)]


def forecast_by(departure: Departure) -> dict[str, Any] | None:
    """By what the chances of `exposed_to` are made: the model's version, the day of its scores, and the past handovers that moved them; None without scores."""
    day = (departure.effective_on or today()) - timedelta(days=1)
    query = select(RiskRun.on_day, RiskModel.version).join(RiskModel, RiskModel.id == RiskRun.model_id).where(RiskRun.on_day <= day)
    run = db.session.execute(query.order_by(RiskRun.on_day.desc(), RiskRun.id.desc()).limit(1)).first()
    if run is None:
        return None
    past = fed_back.pasts(evening(day, zone())).get(departure.kind, fed_back.NOTHING)
    return {"model": run.version, "scored_on": str(run.on_day), "past": past.plain()}


@bp.post("/<int:departure_id>/handover")
@requires(Can.DEPARTURE_SEE, Can.HANDOVER_DECIDE)
def open_for(departure_id: int) -> ResponseReturnValue:
    """Open the handover with a proposal for everybody, or find the one there is. Of very many clients nobody is proposed yet: that takes a while."""
    actor, moment = current_actor(), clock.now()
    with transaction():
        departure = register.departure_for(actor, departure_id)
        held = db.session.execute(select(Handover.id).where(Handover.departure_id == departure.id)).scalar()
        rows, counts_from = exposed_to(departure), departure.effective_on or today() + timedelta(days=1)
        number = open_handover(departure.id, rows, counts_from, actor=actor, moment=moment, by=forecast_by(departure)).id
        if held is None and 0 < len(rows) <= AT_ONCE:
            propose_again(number, actor=actor, moment=moment, today=today())
    return redirect(url_for("handovers.show", handover_id=number), 303)
