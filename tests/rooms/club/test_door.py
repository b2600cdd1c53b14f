"""The door without a network: kept scans come later in any order, and the earliest counts; and who did not come."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import db
from models.club import Booking, CheckIn, ClubEvent, ClubSession, Seat
from models.club_door import LateScan
from models.identity import Role
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import booking, capacity, door, late_scans
from portal.club.door import Answer, Said
from portal.club.events import Kind, When
from portal.club.late_scans import CLOCK, Scan
from portal.refusals import NotAllowed, Refusal
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import post, seat, someone
from tests.rooms.club.scene import book, clients, event_of

FREE = (Kind("免费", "Free", 0),)


def evening(app: Flask, count: int, key: str = "night", people: list[Actor] | None = None) -> tuple[ClubEvent, list[str], list[str]]:
    """An event that began an hour ago, with so many seats; their codes and bookings."""
    start = clock.now() + timedelta(days=3)
    number = event_of(key, kinds=FREE, capacity=50, when=(When(start, start + timedelta(hours=3)),), sales_end_at=start)
    booked = [book(number, person) for person in people or clients(app, count)]
    begun = clock.now() - timedelta(hours=1)
    with transaction():
        db.session.execute(update(ClubSession).where(ClubSession.event_id == number).values(starts_at=begun, ends_at=begun + timedelta(hours=3)))
        db.session.execute(update(Booking).where(Booking.event_id == number).values(starts_at=begun))
    codes = list(db.session.execute(select(Seat.code).where(Seat.event_id == number).order_by(Seat.id)).scalars())
    return db.session.get_one(ClubEvent, number), codes, booked


def ago(minutes: float) -> datetime:
    return clock.now() - timedelta(minutes=minutes)


def send(event: ClubEvent, *scans: Scan) -> dict[str, Answer]:
    with transaction():
        found = late_scans.upload(event, scans, actor=TERMINAL, moment=clock.now())
    db.session.rollback()
    return found


def looks() -> list[tuple[str, str]]:
    return [(row.said, row.desk) for row in db.session.execute(select(LateScan).order_by(LateScan.id)).scalars()]


@pytest.mark.usefixtures("database")
def test_k2_in_whichever_order_scans_come_the_earliest_counts(app: Flask) -> None:
    """K2: three desks kept a scan of the same ticket; in each of the six orders the same one counts, and the others are listed."""
    event, codes, _booked = evening(app, 6)
    first = ago(50)
    for code, order in zip(codes, permutations((0, 1, 2)), strict=True):
        scans = [Scan(code, first + timedelta(minutes=place), str(place), f"{code}{place}") for place in range(3)]
        answers = {key: answer for place in order for key, answer in send(event, scans[place]).items()}
        assert answers[f"{code}{order[-1]}"].at == first, "who sends last is told who was first"
        inside = door.inside(db.session.execute(select(Seat.id).where(Seat.code == code)).scalar_one())
        assert inside is not None
        assert (inside.at, inside.desk) == (first, "0")
    assert [said for said, _desk in looks()] == ["again"] * 12


@pytest.mark.usefixtures("database")
def test_k2_what_is_sent_twice_or_by_many_at_once_counts_once(app: Flask) -> None:
    """K2: a lost answer is no second entry, nor are ten phones that send the same scans at the same moment."""
    event, codes, _booked = evening(app, 3)
    number, scans = event.id, [Scan(code, ago(30), "2", f"key{place}") for place, code in enumerate(codes)]
    ended = at_once(app, *[lambda: late_scans.upload(db.session.get_one(ClubEvent, number), scans, actor=TERMINAL, moment=clock.now())] * 10)
    assert ended == ["done"] * 10
    assert len(db.session.execute(select(CheckIn)).scalars().all()) == 3
    assert not looks()
    assert {answer.said for answer in send(event, *scans).values()} == {Said.WELCOME}
    with pytest.raises(Refusal, match="at most 200"):
        send(event, *scans * 70)
    with pytest.raises(NotAllowed), transaction():
        late_scans.upload(event, scans, actor=Actor(None, "client", (Role.CLIENT,)), moment=clock.now())


@pytest.mark.usefixtures("database")
def test_k2_what_the_desk_could_not_know_is_answered_and_listed(app: Flask) -> None:
    """K2 K3: given back, of another event, forged: each its own answer, and a line for the desk; a code is not kept whole."""
    event, codes, booked = evening(app, 2)
    _other, foreign, _ = evening(app, 1, "other", clients_more(app))
    with transaction():
        found = db.session.execute(select(Booking).where(Booking.public_id == booked[1])).scalar_one()
        booking.end(found, "cancelled", clock.now())
    said = send(event, *[Scan(code, ago(9), "3", f"k{place}") for place, code in enumerate([codes[0], codes[1], foreign[0], "JUYUAN:FORGED"])])
    assert [said[f"k{place}"].said for place in range(4)] == ["welcome", "cancelled", "other_event", "unknown"]
    assert [one for one, _desk in looks()] == ["cancelled", "other_event", "unknown"]
    assert db.session.execute(select(LateScan.code_end).where(LateScan.said == "unknown")).scalar_one() == "RGED"


def clients_more(app: Flask) -> list[Actor]:
    """A client beside those of `clients`."""
    return [Actor(someone(app, Role.CLIENT, client_no="X1"), "x", (Role.CLIENT,), client_no="X1")]


@pytest.mark.usefixtures("database")
def test_k2_a_clock_that_cannot_be_right_does_not_make_anybody_early(app: Flask) -> None:
    """K2: in 1970, yesterday, or tomorrow by the desk's clock: it counts when it came, and is listed; a few minutes ahead is now."""
    event, codes, _booked = evening(app, 4)
    for place, wrong in enumerate((datetime.fromisoformat("1970-01-01T00:00:00+00:00"), ago(60 * 14), ago(-60 * 24), ago(-4))):
        send(event, Scan(codes[place], wrong, "4", f"k{place}"))
    rows = list(db.session.execute(select(CheckIn).order_by(CheckIn.id)).scalars())
    assert all(row.at == row.recorded_at for row in rows)
    assert looks() == [(CLOCK, "4")] * 3


@pytest.mark.usefixtures("database")
def test_k5_k2_what_was_taken_back_is_not_undone_by_a_scan_that_was_made_before(app: Flask) -> None:
    """K5 K2: scanned offline at 14:00, taken back at 14:30, sent at 15:00: not in. Scanned again afterwards: in."""
    event, codes, _booked = evening(app, 1)
    number = db.session.execute(select(Seat.id)).scalar_one()
    send(event, Scan(codes[0], ago(30), "1", "a"))
    with transaction():
        assert door.undo(event, number, desk="1", scan_key="u", actor=TERMINAL, moment=clock.now()).said is Said.UNDONE
    assert send(event, Scan(codes[0], ago(20), "2", "b"))["b"].said is Said.UNDONE
    assert door.inside(number) is None
    assert door.insides(event.id) == {}
    with transaction():
        assert door.check_in(event, codes[0], at=clock.now(), desk="1", scan_key="c", actor=TERMINAL, moment=clock.now()).said is Said.WELCOME
    assert door.inside(number) is not None


@pytest.mark.usefixtures("database")
def test_k4_who_did_not_come_is_known_a_day_after_the_end_and_only_where_the_door_was_used(app: Flask) -> None:
    """K4: never before, never without a single check-in, never of an event called off or a booking whose event we moved."""
    event, codes, _booked = evening(app, 3)
    ends_at = db.session.execute(select(ClubSession.ends_at)).scalar_one()
    known = ends_at + door.GRACE
    assert door.no_shows(event, known) == set(), "nobody stood at the door"
    send(event, Scan(codes[0], ago(30), "1", "a"))
    seats = list(db.session.execute(select(Seat.id).order_by(Seat.id)).scalars())
    assert door.no_shows(event, known - timedelta(seconds=1)) == set()
    assert door.no_shows(event, known) == set(seats[1:])
    with transaction():
        moved = db.session.execute(select(Booking).order_by(Booking.id.desc()).limit(1)).scalar_one()
        moved.starts_at = moved.starts_at - timedelta(hours=1)
    assert door.no_shows(event, known) == {seats[1]}, "we moved it: that is nobody's fault"
    send(event, Scan(codes[1], ago(40), "2", "b"))
    assert door.no_shows(event, known) == set(), "a scan that came late takes it back"
    with transaction():
        db.session.execute(update(ClubEvent).values(state="cancelled"))
    db.session.refresh(event)
    assert door.no_shows(event, known) == set()
    assert capacity.room_of(event, known).taken == 3


def test_k2_kept_scans_by_the_pages(app: Flask) -> None:
    """K2: what is no list of scans is refused in words; the answers come by their keys; the count and the list show it."""
    with app.app_context():
        _event, codes, _booked = evening(app, 2)
        db.session.remove()
    staff = seat(app, someone(app, Role.STAFF, staff_no="S001", branch_no="01"))
    for wrong in ("", "[", "{}", "[1]", '[{"code": "x"}]', '[{"code": "x", "at": "soon", "key": "a"}]', '[{"code": "x", "at": "2026-01-01T00:00:00", "key": "a"}]'):
        answer = post(staff, "/club/door/night/kept", "/club/door/night", scans=wrong)
        assert (answer.status_code, "list" in answer.json.get("error", "")) == (422, True) or answer.json == {"answers": {}}, wrong
    scans = [{"code": codes[0], "at": ago(place).isoformat(), "desk": "2", "key": f"k{place}"} for place in (9, 8)]
    answers = post(staff, "/club/door/night/kept", "/club/door/night", scans=json.dumps(scans)).json["answers"]
    assert [answers[key]["tone"] for key in ("k9", "k8")] == ["good", "warn"]
    assert "since" in answers["k8"]["more"]
    assert staff.get("/club/door/night/count").json == {"came": 1, "expected": 2}
    assert "let in twice" in staff.get("/club/door/night/kept").text
    assert "camera=(self)" in staff.get("/club/door/night").headers["Permissions-Policy"]
    assert "camera=()" in staff.get("/club/door").headers["Permissions-Policy"]
