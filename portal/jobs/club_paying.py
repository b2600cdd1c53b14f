"""The club's money between the books and Stripe: write down what is meant, ask, write down the answer. Each step stands alone, so that a
crash between two of them loses nothing: whoever comes next goes on. No lock is held while Stripe is asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from models import db
from models.club import Booking
from models.club_money import Payment
from models.jobs import Job, JobState
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import bank_orders, dues, handled, payments, refunds, subscriptions
from portal.club import booking as bookings
from portal.club.entries import incident
from portal.club.facts import EventFacts, RefundFacts, Refused, SessionFacts, Unanswered
from portal.club.facts_dues import DuesTill as Till
from portal.club.payments import Terms
from portal.jobs import club_invoices
from portal.jobs.outbox import ask_where_due
from portal.jobs.verbs import enqueue
from portal.local_day import day_of
from portal.refusals import Refusal
from portal.transaction import transaction

LOG = logging.getLogger("portal.club")
MONEY = "club.money"
"""The kind of the job that closes sessions, looks at payments that ought to have come to something, and sends refunds."""
OLD = timedelta(minutes=2)
PART = 50
DAY = 24 * 3600


@dataclass(frozen=True)
class Tried:
    """A try to be paid as it was written down: what Stripe is asked, and under which key. `url` where its page is open."""

    number: int
    params: Mapping[str, Any]
    key: str
    url: str

    @classmethod
    def of(cls, payment: Payment) -> Tried:
        """Of a payment, for after its transaction."""
        return cls(payment.id, payment.params, payment.idempotency_key, payment.url)


def pay(public_id: str, till: Till, terms: Terms, actor: Actor) -> str:
    """Begin to be paid. Returns the address of the page where one pays; the same one for a second click.

    Raises NotFound, Conflict; Refusal where Stripe gives no answer or says no.
    """
    with transaction():
        payment, old = payments.begin(public_id, terms, actor=actor, moment=clock.now())
        tried = Tried.of(payment)
    for session_id in old:
        close_session(till, session_id)
    return open_page(tried, till)


def open_page(tried: Tried, till: Till) -> str:
    """The address of the page of a try, opened where it is not open yet. Raises Refusal where Stripe gives no answer or says no."""
    if tried.url:
        return tried.url
    try:
        facts = till.open_session(tried.params, tried.key)
    except Unanswered as error:
        raise Refusal("the payment page does not answer right now: try again in a moment, your seats are held") from error
    except Refused as error:
        with transaction():
            payments.refused(tried.number, str(error))
        raise Refusal("the payment page could not be opened: try again") from error
    with transaction():
        payments.opened(tried.number, facts)
    return facts.url


def close_session(till: Till, session_id: str) -> None:
    """Close a page where nobody should pay any more; where somebody just did, take that over instead."""
    try:
        settle(till.expire_session(session_id), till)
    except Refused:
        look_at(till, session_id)
    except Unanswered:
        LOG.warning("a session could not be closed; it is tried again")


def look_at(till: Till, session_id: str) -> str:
    """Ask Stripe how a session stands, and take that over. `unanswered` where there is no answer."""
    try:
        return settle(till.session(session_id), till)
    except (Unanswered, Refused):
        return "unanswered"


def settle(facts: SessionFacts, till: Till) -> str:
    """Take over how a session stands, in a transaction of its own. Raises Unanswered, Refused where its subscription is asked for in vain."""
    effect = _settling(facts, till)
    with transaction():
        return effect(clock.now())


def _settling(facts: SessionFacts, till: Till) -> Callable[[datetime], str]:
    """What a session leads to; where it began a subscription, that and its invoice are asked for first."""
    if facts.subscription_id:
        begun = club_invoices.of_subscription(facts.subscription_id, till)
        return lambda moment: _with_money(begun(moment), moment)
    return lambda moment: _settled(facts, till, moment)


def _settled(facts: SessionFacts, till: Till, moment: datetime) -> str:
    if dues.owns(facts):
        return _with_money(dues.fulfil(facts, till.env, day_of(moment), actor=TERMINAL, moment=moment), moment)
    return _with_money(payments.fulfil(facts, till.env, actor=TERMINAL, moment=moment), moment)


def _with_money(outcome: str, moment: datetime) -> str:
    """Where money is to go back, the job that sends it is asked for."""
    if outcome in {"refund_due", "already"}:
        ask_for_money(moment)
    ask_where_due(moment)
    return outcome


def after_change(public_id: str, till: Till | None) -> None:
    """After seats were given back: close pages where somebody could still pay for them."""
    if till is None:
        return
    query = select(Payment.session_id).join(Booking, Booking.id == Payment.booking_id)
    open_ones = list(db.session.execute(query.where(Booking.public_id == public_id, Payment.state == "open", Payment.session_id.is_not(None))).scalars())
    db.session.rollback()
    for session_id in open_ones:
        close_session(till, session_id or "")


def hear(event: EventFacts, till: Till) -> str:
    """Handle an event that Stripe sent. What is true now is asked of Stripe first; then effect and event are written together, or neither.

    Raises Unanswered where Stripe does not say: the event counts as not heard, and comes again."""
    known = handled.is_known(event.id)
    db.session.rollback()
    if known:
        with transaction():
            ask_for_money(clock.now())  # jobs that got lost are asked for again
            ask_where_due(clock.now())
        return "already"
    effect = _effect(event, till)
    with transaction():
        moment = clock.now()
        outcome = effect(moment)  # doing it twice is doing it once, so of two at once the second changes nothing
        return outcome if handled.keep(event, outcome, moment) else "already"


def _effect(event: EventFacts, till: Till) -> Callable[[datetime], str]:
    """What an event leads to, with all that had to be asked for it."""
    if event.livemode != till.livemode:
        return lambda moment: "other_mode"
    if event.type.startswith("checkout.session."):
        return _session_effect(event, till)
    if event.type.startswith(("customer.subscription.", "invoice.")):
        effect = club_invoices.of_event(event, till)
        return lambda moment: _with_money(effect(moment), moment)
    if event.type.startswith(("refund.", "charge.refund")):
        found = _refunds_of(event.intent_id, till)
        return lambda moment: ",".join(sorted({refunds.learn(one, till.env, actor=TERMINAL, moment=moment) for one in found}))
    told = handled.TOLD.get(event.type)
    return lambda moment: told(event, actor=TERMINAL, moment=moment) if told is not None else "ignored"


def _refunds_of(intent_id: str, till: Till) -> list[RefundFacts]:
    try:
        return till.refunds_of(intent_id) if intent_id else []
    except Refused:
        return []  # a payment of another account: none of ours


def _session_effect(event: EventFacts, till: Till) -> Callable[[datetime], str]:
    try:
        facts = till.session(event.object_id)
    except Refused:
        return lambda moment: "foreign"
    if event.type.endswith("async_payment_failed") and not facts.paid:
        return lambda moment: _fell_through(facts, till, moment)
    return _settling(facts, till)


def _fell_through(facts: SessionFacts, till: Till, moment: datetime) -> str:
    return dues.fell_through(facts, till.env) if dues.owns(facts) else payments.fell_through(facts, till.env, actor=TERMINAL, moment=moment)


def ask_for_money(moment: datetime) -> Job | None:
    """Ask for the job inside the open transaction, where there is something to do and none waits."""
    if not work_is_due(moment) or db.session.execute(select(Job.id).where(Job.kind == MONEY, Job.state == JobState.WAITING).limit(1)).first():
        return None
    return enqueue(TERMINAL, moment, MONEY, {})


def work_is_due(moment: datetime) -> bool:
    """Whether a refund is to be sent, a page to be closed, a subscription to be ended."""
    return bool(refunds.due(1, moment) or payments.to_close(moment, 1) or subscriptions.to_end(1))


def send_refunds(till: Till, progress: Callable[[int], None] = lambda done: None) -> int:
    """Send the refunds that are due. Returns how many were answered."""
    done, seen = 0, set[int]()
    while numbers := [number for number in refunds.due(PART, clock.now()) if number not in seen]:
        db.session.rollback()
        for number in numbers:
            seen.add(number)
            done += send_refund(number, till)
            progress(done)
    return done


def send_refund(number: int, till: Till) -> bool:
    """Send one refund; returns whether there was an answer."""
    with transaction():
        asked = refunds.begin(number, till.env, clock.now())
    if asked is None:
        return False
    try:
        facts = till.refund(*asked)
    except Unanswered:
        return False
    except Refused as error:
        with transaction():
            refunds.refused(number, str(error), actor=TERMINAL, moment=clock.now())
        return True
    with transaction():
        refunds.learn(facts, till.env, actor=TERMINAL, moment=clock.now())
    return True


def reconcile(till: Till) -> dict[str, int]:
    """Hold our books against Stripe's: every session that ought to have come to something, every payment of the last day. What
    does not fit becomes an incident. Returns what was looked at and found."""
    found = {"looked_at": 0, "missing": 0}
    for number, session_id, params, key in _of(lambda: payments.to_look_at(clock.now(), OLD, 500)):
        found["looked_at"] += 1
        if session_id:
            look_at(till, session_id)
        else:
            _ask_again(till, number, params, key)
    for subscription_id in _of(lambda: subscriptions.to_look_at(clock.now(), 500)):
        found["looked_at"] += 1
        club_invoices.look_at(subscription_id, till)
    try:
        there = [one for one in till.payments_since(int(clock.now().timestamp()) - DAY) if one.env == till.env and one.status == "succeeded"]
    except (Unanswered, Refused) as error:
        raise Refusal("Stripe does not answer: try again later") from error
    with transaction():
        known = set(db.session.execute(select(Payment.intent_id).where(Payment.intent_id.in_([one.id for one in there]))).scalars())
        for one in there:
            if one.id not in known:
                found["missing"] += incident(f"intent:{one.id}", "not_in_books", clock.now(), actor=TERMINAL, intent=one.id, amount=one.received)
    return found


def _ask_again(till: Till, number: int, params: Any, key: str) -> None:
    """The answer to a try was lost: the same key brings the same session, not a second one."""
    try:
        facts = till.open_session(params, key)
    except Unanswered:
        return
    except Refused as error:
        with transaction():
            payments.refused(number, str(error))
        return
    with transaction():
        payments.opened(number, facts)
    look_at(till, facts.id)


def _of(read: Callable[[], Any]) -> Any:
    """Read, and let go of the snapshot: what follows opens transactions of its own."""
    rows = read()
    db.session.rollback()
    return rows


def tidy(till: Till | None) -> dict[str, int]:
    """What the clock has decided is written down, pages are closed, refunds sent."""
    with transaction():
        lapsed = bookings.let_lapse(clock.now(), 5_000) + bank_orders.let_lapse(clock.now(), 5_000)
    if till is None:
        return {"lapsed": lapsed}
    for session_id in _of(lambda: payments.to_close(clock.now(), PART)):
        close_session(till, session_id)
    for subscription_id in _of(lambda: subscriptions.to_end(PART)):
        club_invoices.end(subscription_id, till)
    return {"lapsed": lapsed, "refunds": send_refunds(till)}
