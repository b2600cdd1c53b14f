"""Scans that a desk kept while it was without a network and sent later: what did not end as the desk believed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import identifier, moment, text


class LateScan(Base):
    """A scan that came later and needs a look: refused although the desk could not know, or made by a clock that cannot be right. Never
    edited. `said` is what the door would have answered; `claimed_at` is what the desk's clock said; of an unknown code only its end is kept."""

    __tablename__ = "late_scan"
    __table_args__ = (Index("ix_late_scan_event", "event_id", "id"),)

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    seat_id: Mapped[int | None] = mapped_column(ForeignKey("club_seat.id"))
    said: Mapped[str] = text(20)
    code_end: Mapped[str] = text(4)
    claimed_at: Mapped[datetime] = moment()
    recorded_at: Mapped[datetime] = moment()
    desk: Mapped[str] = text(40)
    actor_label: Mapped[str] = text(200)
    scan_key: Mapped[str] = text(64, unique=True)
