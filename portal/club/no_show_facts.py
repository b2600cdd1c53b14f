"""What is known of who missed events: read for many persons at once, never written here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from models import db
from models.club import Booking, BookingState, CheckIn, ClubEvent, ClubSession, EventState, Seat, TicketKind
from models.club_no_shows import COUNTING, ClubNoShow, NoShowRule, NoShowState, NoShowWaiver
from portal.club import door, turnout
from portal.club.reliability import USUAL, History, Rule, Visit, behind_until, score

YEAR = timedelta(days=365)
LATEST = timedelta(days=14)
"""So long after it could be told first: what lies further back is not dug up."""
NOT_HIS = (NoShowState.APPEALED, NoShowState.EXCUSED)
"""Evenings that say nothing of a person."""
times = select(ClubSession.event_id, func.min(ClubSession.starts_at).label("starts_at"), func.max(ClubSession.ends_at).label("ends_at")).group_by(ClubSession.event_id).subquery()


def rule_now() -> Rule:
    """The rule that holds."""
    row = db.session.execute(select(NoShowRule).order_by(NoShowRule.id.desc()).limit(1)).scalar_one_or_none()
    return USUAL if row is None else Rule(row.count, row.within_days, row.behind_days, row.half_life_days, row.appeal_days)


def came_in() -> Select[int]:
    """The bookings of which somebody was let in: who sent a friend in his place wasted no seat."""
    return select(Seat.booking_id).where(Seat.id.in_(door.let_in().with_only_columns(CheckIn.seat_id)))


def told_apart(moment: datetime) -> Select[*tuple[Any, ...]]:
    """Bookings of which it is known whether anybody came (K4): the event took place as it was sold, is over for the days of grace, somebody stood
    at its door, and it was not waived. Joined with ClubEvent and the times of events."""
    stood = select(CheckIn.event_id).where(~CheckIn.undo)
    waived = select(NoShowWaiver.event_id)
    query = select(Booking).join(ClubEvent, ClubEvent.id == Booking.event_id).join(times, times.c.event_id == Booking.event_id)
    known = (Booking.state == BookingState.GRANTED, ClubEvent.state == EventState.PUBLISHED, Booking.starts_at == times.c.starts_at)
    return query.where(*known, times.c.ends_at <= moment - door.GRACE, Booking.event_id.in_(stood), Booking.event_id.not_in(waived))


def unseen(moment: datetime) -> Select[*tuple[Any, ...]]:
    """Of these, the ones of which nobody came and that nobody was told of, as long as it is news."""
    known = select(ClubNoShow.booking_id)
    return told_apart(moment).where(times.c.ends_at > moment - door.GRACE - LATEST, Booking.id.not_in(came_in()), Booking.id.not_in(known))


def late() -> Select[ClubNoShow]:
    """No-shows of who came after all, as a scan that came later shows."""
    return select(ClubNoShow).where(ClubNoShow.state.in_([*COUNTING, NoShowState.APPEALED]), ClubNoShow.booking_id.in_(came_in()))


def due(moment: datetime) -> list[int]:
    """Events with somebody to be told, or with a no-show that was none."""
    found = set(db.session.execute(unseen(moment).with_only_columns(Booking.event_id).distinct()).scalars())
    return sorted(found | set(db.session.execute(late().with_only_columns(ClubNoShow.event_id).distinct()).scalars()))


def counting(persons: Iterable[str]) -> dict[str, list[datetime]]:
    """The starts of the events that persons missed and that count, by person; who missed none is left out."""
    found: dict[str, list[datetime]] = {}
    rows = select(ClubNoShow.person, ClubNoShow.starts_at).where(ClubNoShow.person.in_(set(persons)), ClubNoShow.state.in_(COUNTING))
    for person, starts_at in db.session.execute(rows):
        found.setdefault(person, []).append(starts_at)
    return found


def behind(persons: Iterable[str], by: Rule | None = None) -> dict[str, datetime]:
    """Until when persons stand behind the others who wait, by the rule that holds or by another one, by person; who does not is left out."""
    rule = by or rule_now()
    found = {person: behind_until(missed, rule) for person, missed in counting(persons).items()}
    return {person: until for person, until in found.items() if until is not None}


def scores(persons: Iterable[str], moment: datetime) -> dict[str, int | None]:
    """The reliability of persons, by person: one statement, however many."""
    came = Booking.id.in_(came_in()).label("came")
    excused = select(ClubNoShow.booking_id).where(ClubNoShow.state.in_(NOT_HIS))
    wanted = set(persons)
    query = told_apart(moment).where(Booking.person.in_(wanted), Booking.id.not_in(excused)).with_only_columns(Booking.person, Booking.starts_at, came)
    visits: dict[str, list[Visit]] = {person: [] for person in wanted}
    for person, starts_at, was_there in db.session.execute(query):
        visits[person].append(Visit(starts_at, bool(was_there)))
    half_life = rule_now().half_life_days
    return {person: score(rows, half_life, moment) for person, rows in visits.items()}


def history(event: ClubEvent, moment: datetime) -> History:
    """Events of the last year like this one (with seats that cost something, or without): taken seats, and those that stayed empty."""
    seats = turnout.seats(moment).subquery()
    query = select(func.count(), func.coalesce(func.sum(seats.c.seats), 0), func.coalesce(func.sum(seats.c.missed), 0)).select_from(seats)
    query = query.join(times, times.c.event_id == seats.c.event_id).where(seats.c.came > 0, seats.c.event_id.not_in(select(NoShowWaiver.event_id)))
    over = query.where(times.c.ends_at <= moment - door.GRACE, times.c.ends_at > moment - YEAR, _costs(seats.c.event_id) == _costs(event.id))
    return History(*map(int, db.session.execute(over).one()))


def _costs(event_id: Any) -> ColumnElement[bool]:
    return select(TicketKind.id).where(TicketKind.event_id == event_id, TicketKind.on_sale, TicketKind.price > 0).exists()
