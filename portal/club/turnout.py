"""Who came of those who had seats, event by event: came, did not come, came again. Counted in the database, alike for one event and for a list of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import aliased

from models import db
from models.club import Booking, BookingState, CheckIn, ClubEvent, ClubSession, EventState, Seat
from models.club_invites import Arm, Invitee
from portal.club import costs, door

_times = select(ClubSession.event_id, func.min(ClubSession.starts_at).label("starts_at"), func.max(ClubSession.ends_at).label("ends_at")).group_by(ClubSession.event_id)


@dataclass(frozen=True)
class Figures:
    """Of one event: clients invited (`owed` among them) and held out; of both, who signed up and came; seats that are taken, that came and that did not
    come (0 as long as it cannot be told); `again`: of the bookers who came, those who had come to an earlier event; `income` (fen): what seats were
    sold for; `cost` (fen)."""

    invited: int = 0
    held: int = 0
    invited_booked: int = 0
    held_booked: int = 0
    invited_came: int = 0
    held_came: int = 0
    seats: int = 0
    came: int = 0
    missed: int = 0
    again: int = 0
    income: int = 0
    cost: int = 0


def lists() -> Select[*tuple[Any, ...]]:
    """By event, how many clients its lists invited and held out."""
    held = func.count().filter(Invitee.arm == Arm.HELD_OUT)
    return select(Invitee.event_id, (func.count() - held).label("invited"), held.label("held")).group_by(Invitee.event_id)


def _came() -> Any:
    """Seats that were let in (seat_id, event_id)."""
    return door.let_in().with_only_columns(CheckIn.seat_id, CheckIn.event_id).distinct().subquery()


def seats(moment: datetime) -> Select[*tuple[Any, ...]]:
    """By event: seats, those that came, and those that did not (K4: known a day after the end, where anybody was let in, not of a booking that was moved)."""
    came, times = _came(), _times.subquery()
    doors = select(came.c.event_id).distinct()
    late = (times.c.ends_at <= moment - door.GRACE) & (ClubEvent.state == EventState.PUBLISHED) & Booking.event_id.in_(doors)
    missing = late & came.c.seat_id.is_(None) & (Booking.starts_at == times.c.starts_at)
    counted = (func.count().label("seats"), func.count(came.c.seat_id).label("came"), func.sum(case((missing, 1), else_=0)).label("missed"))
    query = select(Booking.event_id, *counted).join(Seat, Seat.booking_id == Booking.id).join(ClubEvent, ClubEvent.id == Booking.event_id)
    query = query.join(times, times.c.event_id == Booking.event_id).outerjoin(came, came.c.seat_id == Seat.id)
    return query.where(Booking.state == BookingState.GRANTED, Seat.freed_at.is_(None)).group_by(Booking.event_id)


def again() -> Select[*tuple[Any, ...]]:
    """By event, how many bookers came who had come to an event that began earlier."""
    now, before = _visits("now"), _visits("before")
    earlier = select(before.c.person).where(before.c.person == now.c.person, before.c.starts_at < now.c.starts_at).correlate(now).exists()
    return select(now.c.event_id, func.count().label("again")).where(earlier).group_by(now.c.event_id)


def _visits(name: str) -> Any:
    came, times = _came(), _times.subquery()
    query = select(Booking.event_id, Booking.person, times.c.starts_at).join(Seat, (Seat.booking_id == Booking.id) & (Seat.position == 0))
    return query.join(came, came.c.seat_id == Seat.id).join(times, times.c.event_id == Booking.event_id).distinct().subquery(name)


def of_lists(event_id: int) -> dict[Arm, tuple[int, int, int]]:
    """By side of an event's lists: clients, those with a seat, those who came. Those held out may have signed up by themselves."""
    came, own = _came(), aliased(Seat)
    granted = (Booking.event_id == Invitee.event_id) & (Booking.client_no == Invitee.client_no) & (Booking.state == BookingState.GRANTED)
    query = select(Invitee.arm, func.count(func.distinct(Invitee.id)), func.count(func.distinct(Booking.client_no)), func.count(func.distinct(came.c.seat_id)))
    query = query.outerjoin(Booking, granted).outerjoin(own, (own.booking_id == Booking.id) & (own.position == 0)).outerjoin(came, came.c.seat_id == own.id)
    found = {Arm(row[0]): (int(row[1]), int(row[2]), int(row[3])) for row in db.session.execute(query.where(Invitee.event_id == event_id).group_by(Invitee.arm))}
    return {arm: found.get(arm, (0, 0, 0)) for arm in Arm}


def of_event(event: ClubEvent, moment: datetime) -> Figures:
    """All figures of one event."""
    by_arm = of_lists(event.id)
    told = [sum(pair) for pair in zip(by_arm[Arm.INVITED], by_arm[Arm.OWED], strict=True)]
    held = by_arm[Arm.HELD_OUT]
    who = db.session.execute(seats(moment).where(Booking.event_id == event.id)).one_or_none()
    came_again, cost = again().subquery(), costs.totals().subquery()
    repeats = db.session.execute(select(came_again.c.again).where(came_again.c.event_id == event.id)).scalar() or 0
    spent = db.session.execute(select(cost.c.cost).where(cost.c.event_id == event.id)).scalar() or 0
    sold = db.session.execute(select(func.sum(Booking.amount)).where(Booking.event_id == event.id, Booking.state == BookingState.GRANTED)).scalar() or 0
    counted = {"seats": int(who.seats), "came": int(who.came), "missed": int(who.missed)} if who else {}
    sides = {"invited": told[0], "held": held[0], "invited_booked": told[1], "held_booked": held[1], "invited_came": told[2], "held_came": held[2]}
    return Figures(**sides, **counted, again=int(repeats), income=int(sold), cost=int(spent))
