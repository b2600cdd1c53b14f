"""Who did what: recordings (steps of the firm's knowledge), the audit log and approvals by a second person."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import BIG_ID, JsonText, choice, identifier, moment, one_of, text


class Recording(Base):
    """One step of the firm's knowledge: everything written in one transaction carries its number.

    Numbers rise in the order of commit (recordings are taken one at a time), so "as known at recording N" is exact.
    """

    __tablename__ = "recording"

    id: Mapped[int] = identifier()
    recorded_at: Mapped[datetime] = moment(index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    kind: Mapped[str] = text(60)
    note: Mapped[str] = text()


class KnowledgeClock(Base):
    """The one row that a recording locks, so that recordings are numbered in the order of their commits."""

    __tablename__ = "knowledge_clock"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_recording_id: Mapped[int] = mapped_column(BigInteger)


class AuditEntry(Base):
    """One line of the audit log; append-only, each line's hash covers the one before."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_type", "subject_key"),)

    seq: Mapped[int] = mapped_column(BIG_ID, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = moment(index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    action: Mapped[str] = text(80, index=True)
    subject_type: Mapped[str] = text(60)
    subject_key: Mapped[str] = text(200)
    before: Mapped[Any] = mapped_column(JsonText, nullable=True)
    after: Mapped[Any] = mapped_column(JsonText, nullable=True)
    reason: Mapped[str] = text()
    request_id: Mapped[str] = text(64)
    previous_hash: Mapped[str] = text(64)
    hash: Mapped[str] = text(64)


class AuditHead(Base):
    """The head of the chain: the row that every new entry locks."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = text(64)


class ApprovalState(enum.StrEnum):
    """What became of something prepared."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Approval(Base):
    """Four eyes: something prepared by one person waits for a second, who approves exactly the preview with this digest."""

    __tablename__ = "approval"
    __table_args__ = (
        one_of("state", ApprovalState),
        CheckConstraint("state <> 'approved' OR decided_by_id IS NOT NULL", name="approved_by_someone"),
        CheckConstraint("state <> 'approved' OR prepared_by_id IS NULL OR decided_by_id <> prepared_by_id", name="four_eyes"),
    )

    id: Mapped[int] = identifier()
    kind: Mapped[str] = text(60, index=True)
    subject: Mapped[str] = text(200)
    payload: Mapped[Any] = mapped_column(JsonText)
    preview: Mapped[Any] = mapped_column(JsonText)
    digest: Mapped[str] = text(64)
    state: Mapped[str] = choice(ApprovalState)
    prepared_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    prepared_label: Mapped[str] = text(200)
    prepared_at: Mapped[datetime] = moment()
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime | None] = moment(null=True)
    decision_note: Mapped[str] = text()
