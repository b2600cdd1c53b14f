"""Disputes: a broker questions a line of his commission; the firm answers by a day, and every word stays."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, amount, choice, day, identifier, moment, one_of, text


class DisputeState(enum.StrEnum):
    """How far a dispute is; portal/disputes/states.py says which step leads where."""

    OPEN = "open"
    IN_REVIEW = "in_review"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    ESCALATED = "escalated"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Outcome(enum.StrEnum):
    """What an answer says: the broker is right, or the line stands."""

    UPHELD = "upheld"
    REJECTED = "rejected"


ONE_LIVE = sql("state NOT IN ('accepted', 'closed', 'withdrawn')")


class Dispute(Base):
    """A question put to a line. The line is named as a reader names it; `evidence` is its explanation as it stood that moment.

    `amount` is what the line came to then (fen), `granted` what the firm's answer would add by an adjustment (fen).
    """

    __tablename__ = "dispute"
    __table_args__ = (
        Index("ix_dispute_state", "state", "due_on"),
        Index("uq_dispute_live", "broker_id", "period", "line_key", unique=True, sqlite_where=ONE_LIVE, postgresql_where=ONE_LIVE),
        one_of("state", DisputeState),
        CheckConstraint("answered_by_id IS NULL OR answered_by_id <> opened_by_id", name="four_eyes"),
    )

    id: Mapped[int] = identifier()
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), index=True)
    period: Mapped[str] = text(7)
    kind: Mapped[str] = text(20)
    account_no: Mapped[str] = text(64)
    trade_date: Mapped[date | None] = day(null=True)
    exchange: Mapped[str] = text(16)
    product: Mapped[str] = text(32)
    line_key: Mapped[str] = text(200)
    run_id: Mapped[int] = mapped_column(ForeignKey("commission_run.id"))
    granted: Mapped[int] = amount()
    amount: Mapped[int] = amount()
    evidence: Mapped[Any] = mapped_column(JsonText)
    state: Mapped[str] = choice(DisputeState)
    opened_at: Mapped[datetime] = moment()
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    due_on: Mapped[date] = day()
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    outcome: Mapped[str] = text(16)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))

    @property
    def number(self) -> str:
        """How people call it: D2026-00012."""
        return f"D{self.opened_at:%Y}-{self.id:05d}"


class DisputeEntry(Base):
    """One thing said or done in a dispute; append-only. `action` is a step of portal/disputes/states.py or `opened`, `adjusted`."""

    __tablename__ = "dispute_entry"

    id: Mapped[int] = identifier()
    dispute_id: Mapped[int] = mapped_column(ForeignKey("dispute.id"), index=True)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    by_desk: Mapped[bool] = mapped_column()
    action: Mapped[str] = text(20)
    text: Mapped[str] = text()
