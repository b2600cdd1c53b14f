"""Dues: what one is to pay for a tier, the page where he pays it, and what a payment for one period brings.

Money is one fact and membership another, as for seats: a span begins where money is confirmed, and nowhere else.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, select

from models import db
from models.club_membership import ApplicationState, Cause, ClubDues, ClubMember, ClubTier, DuesKind, DuesState, TierKind, TierPrice
from models.club_money import Payment, PaymentState, Way
from portal.actors import Actor
from portal.audit import log
from portal.club import applications, members, refunds, tiers
from portal.club.entries import incident
from portal.club.facts import SessionFacts
from portal.club.members import Days, Person
from portal.club.membership import end_of
from portal.club.payments import CURRENCY, LIVE, MONEY_IN, SHORTEST_SESSION, Terms
from portal.club.quotes import Quote, quote
from portal.club.telling_membership import PAGE
from portal.notices import verbs as notices
from portal.permissions import Can
from portal.refusals import Conflict, Refusal

TIME_TO_PAY = SHORTEST_SESSION + timedelta(minutes=29)
ALIVE = (DuesState.OPEN, DuesState.LIVE)
BEGUN = (PaymentState.INTENDED, PaymentState.OPEN)


@dataclass(frozen=True)
class Order:
    """What somebody wants to pay: a tier, for one period or for as long as he does not end it."""

    tier_key: str
    kind: DuesKind


def prepared(person: Person, order: Order, day: date, *, actor: Actor, moment: datetime) -> tuple[ClubMember, ClubTier, TierPrice]:
    """The member (made and held) with the tier and its price that he may pay. Raises NotAllowed, NotFound; Refusal where this tier has no
    dues or needs an approval first; Conflict where he has a subscription, or has paid and wants one too early."""
    tier, price = _offered(order, actor)
    member = members.join(person, moment)
    _need_free(member, tier, order, day)
    return member, tier, price


def look(person_key: str, order: Order, day: date, *, actor: Actor) -> tuple[ClubTier, TierPrice, Quote]:
    """What these dues come to, before anything is written down. Raises as `prepared` does."""
    tier, price = _offered(order, actor)
    member = members.of_person(person_key)
    if member is None and tier.by_approval:
        raise Refusal("this tier needs an approval: ask for it first")
    if member is not None:
        _need_free(member, tier, order, day)
    return tier, price, quote(members.spans(member.id) if member is not None else [], tier, price, day)


def _offered(order: Order, actor: Actor) -> tuple[ClubTier, TierPrice]:
    actor.need(Can.CLUB_BOOK)
    tier = tiers.by_key(order.tier_key)
    price = tiers.price_of(tier.id)
    if tier.kind != TierKind.PAID or price is None or not tier.is_open:
        raise Refusal("this tier cannot be paid for")
    return tier, price


def _need_free(member: ClubMember, tier: ClubTier, order: Order, day: date) -> None:
    """Nothing stands against paying these dues."""
    spans = members.spans(member.id)
    had = any(span.tier_id == tier.id and span.cause == Cause.PAID for span in spans)
    if tier.by_approval and not had:
        application = applications.waiting_of(member.id)
        if application is None or application.tier_id != tier.id or application.state != ApplicationState.APPROVED:
            raise Refusal("this tier needs an approval: ask for it first")
    alive = alive_of(member.id)
    if alive is not None and alive.state == DuesState.LIVE:
        raise Conflict("you have a subscription already: change or end that one")
    running = max((end_of(span) for span in spans if span.cause == Cause.PAID and not span.frozen), default=day)
    if order.kind == DuesKind.SUBSCRIPTION and running > day:
        raise Conflict("your dues are paid until %(day)s: a subscription can begin then, or pay one more period", day=running.isoformat())


def alive_of(member_id: int) -> ClubDues | None:
    """The dues of a member that are about to be paid, or the subscription at work."""
    return db.session.execute(select(ClubDues).where(ClubDues.member_id == member_id, ClubDues.state.in_(ALIVE))).scalar_one_or_none()


def begin(person: Person, order: Order, terms: Terms, day: date, *, actor: Actor, moment: datetime) -> tuple[Payment, list[str], list[str]]:
    """The try to be paid that counts now, and what must be closed before it: sessions, subscriptions that were never paid.

    Two tabs get the same page; what was left incomplete or was cancelled stands in nobody's way. Raises as `prepared` does, and
    Conflict where money is on its way.
    """
    member, tier, price = prepared(person, order, day, actor=actor, moment=moment)
    asked = quote(members.spans(member.id), tier, price, day)
    amount = price.amount if order.kind == DuesKind.SUBSCRIPTION else asked.amount
    if amount <= 0:
        raise Refusal("what you have paid is worth more than these dues: wait until its end")
    alive = alive_of(member.id)
    sessions: list[str] = []
    subscriptions: list[str] = []
    if alive is not None:
        tries = of_dues(alive.id)
        if any(one.state == PaymentState.PROCESSING for one in tries):
            raise Conflict("your payment is being worked on: nothing more is to be paid")
        good = next((one for one in tries if one.state in BEGUN and one.way == Way.CARD and one.amount == amount and one.expires_at > moment), None)
        if good is not None and alive.kind == order.kind and alive.tier_price_id == price.id and not alive.subscription_id:
            return good, [], []
        sessions, subscriptions = let_go(alive, tries)
    row = opened(member, price, order.kind, moment)
    return _intended(row, member, (tier, price, amount), terms, actor, moment), sessions, subscriptions


def opened(member: ClubMember, price: TierPrice, kind: DuesKind, moment: datetime) -> ClubDues:
    """Dues that somebody is about to pay. The member must be held and have none that are alive."""
    row = ClubDues(public_id=secrets.token_urlsafe(12), member_id=member.id, tier_price_id=price.id, kind=kind, state=DuesState.OPEN, created_at=moment)
    row.item_id, row.status, row.action_url = "", "", ""
    db.session.add(row)
    db.session.flush()
    return row


def let_go(dues: ClubDues, tries: Sequence[Payment]) -> tuple[list[str], list[str]]:
    """Nobody is to pay these dues any more. Returns the sessions and subscriptions that are to be closed at Stripe."""
    open_ones = [one.session_id for one in tries if one.session_id and one.state in BEGUN]
    for one in tries:
        if one.state in BEGUN:
            one.state = PaymentState.LAPSED
    dues.state = DuesState.LAPSED
    db.session.flush()
    return open_ones, [dues.subscription_id] if dues.subscription_id else []


def _intended(dues: ClubDues, member: ClubMember, what: tuple[ClubTier, TierPrice, int], terms: Terms, actor: Actor, moment: datetime) -> Payment:
    tier, price, amount = what
    number = len(of_dues(dues.id)) + 1
    payment = Payment(public_id=secrets.token_urlsafe(12), dues_id=dues.id, number=number, state=PaymentState.INTENDED, amount=amount, currency=CURRENCY, livemode=terms.livemode)
    payment.idempotency_key = f"dues:{terms.env}:{dues.id}:attempt:{number}"
    payment.url, payment.failure, payment.created_at, payment.expires_at = "", "", moment, moment + TIME_TO_PAY
    payment.params = _params(dues, member, payment, price, terms)
    db.session.add(payment)
    db.session.flush()
    log.write(actor, moment, "club.dues_intended", "club_dues", dues.public_id, after={"tier": tier.key, "kind": dues.kind, "amount": amount})
    return payment


def _params(dues: ClubDues, member: ClubMember, payment: Payment, price: TierPrice, terms: Terms) -> dict[str, Any]:
    """What Stripe is asked for, frozen with the try."""
    marks = {"dues": dues.public_id, "payment": payment.public_id, "member": member.public_id, "env": terms.env}
    shared: dict[str, Any] = {"client_reference_id": dues.public_id, "metadata": marks, "success_url": terms.success_url, "cancel_url": terms.cancel_url}
    shared["expires_at"] = int(payment.expires_at.timestamp())
    if dues.kind == DuesKind.SUBSCRIPTION:
        line = {"price": price.price_id, "quantity": 1}
        return {"mode": "subscription", "customer": member.customer_id, "line_items": [line], "subscription_data": {"metadata": marks}, **shared}
    asked = {"currency": CURRENCY, "unit_amount": payment.amount, "product_data": {"name": terms.title}}
    return {"mode": "payment", "line_items": [{"price_data": asked, "quantity": 1}], "payment_intent_data": {"metadata": marks}, **shared}


def of_dues(dues_id: int) -> list[Payment]:
    """The tries to be paid and the invoices of dues, the oldest first."""
    return list(db.session.execute(select(Payment).where(Payment.dues_id == dues_id).order_by(Payment.number)).scalars())


def owns(facts: SessionFacts) -> bool:
    """Whether a session belongs to dues."""
    mine = and_(Payment.dues_id.is_not(None), (Payment.session_id == facts.id) | (Payment.public_id == facts.payment_ref))
    return bool(db.session.execute(select(exists().where(mine))).scalar_one())


def held_payment(facts: SessionFacts) -> tuple[ClubMember, ClubDues, Payment]:
    """The try that a session belongs to, with its dues and its member, all held."""
    query = select(Payment.id, Payment.dues_id, ClubDues.member_id).join(ClubDues, ClubDues.id == Payment.dues_id)
    found = db.session.execute(query.where(Payment.session_id == facts.id)).first()
    if found is None:  # the session was opened, and we died before we wrote its number down
        found = db.session.execute(query.where(Payment.public_id == facts.payment_ref, Payment.session_id.is_(None))).one()
    member = members.held(found.member_id)
    dues = held_dues(found.dues_id)
    payment = db.session.execute(select(Payment).where(Payment.id == found.id).with_for_update().execution_options(populate_existing=True)).scalar_one()
    payment.session_id = payment.session_id or facts.id
    return member, dues, payment


def held_dues(dues_id: int) -> ClubDues:
    """Dues, held; their member must be held before."""
    return db.session.execute(select(ClubDues).where(ClubDues.id == dues_id).with_for_update().execution_options(populate_existing=True)).scalar_one()


def fulfil(facts: SessionFacts, env: str, day: date, *, actor: Actor, moment: datetime) -> str:
    """Take over what Stripe says of a session for one period of dues (or of one without money); as often as anybody likes.

    Returns `foreign`, `mismatch`, `waiting`, `lapsed`, `processing`, `granted`, `refund_due` or `already`.
    """
    if facts.env != env:
        return "foreign"
    member, dues, payment = held_payment(facts)
    if payment.state in MONEY_IN:
        return "already"
    if not facts.paid:
        return _without_money(dues, payment, facts)
    if (facts.amount, facts.currency, facts.livemode) != (payment.amount, payment.currency, payment.livemode):
        incident(f"session:{facts.id}", "mismatch", moment, actor=actor, payment_id=payment.id, amount=facts.amount, currency=facts.currency, livemode=facts.livemode)
        return "mismatch"
    payment.intent_id = facts.intent_id or None
    return money_came(member, dues, payment, day, actor=actor, moment=moment)


def money_came(member: ClubMember, dues: ClubDues, payment: Payment, day: date, *, actor: Actor, moment: datetime) -> str:
    """Money for one period is confirmed: it begins, or the money goes back. All three must be held. Returns `granted` or `refund_due`."""
    payment.paid_at, payment.state = moment, PaymentState.PAID
    db.session.flush()
    log.write(actor, moment, "club.dues_paid", "club_payment", payment.public_id, after={"amount": payment.amount})
    if _stands_in_the_way(member, dues):
        return send_back(member, payment, actor=actor, moment=moment)
    _begin_paid(member, dues, payment, day, actor, moment)
    return "granted"


def _stands_in_the_way(member: ClubMember, dues: ClubDues) -> bool:
    """Whether these dues are not to be paid any more, because others are paid or at work; others that nobody has paid yet are let go."""
    if dues.state not in (DuesState.OPEN, DuesState.LAPSED):
        return True
    other = alive_of(member.id)
    if other is None or other.id == dues.id:
        return False
    if other.state == DuesState.LIVE or any(one.state == PaymentState.PROCESSING for one in of_dues(other.id)):
        return True
    let_go(other, of_dues(other.id))
    return False


def send_back(member: ClubMember, payment: Payment, *, actor: Actor, moment: datetime) -> str:
    """Money for dues that are paid already goes back."""
    payment.state = PaymentState.REFUND_DUE
    db.session.flush()
    refunds.ask(payment, payment.amount, "paid_twice", f"payment:{payment.id}:dues_twice", actor=actor, moment=moment)
    notices.tell(members.readers_of(member), "club.dues_back", PAGE, {"amount_fen": payment.amount}, actor=actor, moment=moment)
    return "refund_due"


def _begin_paid(member: ClubMember, dues: ClubDues, payment: Payment, day: date, actor: Actor, moment: datetime) -> None:
    price = db.session.get_one(TierPrice, dues.tier_price_id)
    tier = db.session.get_one(ClubTier, price.tier_id)
    asked = quote(members.spans(member.id), tier, price, day)
    if asked.instead_of is not None:
        members.end(asked.instead_of, day, "upgraded", actor=actor, moment=moment)
    days = Days(asked.starts, asked.ends, asked.ends + timedelta(days=tier.grace_days), asked.anchor)
    members.append(member, tier.id, Cause.PAID, days, actor=actor, moment=moment, dues_id=dues.id, payment_id=payment.id)
    applications.used(member.id, tier.id)
    dues.state, dues.ended_at = DuesState.PAID, moment
    db.session.flush()
    tell_paid(member, tier, asked.ends, actor=actor, moment=moment)


def tell_paid(member: ClubMember, tier: ClubTier, until: date, *, actor: Actor, moment: datetime) -> None:
    """Tell a member up to when his dues are paid."""
    values = {"tier": tier.name, "until": (until - timedelta(days=1)).isoformat()}
    notices.tell(members.readers_of(member), "club.dues_paid", PAGE, values, actor=actor, moment=moment)


def _without_money(dues: ClubDues, payment: Payment, facts: SessionFacts) -> str:
    """No money yet, or never: only forward."""
    if facts.status == "expired":
        if payment.state not in LIVE:
            return "already"
        payment.state = PaymentState.LAPSED
        if dues.state == DuesState.OPEN:
            dues.state = DuesState.LAPSED
        return "lapsed"
    if facts.status == "complete":
        if payment.state not in BEGUN:
            return "already"
        payment.state = PaymentState.PROCESSING
        return "processing"
    return "waiting"


def fell_through(facts: SessionFacts, env: str) -> str:
    """A payment that took its time did not succeed: the payer may begin anew."""
    if facts.env != env:
        return "foreign"
    _member, dues, payment = held_payment(facts)
    if payment.state not in LIVE:
        return "already"
    payment.state, payment.failure = PaymentState.FAILED, "async_payment_failed"
    if dues.state == DuesState.OPEN:
        dues.state = DuesState.LAPSED
    return "failed"


def is_open(payment_id: int) -> bool:
    """Whether a try may still be paid: nothing that was begun before it turned out to be paid."""
    return db.session.execute(select(Payment.state).where(Payment.id == payment_id)).scalar_one() in BEGUN
