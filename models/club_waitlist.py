"""Who waits for a seat of an event that is full, in which order, and who is offered one; and seats that are allotted by lot."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, identifier, moment, one_of, text


class WaitState(enum.StrEnum):
    """What a place on a waitlist is worth. An offer holds its seats until `offer_until` and no longer, whether or not anybody has
    written that down; what was revoked is offered a seat by nobody but a person of the firm."""

    WAITING = "waiting"
    OFFERED = "offered"
    CLAIMED = "claimed"
    LEFT = "left"
    LAPSED = "lapsed"
    REVOKED = "revoked"
    CLOSED = "closed"


class Parties(enum.StrEnum):
    """What happens when fewer seats are free than the first party needs: the next that fits is served, or everybody waits for it."""

    SKIP = "skip"
    WAIT = "wait"


STANDING = sql("state IN ('waiting', 'offered')")


class SeatRule(Base):
    """How an event gives its seats away, where that is not as usual: what happens to a party that does not fit, and how long an offer
    holds its seats (minutes)."""

    __tablename__ = "seat_rule"
    __table_args__ = (one_of("parties", Parties), CheckConstraint("offer_minutes > 0", name="offer"))

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"), unique=True)
    parties: Mapped[str] = choice(Parties)
    offer_minutes: Mapped[int] = mapped_column()


class WaitPlace(Base):
    """One person's place on the waitlist of an event, or his entry where seats are drawn by lot; at most one that stands.

    The order is who does not stand behind the others (`behind_until`: for events that he missed), `priority` (higher first: his tier's, or
    set by hand), `lot` (as drawn; 0 where nothing is drawn), then when he joined. `mailbox` is the digest of
    the mailbox behind his address, so that one mailbox under several addresses has one place.
    """

    __tablename__ = "wait_place"
    __table_args__ = (
        Index("uq_wait_place_person", "event_id", "person", unique=True, sqlite_where=STANDING, postgresql_where=STANDING),
        Index("uq_wait_place_mailbox", "event_id", "mailbox", unique=True, sqlite_where=STANDING, postgresql_where=STANDING),
        Index("ix_wait_place_event", "event_id", "state"),
        Index("ix_wait_place_state", "state", "offer_until"),
        Index("ix_wait_place_user", "user_id"),
        one_of("state", WaitState),
        CheckConstraint("seats > 0", name="seats"),
        CheckConstraint("state <> 'offered' OR offer_until IS NOT NULL", name="until"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    ticket_kind_id: Mapped[int] = mapped_column(ForeignKey("ticket_kind.id"))
    person: Mapped[str] = text(80)
    mailbox: Mapped[str] = text(64)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    client_no: Mapped[str] = text(64)
    seats: Mapped[int] = mapped_column()
    state: Mapped[str] = choice(WaitState)
    priority: Mapped[int] = mapped_column(default=0)
    lot: Mapped[int] = mapped_column(default=0)
    behind_until: Mapped[datetime | None] = moment(null=True)
    joined_at: Mapped[datetime] = moment()
    offered_at: Mapped[datetime | None] = moment(null=True)
    offer_until: Mapped[datetime | None] = moment(null=True)
    ended_at: Mapped[datetime | None] = moment(null=True)
    ended_why: Mapped[str] = text(400)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))


class SeatLot(Base):
    """Seats of an event that are drawn by lot. `digest` (SHA-256 of `seed`) is shown from the beginning, the seed after the draw;
    `result` is the draw as everybody can recompute it: the free seats, and every entry with its place and whether it won."""

    __tablename__ = "seat_lot"
    __table_args__ = (CheckConstraint("(drawn_at IS NULL) = (result IS NULL)", name="drawn"),)

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"), unique=True)
    entries_until: Mapped[datetime] = moment(index=True)
    seed: Mapped[str] = text(64)
    digest: Mapped[str] = text(64)
    created_at: Mapped[datetime] = moment()
    drawn_at: Mapped[datetime | None] = moment(null=True)
    result: Mapped[Any] = mapped_column(JsonText, nullable=True)
