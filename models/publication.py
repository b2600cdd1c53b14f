"""A closed month on its way to the brokers: what was looked at, which statements were published, who was told, who has seen them."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import choice, identifier, moment, one_of, text


class DeskStep(enum.StrEnum):
    """A step of the month-end desk that a person marks as done; the others show by themselves whether they are."""

    LOOK = "look"
    ADJUST = "adjust"


class MonthMark(Base):
    """Somebody was through with a step of a month's close, for the preview with this digest."""

    __tablename__ = "month_mark"
    __table_args__ = (one_of("step", DeskStep), Index("ix_month_mark_period", "period", "step", "id"))

    id: Mapped[int] = identifier()
    period: Mapped[str] = text(7)
    step: Mapped[str] = choice(DeskStep)
    digest: Mapped[str] = text(64)
    note: Mapped[str] = text()
    marked_at: Mapped[datetime] = moment()
    marked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    marked_label: Mapped[str] = text(200)


class StatementPublication(Base):
    """A broker's statement of a closed month was published: from here on it is final for him. `digest` is that of the books."""

    __tablename__ = "statement_publication"
    __table_args__ = (Index("ix_statement_publication_broker", "broker_id"),)

    period: Mapped[str] = mapped_column(text(7).column.type, primary_key=True)
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("commission_run.id"))
    digest: Mapped[str] = text(64)
    published_at: Mapped[datetime] = moment()
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    published_label: Mapped[str] = text(200)


class StatementTold(Base):
    """The users of a broker were told of a published statement, once; `users` counts them, 0 where the broker has no sign-in."""

    __tablename__ = "statement_told"

    period: Mapped[str] = mapped_column(text(7).column.type, primary_key=True)
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), primary_key=True)
    users: Mapped[int] = mapped_column()
    told_at: Mapped[datetime] = moment()
    told_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    told_label: Mapped[str] = text(200)


class StatementSeen(Base):
    """A user of the broker opened a published statement for the first time."""

    __tablename__ = "statement_seen"

    period: Mapped[str] = mapped_column(text(7).column.type, primary_key=True)
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    seen_at: Mapped[datetime] = moment()
