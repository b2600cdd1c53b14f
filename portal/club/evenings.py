"""Around an evening: a word the day before, and the question how it was to those who came. Each booking is told once, however often anybody looks."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Interval, Select, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from models import db
from models.club import Booking, BookingState, CheckIn, ClubEvent, ClubSession, EventState, Seat
from models.club_evenings import ClubFeedback, ClubTold, Told
from portal.actors import Actor
from portal.club import capacity, letters
from portal.transaction import on_postgresql

DAY = timedelta(days=1)
AFTER, LATEST, WORDS_KEPT = timedelta(hours=1), timedelta(days=7), timedelta(days=730)
"""From when on, and until when, an evening that is over is asked about (scans of a phone without a network come later); how long the words of an answer are kept."""
_times = select(ClubSession.event_id, func.min(ClubSession.starts_at).label("starts_at"), func.max(ClubSession.ends_at).label("ends_at")).group_by(ClubSession.event_id).subquery()


def _untold(what: Told) -> ColumnElement[bool]:
    known = select(ClubTold.id).where(ClubTold.booking_id == Booking.id, ClubTold.what == what, ClubTold.starts_at == _times.c.starts_at)
    return ~known.exists()


def _bookings(what: Told) -> Select[int, int]:
    query = select(Booking.id, Booking.event_id).join(ClubEvent, ClubEvent.id == Booking.event_id).join(_times, _times.c.event_id == ClubEvent.id)
    return query.where(Booking.state == BookingState.GRANTED, ClubEvent.state == EventState.PUBLISHED, _untold(what))


def _near(moment: datetime) -> Select[int, int]:
    """Bookings to be reminded: theirs begins within a day, and they were booked before that day began: who booked since has just been told."""
    begins = _times.c.starts_at
    return _bookings(Told.REMINDER).where(begins > moment, begins <= moment + DAY, _booked_a_day_before())


def _booked_a_day_before() -> ColumnElement[bool]:
    """That the seat was granted more than a day before the start, in the words of each database."""
    if on_postgresql():
        return Booking.granted_at <= _times.c.starts_at - literal(DAY, Interval())
    return func.julianday(Booking.granted_at) <= func.julianday(_times.c.starts_at) - 1


def inside_seats() -> Select[int]:
    """The seats whose holder is in: scanned, and not taken back since."""
    last = select(CheckIn.seat_id, func.max(CheckIn.id).label("last")).group_by(CheckIn.seat_id).subquery()
    return select(CheckIn.seat_id).join(last, last.c.last == CheckIn.id).where(~CheckIn.undo)


def _over(moment: datetime) -> Select[int, int]:
    """Bookings to be asked how it was: their booker was let in, and it is over."""
    came = select(Seat.booking_id).where(Seat.position == 0, Seat.id.in_(inside_seats()))
    ends = _times.c.ends_at
    return _bookings(Told.ASKED).where(ends <= moment - AFTER, ends > moment - LATEST, Booking.id.in_(came))


def near(moment: datetime) -> list[int]:
    """The events whose bookers are to be reminded."""
    return _events(_near(moment))


def over(moment: datetime) -> list[int]:
    """The events whose visitors are to be asked how it was."""
    return _events(_over(moment))


def _events(bookings: Select[int, int]) -> list[int]:
    found = bookings.subquery()
    return list(db.session.execute(select(found.c.event_id).distinct().order_by(found.c.event_id)).scalars())


def remind(event_id: int, *, actor: Actor, moment: datetime) -> int:
    """Tell those who have seats that their evening is near, inside the open transaction. Returns how many bookings."""
    event = capacity.locked(event_id)
    starts_at = _start(event_id)
    fresh = _mark(_near(moment), event_id, Told.REMINDER, starts_at, moment)
    key = f"event:{event_id}:{starts_at.isoformat()}"
    return letters.to_booked(event, Booking.id.in_(fresh), "club.reminder", key, actor=actor, moment=moment, until=starts_at) if fresh else 0


def ask(event_id: int, *, actor: Actor, moment: datetime) -> list[int]:
    """Ask those who came how it was, inside the open transaction. Returns their bookings."""
    event = capacity.locked(event_id)
    starts_at = _start(event_id)
    fresh = _mark(_over(moment), event_id, Told.ASKED, starts_at, moment)
    if fresh:
        letters.to_visitors(event, Booking.id.in_(fresh), "club.how_was_it", f"event:{event_id}:{starts_at.isoformat()}", actor=actor, moment=moment)
    return fresh


def _start(event_id: int) -> datetime:
    found: datetime = db.session.execute(select(_times.c.starts_at).where(_times.c.event_id == event_id)).scalar_one()
    return found


def end_of(event_id: int) -> datetime:
    """When an evening is over."""
    found: datetime = db.session.execute(select(_times.c.ends_at).where(_times.c.event_id == event_id)).scalar_one()
    return found


def _mark(bookings: Select[int, int], event_id: int, what: Told, starts_at: datetime, moment: datetime) -> list[int]:
    """Write down who is told; whoever is there already was told by somebody else. Returns those who are new."""
    ids = [row.id for row in db.session.execute(bookings.where(Booking.event_id == event_id))]
    rows = [{"booking_id": number, "what": what, "starts_at": starts_at, "at": moment} for number in ids]
    if not rows:
        return []
    make = postgresql_insert if on_postgresql() else sqlite_insert
    done = make(ClubTold).on_conflict_do_nothing(index_elements=["booking_id", "what", "starts_at"]).returning(ClubTold.booking_id)
    return list(db.session.execute(done, rows).scalars())


def forget_words(moment: datetime) -> int:
    """Blank what was written about evenings of long ago; the scores stay. Returns how many."""
    old = update(ClubFeedback).where(ClubFeedback.at < moment - WORDS_KEPT, ClubFeedback.words != "").values(words="")
    return int(db.session.execute(old, execution_options={"synchronize_session": False}).rowcount)  # type: ignore[attr-defined]
