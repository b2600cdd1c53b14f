"""Being paid for a booking: each try is written down before Stripe is asked, and its answer after. Confirmed money is one fact,
the granted seat another: `fulfil` joins them, as often as anybody asks."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import NoResultFound

from models import db
from models.club import Booking, BookingState, ClubEvent, EventState
from models.club_membership import ClubDues, DuesState
from models.club_money import Payment, PaymentState, Way
from portal.actors import Actor
from portal.audit import log
from portal.club import capacity, letters, pools, refunds, vouchers
from portal.club.booking import held_booking
from portal.club.entries import incident, note
from portal.club.facts import SessionFacts
from portal.club.refunds import KEPT
from portal.notices import verbs as notices
from portal.notices.outbox import Letter
from portal.refusals import Conflict

CURRENCY = "cny"
SHORTEST_SESSION = timedelta(minutes=31)
"""Stripe wants a session to be open for half an hour at least; a minute more, so that a slow request is not refused."""
BEFORE_MONEY = (PaymentState.INTENDED, PaymentState.OPEN, PaymentState.PROCESSING, PaymentState.LAPSED, PaymentState.FAILED)
"""States from which money may still arrive: a session that we believed lapsed may have been paid in the same second."""
LIVE = (PaymentState.INTENDED, PaymentState.OPEN, PaymentState.PROCESSING)
MONEY_IN = (*KEPT, PaymentState.REFUND_DUE, PaymentState.REFUNDED)
"""States that say: the money is here, or was."""


@dataclass(frozen=True)
class Terms:
    """What a payment page needs to know beside the booking: which Stripe, what is bought in words, and where the payer goes afterwards."""

    env: str
    livemode: bool
    title: str
    success_url: str
    cancel_url: str


def begin(public_id: str, terms: Terms, *, actor: Actor, moment: datetime) -> tuple[Payment, list[str]]:
    """The try to be paid that counts now, and sessions that must be closed before it (their cart has changed).

    One that is open for the same amount goes on: a second click leads to the same page. Raises NotFound; Conflict where there
    is nothing to pay, the hold has run out, or money is there already.
    """
    _event, booking = held_booking(public_id, actor)
    if booking.state != BookingState.HELD or not booking.amount:
        raise Conflict("there is nothing to pay for this booking")
    if not capacity.holds(booking, moment):
        raise Conflict("the time to pay is over: sign up again if there are seats left")
    tries = list(db.session.execute(select(Payment).where(Payment.booking_id == booking.id).order_by(Payment.number).with_for_update()).scalars())
    if any(one.state in (PaymentState.PROCESSING, *MONEY_IN) for one in tries):
        raise Conflict("your payment is being worked on: nothing more is to be paid")
    live = [one for one in tries if one.state in (PaymentState.INTENDED, PaymentState.OPEN)]
    good = next((one for one in live if one.way == Way.CARD and one.amount == booking.amount and one.expires_at > moment), None)
    if good is not None:
        return good, []
    old = [one.session_id for one in live if one.session_id]
    if any(one.way == Way.TRANSFER for one in live):  # who pays by card has no more time than cards have
        minutes = db.session.execute(select(ClubEvent.hold_minutes).where(ClubEvent.id == booking.event_id)).scalar_one()
        booking.hold_until = min(booking.hold_until or moment, moment + timedelta(minutes=minutes))
    for one in live:
        one.state = PaymentState.LAPSED
    return _intended(booking, len(tries) + 1, terms, actor, moment), old


def _intended(booking: Booking, number: int, terms: Terms, actor: Actor, moment: datetime) -> Payment:
    public_id = secrets.token_urlsafe(12)
    expires_at = max(booking.hold_until or moment, moment + SHORTEST_SESSION)
    payment = Payment(
        public_id=public_id,
        booking_id=booking.id,
        number=number,
        state=PaymentState.INTENDED,
        amount=booking.amount,
        currency=CURRENCY,
        livemode=terms.livemode,
        idempotency_key=f"booking:{terms.env}:{booking.id}:attempt:{number}",
        params=_params(booking, public_id, terms, expires_at),
        url="",
        created_at=moment,
        expires_at=expires_at,
        failure="",
    )
    db.session.add(payment)
    db.session.flush()
    note(booking.event_id, booking, "payment_intended", actor, moment, number=number, amount=payment.amount)
    return payment


def _params(booking: Booking, payment_ref: str, terms: Terms, expires_at: datetime) -> dict[str, Any]:
    """What Stripe is asked for, frozen with the try: a repetition under the same key must be the same to the letter."""
    marks = {"booking": booking.public_id, "payment": payment_ref, "client": booking.client_no, "env": terms.env}
    price = {"currency": CURRENCY, "unit_amount": booking.price, "product_data": {"name": terms.title}}
    return {
        "mode": "payment",
        "client_reference_id": booking.public_id,
        "line_items": [{"price_data": price, "quantity": booking.seats}],
        "metadata": marks,
        "payment_intent_data": {"metadata": marks},
        "success_url": terms.success_url,
        "cancel_url": terms.cancel_url,
        "expires_at": int(expires_at.timestamp()),
    }


def opened(payment_id: int, facts: SessionFacts) -> None:
    """Keep the session that Stripe opened for a try, before the payer is sent there."""
    values = {"session_id": facts.id, "url": facts.url[:1000]}
    db.session.execute(update(Payment).where(Payment.id == payment_id, Payment.session_id.is_(None)).values(**values))
    db.session.execute(update(Payment).where(Payment.id == payment_id, Payment.state == PaymentState.INTENDED).values(state=PaymentState.OPEN))


def refused(payment_id: int, why: str) -> None:
    """Stripe said no to a try: the next one has a number, and so a key, of its own."""
    db.session.execute(update(Payment).where(Payment.id == payment_id, Payment.state == PaymentState.INTENDED).values(state=PaymentState.FAILED, failure=why[:400]))


def fulfil(facts: SessionFacts, env: str, *, actor: Actor, moment: datetime) -> str:
    """Take over what Stripe says of a session, inside the open transaction; called by whoever hears of it, as often as he likes.

    Returns what came of it: `foreign` (not ours), `unknown`, `mismatch`, `waiting`, `lapsed`, `processing`, `granted`, `refund_due`
    or `already`. Money without a seat becomes a refund in the same transaction.
    """
    if facts.env != env:
        return "foreign"
    try:
        event, booking, payment = _held(facts)
    except NoResultFound:
        if facts.payment_status == "paid":
            incident(f"session:{facts.id}", "unknown", moment, actor=actor, amount=facts.amount, currency=facts.currency, session=facts.id)
        return "unknown"
    payment.session_id = payment.session_id or facts.id
    if payment.state in MONEY_IN:
        return "already"
    if not facts.paid:
        return _without_money(payment, booking, facts, actor, moment)
    if (facts.amount, facts.currency, facts.livemode) != (payment.amount, payment.currency, payment.livemode):
        found = {"amount": facts.amount, "currency": facts.currency, "livemode": facts.livemode}
        incident(f"session:{facts.id}", "mismatch", moment, actor=actor, payment_id=payment.id, **found)
        return "mismatch"
    payment.intent_id = facts.intent_id or None
    return money_came(event, booking, payment, actor=actor, moment=moment)


def _held(facts: SessionFacts) -> tuple[ClubEvent, Booking, Payment]:
    """The try that a session belongs to, with its booking and event, all held. Raises NoResultFound."""
    by_session = select(Payment.id, Booking.public_id).join(Booking, Booking.id == Payment.booking_id)
    found = db.session.execute(by_session.where(Payment.session_id == facts.id)).first()
    if found is None:  # the session was opened, and we died before we wrote its number down
        found = db.session.execute(by_session.where(Payment.public_id == facts.payment_ref, Payment.session_id.is_(None))).one()
    event, booking = held_booking(found.public_id, None)
    payment = db.session.execute(select(Payment).where(Payment.id == found.id).with_for_update().execution_options(populate_existing=True)).scalar_one()
    return event, booking, payment


def _without_money(payment: Payment, booking: Booking, facts: SessionFacts, actor: Actor, moment: datetime) -> str:
    """No money yet, or never: only forward."""
    if facts.status == "expired":
        if payment.state not in LIVE:
            return "already"
        payment.state = PaymentState.LAPSED
        note(booking.event_id, booking, "payment_lapsed", actor, moment, number=payment.number)
        return "lapsed"
    if facts.status == "complete":
        if payment.state not in (PaymentState.INTENDED, PaymentState.OPEN):
            return "already"
        payment.state = PaymentState.PROCESSING
        note(booking.event_id, booking, "payment_processing", actor, moment, number=payment.number)
        return "processing"
    return "waiting"


def fell_through(facts: SessionFacts, env: str, *, actor: Actor, moment: datetime) -> str:
    """A payment that took its time did not succeed: the payer may try again while his hold lasts."""
    if facts.env != env:
        return "foreign"
    try:
        _event, booking, payment = _held(facts)
    except NoResultFound:
        return "unknown"
    if payment.state not in LIVE:
        return "already"
    payment.state, payment.failure = PaymentState.FAILED, "async_payment_failed"
    note(booking.event_id, booking, "payment_failed", actor, moment, number=payment.number)
    return "failed"


def money_came(event: ClubEvent, booking: Booking, payment: Payment, *, actor: Actor, moment: datetime) -> str:
    """Money is confirmed, by Stripe or by two people: the seats are granted, or it is written down that the money goes back; never both,
    never neither. Event, booking and payment must be held. Returns `granted` or `refund_due`."""
    payment.paid_at = moment
    why = _no_seat(event, booking, payment, moment)
    payment.state = PaymentState.REFUND_DUE if why else PaymentState.PAID
    db.session.flush()
    log.write(actor, moment, "club.paid", "club_payment", payment.public_id, after={"amount": payment.amount, "seat": not why})
    if why:
        refunds.ask(payment, payment.amount, why, f"payment:{payment.id}:no_seat", actor=actor, moment=moment)
        note(event.id, booking, "money_without_seat", actor, moment, number=payment.number, why=why)
        values: dict[str, str | int] = {"title": event.title, "amount_fen": payment.amount}
        letter = Letter(f"payment:{payment.id}")
        notices.tell([booking.user_id], "club.no_seat", f"/club/bookings/{booking.public_id}", values, actor=actor, moment=moment, letter=letter)
        return "refund_due"
    booking.state, booking.granted_at, booking.hold_until, booking.ended_at, booking.ended_why = BookingState.GRANTED, moment, None, None, ""
    db.session.flush()
    note(event.id, booking, "granted", actor, moment, number=payment.number)
    letters.confirmed(event, booking, actor=actor, moment=moment)
    return "granted"


def _no_seat(event: ClubEvent, booking: Booking, payment: Payment, moment: datetime) -> str:
    """Why money that came brings no seat; empty where it does. The event's row is held, so the count is true until the commit."""
    if booking.state == BookingState.GRANTED:
        return "paid_twice"
    if event.state == EventState.CANCELLED:
        return "event_cancelled"
    if booking.state == BookingState.CANCELLED or payment.amount != booking.amount:
        return "no_seat"
    if capacity.holds(booking, moment):
        return ""
    other = select(Booking.id).where(Booking.event_id == event.id, Booking.person == booking.person, Booking.id != booking.id)
    if db.session.execute(other.where(Booking.state.in_([BookingState.HELD, BookingState.GRANTED]))).first():
        return "paid_twice"
    free = capacity.room_of(event, moment).free + pools.kept_for(booking, moment)
    return "" if free >= booking.seats and vouchers.still_free(booking.id, moment) else "no_seat"


def of_booking(booking_id: int) -> list[Payment]:
    """The tries to be paid for a booking, the oldest first."""
    return list(db.session.execute(select(Payment).where(Payment.booking_id == booking_id).order_by(Payment.number)).scalars())


def to_look_at(now: datetime, older_than: timedelta, most: int) -> list[tuple[int, str | None, Mapping[str, Any], str]]:
    """Tries that ought to have come to something by now: their id, session, frozen parameters and key."""
    query = select(Payment.id, Payment.session_id, Payment.params, Payment.idempotency_key).where(
        Payment.state.in_(LIVE), Payment.way == Way.CARD, Payment.created_at <= now - older_than
    )
    return [(row.id, row.session_id, row.params, row.idempotency_key) for row in db.session.execute(query.order_by(Payment.id).limit(most))]


def to_close(moment: datetime, most: int) -> list[str]:
    """Sessions that are still open although their booking is over or its hold has run out, or their dues are let go: nobody should pay there
    any more."""
    over = (Booking.state.in_([BookingState.CANCELLED, BookingState.LAPSED])) | ((Booking.state == BookingState.HELD) & (Booking.hold_until <= moment))
    over |= ClubDues.state.in_([DuesState.LAPSED, DuesState.ENDED])
    query = select(Payment.session_id).outerjoin(Booking, Booking.id == Payment.booking_id).outerjoin(ClubDues, ClubDues.id == Payment.dues_id)
    query = query.where(Payment.state == PaymentState.OPEN, Payment.session_id.is_not(None), over)
    return [found for found in db.session.execute(query.order_by(Payment.id).limit(most)).scalars() if found]
