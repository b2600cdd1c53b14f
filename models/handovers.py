"""Handovers: the clients of one who goes, whom each of them was proposed to, who got him, and what became of it."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, amount, choice, day, identifier, moment, one_of, text


class HandoverState(enum.StrEnum):
    """Open until every client has his successor and every outcome stands."""

    OPEN = "open"
    CLOSED = "closed"


class ClientOutcome(enum.StrEnum):
    """What became of a client after a handover."""

    KEPT = "kept"
    PARTLY_KEPT = "partly_kept"
    LEFT = "left"


class SuccessorTerms(Base):
    """Whom of the staff clients may be given to, as his manager stated it: how many he can look after, what he speaks, what he knows.

    `languages` are codes (zh, en…) and `products` product codes, each parted by blanks; no products: he was asked for none in particular.
    """

    __tablename__ = "successor_terms"
    __table_args__ = (CheckConstraint("capacity >= 0", name="capacity"),)

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    capacity: Mapped[int] = mapped_column(Integer)
    languages: Mapped[str] = text(80)
    products: Mapped[str] = text(400)
    changed_at: Mapped[datetime] = moment()
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class Handover(Base):
    """The handing over of the clients of one departure. New servicing counts from `counts_from` on (a trade date).

    `forecast_by` (JSON) says by which model version and by what past handovers the clients' chances were made; none: nobody had a score."""

    __tablename__ = "handover"
    __table_args__ = (one_of("state", HandoverState),)

    id: Mapped[int] = identifier()
    departure_id: Mapped[int] = mapped_column(ForeignKey("departure.id"), unique=True)
    state: Mapped[str] = choice(HandoverState)
    counts_from: Mapped[date] = day()
    opened_at: Mapped[datetime] = moment()
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    closed_at: Mapped[datetime | None] = moment(null=True)
    forecast_by: Mapped[Any] = mapped_column(JsonText, nullable=True)

    @property
    def number(self) -> str:
        """How people call it: H2026-00012."""
        return f"H{self.opened_at:%Y}-{self.id:05d}"


class HandoverClient(Base):
    """An account in a handover. `equity` (fen) and `follow` (parts per million; none: no score) are as of the opening and stay, so that
    the forecast can be held beside the result; `model_follow` is what the model alone said, before past handovers moved it. `reasons` is a list of [reason, points] of the proposal."""

    __tablename__ = "handover_client"
    __table_args__ = (
        Index("ix_handover_client_decided", "decided_id", "handover_id"),
        Index("ix_handover_client_account", "account_id"),
        CheckConstraint("follow IS NULL OR follow BETWEEN 0 AND 1000000", name="follow"),
        CheckConstraint("(decided_id IS NULL) = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(outcome = '') = (outcome_at IS NULL)", name="outcome_at"),
        CheckConstraint("outcome = '' OR decided_id IS NOT NULL", name="outcome_after_decision"),
    )

    handover_id: Mapped[int] = mapped_column(ForeignKey("handover.id"), primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, autoincrement=False)
    equity: Mapped[int] = amount()
    follow: Mapped[int | None] = mapped_column(BigInteger)
    model_follow: Mapped[int | None] = mapped_column(BigInteger)
    proposed_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reasons: Mapped[Any] = mapped_column(JsonText)
    decided_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = moment(null=True)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    outcome: Mapped[str] = text(16)
    outcome_reason: Mapped[str] = text()
    outcome_equity: Mapped[int | None] = amount(null=True)
    outcome_at: Mapped[datetime | None] = moment(null=True)
    outcome_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class HandoverBroker(Base):
    """A broker whom the one who goes managed, and who manages him from then on. `accounts` and `equity` (fen) are those under him at the opening
    and stay; `reasons` is a list of [reason, points] of the proposal. Managers are not dated in the firm's books: what was decided is `written` there
    once the day comes from which the handover counts."""

    __tablename__ = "handover_broker"
    __table_args__ = (Index("ix_handover_broker_broker", "broker_id"), CheckConstraint("(decided_id IS NULL) = (decided_at IS NULL)", name="decided"))

    handover_id: Mapped[int] = mapped_column(ForeignKey("handover.id"), primary_key=True, autoincrement=False)
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), primary_key=True, autoincrement=False)
    accounts: Mapped[int] = mapped_column(BigInteger)
    equity: Mapped[int] = amount()
    proposed_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reasons: Mapped[Any] = mapped_column(JsonText)
    decided_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = moment(null=True)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    written_at: Mapped[datetime | None] = moment(null=True)
