"""How many seats are free: counted anew whenever one is sold, under the lock of the event's row. A number shown on a page is only shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select, union_all

from models import db
from models.club import Booking, BookingState, ClubEvent, ClubSession
from models.club_reserve import PoolUse, SeatPool
from models.club_waitlist import WaitPlace, WaitState
from portal.club import policy
from portal.refusals import NotFound


@dataclass(frozen=True)
class Room:
    """Seats of an event (or of one kind of ticket) and how many are taken at a moment."""

    capacity: int
    taken: int

    @property
    def free(self) -> int:
        """Seats that can still be had; never below nought, also where the capacity was lowered below what is sold."""
        return max(0, self.capacity - self.taken)

    @property
    def over(self) -> int:
        """By how many more seats are taken than there are."""
        return max(0, self.taken - self.capacity)


def holding(moment: datetime) -> ColumnElement[bool]:
    """The condition, on Booking, that its seats are taken at a moment. A hold that has run out takes none, whoever has noticed."""
    return or_(Booking.state == BookingState.GRANTED, and_(Booking.state == BookingState.HELD, Booking.hold_until > moment))


def holds(booking: Booking, moment: datetime) -> bool:
    """The same of one booking."""
    if booking.state == BookingState.HELD:
        return booking.hold_until is not None and booking.hold_until > moment
    return booking.state == BookingState.GRANTED


def locked(event_id: int) -> ClubEvent:
    """The event, held until the open transaction ends: whoever sells or gives back a seat holds it. Raises NotFound.

    PostgreSQL locks the row; on SQLite the transaction holds the one write lock already."""
    query = select(ClubEvent).where(ClubEvent.id == event_id).with_for_update().execution_options(populate_existing=True)
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such event")
    return found


def offering(moment: datetime) -> ColumnElement[bool]:
    """The condition, on WaitPlace, that its seats are held by an offer at a moment; one whose time is over holds none."""
    return and_(WaitPlace.state == WaitState.OFFERED, WaitPlace.offer_until > moment)


def taken(event_ids: Iterable[int], moment: datetime) -> dict[int, int]:
    """Seats that are taken at a moment, by event: booked, offered to somebody who waits, or reserved."""
    ids = list(event_ids)
    booked = select(Booking.event_id, Booking.seats).where(Booking.event_id.in_(ids), holding(moment))
    offered = select(WaitPlace.event_id, WaitPlace.seats).where(WaitPlace.event_id.in_(ids), offering(moment))
    held = union_all(booked, offered).subquery()
    query = select(held.c.event_id, func.sum(held.c.seats)).group_by(held.c.event_id)
    found = {event_id: int(seats) for event_id, seats in db.session.execute(query)}
    for pool in reserves(ids, moment).values():
        found[pool.event_id] = found.get(pool.event_id, 0) + pool.left
    return found


@dataclass(frozen=True)
class Reserve:
    """A pool of kept seats at a moment: how many nobody has drawn yet. None are left from `release_at` on: then they are everybody's."""

    pool_id: int
    event_id: int
    release_at: datetime
    used: int
    left: int


def reserves(event_ids: Iterable[int], moment: datetime) -> dict[int, Reserve]:
    """The pools of events, by pool. What of a pool is booked counts while the booking holds its seats."""
    starts = select(ClubSession.event_id, func.min(ClubSession.starts_at).label("starts_at")).group_by(ClubSession.event_id).subquery()
    query = select(SeatPool, ClubEvent.zone, starts.c.starts_at).join(ClubEvent, ClubEvent.id == SeatPool.event_id).outerjoin(starts, starts.c.event_id == SeatPool.event_id)
    pools = db.session.execute(query.where(SeatPool.event_id.in_(list(event_ids))).execution_options(populate_existing=True)).all()
    if not pools:
        return {}
    seats = case((PoolUse.seats < Booking.seats, PoolUse.seats), else_=Booking.seats)
    drawn = select(PoolUse.pool_id, func.sum(seats)).join(Booking, Booking.id == PoolUse.booking_id).where(PoolUse.pool_id.in_([row[0].id for row in pools]), holding(moment))
    used = {pool_id: int(count) for pool_id, count in db.session.execute(drawn.group_by(PoolUse.pool_id))}
    return {pool.id: _reserve(pool, zone, starts_at, used.get(pool.id, 0), moment) for pool, zone, starts_at in pools}


def _reserve(pool: SeatPool, zone: str, starts_at: datetime | None, used: int, moment: datetime) -> Reserve:
    release_at = moment if starts_at is None else policy.deadline(starts_at, pool.release_hours, zone)
    return Reserve(pool.id, pool.event_id, release_at, used, max(0, pool.seats - used) if moment < release_at else 0)


def taken_by_kind(event_ids: Iterable[int], moment: datetime) -> dict[int, int]:
    """The same by kind of ticket, but for reserved seats, which are of no kind."""
    ids = list(event_ids)
    booked = select(Booking.ticket_kind_id.label("kind_id"), Booking.seats).where(Booking.event_id.in_(ids), holding(moment))
    offered = select(WaitPlace.ticket_kind_id, WaitPlace.seats).where(WaitPlace.event_id.in_(ids), offering(moment))
    held = union_all(booked, offered).subquery()
    query = select(held.c.kind_id, func.sum(held.c.seats)).group_by(held.c.kind_id)
    return {kind_id: int(seats) for kind_id, seats in db.session.execute(query)}


def first_starts(event_ids: Iterable[int]) -> dict[int, datetime]:
    """When events begin; without those that have no time yet."""
    query = select(ClubSession.event_id, func.min(ClubSession.starts_at)).where(ClubSession.event_id.in_(list(event_ids))).group_by(ClubSession.event_id)
    return {row[0]: row[1] for row in db.session.execute(query)}


def room_of(event: ClubEvent, moment: datetime) -> Room:
    """The room of one event."""
    return Room(event.capacity, taken([event.id], moment).get(event.id, 0))
