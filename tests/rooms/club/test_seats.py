"""Seats: none is sold twice, a hold ends by the clock alone, one person has one booking."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from models import db
from models.club import Booking, BookingState, ClubEvent, Seat, TicketKind
from portal import clock
from portal.actors import TERMINAL
from portal.club import booking, capacity, events
from portal.club.booking import Full
from portal.refusals import Conflict, Refusal
from portal.transaction import on_postgresql, transaction
from tests.at_once import at_once
from tests.rooms.club.scene import PRICE, book, booking_of, clients, draft, event_of, seats_sold, wish


def sign_up(app: Flask, event_id: int, count: int) -> Counter[str]:
    """So many people want one seat each at the same moment: how it ended for them."""
    people = clients(app, count)
    wanted = wish(event_id)
    acts = [lambda person=person: booking.book(event_id, wanted, actor=person, moment=clock.now()) for person in people]
    return Counter(at_once(app, *acts))


@pytest.mark.usefixtures("database")
def test_c1_c2_of_many_who_want_the_last_seats_so_many_get_one_as_there_are(app: Flask) -> None:
    """C1 C2: as many seats as there are, everybody else is told that the event is full."""
    event_id = event_of(capacity=3)
    assert sign_up(app, event_id, 12) == {"done": 3, "Full": 9}
    assert seats_sold(event_id) == 3


@pytest.mark.usefixtures("database")
def test_c1_control_without_the_lock_seats_are_sold_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """C1: the planted fault: the event is not held, or the room was counted before. More seats are sold than there are."""
    event_id = event_of(capacity=3)
    if on_postgresql():
        monkeypatch.setattr(capacity, "locked", lambda number: db.session.get_one(ClubEvent, number))
    else:
        # there the one write lock comes with the transaction, so who looks before it is the fault
        monkeypatch.setattr(capacity, "taken", lambda numbers, moment: dict.fromkeys(numbers, 0))
    assert sign_up(app, event_id, 12)["done"] > 3
    assert seats_sold(event_id) > 3


@pytest.mark.usefixtures("database")
def test_c4_a_hold_that_ran_out_takes_no_seat_though_no_job_has_run(app: Flask) -> None:
    """C4: the clock alone frees the seat, for who reads and for who books; the job only writes it down."""
    event_id = event_of(capacity=1, hold_minutes=30)
    one, other = clients(app, 2)
    first = book(event_id, one)
    event = db.session.get_one(ClubEvent, event_id)
    until = booking_of(first).hold_until
    assert until is not None
    assert capacity.room_of(event, until - timedelta(seconds=1)).free == 0
    assert capacity.room_of(event, until).free == 1, "at the very second it is free"
    with transaction():
        booking.book(event_id, wish(event_id), actor=other, moment=until)
    assert booking_of(first).state == BookingState.HELD, "nobody has written it down yet"
    with transaction():
        assert booking.let_lapse(until, 100) == 1
        assert booking.let_lapse(until, 100) == 0
    assert booking_of(first).state == BookingState.LAPSED


@pytest.mark.usefixtures("database")
def test_c5_a_lower_capacity_takes_nobodys_seat(app: Flask) -> None:
    """C5 P15: what is sold stays sold at its old price, and is shown as too many."""
    event_id = event_of(capacity=3)
    people = clients(app, 4)
    for person in people[:3]:
        book(event_id, person)
    with transaction():
        kind = db.session.execute(select(TicketKind)).scalar_one()
        events.change(event_id, draft(capacity=1, kinds=(events.Kind("标准票", "Standard", 25_000, id=kind.id),)), 2, actor=TERMINAL, moment=clock.now())
    room = capacity.room_of(db.session.get_one(ClubEvent, event_id), clock.now())
    assert (room.taken, room.free, room.over) == (3, 0, 2)
    with pytest.raises(Full):
        book(event_id, people[3])
    assert set(db.session.execute(select(Booking.amount)).scalars()) == {PRICE}


@pytest.mark.usefixtures("database")
def test_c6_one_active_booking_for_one_person_and_again_after_cancelling(app: Flask) -> None:
    """C6: the database itself refuses a second active booking; whoever cancelled, or let his hold run out, books again."""
    event_id = event_of()
    [one] = clients(app, 1)
    wanted = wish(event_id)
    answers = at_once(app, *[lambda: booking.book(event_id, wanted, actor=one, moment=clock.now()) for _ in range(4)])
    assert sorted(answers) == ["Conflict", "Conflict", "Conflict", "done"]
    first = db.session.execute(select(Booking)).scalar_one()
    columns = {column.name: getattr(first, column.name) for column in Booking.__table__.columns if column.name not in {"id", "public_id"}}
    with pytest.raises(IntegrityError), transaction():
        db.session.add(Booking(**columns, public_id="twice"))
    with transaction():
        booking.cancel(first.public_id, actor=one, moment=clock.now())
    again = book(event_id, one)
    with transaction():
        db.session.execute(update(Booking).where(Booking.public_id == again).values(hold_until=clock.now() - timedelta(minutes=1)))
    book(event_id, one)
    states = db.session.execute(select(Booking.state, func.count()).group_by(Booking.state)).all()
    assert dict(map(tuple, states)) == {"cancelled": 1, "lapsed": 1, "held": 1}


@pytest.mark.usefixtures("database")
def test_c7_c8_guests_take_seats_and_can_be_named_anew_on_a_full_event(app: Flask) -> None:
    """C7 C8: a guest counts; one who is taken back frees a seat at once; another name takes none, so it works on a full event."""
    event_id = event_of(capacity=3)
    one, other = clients(app, 2)
    first = book(event_id, one, "李四", "王五")
    with pytest.raises(Full, match="full"):
        book(event_id, other)
    with transaction():
        booking.rename(first, 1, "赵六", True, actor=one, moment=clock.now())
    with pytest.raises(Refusal, match="agrees"), transaction():
        booking.rename(first, 1, "孙七", False, actor=one, moment=clock.now())
    with transaction():
        booking.drop_guest(first, 2, actor=one, moment=clock.now())
    names = db.session.execute(select(Seat.name, Seat.consent_edition, Seat.freed_at.is_(None)).order_by(Seat.position)).all()
    assert [tuple(row) for row in names] == [("王小明", "", True), ("赵六", booking.CONSENT_EDITION, True), ("王五", booking.CONSENT_EDITION, False)]
    book(event_id, other)
    assert seats_sold(event_id) == 3


@pytest.mark.usefixtures("database")
def test_what_is_refused_says_why(app: Flask) -> None:
    """A kind of ticket has a room of its own, a party is not too large, sales end, and a draft is nobody's business."""
    event_id = event_of(capacity=10, kinds=(events.Kind("早鸟票", "Early bird", 9_900, 1),))
    one, other = clients(app, 2)
    book(event_id, one)
    with pytest.raises(Full):
        book(event_id, other)
    wanted = wish(event_id, *"1234")
    for change, why in (({}, "at most 4"), ({"sales_end_at": clock.now()}, "is over"), ({"state": "cancelled"}, "does not take place"), ({"state": "draft"}, "no such event")):
        with transaction():
            if change:
                db.session.execute(update(ClubEvent).values(**change))
        with pytest.raises((Refusal, Conflict), match=why), transaction():
            booking.book(event_id, wanted, actor=other, moment=clock.now())
        wanted = wish(event_id)
    assert db.session.execute(select(func.count()).select_from(TicketKind)).scalar_one() == 1
