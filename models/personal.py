"""What people ask of the data that is kept about them (个人信息保护法): that it be erased as far as nothing obliges the firm to keep it."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, identifier, moment, one_of, text


class SubjectKind(enum.StrEnum):
    """Whom a request is about."""

    CLIENT = "client"
    BROKER = "broker"


class EraseState(enum.StrEnum):
    """How far a request is. Prepared: it waits for a second person."""

    ASKED = "asked"
    PREPARED = "prepared"
    DONE = "done"
    REFUSED = "refused"


OPEN = sql("state IN ('asked', 'prepared')")


class EraseRequest(Base):
    """A person asked that his data be erased; one open request of a person. `counts` says what was erased, by part."""

    __tablename__ = "erase_request"
    __table_args__ = (
        Index("uq_erase_request_open", "subject_kind", "subject_no", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        one_of("subject_kind", SubjectKind),
        one_of("state", EraseState),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    subject_kind: Mapped[str] = choice(SubjectKind)
    subject_no: Mapped[str] = text(64)
    state: Mapped[str] = choice(EraseState)
    asked_at: Mapped[datetime] = moment()
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"), index=True)
    decided_at: Mapped[datetime | None] = moment(null=True)
    decided_label: Mapped[str] = text(200)
    why: Mapped[str] = text(400)
    counts: Mapped[Any] = mapped_column(JsonText)
