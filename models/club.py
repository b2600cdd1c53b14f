"""The club's events (俱乐部活动): what is held where and when, what a seat costs, and who has one.

Two facts are kept apart: that a seat is granted (`Booking.state`), and that money was confirmed (`Payment.state` in models/club_money.py).
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, amount, choice, identifier, moment, one_of, text


class EventState(enum.StrEnum):
    """Whether an event is being prepared, may be booked, or was called off."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class BookingState(enum.StrEnum):
    """What a booking is worth. A held one is worth nothing from `hold_until` on, whether or not anybody has written that down."""

    HELD = "held"
    GRANTED = "granted"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


class Admitted(enum.StrEnum):
    """What somebody is to the firm, as an event may ask for it. A prospect has a sign-in and no account yet."""

    CLIENT = "client"
    PROSPECT = "prospect"
    MEMBER = "member"
    BROKER = "broker"
    STAFF = "staff"


ACTIVE = sql("state IN ('held', 'granted')")


class ClubEvent(Base):
    """An event. `sequence` grows with every change that a calendar must learn of; `policy` is a list of {"hours", "percent"}:
    who cancels at least so many hours before the start gets so much of the price back. `zone` is where the event takes place. `tiers`:
    keys of the tiers whose members alone may book; none: everybody. `admitted`: the kinds of persons (Admitted) who may book; none: clients,
    prospects and members. `grade_least`: the least suitability grade (C2 to C5) of who books; empty: none is asked for."""

    __tablename__ = "club_event"
    __table_args__ = (one_of("state", EventState), CheckConstraint("capacity >= 0", name="capacity"), CheckConstraint("hold_minutes > 0", name="hold"))

    id: Mapped[int] = identifier()
    key: Mapped[str] = text(60, unique=True)
    state: Mapped[str] = choice(EventState)
    title: Mapped[str] = text(120)
    title_en: Mapped[str] = text(120)
    about: Mapped[str] = text(4000)
    about_en: Mapped[str] = text(4000)
    host: Mapped[str] = text(120)
    zone: Mapped[str] = text(40)
    capacity: Mapped[int] = mapped_column()
    party_most: Mapped[int] = mapped_column()
    hold_minutes: Mapped[int] = mapped_column()
    sales_end_at: Mapped[datetime] = moment()
    policy: Mapped[Any] = mapped_column(JsonText)
    education_only: Mapped[bool] = mapped_column(default=False)
    tiers: Mapped[Any] = mapped_column(JsonText, default=list, server_default="[]")
    admitted: Mapped[Any] = mapped_column(JsonText, default=list, server_default="[]")
    grade_least: Mapped[str] = mapped_column(String(2), default="", server_default="")
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    sequence: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    cancelled_at: Mapped[datetime | None] = moment(null=True)
    cancelled_why: Mapped[str] = text(400)
    version: Mapped[int] = mapped_column(default=1)


class ClubSession(Base):
    """When and where a part of an event takes place: at a venue, online, or both. The first one is when the event starts."""

    __tablename__ = "club_session"
    __table_args__ = (Index("ix_club_session_event", "event_id", "starts_at"), Index("ix_club_session_start", "starts_at"), CheckConstraint("ends_at > starts_at", name="order"))

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    starts_at: Mapped[datetime] = moment()
    ends_at: Mapped[datetime] = moment()
    venue: Mapped[str] = text(120)
    address: Mapped[str] = text(300)
    online_url: Mapped[str] = text(400)


class TicketKind(Base):
    """A kind of ticket with its price (fen a seat). `capacity`: how many of the event's seats it may take; empty: all."""

    __tablename__ = "ticket_kind"
    __table_args__ = (Index("ix_ticket_kind_event", "event_id", "position"), CheckConstraint("price >= 0", name="price"))

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = text(80)
    name_en: Mapped[str] = text(80)
    price: Mapped[int] = amount()
    capacity: Mapped[int | None] = mapped_column()
    on_sale: Mapped[bool] = mapped_column(default=True)


class Booking(Base):
    """Seats of one person at one event; at most one active booking each (`person` is client:<number> or user:<number>).

    Price, policy and start are those of the moment of sale: what changes later never makes it worse for who booked.
    """

    __tablename__ = "booking"
    __table_args__ = (
        Index("uq_booking_active", "event_id", "person", unique=True, sqlite_where=ACTIVE, postgresql_where=ACTIVE),
        Index("ix_booking_event", "event_id", "state"),
        Index("ix_booking_user", "user_id", "id"),
        Index("ix_booking_hold", "state", "hold_until"),
        one_of("state", BookingState),
        CheckConstraint("seats > 0", name="seats"),
        CheckConstraint("price >= 0 AND amount >= 0", name="amount"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    ticket_kind_id: Mapped[int] = mapped_column(ForeignKey("ticket_kind.id"))
    person: Mapped[str] = text(80)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    client_no: Mapped[str] = text(64)
    state: Mapped[str] = choice(BookingState)
    seats: Mapped[int] = mapped_column()
    price: Mapped[int] = amount()
    amount: Mapped[int] = amount()
    policy: Mapped[Any] = mapped_column(JsonText)
    starts_at: Mapped[datetime] = moment()
    hold_until: Mapped[datetime | None] = moment(null=True)
    created_at: Mapped[datetime] = moment()
    granted_at: Mapped[datetime | None] = moment(null=True)
    ended_at: Mapped[datetime | None] = moment(null=True)
    ended_why: Mapped[str] = text(40)


class Seat(Base):
    """One seat of a booking: the first is the booker's own, the others are his guests'. `code` stands in its QR code; `badge`: the firm or role that is printed under the name.

    A guest may give an address for news of the event. His own consent is kept with the edition of the text that he (or who brought him) was shown.
    """

    __tablename__ = "club_seat"
    __table_args__ = (UniqueConstraint("booking_id", "position"), Index("ix_club_seat_event", "event_id"))

    id: Mapped[int] = identifier()
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    position: Mapped[int] = mapped_column()
    name: Mapped[str] = text(120)
    email: Mapped[str] = mapped_column(String(254), default="", server_default="")
    badge: Mapped[str] = mapped_column(String(40), default="", server_default="")
    code: Mapped[str] = text(16, unique=True)
    consent_edition: Mapped[str] = text(20)
    consented_at: Mapped[datetime | None] = moment(null=True)
    freed_at: Mapped[datetime | None] = moment(null=True)


class ClubEntry(Base):
    """What happened to an event or a booking, by whom: never edited. `details` hold codes and amounts, no names."""

    __tablename__ = "club_entry"
    __table_args__ = (Index("ix_club_entry_booking", "booking_id", "id"), Index("ix_club_entry_event", "event_id", "id"))

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    what: Mapped[str] = text(40)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    details: Mapped[Any] = mapped_column(JsonText)


class CheckIn(Base):
    """Somebody came, or that was taken back (`undo`). `scan_key` is the scanner's own number, so that what is sent twice counts once."""

    __tablename__ = "check_in"
    __table_args__ = (Index("ix_check_in_seat", "seat_id", "id"), Index("ix_check_in_event", "event_id", "id"))

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("club_seat.id"))
    undo: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = moment()
    recorded_at: Mapped[datetime] = moment()
    desk: Mapped[str] = text(40)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    scan_key: Mapped[str] = text(64, unique=True)
