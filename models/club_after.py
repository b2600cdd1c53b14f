"""What is handed out at an event or after it: files and links, for whom, and who opened them."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import choice, identifier, moment, one_of, payload, text


class HandedTo(enum.StrEnum):
    """Who may open it: the bookers who were let in at the door, or all who have a seat."""

    CAME = "came"
    BOOKED = "booked"


class ClubMaterial(Base):
    """A file or a link put to an event. `address`: where a link leads, empty for a file; `size` in bytes and `digest` (SHA-256) of a file.
    `told_at`: when those who may open it were told, once. What was removed nobody opens any more."""

    __tablename__ = "club_material"
    __table_args__ = (
        Index("ix_club_material_event", "event_id", "id"),
        one_of("handed_to", HandedTo),
        CheckConstraint("(address = '') = (size > 0)", name="file_or_link"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    title: Mapped[str] = text(120)
    address: Mapped[str] = text(400)
    file_name: Mapped[str] = text(120)
    kind: Mapped[str] = text(100)
    size: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = text(64)
    handed_to: Mapped[str] = choice(HandedTo)
    added_at: Mapped[datetime] = moment()
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    told_at: Mapped[datetime | None] = moment(null=True)
    removed_at: Mapped[datetime | None] = moment(null=True)


class ClubMaterialFile(Base):
    """The bytes of a file, as they were handed in; gone when it is removed."""

    __tablename__ = "club_material_file"

    material_id: Mapped[int] = mapped_column(ForeignKey("club_material.id"), primary_key=True, autoincrement=False)
    payload: Mapped[bytes] = payload()


class ClubMaterialOpen(Base):
    """A booking's holder opened it: first, last, how often."""

    __tablename__ = "club_material_open"
    __table_args__ = (CheckConstraint("times > 0", name="times"),)

    material_id: Mapped[int] = mapped_column(ForeignKey("club_material.id"), primary_key=True, autoincrement=False)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), primary_key=True, autoincrement=False)
    first_at: Mapped[datetime] = moment()
    last_at: Mapped[datetime] = moment()
    times: Mapped[int] = mapped_column()
