"""An incoming transfer held against its order: what fits, what does not, and what can be done about it. Each case has its own answer."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from models import db
from models.club import Booking, BookingState, ClubEvent, EventState
from models.club_bank import BankTransfer, ReturnWhy, TransferState
from models.club_membership import ClubDues, ClubMember, ClubTier, DuesState, TierPrice
from models.club_money import Payment, PaymentState, Way
from models.identity import User
from portal.club import bank_time
from portal.club.payments import MONEY_IN

UNDECIDED = (TransferState.RECORDED, TransferState.PREPARED)
MOST = 20


class Fit(enum.StrEnum):
    """How a transfer fits the order that it is for."""

    EXACT = "exact"
    TOO_MUCH = "too_much"
    LATE = "late"
    TOO_LITTLE = "too_little"
    PAID_TWICE = "paid_twice"
    EVENT_CANCELLED = "event_cancelled"
    BOOKING_OVER = "booking_over"
    NO_ORDER = "no_order"


MAY_PAY = (Fit.EXACT, Fit.TOO_MUCH, Fit.LATE)
"""What may pay its order; everything else can only go back."""


@dataclass(frozen=True)
class Ordered:
    """An order by transfer: what was asked, of whom, and how it stands. `readers`: the sign-ins that are told; `link`: where they see it."""

    payment_id: int
    reference: str
    asked: int
    state: str
    title: str
    title_en: str
    name: str
    client_no: str
    until: datetime
    paid: bool
    over: bool
    called_off: bool
    readers: tuple[int, ...]
    link: str


def fit(order: Ordered | None, amount: int, others: int, moment: datetime) -> Fit:
    """How a transfer of an amount (fen) fits an order; `others`: transfers that are held to be for it, undecided too. Pure."""
    if order is None:
        return Fit.NO_ORDER
    nothing_left = ((bool(others) or order.paid, Fit.PAID_TWICE), (order.called_off, Fit.EVENT_CANCELLED), (order.over, Fit.BOOKING_OVER))
    for stands, found in nothing_left:
        if stands:
            return found
    if amount < order.asked:
        return Fit.TOO_LITTLE
    if order.state == PaymentState.LAPSED or order.until <= moment:
        return Fit.LATE
    return Fit.EXACT if amount == order.asked else Fit.TOO_MUCH


def goes_back(found: Fit) -> ReturnWhy:
    """Why a transfer that does not pay its order goes back."""
    return ReturnWhy(found.value) if found not in MAY_PAY else ReturnWhy.NOT_WANTED


def orders(payment_ids: Iterable[int]) -> dict[int, Ordered]:
    """Orders by the numbers of their tries, in one statement."""
    title, english = func.coalesce(ClubEvent.title, ClubTier.name), func.coalesce(ClubEvent.title_en, ClubTier.name_en)
    name, client = func.coalesce(User.name, ClubMember.name), func.coalesce(Booking.client_no, ClubMember.client_no)
    query = select(Payment, Booking, ClubDues.state, ClubEvent.state, title, english, name, client, func.coalesce(Booking.user_id, ClubMember.user_id))
    query = query.outerjoin(Booking, Booking.id == Payment.booking_id).outerjoin(ClubEvent, ClubEvent.id == Booking.event_id).outerjoin(User, User.id == Booking.user_id)
    query = query.outerjoin(ClubDues, ClubDues.id == Payment.dues_id).outerjoin(ClubMember, ClubMember.id == ClubDues.member_id)
    query = query.outerjoin(TierPrice, TierPrice.id == ClubDues.tier_price_id).outerjoin(ClubTier, ClubTier.id == TierPrice.tier_id)
    query = query.where(Payment.id.in_(list(payment_ids)), Payment.way == Way.TRANSFER).execution_options(populate_existing=True)
    found: dict[int, Ordered] = {}
    for payment, booking, due, state, words, words_en, payer, number, user_id in db.session.execute(query):
        over = booking is not None and booking.state == BookingState.CANCELLED
        granted = booking.state == BookingState.GRANTED if booking is not None else due in (DuesState.PAID, DuesState.LIVE)
        link = f"/club/bookings/{booking.public_id}" if booking is not None else "/membership"
        readers = (user_id,) if user_id is not None else ()
        asked = (payment.id, payment.reference or "", payment.amount, payment.state, words, words_en, payer, number, payment.expires_at)
        found[payment.id] = Ordered(*asked, granted or payment.state in MONEY_IN, over, state == EventState.CANCELLED, readers, link)
    return found


def order_of(payment_id: int | None) -> Ordered | None:
    """One order."""
    return orders([payment_id]).get(payment_id) if payment_id is not None else None


def others(transfer: BankTransfer) -> int:
    """How many other transfers are held to be for the same order, undecided or taken."""
    if transfer.payment_id is None:
        return 0
    counted = BankTransfer.state.in_([*UNDECIDED, TransferState.TAKEN])
    earlier = (BankTransfer.state == TransferState.TAKEN) | (BankTransfer.id < transfer.id)
    query = select(func.count()).where(BankTransfer.payment_id == transfer.payment_id, BankTransfer.id != transfer.id, counted, earlier)
    return int(db.session.execute(query).scalar_one())


def fit_of(transfer: BankTransfer, moment: datetime) -> tuple[Fit, Ordered | None]:
    """How a transfer fits the order that it is held to be for, now."""
    order = order_of(transfer.payment_id)
    return fit(order, transfer.amount, others(transfer), moment), order


def named_in(remark: str) -> int | None:
    """The try that the words on a transfer name; None where they name none, or more than one."""
    wanted = bank_time.references(remark)
    found = list(db.session.execute(select(Payment.id).where(Payment.reference.in_(wanted))).scalars()) if wanted else []
    return found[0] if len(found) == 1 else None


def likely(transfer: BankTransfer) -> list[Ordered]:
    """Orders that a transfer without a reference may be for: those that wait for just this amount, its payer's own first."""
    asked = select(Payment.id).where(Payment.way == Way.TRANSFER, Payment.amount == transfer.amount, Payment.state.in_([PaymentState.OPEN, PaymentState.LAPSED]))
    numbers = list(db.session.execute(asked.order_by(Payment.id.desc()).limit(MOST)).scalars())
    return sorted(orders(numbers).values(), key=lambda one: (not bank_time.same_name(one.name, transfer.payer), one.state != PaymentState.OPEN, -one.payment_id))
