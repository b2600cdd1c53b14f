"""What is paid to brokers for closed months: their accounts, what is held back, payment runs (付款批次) and each payment of a statement.

A payment is one statement's net amount. Nothing of it is ever deleted: a payment that failed or came back is `returned`, and its statement
is payable again, by another payment.
"""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import amount, choice, day, identifier, moment, one_of, text


class PayeeState(enum.StrEnum):
    """How far a broker's account is. Waiting: a second person looks at it; valid: he is paid there; replaced, refused: no more."""

    WAITING = "waiting"
    VALID = "valid"
    REPLACED = "replaced"
    REFUSED = "refused"


class HoldWhy(enum.StrEnum):
    """Why what is payable is held back (暂扣)."""

    CLAWBACK = "clawback"
    DISPUTE = "dispute"
    INVESTIGATION = "investigation"
    INVOICE = "invoice"
    COURT = "court"
    OTHER = "other"


class BatchState(enum.StrEnum):
    """How far a payment run is. Prepared: it waits for a second person; approved: it may be handed to the bank; done: the bank answered
    for every payment; void: it was refused or taken back, and nothing of it was paid."""

    PREPARED = "prepared"
    APPROVED = "approved"
    DONE = "done"
    VOID = "void"


class PayoutState(enum.StrEnum):
    """How far a payment is. Returned: it failed, or came back later; void: its run was never approved."""

    PREPARED = "prepared"
    APPROVED = "approved"
    PAID = "paid"
    RETURNED = "returned"
    VOID = "void"


COUNTED = sql("state IN ('prepared', 'approved', 'paid')")
"""Payments that stand: a statement has at most one of them."""
VALID = sql("state = 'valid'")
WAITING = sql("state = 'waiting'")
HELD = sql("ended_at IS NULL")


def masked_account(bank: str, tail: str) -> str:
    """An account as it may be shown to everybody who sees payments: its bank and its last four digits."""
    return f"{bank} •••• {tail}"


class Payee(Base):
    """The account that a broker is paid to. Its number is sealed; `account_tail` is its last four digits, `account_index` finds equal ones."""

    __tablename__ = "payee"
    __table_args__ = (
        Index("uq_payee_valid", "broker_id", unique=True, sqlite_where=VALID, postgresql_where=VALID),
        Index("uq_payee_waiting", "broker_id", unique=True, sqlite_where=WAITING, postgresql_where=WAITING),
        one_of("state", PayeeState),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    holder: Mapped[str] = text(120)
    bank: Mapped[str] = text(120)
    account_no_sealed: Mapped[str] = text()
    account_index: Mapped[str] = text(64, index=True)
    account_tail: Mapped[str] = text(4)
    state: Mapped[str] = choice(PayeeState)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"), index=True)
    recorded_at: Mapped[datetime] = moment()
    recorded_label: Mapped[str] = text(200)
    decided_at: Mapped[datetime | None] = moment(null=True)


class PayoutHold(Base):
    """All that is payable to a broker is held back over a while; one hold at a time."""

    __tablename__ = "payout_hold"
    __table_args__ = (Index("uq_payout_hold_broker", "broker_id", unique=True, sqlite_where=HELD, postgresql_where=HELD), one_of("why", HoldWhy))

    id: Mapped[int] = identifier()
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), index=True)
    why: Mapped[str] = choice(HoldWhy)
    note: Mapped[str] = text(400)
    since: Mapped[datetime] = moment()
    placed_label: Mapped[str] = text(200)
    ended_at: Mapped[datetime | None] = moment(null=True)
    ended_label: Mapped[str] = text(200)
    ended_note: Mapped[str] = text(400)


class PayoutBatch(Base):
    """A payment run: every statement up to a closed month that is payable when it is prepared."""

    __tablename__ = "payout_batch"
    __table_args__ = (one_of("state", BatchState), CheckConstraint("amount > 0", name="amount"), Index("ix_payout_batch_period", "period", "id"))

    id: Mapped[int] = identifier()
    number: Mapped[str] = text(20, unique=True)
    period: Mapped[str] = text(7)
    state: Mapped[str] = choice(BatchState)
    payments: Mapped[int] = mapped_column()
    amount: Mapped[int] = amount()
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"), index=True)
    prepared_at: Mapped[datetime] = moment()
    prepared_label: Mapped[str] = text(200)
    approved_at: Mapped[datetime | None] = moment(null=True)
    approved_label: Mapped[str] = text(200)
    done_at: Mapped[datetime | None] = moment(null=True)


class Payout(Base):
    """A payment: the net amount of one broker's statement of one month, to one account. `reference` stands in the bank's file."""

    __tablename__ = "payout"
    __table_args__ = (
        Index("uq_payout_statement", "broker_id", "period", unique=True, sqlite_where=COUNTED, postgresql_where=COUNTED),
        Index("ix_payout_batch", "batch_id", "state"),
        Index("ix_payout_of_statement", "broker_id", "period", "id"),
        one_of("state", PayoutState),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state <> 'paid' OR (paid_on IS NOT NULL AND serial <> '')", name="paid_by_the_bank"),
        CheckConstraint("state <> 'returned' OR why <> ''", name="returned_why"),
    )

    id: Mapped[int] = identifier()
    reference: Mapped[str] = text(32, unique=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("payout_batch.id"))
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    period: Mapped[str] = mapped_column(ForeignKey("month_close.period"))
    payee_id: Mapped[int] = mapped_column(ForeignKey("payee.id"))
    amount: Mapped[int] = amount()
    state: Mapped[str] = choice(PayoutState)
    paid_on: Mapped[date | None] = day(null=True)
    serial: Mapped[str] = text(60)
    why: Mapped[str] = text(400)
    settled_at: Mapped[datetime | None] = moment(null=True)
    settled_label: Mapped[str] = text(200)
