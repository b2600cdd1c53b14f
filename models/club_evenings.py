"""Around an evening of the club: what was told of it already, and what those who came thought of it."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import choice, identifier, moment, one_of, text


class Told(enum.StrEnum):
    """What is told once: the day before that it is near, afterwards the question how it was."""

    REMINDER = "reminder"
    ASKED = "asked"


class ClubTold(Base):
    """That a booking was told something of an evening that begins at `starts_at`: once, however often the job runs."""

    __tablename__ = "club_told"
    __table_args__ = (UniqueConstraint("booking_id", "what", "starts_at"), one_of("what", Told))

    id: Mapped[int] = identifier()
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    what: Mapped[str] = choice(Told)
    starts_at: Mapped[datetime] = moment()
    at: Mapped[datetime] = moment()


class ClubFeedback(Base):
    """How likely somebody who came would bring a friend, 0 to 10, and what he wrote. Once for each booking; never edited, but its
    words are blanked when their time is over."""

    __tablename__ = "club_feedback"
    __table_args__ = (Index("ix_club_feedback_event", "event_id", "score"), CheckConstraint("score BETWEEN 0 AND 10", name="score"))

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), unique=True)
    score: Mapped[int] = mapped_column()
    words: Mapped[str] = text(2000)
    at: Mapped[datetime] = moment()
