"""Money that goes back: one row for each reason, never more than was paid, and never by itself a seat given up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from models import db
from models.club import Booking, ClubEvent
from models.club_membership import ClubDues, ClubMember
from models.club_money import Payment, PaymentState, Refund, RefundState, RefundWhy, Way
from portal.actors import Actor
from portal.audit import log
from portal.club import bank_owed, members, points
from portal.club.entries import incident, insert_new
from portal.club.facts import RefundFacts
from portal.club.telling_membership import PAGE
from portal.notices import verbs as notices
from portal.notices.outbox import Letter
from portal.refusals import Conflict

COUNTED = (RefundState.DUE, RefundState.PENDING, RefundState.SUCCEEDED)
"""Refunds that use up what can be refunded: also those on their way."""
KEPT = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)
"""A payment by which a seat is kept."""
MOST_ATTEMPTS = 5
STATES = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.CANCELLED,
}
"""Stripe's words in ours."""
FINAL = (RefundState.FAILED, RefundState.CANCELLED)


def kept_payment(booking_id: int) -> Payment | None:
    """The payment by which a booking keeps its seats, held until the open transaction ends; None where there is none."""
    query = select(Payment).where(Payment.booking_id == booking_id, Payment.state.in_(KEPT)).order_by(Payment.id).limit(1)
    return db.session.execute(query.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()


def on_its_way(booking_id: int) -> bool:
    """Whether money for a booking is said to come, and nobody has confirmed it yet."""
    return db.session.execute(select(Payment.id).where(Payment.booking_id == booking_id, Payment.state == PaymentState.PROCESSING).limit(1)).first() is not None


def refundable(payment: Payment) -> int:
    """What may still be given back of a payment (fen): what was paid less every refund made or under way."""
    counted = select(func.coalesce(func.sum(Refund.amount), 0)).where(Refund.payment_id == payment.id, Refund.state.in_(COUNTED))
    return payment.amount - int(db.session.execute(counted).scalar_one())


def ask(payment: Payment, amount: int, why: str, key: str, *, actor: Actor, moment: datetime, keeps: bool = False) -> bool:
    """Write down that money is to go back: a job asks Stripe; what a transfer brought stands in finance's list, to be transferred back.
    The same `key` once; returns whether it is new. `keeps`: what the payment brought stays, also where all of it goes back.

    Raises Conflict where it would be more than is left of the payment, or its payer disputes it (then the bank decides).
    """
    if db.session.execute(select(Refund.id).where(Refund.business_key == key)).first():
        return False
    if payment.disputed_at is not None:
        raise Conflict("this payment is disputed at the payer’s bank: nothing is refunded until that is decided")
    left = refundable(payment)
    if amount > left:
        raise Conflict("only %(left)s fen of this payment can still be refunded", left=left)
    row = {"payment_id": payment.id, "business_key": key, "why": RefundWhy(why), "amount": amount, "state": RefundState.DUE, "attempt": 1}
    new = insert_new(Refund, "business_key", {**row, "asked_at": moment, "asked_label": actor.label, "failure": "", "keeps": keeps})
    if new:
        bank_owed.write_for_refunds([payment.id], moment)
        log.write(actor, moment, "club.refund_asked", "club_payment", payment.public_id, after={"amount": amount, "why": why, "key": key})
    return new


def due(most: int, now: datetime) -> list[int]:
    """Refunds that Stripe is to be asked for: nobody has yet, or the answer did not come within a minute."""
    query = select(Refund.id).join(Payment, Payment.id == Refund.payment_id)
    query = query.where(Refund.state == RefundState.DUE, Payment.way == Way.CARD, or_(Refund.sent_at.is_(None), Refund.sent_at <= now - timedelta(minutes=1)))
    return list(db.session.execute(query.order_by(Refund.id).limit(most)).scalars())


def begin(refund_id: int, env: str, moment: datetime) -> tuple[dict[str, Any], str] | None:
    """What is to be asked of Stripe, and under which key, written down before it is asked. None where it is done already."""
    refund = db.session.get(Refund, refund_id, with_for_update=True, populate_existing=True)
    if refund is None or refund.state != RefundState.DUE:
        return None
    payment = db.session.get_one(Payment, refund.payment_id)
    if payment.way != Way.CARD:
        return None
    refund.sent_at = moment
    params = {"payment_intent": payment.intent_id, "amount": refund.amount, "metadata": {"refund": str(refund.id), "env": env}}
    return params, f"refund:{env}:{refund.id}:attempt:{refund.attempt}"


def refused(refund_id: int, why: str, *, actor: Actor, moment: datetime) -> None:
    """Stripe said no. The next attempt has a key of its own, because the old one would bring the same answer; after a few of them
    somebody must look."""
    refund = db.session.get_one(Refund, refund_id, with_for_update=True, populate_existing=True)
    if refund.state != RefundState.DUE:
        return
    refund.failure, refund.attempt = why[:400], refund.attempt + 1
    if refund.attempt > MOST_ATTEMPTS:
        refund.state, refund.settled_at = RefundState.FAILED, moment
        incident(f"refund:{refund.id}:refused", "refund_refused", moment, actor=actor, payment_id=refund.payment_id, amount=refund.amount)


def learn(facts: RefundFacts, env: str, *, actor: Actor, moment: datetime) -> str:
    """Take over what Stripe says of a refund, whoever asked for it; only forward. Returns what came of it."""
    payment = db.session.execute(select(Payment).where(Payment.intent_id == facts.intent_id).with_for_update()).scalar_one_or_none() if facts.intent_id else None
    if payment is None:
        return "foreign"
    points.hold_of_payment(payment.id)
    known = Refund.refund_id == facts.id
    if facts.env == env and facts.ref.isdigit():
        known = or_(known, (Refund.id == int(facts.ref)) & Refund.refund_id.is_(None))
    refund = db.session.execute(select(Refund).where(Refund.payment_id == payment.id, known).with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if refund is None:
        refund = _made_there(payment, facts, actor, moment)
    return _take_over(payment, refund, facts, actor, moment)


def held(refund_id: int) -> tuple[Payment, Refund]:
    """A refund and its payment, held until the open transaction ends."""
    payment_id = db.session.execute(select(Refund.payment_id).where(Refund.id == refund_id)).scalar_one()
    payment = db.session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    points.hold_of_payment(payment.id)
    return payment, db.session.get_one(Refund, refund_id, with_for_update=True, populate_existing=True)


def transferred(refund_id: int, serial: str, *, actor: Actor, moment: datetime) -> str:
    """A refund was transferred back, as the bank's number of it says and two people confirm. Returns what it is now, or `already`."""
    payment, refund = held(refund_id)
    facts = RefundFacts(id=f"bank:{serial}", status="succeeded", amount=refund.amount, intent_id="", ref=str(refund.id), env="")
    return _take_over(payment, refund, facts, actor, moment)


def _made_there(payment: Payment, facts: RefundFacts, actor: Actor, moment: datetime) -> Refund:
    """Somebody refunded at Stripe itself: the books say so, the booking stays, and who keeps the money is told."""
    shared = {"payment_id": payment.id, "why": RefundWhy.AT_STRIPE, "amount": facts.amount, "state": RefundState.PENDING, "attempt": 1}
    refund = Refund(business_key=f"stripe:{facts.id}", refund_id=facts.id, asked_at=moment, asked_label="Stripe", failure="", **shared)
    db.session.add(refund)
    db.session.flush()
    incident(f"stripe:{facts.id}", "at_stripe", moment, actor=actor, payment_id=payment.id, amount=facts.amount)
    return refund


def _take_over(payment: Payment, refund: Refund, facts: RefundFacts, actor: Actor, moment: datetime) -> str:
    new = STATES.get(facts.status, RefundState.PENDING)
    before, refund.refund_id, refund.failure = refund.state, facts.id, facts.failure[:400]
    if before == new or before in FINAL:
        db.session.flush()
        return "already"
    if before == RefundState.SUCCEEDED and new == RefundState.PENDING:
        return "already"
    refund.state, refund.settled_at = new, None if new == RefundState.PENDING else moment
    db.session.flush()
    was, now = payment.state, restate(payment)
    if now == PaymentState.REFUNDED != was:
        points.reverse_of_payment(payment.id, actor=actor, moment=moment, reason="")
    elif was == PaymentState.REFUNDED != now:
        points.reinstate_of_payment(payment.id, actor=actor, moment=moment, reason="")
    log.write(actor, moment, "club.refund_learnt", "club_payment", payment.public_id, before={"state": before}, after={"state": new, "amount": refund.amount})
    if payment.dues_id is not None and payment.state == PaymentState.REFUNDED and not _keeps(payment.id):
        members.end_of_payment(payment.id, moment.date(), "refunded", actor=actor, moment=moment)
    _tell(payment, refund, actor, moment)
    return str(new.value)


def _keeps(payment_id: int) -> bool:
    """Whether the desk said that what a payment brought stays."""
    return db.session.execute(select(Refund.id).where(Refund.payment_id == payment_id, Refund.keeps, Refund.state.in_(COUNTED)).limit(1)).first() is not None


def restate(payment: Payment) -> str:
    """What a payment is by its refunds: money that went back and came back again counts as not refunded. Returns its state."""
    if payment.state not in (*KEPT, PaymentState.REFUNDED, PaymentState.REFUND_DUE):
        return payment.state
    succeeded = select(func.coalesce(func.sum(Refund.amount), 0)).where(Refund.payment_id == payment.id, Refund.state == RefundState.SUCCEEDED)
    back = int(db.session.execute(succeeded).scalar_one())
    if back >= payment.amount:
        payment.state = PaymentState.REFUNDED
    elif payment.state != PaymentState.REFUND_DUE:
        payment.state = PaymentState.PARTLY_REFUNDED if back else PaymentState.PAID
    db.session.flush()
    return payment.state


def _tell(payment: Payment, refund: Refund, actor: Actor, moment: datetime) -> None:
    if refund.state == RefundState.PENDING:
        return
    _tell_payer(payment, refund, actor, moment)
    if refund.state in FINAL:
        incident(f"refund:{refund.id}:failed", "refund_failed", moment, actor=actor, payment_id=payment.id, amount=refund.amount)


def _tell_payer(payment: Payment, refund: Refund, actor: Actor, moment: datetime) -> None:
    kind, letter = "refunded" if refund.state == RefundState.SUCCEEDED else "refund_failed", Letter(f"refund:{refund.id}")
    if payment.dues_id is not None:
        member = db.session.execute(select(ClubMember).join(ClubDues, ClubDues.member_id == ClubMember.id).where(ClubDues.id == payment.dues_id)).scalar_one()
        notices.tell(members.readers_of(member), f"club.dues_{kind}", PAGE, {"amount_fen": refund.amount}, actor=actor, moment=moment, letter=letter)
        return
    booking = db.session.get_one(Booking, payment.booking_id)
    title = db.session.get_one(ClubEvent, booking.event_id).title
    notices.tell([booking.user_id], f"club.{kind}", f"/club/bookings/{booking.public_id}", {"title": title, "amount_fen": refund.amount}, actor=actor, moment=moment, letter=letter)


def of_payments(payment_ids: Iterable[int]) -> list[Refund]:
    """The refunds of payments, the oldest first."""
    return list(db.session.execute(select(Refund).where(Refund.payment_id.in_(list(payment_ids))).order_by(Refund.id)).scalars())
