"""The programs' door: keys with which a person's program speaks for him, and the answers it was given."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, identifier, moment, text


class ApiKey(Base):
    """A key with which a program speaks for a person, with that person's rights of the moment. Only its digest is kept."""

    __tablename__ = "api_key"
    __table_args__ = (Index("ix_api_key_user", "user_id", "id"),)

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(24, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = text(60)
    digest: Mapped[str] = text(64, unique=True)
    tail: Mapped[str] = text(8)
    created_at: Mapped[datetime] = moment()
    expires_at: Mapped[datetime] = moment()
    last_used_at: Mapped[datetime | None] = moment(null=True)
    revoked_at: Mapped[datetime | None] = moment(null=True)


class ApiAnswer(Base):
    """The answer to a request that a program named by a key of its own (Idempotency-Key): asked again, it is answered the same.

    Kept for ever and never edited. `body_index` is a keyed digest of what was sent, which names nobody.
    """

    __tablename__ = "api_answer"
    __table_args__ = (UniqueConstraint("user_id", "request_key", name="uq_api_answer_request"),)

    id: Mapped[int] = identifier()
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    request_key: Mapped[str] = text(255)
    body_index: Mapped[str] = text(64)
    status: Mapped[int] = mapped_column()
    answer: Mapped[Any] = mapped_column(JsonText)
    at: Mapped[datetime] = moment()
