"""Scans that a desk kept while it had no network: they come later, in any order, each with its own moment. The earliest counts; what did not
end as the desk believed is written down, so that somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from models import db
from models.club import Booking, CheckIn, ClubEvent, Seat
from models.club_door import LateScan
from portal.actors import Actor
from portal.audit import log
from portal.audit.log import Line
from portal.club import capacity, door
from portal.club.door import Answer, Said, cleaned
from portal.club.entries import insert_missing
from portal.permissions import Can
from portal.refusals import Refusal

MOST = 200
"""Scans that are sent at a time."""
EARLIEST = timedelta(hours=12)
"""Before the start of an event nobody is let in so early: a clock that says so is wrong."""
CLOCK = "clock"
"""What is said of a scan whose clock cannot be right; it counts as made when it came."""


@dataclass(frozen=True)
class Scan:
    """One scan as a desk kept it: what was read, when by its clock, at which desk, and its own number."""

    code: str
    at: datetime
    desk: str
    scan_key: str


@dataclass(frozen=True)
class _Judged:
    """A scan with what came of it: the moment that counts, and why it needs a look, if it does."""

    scan: Scan
    answer: Answer
    at: datetime
    look: str


def upload(event: ClubEvent, scans: Sequence[Scan], *, actor: Actor, moment: datetime) -> dict[str, Answer]:
    """Take kept scans over, inside the open transaction; the same one sent twice counts once. Returns the answer to each, by its number.

    Raises NotAllowed, Refusal where they are too many."""
    actor.need(Can.CLUB_DOOR)
    if len(scans) > MOST:
        raise Refusal("at most %(most)s scans at a time", most=MOST)
    capacity.locked(event.id)
    codes = {cleaned(scan.code) for scan in scans}
    found = {seat.code: (seat, booking) for seat, booking in db.session.execute(select(Seat, Booking).join(Booking, Booking.id == Seat.booking_id).where(Seat.code.in_(codes)))}
    before = door.entered(seat.id for seat, _booking in found.values())
    known = _known(scan.scan_key for scan in scans)
    starts_at = capacity.first_starts([event.id]).get(event.id, moment)
    judged = [_judge(event, scan, found, before, starts_at, moment) for scan in sorted(scans, key=lambda one: one.at)]
    new = [one for one in judged if one.scan.scan_key not in known]
    _write(event, new, actor, moment)
    now_in = door.entered(seat.id for seat, _booking in found.values())
    return {one.scan.scan_key: _told(one, now_in) for one in judged}


def _known(keys: Iterable[str]) -> set[str]:
    """Numbers of scans that were taken over before."""
    wanted = list(keys)
    return {
        *db.session.execute(select(CheckIn.scan_key).where(CheckIn.scan_key.in_(wanted))).scalars(),
        *db.session.execute(select(LateScan.scan_key).where(LateScan.scan_key.in_(wanted))).scalars(),
    }


def _judge(event: ClubEvent, scan: Scan, found: dict[str, tuple[Seat, Booking]], before: dict[int, CheckIn], starts_at: datetime, moment: datetime) -> _Judged:
    """What came of a scan; whoever it lets in is in for the scans after it."""
    right = starts_at - EARLIEST <= scan.at <= moment + door.LATEST
    at = min(scan.at, moment) if right else moment
    if cleaned(scan.code) not in found:
        return _Judged(scan, Answer(Said.UNKNOWN), at, Said.UNKNOWN)
    seat, booking = found[cleaned(scan.code)]
    refused = door.no_entry(event, seat, booking)
    if refused is not None:
        return _Judged(scan, Answer(refused, seat.name, seat_id=seat.id), at, refused)
    if seat.id in before and before[seat.id].scan_key != scan.scan_key:
        return _Judged(scan, Answer(Said.AGAIN, seat.name, seat_id=seat.id), at, Said.AGAIN)
    before[seat.id] = CheckIn(seat_id=seat.id, at=at, desk=scan.desk, scan_key=scan.scan_key)
    return _Judged(scan, Answer(Said.WELCOME, seat.name, at, scan.desk, seat.id), at, "" if right else CLOCK)


def _write(event: ClubEvent, new: Sequence[_Judged], actor: Actor, moment: datetime) -> None:
    shared = {"event_id": event.id, "recorded_at": moment, "actor_label": actor.label}
    ins = [one for one in new if one.answer.said in (Said.WELCOME, Said.AGAIN)]
    rows = [
        {**shared, "seat_id": one.answer.seat_id, "undo": False, "at": one.at, "desk": one.scan.desk[:40], "actor_id": actor.user_id, "scan_key": one.scan.scan_key} for one in ins
    ]
    insert_missing(CheckIn, "scan_key", rows)
    looks = [
        {
            **shared,
            "seat_id": one.answer.seat_id,
            "said": one.look,
            "code_end": cleaned(one.scan.code)[-4:],
            "claimed_at": one.scan.at,
            "desk": one.scan.desk[:40],
            "scan_key": one.scan.scan_key,
        }
        for one in new
        if one.look
    ]
    insert_missing(LateScan, "scan_key", looks)
    log.write_many(actor, moment, [Line("club.checked_in", "club_seat", str(one.answer.seat_id), after={"kept": True}) for one in ins])


def _told(one: _Judged, now_in: dict[int, CheckIn]) -> Answer:
    """The answer, with the scan that counts by now."""
    if one.answer.said not in (Said.WELCOME, Said.AGAIN):
        return one.answer
    first = now_in.get(one.answer.seat_id or 0)
    if first is None:
        return Answer(Said.UNDONE, one.answer.name, seat_id=one.answer.seat_id)
    own = first.scan_key == one.scan.scan_key
    return Answer(Said.WELCOME if own else Said.AGAIN, one.answer.name, first.at, first.desk, one.answer.seat_id)
