"""From a departure to its handover: everybody who is exposed comes in, with his equity and his chance to go along as they stand now."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from models.departures import Departure
from portal import clock
from portal.departures import figures, register
from portal.departures.exposure import Kind, Person, Way, exposed
from portal.departures.people import person_of
from portal.handover.verbs import Exposed, open_handover
from portal.local_day import today
from portal.permissions import Can
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
    rows = figures.table(paths, leaving, day, figures.settled_up_to(day))
    return [Exposed(row["account"], row["equity"], row["chance"] if row["scored"] else None) for row in rows.rows(named=True)]


@bp.post("/<int:departure_id>/handover")
@requires(Can.DEPARTURE_SEE, Can.HANDOVER_DECIDE)
def open_for(departure_id: int) -> ResponseReturnValue:
    """Open the handover, or find the one there is."""
    with transaction():
        departure = register.departure_for(current_actor(), departure_id)
        counts_from = departure.effective_on or today() + timedelta(days=1)
        handover = open_handover(departure.id, exposed_to(departure), counts_from, actor=current_actor(), moment=clock.now())
        number = handover.id
    return redirect(url_for("handovers.show", handover_id=number), 303)
