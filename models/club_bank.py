"""Bank transfers of the club by hand (对公转账): the firm's receiving account, what came in by the bank's own numbers, and what is to be
transferred back. Nothing of it moves money: it says what the bank did, and two people stand by each line."""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import amount, choice, day, identifier, moment, one_of, text


class TransferState(enum.StrEnum):
    """How far an incoming transfer is. Recorded: nobody prepared anything; prepared: it waits for a second person; taken: it paid its
    order; given back: all of it is to go back; void: it was typed in by mistake, and its serial is free again."""

    RECORDED = "recorded"
    PREPARED = "prepared"
    TAKEN = "taken"
    GIVEN_BACK = "given_back"
    VOID = "void"


class ReturnState(enum.StrEnum):
    """How far money is that is to be transferred back. Prepared: its transfer was made and waits for a second person."""

    DUE = "due"
    PREPARED = "prepared"
    DONE = "done"


class ReturnWhy(enum.StrEnum):
    """Why money is to be transferred back. Refund: a refund of a payment (its own row says which); the others: what came fits no order."""

    REFUND = "refund"
    TOO_LITTLE = "too_little"
    TOO_MUCH = "too_much"
    PAID_TWICE = "paid_twice"
    OTHER_PAYER = "other_payer"
    EVENT_CANCELLED = "event_cancelled"
    BOOKING_OVER = "booking_over"
    NO_ORDER = "no_order"
    NOT_WANTED = "not_wanted"


COUNTED = sql("state <> 'void'")


class BankAccount(Base):
    """The account that transfers go to, from a moment on: the newest row counts. Without a company there is none, and no transfer is offered."""

    __tablename__ = "club_bank_account"

    id: Mapped[int] = identifier()
    company: Mapped[str] = text(120)
    bank: Mapped[str] = text(120)
    account_no: Mapped[str] = text(40)
    since: Mapped[datetime] = moment()
    prepared_label: Mapped[str] = text(200)
    approved_label: Mapped[str] = text(200)


class BankTransfer(Base):
    """A transfer that came in, as the bank's statement gives it: `serial` is the bank's number of it, of which there is one.

    `payment_id` is the order that it is held to be for.
    """

    __tablename__ = "club_bank_transfer"
    __table_args__ = (
        Index("uq_club_bank_transfer_serial", "serial", unique=True, sqlite_where=COUNTED, postgresql_where=COUNTED),
        Index("ix_club_bank_transfer_state", "state", "id"),
        Index("ix_club_bank_transfer_payment", "payment_id"),
        one_of("state", TransferState),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state <> 'taken' OR payment_id IS NOT NULL", name="taken_for"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    serial: Mapped[str] = text(60)
    received_on: Mapped[date] = day()
    amount: Mapped[int] = amount()
    payer: Mapped[str] = text(120)
    remark: Mapped[str] = text(200)
    state: Mapped[str] = choice(TransferState)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("club_payment.id"))
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))
    recorded_at: Mapped[datetime] = moment()
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    recorded_label: Mapped[str] = text(200)
    settled_at: Mapped[datetime | None] = moment(null=True)
    note: Mapped[str] = text(400)


class BankReturn(Base):
    """Money that is to be transferred back, once for each cause: a refund of a payment that a transfer brought, or a transfer (or the rest
    of one) that fits no order. `serial` is the bank's number of the transfer that took it back."""

    __tablename__ = "club_bank_return"
    __table_args__ = (
        Index("uq_club_bank_return_refund", "refund_id", unique=True),
        Index("uq_club_bank_return_transfer", "transfer_id", unique=True),
        Index("uq_club_bank_return_serial", "serial", unique=True),
        Index("ix_club_bank_return_state", "state", "id"),
        one_of("state", ReturnState),
        one_of("why", ReturnWhy),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(refund_id IS NULL) <> (transfer_id IS NULL)", name="one_cause"),
        CheckConstraint("(state = 'due') = (serial IS NULL)", name="serial_known"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("club_refund.id"))
    transfer_id: Mapped[int | None] = mapped_column(ForeignKey("club_bank_transfer.id"))
    amount: Mapped[int] = amount()
    why: Mapped[str] = choice(ReturnWhy)
    state: Mapped[str] = choice(ReturnState)
    serial: Mapped[str | None] = text(60, null=True)
    sent_on: Mapped[date | None] = day(null=True)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))
    asked_at: Mapped[datetime] = moment()
    settled_at: Mapped[datetime | None] = moment(null=True)
