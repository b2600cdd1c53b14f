"""What a person is told: one row a person and event. The text is made when it is read, in the reader's language."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, identifier, moment, one_of, text


class Notice(Base):
    """One thing that one person is told: which kind, what fills its sentence, and the page that it leads to."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_inbox", "user_id", "id"),
        Index("ix_notice_unread", "user_id", "read_at"),
        Index("ix_notice_link", "link", "kind"),
    )

    id: Mapped[int] = identifier()
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[str] = text(60)
    link: Mapped[str] = text(400)
    values: Mapped[Any] = mapped_column(JsonText)
    at: Mapped[datetime] = moment()
    actor_label: Mapped[str] = text(200)
    read_at: Mapped[datetime | None] = moment(null=True)


class NoticeWay(enum.StrEnum):
    """How a person wants to be told of a kind."""

    COUNTED = "counted"
    QUIET = "quiet"


class NoticeChoice(Base):
    """A person's choice for a kind of notice; without a row it is counted at the bell."""

    __tablename__ = "notice_choice"
    __table_args__ = (one_of("way", NoticeWay),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(text(60).column.type, primary_key=True)
    way: Mapped[str] = choice(NoticeWay)


class Dismissal(Base):
    """A hint or list that a person has put away."""

    __tablename__ = "dismissal"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    what: Mapped[str] = mapped_column(text(60).column.type, primary_key=True)
