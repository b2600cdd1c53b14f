"""Paying by bank transfer: what is to be paid, to which account, with which reference, and until when it is awaited. A try like one by card,
but that nobody asks Stripe; the same clock lets it lapse."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy import exists, or_, select, update

from models import db
from models.club import Booking, BookingState, ClubEvent
from models.club_bank import BankAccount
from models.club_membership import ClubDues, DuesKind, DuesState
from models.club_money import Payment, PaymentState, Way
from models.settlement import CalendarDay
from portal.actors import Actor
from portal.audit import log
from portal.club import bank_account, bank_time, capacity, dues, members
from portal.club.booking import held_booking
from portal.club.codes import CODE
from portal.club.dues import Order
from portal.club.entries import note
from portal.club.members import Person
from portal.club.payments import CURRENCY, MONEY_IN
from portal.club.quotes import quote
from portal.refusals import Conflict, Refusal


def _account() -> BankAccount:
    found = bank_account.present()
    if found is None:
        raise Refusal("no bank transfers are taken at present: pay by card, or ask the firm")
    return found


def until(ordered_at: datetime, end: datetime | None = None) -> datetime:
    """Until when an order of a moment waits for its transfer, by the firm's trading calendar."""
    first = ordered_at.astimezone(bank_time.BANKS).date()
    query = select(CalendarDay.day, CalendarDay.trading).where(CalendarDay.day.between(first, first + bank_time.REACH))
    return bank_time.awaited_until(ordered_at, {row.day: row.trading for row in db.session.execute(query)}, end)


def offered(event: ClubEvent, moment: datetime) -> bool:
    """Whether who takes seats now may pay them by transfer: there is an account, and time enough before sign-up ends."""
    return bank_account.present() is not None and event.sales_end_at >= moment + bank_time.SHORTEST


def choose(public_id: str, *, actor: Actor, moment: datetime) -> tuple[Payment, list[str]]:
    """Pay a booking by transfer: its seats are held until the transfer is awaited no more. Returns the try, and sessions of card payments
    that must be closed. Choosing it again changes nothing but the amount, where guests were dropped; the reference stays.

    Raises NotFound; Refusal where no account is set or sign-up ends too soon; Conflict where there is nothing to pay, the hold has run out
    or a payment is on its way.
    """
    event, booking = held_booking(public_id, actor)
    account = _account()
    if booking.state != BookingState.HELD or not booking.amount:
        raise Conflict("there is nothing to pay for this booking")
    if not capacity.holds(booking, moment):
        raise Conflict("the time to pay is over: sign up again if there are seats left")
    tries = list(db.session.execute(select(Payment).where(Payment.booking_id == booking.id).order_by(Payment.number).with_for_update()).scalars())
    if any(one.state in (PaymentState.PROCESSING, *MONEY_IN) for one in tries):
        raise Conflict("your payment is being worked on: nothing more is to be paid")
    mine = next((one for one in tries if one.way == Way.TRANSFER), None)
    if mine is None and event.sales_end_at < moment + bank_time.SHORTEST:
        raise Refusal("sign-up ends within a day: a transfer would come too late, pay by card")
    booking.hold_until = until(booking.created_at, event.sales_end_at)  # from the order on, so that choosing anew wins no time
    if booking.hold_until <= moment:
        raise Conflict("the time to pay is over: sign up again if there are seats left")
    old = _close(tries)
    if mine is None:
        mine = _written({"booking_id": booking.id, "number": len(tries) + 1}, booking.amount, account, booking.hold_until, moment)
        note(event.id, booking, "transfer_chosen", actor, moment, number=mine.number, amount=mine.amount)
    mine.state, mine.amount, mine.expires_at = PaymentState.OPEN, booking.amount, booking.hold_until
    db.session.flush()
    return mine, old


def _close(tries: list[Payment]) -> list[str]:
    """Card tries that are open are let go. Returns their sessions."""
    old = [one for one in tries if one.way == Way.CARD and one.state in (PaymentState.INTENDED, PaymentState.OPEN)]
    for one in old:
        one.state = PaymentState.LAPSED
    return [one.session_id for one in old if one.session_id]


def _written(what: dict[str, Any], amount: int, account: BankAccount, expires_at: datetime, moment: datetime) -> Payment:
    reference = bank_time.MARK + "".join(secrets.choice(CODE) for _ in range(bank_time.LENGTH))
    payment = Payment(**what, public_id=secrets.token_urlsafe(12), way=Way.TRANSFER, reference=reference, state=PaymentState.OPEN, amount=amount, currency=CURRENCY)
    payment.livemode, payment.idempotency_key, payment.url, payment.failure = False, f"transfer:{reference}", "", ""
    payment.params = {"company": account.company, "bank": account.bank, "account_no": account.account_no}
    payment.created_at, payment.expires_at = moment, expires_at
    db.session.add(payment)
    db.session.flush()
    return payment


def choose_for_dues(person: Person, tier_key: str, day: date, *, actor: Actor, moment: datetime) -> tuple[Payment, list[str], list[str]]:
    """Pay one period of dues by transfer. Returns the try, and card sessions and subscriptions that must be closed; the same try for a
    second click. Raises as `dues.prepared` does, and as `choose`."""
    order, account = Order(tier_key, DuesKind.ONCE), _account()
    member, tier, price = dues.prepared(person, order, day, actor=actor, moment=moment)
    amount = quote(members.spans(member.id), tier, price, day).amount
    if amount <= 0:
        raise Refusal("what you have paid is worth more than these dues: wait until its end")
    alive = dues.alive_of(member.id)
    sessions: list[str] = []
    subscriptions: list[str] = []
    if alive is not None:
        tries = dues.of_dues(alive.id)
        if any(one.state == PaymentState.PROCESSING for one in tries):
            raise Conflict("your payment is being worked on: nothing more is to be paid")
        good = next((one for one in tries if _still_good(one, amount, moment)), None)
        if good is not None and alive.tier_price_id == price.id:
            return good, [], []
        sessions, subscriptions = dues.let_go(alive, tries)
    row = dues.opened(member, price, DuesKind.ONCE, moment)
    payment = _written({"dues_id": row.id, "number": 1}, amount, account, until(moment), moment)
    log.write(actor, moment, "club.dues_intended", "club_dues", row.public_id, after={"tier": tier.key, "way": Way.TRANSFER.value, "amount": amount})
    return payment, sessions, subscriptions


def _still_good(one: Payment, amount: int, moment: datetime) -> bool:
    return one.way == Way.TRANSFER and one.state == PaymentState.OPEN and one.amount == amount and one.expires_at > moment


def waiting(tries: list[Payment], moment: datetime) -> Payment | None:
    """The try by transfer that is awaited now, if any."""
    return next((one for one in tries if one.way == Way.TRANSFER and one.state == PaymentState.OPEN and one.expires_at > moment), None)


def _over(moment: datetime) -> Any:
    """Tries by transfer that are awaited no more: their time is over, or their booking is."""
    ended = exists().where(Booking.id == Payment.booking_id, Booking.state.in_([BookingState.CANCELLED, BookingState.LAPSED, BookingState.GRANTED]))
    return (Payment.way == Way.TRANSFER) & (Payment.state == PaymentState.OPEN) & or_(Payment.expires_at <= moment, ended)


def let_lapse(moment: datetime, most: int) -> int:
    """Write down which transfers are awaited no more, and let go of the dues that wait for them. Money may still come: it is taken then, or
    goes back. Returns how many."""
    found = db.session.execute(select(Payment.id, Payment.dues_id).where(_over(moment)).order_by(Payment.id).limit(most)).all()
    asked = select(ClubDues.id).where(ClubDues.id.in_([row.dues_id for row in found if row.dues_id is not None]))
    free = set(db.session.execute(asked.with_for_update(skip_locked=True)).scalars())  # whoever holds dues now is about to decide about them
    ids = [row.id for row in found if row.dues_id is None or row.dues_id in free]
    db.session.execute(update(Payment).where(Payment.id.in_(ids), Payment.state == PaymentState.OPEN).values(state=PaymentState.LAPSED))
    db.session.execute(update(ClubDues).where(ClubDues.id.in_(free), ClubDues.state == DuesState.OPEN).values(state=DuesState.LAPSED))
    return len(ids)


def work_is_due(moment: datetime) -> bool:
    """Whether a transfer is awaited no more that nobody has written down."""
    return db.session.execute(select(Payment.id).where(_over(moment)).limit(1)).first() is not None


def of_reference(reference: str) -> Payment | None:
    """The try with a reference."""
    return db.session.execute(select(Payment).where(Payment.reference == reference)).scalar_one_or_none()
