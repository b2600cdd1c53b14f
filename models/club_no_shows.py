"""Who had a seat and did not come (爽约): found once, told once, taken back where there was a reason; and by which rule it counts."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import choice, identifier, moment, one_of, text


class NoShowState(enum.StrEnum):
    """What a no-show is worth. Told: it counts, nobody has said anything; appealed: it waits for a decision and does not count; upheld:
    it counts after all; excused: it does not; came: a scan that came later shows that he was there."""

    TOLD = "told"
    APPEALED = "appealed"
    UPHELD = "upheld"
    EXCUSED = "excused"
    CAME = "came"


COUNTING = (NoShowState.TOLD, NoShowState.UPHELD)
"""What counts against somebody."""


class WaiverWhy(enum.StrEnum):
    """Why nobody is held to have missed an event."""

    TRADING_HALT = "trading_halt"
    OURS = "ours"
    OTHER = "other"


class ClubNoShow(Base):
    """A booking of which nobody was let in. `appeal_until`: until when its holder may say something; `words`: what he said; `starts_at`: the
    event's start, from which the rule counts days."""

    __tablename__ = "club_no_show"
    __table_args__ = (
        Index("ix_club_no_show_person", "person", "state"),
        Index("ix_club_no_show_event", "event_id", "id"),
        Index("ix_club_no_show_state", "state", "id"),
        one_of("state", NoShowState),
        CheckConstraint("(decided_at IS NULL) = (state IN ('told', 'appealed'))", name="decided"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), unique=True)
    person: Mapped[str] = text(80)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    client_no: Mapped[str] = text(64)
    state: Mapped[str] = choice(NoShowState)
    starts_at: Mapped[datetime] = moment()
    found_at: Mapped[datetime] = moment()
    appeal_until: Mapped[datetime] = moment()
    words: Mapped[str] = text(2000)
    appealed_at: Mapped[datetime | None] = moment(null=True)
    decided_at: Mapped[datetime | None] = moment(null=True)
    decided_label: Mapped[str] = text(200)
    decided_why: Mapped[str] = text(400)


class NoShowWaiver(Base):
    """Nobody is held to have missed this event: trading was halted, it was our fault, or something else. Never edited."""

    __tablename__ = "club_no_show_waiver"
    __table_args__ = (one_of("why", WaiverWhy),)

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"), unique=True)
    why: Mapped[str] = choice(WaiverWhy)
    words: Mapped[str] = text(400)
    at: Mapped[datetime] = moment()
    actor_label: Mapped[str] = text(200)


class NoShowRule(Base):
    """By which rule no-shows count from `at` on; the newest row holds. Whoever missed `count` events within `within_days` stands behind the
    others on waitlists for `behind_days`; reliability halves its memory in `half_life_days`; an appeal is heard for `appeal_days`. Never edited."""

    __tablename__ = "club_no_show_rule"
    __table_args__ = (CheckConstraint("count > 0 AND within_days > 0 AND behind_days > 0 AND half_life_days > 0 AND appeal_days > 0", name="days"),)

    id: Mapped[int] = identifier()
    count: Mapped[int] = mapped_column()
    within_days: Mapped[int] = mapped_column()
    behind_days: Mapped[int] = mapped_column()
    half_life_days: Mapped[int] = mapped_column()
    appeal_days: Mapped[int] = mapped_column()
    at: Mapped[datetime] = moment()
    actor_label: Mapped[str] = text(200)
