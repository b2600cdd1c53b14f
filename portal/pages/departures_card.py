"""On the overview: who is going or may be, and how much equity hangs on it; from there to the list of whom to call."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from models import db
from models.departures import Departure
from models.handovers import Handover, HandoverState
from models.risk import RiskRun
from portal.actors import Actor
from portal.audit.recordings import last_recording_id
from portal.commission.queries import last_settled_day
from portal.departures import signal_queries
from portal.departures.open_ones import Going, going
from portal.departures.register import LIVE
from portal.local_day import today
from portal.pages.departures_words import STATES
from portal.permissions import Can
from portal.web.remembered import remembered


def card_of(actor: Actor) -> dict[str, Any] | None:
    """The open departures that the reader may see, and how many people have signals where he may see them; None where he may see neither."""
    if not actor.may(Can.DEPARTURE_SEE):
        return None
    day = today()
    live = select(Departure.id, Departure.state, Departure.effective_on).where(Departure.state.in_(LIVE)).order_by(Departure.id)
    standing = tuple(tuple(one) for one in db.session.execute(live))
    reader = (actor.scope(Can.DEPARTURE_SEE), actor.branch_no, actor.staff_no, actor.broker_no)
    key = ("departures going", *reader, day, last_settled_day(), last_recording_id(), _newest_scores(), _closed_handovers(), standing)
    found: list[Going] = remembered(key, lambda: going(actor, day)) if standing else []
    speaking = int((signal_queries.people(actor, day)["signals"] > 0).sum()) if actor.may(Can.SIGNAL_SEE) else 0
    return {"going": found, "equity": sum(one.equity for one in found), "expected": sum(one.expected for one in found), "signals": speaking, "states": STATES, "day": day}


def _closed_handovers() -> int:
    """How many handovers are closed: what is expected to go along is moved by them."""
    return db.session.execute(select(func.count()).select_from(Handover).where(Handover.state == HandoverState.CLOSED.value)).scalar_one()


def _newest_scores() -> int:
    """The newest scoring: what is expected to go along rests on it."""
    return db.session.execute(select(func.max(RiskRun.id))).scalar() or 0
