"""Who of the staff does what at an event of the club, and when."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import choice, identifier, moment, one_of, text


class DutyKind(enum.StrEnum):
    """What somebody does at an event."""

    HOST = "host"
    DOOR = "door"
    SPEAKER = "speaker"
    PHOTO = "photo"
    SETTING_UP = "setting_up"
    OTHER = "other"


class ClubDuty(Base):
    """A duty of one of the staff, from a moment to another; ended where it was taken away (it is never deleted)."""

    __tablename__ = "club_duty"
    __table_args__ = (
        Index("ix_club_duty_event", "event_id", "starts_at"),
        Index("ix_club_duty_staff", "staff_id", "starts_at"),
        one_of("what", DutyKind),
        CheckConstraint("ends_at > starts_at", name="order"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    what: Mapped[str] = choice(DutyKind)
    starts_at: Mapped[datetime] = moment()
    ends_at: Mapped[datetime] = moment()
    note: Mapped[str] = text(120)
    sequence: Mapped[int] = mapped_column(default=0)
    added_at: Mapped[datetime] = moment()
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[datetime | None] = moment(null=True)
