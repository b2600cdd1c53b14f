"""At the door: who comes with a code gets one of a few distinct answers. Scans that were kept on a phone may come later, in any order:
the earliest one counts."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import aliased

from models import db
from models.club import Booking, BookingState, CheckIn, ClubEvent, ClubSession, EventState, Seat
from portal.actors import Actor
from portal.audit import log
from portal.club import capacity
from portal.club.entries import insert_new
from portal.permissions import Can

LATEST = timedelta(minutes=5)
"""How far a phone's clock may run ahead."""
GRACE = timedelta(days=1)
"""After the end of an event, before who did not come is said to have not come."""


class Said(enum.StrEnum):
    """What the door is told."""

    WELCOME = "welcome"
    AGAIN = "again"
    UNDONE = "undone"
    NOT_IN = "not_in"
    OTHER_EVENT = "other_event"
    CANCELLED = "cancelled"
    UNPAID = "unpaid"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """The answer to one scan: whose seat, and since when and at which desk he is in."""

    said: Said
    name: str = ""
    at: datetime | None = None
    desk: str = ""
    seat_id: int | None = None


def cleaned(code: str) -> str:
    """A code as it is kept, from what was scanned or typed."""
    return "".join(letter for letter in code.upper().removeprefix("JUYUAN:") if letter.isalnum())[:16]


def check_in(event: ClubEvent, code: str, *, at: datetime, desk: str, scan_key: str, actor: Actor, moment: datetime) -> Answer:
    """Let somebody in, inside the open transaction. `at`: when it was scanned; `scan_key`: the scanner's own number of the scan.

    Raises NotAllowed. Everything else is an answer."""
    actor.need(Can.CLUB_DOOR)
    capacity.locked(event.id)
    found = db.session.execute(select(Seat, Booking).join(Booking, Booking.id == Seat.booking_id).where(Seat.code == cleaned(code))).first()
    if found is None:
        return Answer(Said.UNKNOWN)
    seat, booking = found
    refused = no_entry(event, seat, booking)
    if refused is not None:
        return Answer(refused, seat.name)
    before = inside(seat.id)
    _write(seat, False, min(at, moment + LATEST), desk, scan_key, actor, moment)
    if before is not None:
        return Answer(Said.AGAIN, seat.name, before.at, before.desk, seat.id)
    return Answer(Said.WELCOME, seat.name, at, desk, seat.id)


def no_entry(event: ClubEvent, seat: Seat, booking: Booking) -> Said | None:
    """Why a ticket lets nobody in; None where it does."""
    if seat.event_id != event.id:
        return Said.OTHER_EVENT
    if seat.freed_at is not None or booking.state in (BookingState.CANCELLED, BookingState.LAPSED) or event.state == EventState.CANCELLED:
        return Said.CANCELLED
    return None if booking.state == BookingState.GRANTED else Said.UNPAID


def undo(event: ClubEvent, seat_id: int, *, desk: str, scan_key: str, actor: Actor, moment: datetime) -> Answer:
    """Take it back that somebody is in. Raises NotAllowed."""
    actor.need(Can.CLUB_DOOR)
    capacity.locked(event.id)
    seat = db.session.execute(select(Seat).where(Seat.id == seat_id, Seat.event_id == event.id)).scalar_one_or_none()
    if seat is None:
        return Answer(Said.UNKNOWN)
    if inside(seat.id) is None:
        return Answer(Said.NOT_IN, seat.name, seat_id=seat.id)
    _write(seat, True, moment, desk, scan_key, actor, moment)
    return Answer(Said.UNDONE, seat.name, seat_id=seat.id)


def inside(seat_id: int) -> CheckIn | None:
    """The scan by which somebody is in: the earliest since it was last taken back; None where he is not in."""
    return entered([seat_id]).get(seat_id)


def entered(seat_ids: Iterable[int]) -> dict[int, CheckIn]:
    """The same of many seats. What counts is when a scan was made, not when it reached us: one that came later but was made before it was
    taken back does not count again."""
    ids = list(seat_ids)
    query = select(CheckIn).where(CheckIn.seat_id.in_(ids), *_counting(CheckIn.seat_id.in_(ids))).order_by(CheckIn.at, CheckIn.id)
    found: dict[int, CheckIn] = {}
    for scan in db.session.execute(query).scalars():
        found.setdefault(scan.seat_id, scan)
    return found


def insides(event_id: int) -> dict[int, datetime]:
    """Who is in, by seat: since when."""
    query = select(CheckIn.seat_id, func.min(CheckIn.at)).where(CheckIn.event_id == event_id, *_counting(CheckIn.event_id == event_id))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(CheckIn.seat_id))}


def let_in() -> Select[CheckIn]:
    """Every scan that lets somebody in and was not taken back since, of all events."""
    return select(CheckIn).where(*_counting(true()))


def _counting(which: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    """The conditions on CheckIn that it lets somebody in and was not taken back since."""
    undone = aliased(CheckIn)
    later = select(undone.id).where(undone.seat_id == CheckIn.seat_id, undone.undo, undone.at >= CheckIn.at, or_(undone.at > CheckIn.at, undone.id > CheckIn.id))
    return ~CheckIn.undo, ~later.correlate(CheckIn).exists(), which


def no_shows(event: ClubEvent, moment: datetime) -> set[int]:
    """Seats whose holders did not come (K4): known only a day after the end, so that scans that a desk kept have come in, and only where
    somebody was checked in at all; never of an event that we called off, or of a booking whose event we moved."""
    if event.state != EventState.PUBLISHED:
        return set()
    starts_at, ends_at = db.session.execute(select(func.min(ClubSession.starts_at), func.max(ClubSession.ends_at)).where(ClubSession.event_id == event.id)).one()
    came = insides(event.id)
    if ends_at is None or moment < ends_at + GRACE or not came:
        return set()
    query = select(Seat.id).join(Booking, Booking.id == Seat.booking_id).where(Seat.event_id == event.id, Seat.freed_at.is_(None))
    expected = db.session.execute(query.where(Booking.state == BookingState.GRANTED, Booking.starts_at == starts_at)).scalars()
    return set(expected) - set(came)


def _write(seat: Seat, undone: bool, at: datetime, desk: str, scan_key: str, actor: Actor, moment: datetime) -> None:
    row = {"event_id": seat.event_id, "seat_id": seat.id, "undo": undone, "at": at, "recorded_at": moment, "desk": desk[:40]}
    if insert_new(CheckIn, "scan_key", {**row, "actor_id": actor.user_id, "actor_label": actor.label, "scan_key": scan_key[:64]}):
        log.write(actor, moment, "club.check_in_undone" if undone else "club.checked_in", "club_seat", str(seat.id))
