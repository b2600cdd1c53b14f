"""From a departure to its handover: everybody who is exposed comes in, with his equity and his chance to go along as they stand now."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from models import db
from models.handovers import Handover
from portal import clock
from portal.departures import register
from portal.handover.opening import exposed_to, forecast_by
from portal.handover.successors import AT_ONCE
from portal.handover.verbs import open_handover, propose_again
from portal.local_day import today, zone
from portal.permissions import Can
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("handover_open", __name__, url_prefix="/departures")


@bp.post("/<int:departure_id>/handover")
@requires(Can.DEPARTURE_SEE, Can.HANDOVER_DECIDE)
def open_for(departure_id: int) -> ResponseReturnValue:
    """Open the handover with a proposal for everybody, or find the one there is. Of very many clients nobody is proposed yet: that takes a while."""
    actor, moment = current_actor(), clock.now()
    with transaction():
        departure = register.departure_for(actor, departure_id)
        held = db.session.execute(select(Handover.id).where(Handover.departure_id == departure.id)).scalar()
        rows, counts_from = exposed_to(departure, today()), departure.effective_on or today() + timedelta(days=1)
        number = open_handover(departure.id, rows, counts_from, actor=actor, moment=moment, by=forecast_by(departure, today(), zone())).id
        if held is None and 0 < len(rows) <= AT_ONCE:
            propose_again(number, actor=actor, moment=moment, today=today())
    return redirect(url_for("handovers.show", handover_id=number), 303)
