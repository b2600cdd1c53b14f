"""Departures for the permission matrix, on the firm in tests/rooms/pages/firm.py: of a broker of one's own branch, or of another."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from models import db
from models.concentration import AssociationSending
from models.departure_signals import HearingEntry
from models.departures import Departure
from models.identity import User
from models.partners import Broker, Staff
from portal import clock
from portal.transaction import transaction
from tests.matrix import QUERY, Which, maker
from tests.rooms.pages.firm import BROKERS, DAY, NUMBERS


@maker("departure_id")
def departure_id(user: User | None, which: Which) -> str:
    """A departure that was withdrawn, so that nothing more can be done with it."""
    if which == "missing":
        return "987654321"
    with transaction():
        broker = db.session.execute(select(Broker.id).where(Broker.broker_no == BROKERS[which])).scalar_one()
        words = {"cause": "", "destination": "", "evidence": "x"}
        departure = Departure(kind="broker_moves", broker_id=broker, state="withdrawn", announced_on=date(2026, 3, 1), recorded_at=clock.now(), **words)
        db.session.add(departure)
        db.session.flush()
        return str(departure.id)


@maker("whom")
def whom(user: User | None, which: Which) -> str:
    """Somebody of whom it may be asked what speaks for his leaving: never oneself, and everybody of the walk is bound to the first broker."""
    return f"broker-{BROKERS['missing' if which == 'missing' else 'foreign']}"


@maker("told_id")
def told_id(user: User | None, which: Which) -> str:
    """A suspicion about the first of the staff, of which he was told and which is withdrawn again; or about a broker, told by word of mouth."""
    if which == "missing":
        return "987654321"
    with transaction():
        staff = db.session.execute(select(Staff.id).where(Staff.staff_no == NUMBERS["staff_no"])).scalar_one()
        broker = db.session.execute(select(Broker.id).where(Broker.broker_no == BROKERS["foreign"])).scalar_one()
        whose = {"kind": "staff_leaves", "staff_id": staff} if which == "own" else {"kind": "broker_moves", "broker_id": broker}
        departure = Departure(state="withdrawn", recorded_at=clock.now(), cause="", destination="", evidence="x", **whose)
        db.session.add(departure)
        db.session.flush()
        db.session.add(HearingEntry(departure_id=departure.id, at=clock.now(), actor_label="", action="told", words="x", heard_by=""))
        return str(departure.id)


@maker(QUERY, "exposure.show")
def exposure(user: User | None, which: Which) -> str:
    """If a broker leaves."""
    return f"person=broker-{BROKERS[which]}&on={DAY}"


@maker("limit_name")
def limit_name(user: User | None, which: Which) -> str:
    """A limit of the firm; there is none that is one's own."""
    return "moon" if which == "missing" else "broker_top_1"


@maker("sending_id")
def sending_id(user: User | None, which: Which) -> str:
    """A report that was sent to the association."""
    if which == "missing":
        return "987654321"
    with transaction():
        held = db.session.execute(select(AssociationSending.id)).scalars().first()
        if held is not None:
            return str(held)
        words = {"period": DAY[:7], "through": "x", "receipt_no": "x", "note": "", "recorded_label": "x", "digest": "0" * 64}
        days = {"settled": date.fromisoformat(DAY), "due_on": date(2026, 4, 22), "sent_on": date(2026, 4, 10)}
        row = AssociationSending(place=1, brokers=0, content=b"", recorded_at=clock.now(), **words, **days)
        db.session.add(row)
        db.session.flush()
        return str(row.id)


@maker(QUERY, "association_sent.new")
@maker(QUERY, "association_sent.ready")
def month_of_report(user: User | None, which: Which) -> str:
    """The month of a report; one without a settled day has none."""
    return "month=2019-01" if which == "missing" else f"month={DAY[:7]}"
