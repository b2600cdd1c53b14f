"""After an event was called off: every booking is ended and its money sent back, once, part by part. After a crash it goes on where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from models import db
from models.club import Booking, BookingState, ClubEntry, ClubEvent, EventState
from models.club_money import Payment, Refund, RefundState, RefundWhy
from portal.actors import Actor
from portal.audit import log
from portal.club import bank_owed, capacity, letters
from portal.club.refunds import COUNTED, KEPT
from portal.refusals import Conflict
from portal.webhooks.recording import record

PART = 200


def preview(event_id: int) -> dict[str, int]:
    """What calling an event off would do: bookings, seats, and what would go back (fen)."""
    bookings, seats = db.session.execute(select(func.count(), func.coalesce(func.sum(Booking.seats), 0)).where(*_active(event_id))).one()
    paid = select(func.coalesce(func.sum(Payment.amount), 0)).join(Booking, Booking.id == Payment.booking_id).where(*_active(event_id), Payment.state.in_(KEPT))
    back = select(func.coalesce(func.sum(Refund.amount), 0)).join(Payment, Payment.id == Refund.payment_id).join(Booking, Booking.id == Payment.booking_id)
    gone = db.session.execute(back.where(*_active(event_id), Payment.state.in_(KEPT), Refund.state.in_(COUNTED))).scalar_one()
    return {"bookings": int(bookings), "seats": int(seats), "refund": int(db.session.execute(paid).scalar_one()) - int(gone)}


def end_part(event_id: int, *, actor: Actor, moment: datetime) -> int:
    """End the next bookings and write their refunds down, in one transaction. Returns how many there were; 0 when it is done.

    Raises Conflict where the event takes place."""
    event = capacity.locked(event_id)
    if event.state != EventState.CANCELLED:
        raise Conflict("this event takes place")
    query = select(Booking.id, Booking.public_id, Booking.seats, Booking.state).where(*_active(event_id)).order_by(Booking.id).limit(PART).with_for_update()
    rows = db.session.execute(query).all()
    if not rows:
        return 0
    ids = [row.id for row in rows]
    _write_refunds(ids, actor, moment)
    db.session.execute(update(Booking).where(Booking.id.in_(ids)).values(state=BookingState.CANCELLED, ended_at=moment, ended_why="event"))
    _write_down(event, rows, actor, moment)
    return len(rows)


def _active(event_id: int) -> tuple[Any, ...]:
    return (Booking.event_id == event_id, Booking.state.in_([BookingState.HELD, BookingState.GRANTED]))


def _write_refunds(booking_ids: Sequence[int], actor: Actor, moment: datetime) -> None:
    """All that is left of each payment goes back, also what the policy would have kept: it is we who cancel. What is disputed is left to the bank."""
    gone = select(Refund.payment_id, func.sum(Refund.amount).label("amount")).where(Refund.state.in_(COUNTED)).group_by(Refund.payment_id).subquery()
    left = (Payment.amount - func.coalesce(gone.c.amount, 0)).label("left")
    query = select(Payment.id, Payment.booking_id, left).outerjoin(gone, gone.c.payment_id == Payment.id)
    found = db.session.execute(query.where(Payment.booking_id.in_(booking_ids), Payment.state.in_(KEPT), Payment.disputed_at.is_(None))).all()
    shared = {"why": RefundWhy.EVENT_CANCELLED, "state": RefundState.DUE, "attempt": 1, "asked_at": moment, "asked_label": actor.label, "failure": ""}
    rows = [{**shared, "payment_id": row.id, "business_key": f"booking:{row.booking_id}:event_cancelled:{row.id}", "amount": int(row.left)} for row in found if row.left > 0]
    if rows:
        db.session.execute(insert(Refund), rows)
        bank_owed.write_for_refunds([row.id for row in found], moment)


def _write_down(event: ClubEvent, rows: Sequence[Any], actor: Actor, moment: datetime) -> None:
    shared = {"event_id": event.id, "what": "event_cancelled", "at": moment, "actor_id": actor.user_id, "actor_label": actor.label, "details": {}}
    db.session.execute(insert(ClubEntry), [{**shared, "booking_id": row.id} for row in rows])
    ended = Booking.id.in_([row.id for row in rows])
    letters.to_booked(event, ended, "club.event_cancelled", f"event:{event.id}:cancelled", actor=actor, moment=moment, gone=True)
    log.write(actor, moment, "club.bookings_ended", "club_event", str(event.id), after={"bookings": len(rows)})
    record("booking.cancelled", [letters.sign_up(event, row) for row in rows if row.state == BookingState.GRANTED], moment)


def summary(event_id: int) -> dict[str, int]:
    """What came of it so far: bookings ended by it, and its refunds by how far they are (fen)."""
    ended = db.session.execute(select(func.count()).where(Booking.event_id == event_id, Booking.ended_why == "event")).scalar_one()
    query = select(Refund.state, func.sum(Refund.amount)).join(Payment, Payment.id == Refund.payment_id).join(Booking, Booking.id == Payment.booking_id)
    states = db.session.execute(query.where(Booking.event_id == event_id, Refund.why == RefundWhy.EVENT_CANCELLED).group_by(Refund.state))
    return {"bookings": int(ended), **{f"refunds_{state}": int(amount) for state, amount in states}}
