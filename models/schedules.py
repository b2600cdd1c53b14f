"""Lists that come by themselves: which list, as which file, how often, and every time that it was sent or was not."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, day, identifier, moment, one_of, text


class Rhythm(enum.StrEnum):
    """How often a list comes: every trading day, on the first of each week, or on the first of each month."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Outcome(enum.StrEnum):
    """What became of one time. Begun: a worker is at it; stopped: its person may not see the list any more, and the order ended."""

    BEGUN = "begun"
    SENT = "sent"
    FAILED = "failed"
    STOPPED = "stopped"


class ExportSchedule(Base):
    """An order of a person for himself: a list's address, the file's form and columns, and the next day on which it is due."""

    __tablename__ = "export_schedule"
    __table_args__ = (one_of("rhythm", Rhythm), Index("ix_export_schedule_due", "ended_at", "next_on"))

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    endpoint: Mapped[str] = text(120)
    address: Mapped[str] = text()
    title: Mapped[str] = text(200)
    form: Mapped[str] = text(8)
    columns: Mapped[Any] = mapped_column(JsonText)
    locale: Mapped[str] = text(16)
    rhythm: Mapped[str] = choice(Rhythm)
    next_on: Mapped[date] = day()
    since: Mapped[datetime] = moment()
    ended_at: Mapped[datetime | None] = moment(null=True)
    ended_why: Mapped[str] = text(300)


class ExportSending(Base):
    """One time that an order was due; once for each day. `export_no` is the file that was made."""

    __tablename__ = "export_sending"
    __table_args__ = (UniqueConstraint("schedule_id", "due_on"), one_of("outcome", Outcome))

    id: Mapped[int] = identifier()
    schedule_id: Mapped[int] = mapped_column(ForeignKey("export_schedule.id"))
    due_on: Mapped[date] = day()
    begun_at: Mapped[datetime] = moment()
    outcome: Mapped[str] = choice(Outcome)
    ended_at: Mapped[datetime | None] = moment(null=True)
    export_no: Mapped[str] = text(32)
    rows: Mapped[int] = mapped_column()
    why: Mapped[str] = text(300)
