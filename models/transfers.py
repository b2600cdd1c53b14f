"""Transfers (归属变更): an attribution, a servicing or a line of uplines changes hands; and cases between two claims on one person."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, day, identifier, moment, one_of, text


class TransferKind(enum.StrEnum):
    """What moves: named accounts, a broker's whole book, or one account's rows set right."""

    ACCOUNTS = "accounts"
    BOOK = "book"
    CORRECTION = "correction"


class TransferState(enum.StrEnum):
    """How far a transfer is. Only a previewed one can be put before a second person, and what he approves is that preview."""

    DRAFT = "draft"
    PREVIEWED = "previewed"
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class TransferReason(enum.StrEnum):
    """Why an attribution changes hands."""

    BROKER_LEFT = "broker_left"
    STAFF_LEFT = "staff_left"
    CLIENT_ASKED = "client_asked"
    CASE_DECIDED = "case_decided"
    DATA_ERROR = "data_error"
    COMPLIANCE = "compliance"
    AGREEMENT = "agreement"


class Transfer(Base):
    """One transfer: what was asked, which rows it writes, what it moves in money, who approved it and under which recording.

    `rows` are the rows before and after by account; `money` is what they pay differently as known at `known_recording_id` (fen).
    """

    __tablename__ = "transfer"
    __table_args__ = (Index("ix_transfer_state", "state", "id"), one_of("kind", TransferKind), one_of("state", TransferState), one_of("reason", TransferReason))

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    kind: Mapped[str] = choice(TransferKind)
    state: Mapped[str] = choice(TransferState)
    from_broker_id: Mapped[int | None] = mapped_column(ForeignKey("broker.id"), index=True)
    to_broker_id: Mapped[int | None] = mapped_column(ForeignKey("broker.id"), index=True)
    effective_on: Mapped[date] = day()
    reason: Mapped[str] = choice(TransferReason)
    evidence: Mapped[str] = text(200)
    note: Mapped[str] = text(2000)
    asked: Mapped[Any] = mapped_column(JsonText)
    rows: Mapped[Any] = mapped_column(JsonText, nullable=True)
    money: Mapped[Any] = mapped_column(JsonText, nullable=True)
    known_recording_id: Mapped[int | None] = mapped_column()
    prepared_at: Mapped[datetime] = moment()
    prepared_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    prepared_label: Mapped[str] = text(200)
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"), index=True)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recording.id"))
    done_at: Mapped[datetime | None] = moment(null=True)

    @property
    def number(self) -> str:
        """How people call it: T2026-00012."""
        return f"T{self.prepared_at:%Y}-{self.id:05d}"


class SightEnd(Base):
    """That a broker's sight of an account ended with a recording, at that minute: rows recorded up to it show him nothing more."""

    __tablename__ = "sight_end"
    __table_args__ = (Index("ix_sight_end_pair", "broker_id", "account_id", "recording_id"),)

    id: Mapped[int] = identifier()
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"))


class CaseState(enum.StrEnum):
    """How far a case between two claims is; portal/transfers/case_states.py says which step leads where."""

    OPEN = "open"
    DECIDED = "decided"
    APPEALED = "appealed"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


CASE_LIVE = sql("state IN ('open', 'decided', 'appealed')")


class ClaimCase(Base):
    """Two claims (撞单) on one person: both sides' evidence, what the rules propose, a decision by a day, an appeal.

    `account_id` is the account that is disputed where there is one: its commission waits in suspense meanwhile.
    """

    __tablename__ = "claim_case"
    __table_args__ = (
        Index("ix_claim_case_state", "state", "due_on"),
        Index("uq_claim_case_live", "lead_id", unique=True, sqlite_where=CASE_LIVE, postgresql_where=CASE_LIVE),
        one_of("state", CaseState),
        CheckConstraint("appeal_decided_by_id IS NULL OR appeal_decided_by_id <> decided_by_id", name="another_decides_the_appeal"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    held_claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))
    contesting_claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    state: Mapped[str] = choice(CaseState)
    opened_at: Mapped[datetime] = moment()
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    due_on: Mapped[date] = day()
    proposal: Mapped[Any] = mapped_column(JsonText, nullable=True)
    winner_claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))
    decided_at: Mapped[datetime | None] = moment(null=True)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    appeal_until: Mapped[date | None] = day(null=True)
    appeal_decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    suspended: Mapped[Any] = mapped_column(JsonText, nullable=True)

    @property
    def number(self) -> str:
        """How people call it: K2026-00012."""
        return f"K{self.opened_at:%Y}-{self.id:05d}"


class CaseEntry(Base):
    """One thing said, shown or done in a case; append-only. `side` is held, contesting or firm."""

    __tablename__ = "case_entry"

    id: Mapped[int] = identifier()
    case_id: Mapped[int] = mapped_column(ForeignKey("claim_case.id"), index=True)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    side: Mapped[str] = text(12)
    action: Mapped[str] = text(20)
    reference: Mapped[str] = text(200)
    text: Mapped[str] = text()
