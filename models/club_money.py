"""Payments of the club, by card or by bank transfer: each try to be paid, each refund, each event that Stripe sent, and what did not fit.

Client margin money never passes here: these are prices of seats and dues alone.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, amount, choice, identifier, moment, one_of, text


class PaymentState(enum.StrEnum):
    """How far a try to be paid is. It only moves forward; money that came when no seat was left is `refund_due`."""

    INTENDED = "intended"
    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    REFUND_DUE = "refund_due"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    LAPSED = "lapsed"
    FAILED = "failed"


class Way(enum.StrEnum):
    """How one pays: at Stripe (cards, wallets), or by a bank transfer that two people of the firm confirm."""

    CARD = "card"
    TRANSFER = "transfer"


class RefundState(enum.StrEnum):
    """How far a refund is. Due: nobody has asked Stripe yet, or its answer was lost; pending: Stripe works on it."""

    DUE = "due"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RefundWhy(enum.StrEnum):
    """Why money goes back."""

    CANCELLED = "cancelled"
    SEAT_RETURNED = "seat_returned"
    EVENT_CANCELLED = "event_cancelled"
    NO_SEAT = "no_seat"
    PAID_TWICE = "paid_twice"
    AT_STRIPE = "at_stripe"
    DUES_UNUSED = "dues_unused"
    DUES_OURS = "dues_ours"
    DUES_ERROR = "dues_error"
    DUES_GOODWILL = "dues_goodwill"


class Payment(Base):
    """One try to be paid for a booking or for dues; for a subscription also each invoice that Stripe collected. Amount and parameters are frozen with it; `idempotency_key` is written before Stripe is asked.

    A try whose answer was lost is asked again with the same key; after a definite failure the next number begins. One by transfer has a
    `reference` (附言) instead of a session, and its parameters are the account that the payer was shown.
    """

    __tablename__ = "club_payment"
    __table_args__ = (
        UniqueConstraint("booking_id", "number"),
        UniqueConstraint("dues_id", "number"),
        Index("ix_club_payment_state", "state", "created_at"),
        Index("uq_club_payment_reference", "reference", unique=True),
        one_of("state", PaymentState),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(booking_id IS NULL) <> (dues_id IS NULL)", name="one_purpose"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    dues_id: Mapped[int | None] = mapped_column(ForeignKey("club_dues.id"))
    number: Mapped[int] = mapped_column()
    way: Mapped[str] = mapped_column(String(16), default=Way.CARD, server_default="card")
    reference: Mapped[str | None] = text(20, null=True)
    state: Mapped[str] = choice(PaymentState)
    amount: Mapped[int] = amount()
    currency: Mapped[str] = text(3)
    livemode: Mapped[bool] = mapped_column()
    idempotency_key: Mapped[str] = text(120, unique=True)
    params: Mapped[Any] = mapped_column(JsonText)
    session_id: Mapped[str | None] = text(120, null=True, unique=True)
    intent_id: Mapped[str | None] = text(120, null=True, unique=True)
    invoice_id: Mapped[str | None] = text(120, null=True, unique=True)
    url: Mapped[str] = text(1000)
    created_at: Mapped[datetime] = moment()
    expires_at: Mapped[datetime] = moment()
    paid_at: Mapped[datetime | None] = moment(null=True)
    disputed_at: Mapped[datetime | None] = moment(null=True)
    failure: Mapped[str] = text(400)


class Refund(Base):
    """One refund of a payment. `business_key` says what it is for, so that the same is never refunded twice; `attempt` grows after
    Stripe said no, and stays where its answer was lost. `keeps`: what the payment brought stays, also where all of it went back."""

    __tablename__ = "club_refund"
    __table_args__ = (
        Index("ix_club_refund_state", "state", "id"),
        Index("ix_club_refund_payment", "payment_id"),
        one_of("state", RefundState),
        one_of("why", RefundWhy),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[int] = identifier()
    payment_id: Mapped[int] = mapped_column(ForeignKey("club_payment.id"))
    business_key: Mapped[str] = text(120, unique=True)
    why: Mapped[str] = choice(RefundWhy)
    amount: Mapped[int] = amount()
    state: Mapped[str] = choice(RefundState)
    attempt: Mapped[int] = mapped_column(default=1)
    refund_id: Mapped[str | None] = text(120, null=True, unique=True)
    asked_at: Mapped[datetime] = moment()
    asked_label: Mapped[str] = text(200)
    sent_at: Mapped[datetime | None] = moment(null=True)
    settled_at: Mapped[datetime | None] = moment(null=True)
    failure: Mapped[str] = text(400)
    keeps: Mapped[bool] = mapped_column(default=False, server_default=false())


class StripeEvent(Base):
    """An event that Stripe sent and that was handled: its row is written in the transaction of its effect, and never without it."""

    __tablename__ = "stripe_event"

    id: Mapped[int] = identifier()
    event_id: Mapped[str] = text(120, unique=True)
    type: Mapped[str] = text(80)
    livemode: Mapped[bool] = mapped_column()
    api_version: Mapped[str] = text(40)
    object_id: Mapped[str] = text(120, index=True)
    received_at: Mapped[datetime] = moment(index=True)
    outcome: Mapped[str] = text(40)
    payload: Mapped[Any] = mapped_column(JsonText)


class MoneyIncident(Base):
    """Something about money that fits nothing we know: somebody must look. The same thing is one incident (`key`)."""

    __tablename__ = "money_incident"

    id: Mapped[int] = identifier()
    key: Mapped[str] = text(200, unique=True)
    kind: Mapped[str] = text(40)
    at: Mapped[datetime] = moment(index=True)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("club_payment.id"))
    details: Mapped[Any] = mapped_column(JsonText)
