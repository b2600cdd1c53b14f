"""Seats that are kept for some (reserved pools), and codes that make a seat cheaper or open such a pool (vouchers)."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import amount, choice, identifier, moment, one_of, text


class PoolReason(enum.StrEnum):
    """Why seats are kept; only who prepares events ever reads it."""

    AT_RISK = "at_risk"
    KEY_CLIENT = "key_client"
    SPEAKER = "speaker"
    PARTNER = "partner"
    OTHER = "other"


class SeatPool(Base):
    """Seats of an event that only some clients may take, until `release_hours` before its start; then they are everybody's. `reason` says
    why, for who prepares events alone."""

    __tablename__ = "seat_pool"
    __table_args__ = (
        Index("ix_seat_pool_event", "event_id"),
        one_of("reason", PoolReason),
        CheckConstraint("seats >= 0 AND release_hours >= 0", name="size"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    seats: Mapped[int] = mapped_column()
    release_hours: Mapped[int] = mapped_column()
    reason: Mapped[str] = choice(PoolReason)
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class PoolPerson(Base):
    """A client who may draw on a pool, and who put him there."""

    __tablename__ = "pool_person"
    __table_args__ = (UniqueConstraint("pool_id", "client_no"), Index("ix_pool_person_client", "client_no"))

    id: Mapped[int] = identifier()
    pool_id: Mapped[int] = mapped_column(ForeignKey("seat_pool.id"))
    client_no: Mapped[str] = text(64)
    added_at: Mapped[datetime] = moment()
    added_label: Mapped[str] = text(200)


class PoolUse(Base):
    """Seats of a booking that came out of a pool. They count while the booking holds its seats."""

    __tablename__ = "pool_use"
    __table_args__ = (Index("ix_pool_use_pool", "pool_id"), CheckConstraint("seats > 0", name="seats"))

    id: Mapped[int] = identifier()
    pool_id: Mapped[int] = mapped_column(ForeignKey("seat_pool.id"))
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), unique=True)
    seats: Mapped[int] = mapped_column()
    at: Mapped[datetime] = moment()


class Voucher(Base):
    """A code: `percent` or `off` (fen) less for each seat of a booking, `uses_most` bookings in all, until `ends_at`; for everything, one
    event or one kind of ticket; `pool_id`: it opens that pool too."""

    __tablename__ = "voucher"
    __table_args__ = (
        CheckConstraint("percent BETWEEN 0 AND 100 AND off >= 0 AND (percent = 0 OR off = 0)", name="worth"),
        CheckConstraint("percent > 0 OR off > 0 OR pool_id IS NOT NULL", name="something"),
        CheckConstraint("uses_most > 0", name="uses"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    code: Mapped[str] = text(16, unique=True)
    percent: Mapped[int] = mapped_column()
    off: Mapped[int] = amount()
    uses_most: Mapped[int] = mapped_column()
    ends_at: Mapped[datetime] = moment()
    event_id: Mapped[int | None] = mapped_column(ForeignKey("club_event.id"), index=True)
    ticket_kind_id: Mapped[int | None] = mapped_column(ForeignKey("ticket_kind.id"))
    pool_id: Mapped[int | None] = mapped_column(ForeignKey("seat_pool.id"))
    note: Mapped[str] = text(200)
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[datetime | None] = moment(null=True)


class VoucherUse(Base):
    """A voucher with which seats were booked: the price before it and what it took off (fen a seat). It counts while the booking holds its
    seats, so that who cancels has it again."""

    __tablename__ = "voucher_use"
    __table_args__ = (Index("ix_voucher_use_voucher", "voucher_id"), CheckConstraint("off >= 0 AND price >= off", name="off"))

    id: Mapped[int] = identifier()
    voucher_id: Mapped[int] = mapped_column(ForeignKey("voucher.id"))
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), unique=True)
    price: Mapped[int] = amount()
    off: Mapped[int] = amount()
    at: Mapped[datetime] = moment()
