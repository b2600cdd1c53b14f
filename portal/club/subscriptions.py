"""Subscriptions of dues: what Stripe says of one is taken over, and every invoice that is paid brings its period. Nothing else does."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from models import db
from models.club_membership import Cause, ClubDues, ClubMember, ClubMembership, ClubTier, DuesKind, DuesState, TierPrice
from models.club_money import Payment, PaymentState
from portal.actors import Actor
from portal.audit import log
from portal.club import applications, dues, members
from portal.club.entries import incident
from portal.club.facts_dues import InvoiceFacts, SubscriptionFacts
from portal.club.members import Days
from portal.club.payments import BEFORE_MONEY, CURRENCY
from portal.club.statuses import STATUSES
from portal.club.telling_membership import PAGE
from portal.notices import verbs as notices

FAILED = "payment_failed"
"""Stripe's word for a subscription that ended because nobody paid."""
FIRST = "subscription_create"
OVER = ("canceled", "incomplete_expired")


@dataclass(frozen=True)
class Place:
    """Whose subscriptions these are, and by whose clocks days are counted."""

    env: str
    zone: str

    def day(self, moment: datetime) -> date:
        """The day of a moment there."""
        return moment.astimezone(ZoneInfo(self.zone)).date()


def take(facts: SubscriptionFacts, invoice: InvoiceFacts | None, place: Place, *, actor: Actor, moment: datetime) -> str:
    """Take over how a subscription stands, and what an invoice of it brought, inside the open transaction; as often as anybody likes.

    Returns `foreign`, `unknown`, `mismatch`, `already`, `learnt`, `granted` or `refund_due`.
    """
    if facts.env != place.env:
        return "foreign"
    number = _number_of(facts)
    if number is None:
        if invoice is not None and invoice.paid:
            incident(f"invoice:{invoice.id}", "unknown", moment, actor=actor, amount=invoice.paid, invoice=invoice.id)
        return "unknown"
    member = members.held(db.session.execute(select(ClubDues.member_id).where(ClubDues.id == number)).scalar_one())
    row = dues.held_dues(number)
    outcome = _learn(member, row, facts, place, actor, moment)
    if invoice is None or invoice.status != "paid" or invoice.subscription_id != facts.id:
        return outcome
    return _paid(member, row, invoice, place, actor, moment)


def _number_of(facts: SubscriptionFacts) -> int | None:
    """The dues that a subscription is for: by its own number, or by the mark where its number was not written down yet."""
    query = select(ClubDues.id).where(ClubDues.kind == DuesKind.SUBSCRIPTION)
    mine = or_(ClubDues.subscription_id == facts.id, (ClubDues.public_id == facts.dues_ref) & ClubDues.subscription_id.is_(None))
    return db.session.execute(query.where(mine)).scalar_one_or_none()


def _learn(member: ClubMember, row: ClubDues, facts: SubscriptionFacts, place: Place, actor: Actor, moment: datetime) -> str:
    """How the subscription stands; an answer that is older than what is known changes nothing."""
    if row.learnt_at is not None and facts.asked_at < row.learnt_at:
        return "already"
    meaning = STATUSES.get(facts.status)
    if meaning is None:
        incident(f"subscription:{facts.id}:{facts.status}", "status", moment, actor=actor, subscription=facts.id, status=facts.status)
        return "mismatch"
    before = STATUSES.get(row.status)
    row.subscription_id, row.item_id, row.learnt_at = facts.id, facts.item_id, facts.asked_at
    row.status, row.cancel_at_period_end, row.period_end = facts.status, facts.cancel_at_period_end, facts.period_end
    if meaning.state == DuesState.LIVE:
        _come_alive(member, row)
    elif meaning.state != DuesState.OPEN and row.state in dues.ALIVE:
        row.state, row.ended_at, row.wanted_price_id = meaning.state, moment, None
    if facts.status == "canceled" and facts.ended_why != FAILED:
        _no_grace(row, actor, moment)
    if row.wanted_price_id is not None and not facts.waits and _price_number(facts.price_id) != row.wanted_price_id:
        row.wanted_price_id = None  # the change was not paid in time, or taken back
    if not meaning.unpaid and not facts.waits:
        row.action_url = ""
    db.session.flush()
    if meaning.unpaid and not (before and before.unpaid):
        notices.tell(members.readers_of(member), "club.dues_failed", PAGE, {"tier": _tier_name(row)}, actor=actor, moment=moment)
    return "learnt"


def _come_alive(member: ClubMember, row: ClubDues) -> None:
    """A subscription is at work. Where another one is, this one stays ended: its money goes back, and a job ends it at Stripe."""
    if row.state == DuesState.LIVE:
        return
    other = dues.alive_of(member.id)
    if other is not None and other.id != row.id:
        if other.state == DuesState.LIVE:
            row.state = DuesState.ENDED
            return
        dues.let_go(other, dues.of_dues(other.id))
    row.state = DuesState.LIVE


def _no_grace(row: ClubDues, actor: Actor, moment: datetime) -> None:
    """Who ended his subscription keeps what he paid for, without grace."""
    query = select(ClubMembership.id, ClubMembership.valid_to).where(ClubMembership.dues_id == row.id, ClubMembership.ended_on.is_(None))
    for number, valid_to in db.session.execute(query).all():
        members.end(number, valid_to, "subscription ended", actor=actor, moment=moment)


def _price_number(price_id: str) -> int | None:
    return db.session.execute(select(TierPrice.id).where(TierPrice.price_id == price_id)).scalar_one_or_none()


def _tier_name(row: ClubDues) -> str:
    query = select(ClubTier.name).join(TierPrice, TierPrice.tier_id == ClubTier.id).where(TierPrice.id == row.tier_price_id)
    return db.session.execute(query).scalar_one()


def _paid(member: ClubMember, row: ClubDues, invoice: InvoiceFacts, place: Place, actor: Actor, moment: datetime) -> str:
    """An invoice is paid: its payment stands in the books once, and its period begins once."""
    if db.session.execute(select(Payment.id).where(Payment.invoice_id == invoice.id)).first():
        return "already"
    price = db.session.execute(select(TierPrice).where(TierPrice.price_id == invoice.price_id)).scalar_one_or_none()
    tried = _tried(row, invoice)
    fits = tried is None or (tried.amount, tried.livemode) == (invoice.paid, invoice.livemode)
    if price is None or not fits or invoice.currency != CURRENCY:
        found = {"amount": invoice.paid, "currency": invoice.currency, "price": invoice.price_id}
        incident(f"invoice:{invoice.id}", "mismatch", moment, actor=actor, payment_id=tried.id if tried is not None else None, **found)
        return "mismatch"
    payment = tried or _own_payment(row, invoice, moment)
    if payment is not None:
        payment.state, payment.paid_at, payment.invoice_id, payment.intent_id = PaymentState.PAID, moment, invoice.id, invoice.intent_id or None
        db.session.flush()
        log.write(actor, moment, "club.dues_paid", "club_payment", payment.public_id, after={"amount": payment.amount, "reason": invoice.reason})
        if row.state != DuesState.LIVE and invoice.reason == FIRST:
            return dues.send_back(member, payment, actor=actor, moment=moment)
    return _begin_period(member, row, (price, payment), invoice, place, actor, moment)


def _tried(row: ClubDues, invoice: InvoiceFacts) -> Payment | None:
    """The try at whose page the first invoice was paid."""
    if invoice.reason != FIRST:
        return None
    return next((one for one in reversed(dues.of_dues(row.id)) if one.invoice_id is None and one.state in BEFORE_MONEY), None)


def _own_payment(row: ClubDues, invoice: InvoiceFacts, moment: datetime) -> Payment | None:
    """A payment for an invoice that was collected by itself. None where nothing was due."""
    if not invoice.paid:
        return None
    tries = dues.of_dues(row.id)
    payment = Payment(public_id=secrets.token_urlsafe(12), dues_id=row.id, number=len(tries) + 1, state=PaymentState.INTENDED, amount=invoice.paid, currency=invoice.currency)
    payment.livemode, payment.idempotency_key, payment.params = invoice.livemode, f"invoice:{invoice.id}", {}
    payment.url, payment.failure, payment.created_at, payment.expires_at = "", "", moment, moment
    db.session.add(payment)
    return payment


def _begin_period(member: ClubMember, row: ClubDues, bought: tuple[TierPrice, Payment | None], invoice: InvoiceFacts, place: Place, actor: Actor, moment: datetime) -> str:
    """The period that an invoice paid for. What the same dues brought before ends where it begins; the rest of a month was credited."""
    price, payment = bought
    tier = db.session.get_one(ClubTier, price.tier_id)
    start, end = place.day(invoice.period_start), place.day(invoice.period_end)
    same = (ClubMembership.dues_id == row.id) & (ClubMembership.valid_to > start) & ClubMembership.ended_on.is_(None)
    for number, tier_id, valid_to in db.session.execute(select(ClubMembership.id, ClubMembership.tier_id, ClubMembership.valid_to).where(same)).all():
        if (tier_id, valid_to) == (tier.id, end):
            return "already"
        members.end(number, start, "changed", actor=actor, moment=moment)
    # the next invoice is collected an hour or so after the period is over, so there is a day of grace at least
    days = Days(start, max(end, start + timedelta(days=1)), end + timedelta(days=max(tier.grace_days, 1)), start)
    members.append(member, tier.id, Cause.PAID, days, actor=actor, moment=moment, dues_id=row.id, payment_id=payment.id if payment is not None else None)
    row.tier_price_id, row.action_url = price.id, ""
    if row.wanted_price_id == price.id:
        row.wanted_price_id = None
    applications.used(member.id, tier.id)
    db.session.flush()
    dues.tell_paid(member, tier, end, actor=actor, moment=moment)
    return "granted"


def needs_action(facts: SubscriptionFacts, invoice: InvoiceFacts, place: Place, *, actor: Actor, moment: datetime) -> str:
    """A payer must do something before an invoice is paid: he is told where, once."""
    outcome = take(facts, invoice, place, actor=actor, moment=moment)
    number = _number_of(facts) if outcome not in {"foreign", "unknown"} else None
    if number is None or invoice.status == "paid":
        return outcome
    row = db.session.get_one(ClubDues, number)
    if row.action_url == invoice.url[:1000]:
        return "already"
    row.action_url = invoice.url[:1000]
    db.session.flush()
    member = db.session.get_one(ClubMember, row.member_id)
    notices.tell(members.readers_of(member), "club.dues_action", PAGE, {"tier": _tier_name(row)}, actor=actor, moment=moment)
    return "action"


def to_end(most: int) -> list[str]:
    """Subscriptions that nobody is to pay although Stripe has them: abandoned ones, and a second one of the same member."""
    query = select(ClubDues.subscription_id).where(ClubDues.state.in_([DuesState.LAPSED, DuesState.ENDED]), ClubDues.subscription_id.is_not(None), ClubDues.status.not_in(OVER))
    return [found for found in db.session.execute(query.order_by(ClubDues.id).limit(most)).scalars() if found]


def to_look_at(now: datetime, most: int) -> list[str]:
    """Subscriptions whose period is over without word of the next one, or whose change waits: a webhook may be lost for good."""
    stale = or_(ClubDues.period_end <= now - timedelta(hours=1), ClubDues.wanted_price_id.is_not(None))
    query = select(ClubDues.subscription_id).where(ClubDues.state == DuesState.LIVE, stale, or_(ClubDues.learnt_at.is_(None), ClubDues.learnt_at <= now - timedelta(hours=1)))
    return [found for found in db.session.execute(query.order_by(ClubDues.id).limit(most)).scalars() if found]
