"""Seats that are kept for some clients until a time before the event: who may draw on them, and who did."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select

from models import db
from models.club import Booking
from models.club_reserve import PoolPerson, PoolReason, PoolUse, SeatPool
from portal.actors import Actor
from portal.audit import log
from portal.bulk import insert_rows
from portal.club import capacity, offers
from portal.club.capacity import Reserve
from portal.club.entries import note
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.versions import table_of

MOST_SEATS, MOST_HOURS, MOST_PEOPLE = 1_000, 24 * 60, 500


def open_to(event_id: int, client_no: str, by_voucher: int | None, moment: datetime) -> Reserve | None:
    """The pool of an event on which a person can draw at a moment, by his number or by a voucher; the one with most seats where there are
    several, None where there is none."""
    reserves = {number: one for number, one in capacity.reserves([event_id], moment).items() if one.left}
    if not reserves:
        return None
    mine = set(db.session.execute(select(PoolPerson.pool_id).where(PoolPerson.pool_id.in_(reserves), PoolPerson.client_no == client_no)).scalars()) if client_no else set()
    return max((one for number, one in reserves.items() if number in mine or number == by_voucher), key=lambda one: one.left, default=None)


def used(reserve: Reserve | None, booking: Booking, actor: Actor, moment: datetime) -> None:
    """Write down that seats of a booking came out of a pool: as many as it has."""
    if reserve is not None:
        seats = min(reserve.left, booking.seats)
        db.session.add(PoolUse(pool_id=reserve.pool_id, booking_id=booking.id, seats=seats, at=moment))
        note(booking.event_id, booking, "pool_used", actor, moment, pool=reserve.pool_id, seats=seats)


def kept_for(booking: Booking, moment: datetime) -> int:
    """Seats that are still kept in the pool from which a booking came; 0 where it came from none."""
    pool_id = db.session.execute(select(PoolUse.pool_id).where(PoolUse.booking_id == booking.id)).scalar()
    found = capacity.reserves([booking.event_id], moment).get(pool_id) if pool_id else None
    return found.left if found else 0


def create(event_id: int, seats: int, release_hours: int, reason: str, *, actor: Actor, moment: datetime) -> SeatPool:
    """Keep seats of an event. Nobody loses one: what is sold or offered stays so. Raises NotAllowed, NotFound, Refusal where fewer are free."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    _check(seats, release_hours, reason)
    if seats > capacity.room_of(event, moment).free:
        raise Refusal("only %(free)s seats are free to be kept", free=capacity.room_of(event, moment).free)
    pool = SeatPool(public_id=secrets.token_hex(8), event_id=event.id, seats=seats, release_hours=release_hours, reason=reason, created_at=moment, created_by_id=actor.user_id)
    db.session.add(pool)
    db.session.flush()
    note(event.id, None, "pool_created", actor, moment, pool=pool.id, seats=seats, release_hours=release_hours, reason=reason)
    return pool


def _check(seats: int, release_hours: int, reason: str) -> None:
    if not (0 <= seats <= MOST_SEATS and 0 <= release_hours <= MOST_HOURS) or reason not in set(PoolReason):
        raise Refusal("a pool has 0 to %(seats)s seats, a reason, and is released 0 to %(hours)s hours before the start", seats=MOST_SEATS, hours=MOST_HOURS)


def change(public_id: str, seats: int, release_hours: int, reason: str, *, actor: Actor, moment: datetime) -> SeatPool:
    """Keep more seats, fewer, or for another time; what is kept no longer goes to who waits first. Raises NotAllowed, NotFound, Refusal."""
    actor.need(Can.CLUB_EDIT)
    pool = pool_of(public_id)
    event = capacity.locked(pool.event_id)
    db.session.refresh(pool)
    _check(seats, release_hours, reason)
    more = seats - pool.seats
    if more > capacity.room_of(event, moment).free:
        raise Refusal("only %(free)s seats are free to be kept", free=capacity.room_of(event, moment).free)
    before = {"seats": pool.seats, "release_hours": pool.release_hours, "reason": pool.reason}
    pool.seats, pool.release_hours, pool.reason = seats, release_hours, reason
    db.session.flush()
    note(event.id, None, "pool_changed", actor, moment, pool=pool.id, before=before, seats=seats, release_hours=release_hours, reason=reason)
    offers.pass_on(event, actor=actor, moment=moment)
    return pool


def add_people(public_id: str, client_numbers: Iterable[str], *, actor: Actor, moment: datetime) -> int:
    """Let clients draw on a pool, by their numbers. Returns how many are new. Raises NotAllowed, NotFound, Refusal where they are too many."""
    actor.need(Can.CLUB_EDIT)
    pool = pool_of(public_id)
    capacity.locked(pool.event_id)
    known = set(db.session.execute(select(PoolPerson.client_no).where(PoolPerson.pool_id == pool.id)).scalars())
    new = sorted({number.strip()[:64] for number in client_numbers if number.strip()} - known)
    if len(known) + len(new) > MOST_PEOPLE:
        raise Refusal("at most %(most)s clients for one pool", most=MOST_PEOPLE)
    columns = ("pool_id", "client_no", "added_at", "added_label")
    insert_rows(table_of(PoolPerson), columns, [(pool.id, number, moment, actor.label) for number in new])
    if new:
        log.write(actor, moment, "club.pool_people_added", "seat_pool", pool.public_id, after={"clients": new})
    return len(new)


def remove_person(public_id: str, client_no: str, *, actor: Actor, moment: datetime) -> None:
    """A client may draw on a pool no longer; seats he has stay his. Raises NotAllowed, NotFound."""
    actor.need(Can.CLUB_EDIT)
    pool = pool_of(public_id)
    capacity.locked(pool.event_id)
    if not db.session.execute(delete(PoolPerson).where(PoolPerson.pool_id == pool.id, PoolPerson.client_no == client_no)).rowcount:  # type: ignore[attr-defined]
        raise NotFound("this client is not named for this pool")
    log.write(actor, moment, "club.pool_person_removed", "seat_pool", pool.public_id, before={"client": client_no})


def pool_of(public_id: str) -> SeatPool:
    """A pool by its address. Raises NotFound."""
    found = db.session.execute(select(SeatPool).where(SeatPool.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such pool")
    return found


def of_event(event_id: int) -> list[tuple[SeatPool, int]]:
    """The pools of an event, each with how many clients may draw on it."""
    people = select(PoolPerson.pool_id, func.count().label("people")).group_by(PoolPerson.pool_id).subquery()
    query = select(SeatPool, func.coalesce(people.c.people, 0)).outerjoin(people, people.c.pool_id == SeatPool.id)
    return [(row[0], int(row[1])) for row in db.session.execute(query.where(SeatPool.event_id == event_id).order_by(SeatPool.id))]


def people_of(pool_id: int) -> list[PoolPerson]:
    """Who may draw on a pool."""
    return list(db.session.execute(select(PoolPerson).where(PoolPerson.pool_id == pool_id).order_by(PoolPerson.client_no)).scalars())
