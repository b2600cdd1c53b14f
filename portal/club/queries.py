"""Looking things up about events and bookings, for pages: each in a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from models import db
from models.club import Booking, BookingState, ClubEvent, ClubSession, EventState, Seat, TicketKind
from portal.actors import Actor
from portal.club import capacity
from portal.club.booking import person_of
from portal.club.capacity import Room
from portal.refusals import NotFound


@dataclass(frozen=True)
class Coming:
    """An event with what a list shows of it: its first and last times, its lowest price, its room."""

    event: ClubEvent
    starts_at: datetime
    ends_at: datetime
    venue: str
    price: int | None
    room: Room


def coming(moment: datetime, most: int = 60) -> list[Coming]:
    """Events that are open or were called off lately, and are not over, the next first."""
    first = select(
        ClubSession.event_id, func.min(ClubSession.starts_at).label("starts_at"), func.max(ClubSession.ends_at).label("ends_at"), func.min(ClubSession.venue).label("venue")
    )
    times = first.group_by(ClubSession.event_id).subquery()
    price = select(TicketKind.event_id, func.min(TicketKind.price).label("price")).where(TicketKind.on_sale).group_by(TicketKind.event_id).subquery()
    query = select(ClubEvent, times.c.starts_at, times.c.ends_at, times.c.venue, price.c.price).join(times, times.c.event_id == ClubEvent.id)
    query = query.outerjoin(price, price.c.event_id == ClubEvent.id).where(ClubEvent.state != EventState.DRAFT, times.c.ends_at > moment)
    rows = db.session.execute(query.order_by(times.c.starts_at, ClubEvent.id).limit(most)).all()
    taken = capacity.taken([row[0].id for row in rows], moment)
    return [Coming(row[0], row.starts_at, row.ends_at, row.venue or "", row.price, Room(row[0].capacity, taken.get(row[0].id, 0))) for row in rows]


def own_booking(actor: Actor, public_id: str) -> tuple[Booking, ClubEvent, TicketKind]:
    """One of one's own bookings. Raises NotFound, the same for another's and a missing one."""
    query = select(Booking, ClubEvent, TicketKind).join(ClubEvent, ClubEvent.id == Booking.event_id).join(TicketKind, TicketKind.id == Booking.ticket_kind_id)
    found = db.session.execute(query.where(Booking.public_id == public_id, Booking.user_id == actor.user_id)).first()
    if found is None:
        raise NotFound("there is no such booking")
    return found[0], found[1], found[2]


def next_of(actor: Actor, moment: datetime) -> tuple[Booking, ClubEvent] | None:
    """The booking of one's own that comes next, held or granted, of an event that is not over."""
    ends = select(func.max(ClubSession.ends_at)).where(ClubSession.event_id == Booking.event_id).correlate(Booking).scalar_subquery()
    query = select(Booking, ClubEvent).join(ClubEvent, ClubEvent.id == Booking.event_id)
    query = query.where(Booking.user_id == actor.user_id, capacity.holding(moment), ClubEvent.state != EventState.CANCELLED, ends > moment)
    found = db.session.execute(query.order_by(Booking.starts_at, Booking.id).limit(1)).first()
    return (found[0], found[1]) if found else None


def seats_of(booking_id: int) -> Sequence[Seat]:
    """The seats of a booking that were not given back, one's own first."""
    return db.session.execute(select(Seat).where(Seat.booking_id == booking_id, Seat.freed_at.is_(None)).order_by(Seat.position)).scalars().all()


def active_of(actor: Actor, event_id: int, moment: datetime) -> Booking | None:
    """The booking of an event that one has now, if any."""
    if actor.user_id is None:
        return None
    query = select(Booking).where(Booking.event_id == event_id, Booking.person == person_of(actor), capacity.holding(moment))
    return db.session.execute(query).scalar_one_or_none()


def attending() -> ColumnElement[bool]:
    """The condition, on Booking and Seat, that somebody is expected."""
    return (Booking.state == BookingState.GRANTED) & Seat.freed_at.is_(None)
