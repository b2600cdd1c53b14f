"""Seats that are kept for some, and vouchers: drawn once, released by the clock alone, given back by who cancels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from models import db
from models.audit import AuditEntry
from models.club import Booking, BookingState, ClubEntry, ClubEvent, TicketKind
from models.club_reserve import PoolUse, SeatPool, Voucher, VoucherUse
from models.club_waitlist import WaitPlace
from models.identity import Role
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import booking, capacity, lot, pools, vouchers, waitlist
from portal.club.booking import Full
from portal.club.events import Kind
from portal.club.vouchers import Terms
from portal.club.wishes import Wish
from portal.jobs import club_seats
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.settings import Settings
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import hidden_in, post, seat, someone
from tests.rooms.club.scene import PRICE, Shop, book, booking_of, clients, event_of, shop_in, wish

FREE = (Kind("免费", "Free", 0),)


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own."""
    with shop_in(settings) as open_shop:
        yield open_shop


def kept(event_id: int, seats: int, *people: Actor, hours: int = 48) -> str:
    """Keep seats of an event for people. Returns the pool's public id."""
    with transaction():
        public_id = pools.create(event_id, seats, hours, "at_risk", actor=TERMINAL, moment=clock.now()).public_id
        pools.add_people(public_id, [person.client_no or "" for person in people], actor=TERMINAL, moment=clock.now())
    return public_id


def voucher(**more: Any) -> str:
    """Make a voucher. Returns its code."""
    plain = {"percent": 25, "off": 0, "uses_most": 1, "ends_at": clock.now() + timedelta(days=30)}
    with transaction():
        return vouchers.create(Terms(**plain | more), 1, actor=TERMINAL, moment=clock.now())[0].code


def with_code(event_id: int, code: str, *guests: str) -> Wish:
    plain = wish(event_id, *guests)
    return Wish(plain.kind_id, plain.name, plain.guests, code)


def booked(event_id: int, wanted: Wish, person: Actor) -> str:
    with transaction():
        return booking.book(event_id, wanted, actor=person, moment=clock.now()).public_id


@pytest.mark.usefixtures("database")
def test_c3_kept_seats_are_for_the_named_until_the_release_and_everybodys_after_it(app: Flask) -> None:
    """C3: by the clock alone, at the very second; who waits is asked first; what was drawn stays; and it is written down who drew."""
    event_id = event_of(capacity=3, kinds=FREE)
    key, other, third, waiting = clients(app, 4)
    public_id = kept(event_id, 2, key)
    book(event_id, other)
    with pytest.raises(Full):
        book(event_id, third)
    with pytest.raises(Refusal, match="only 0"), transaction():
        pools.create(event_id, 1, 48, "speaker", actor=TERMINAL, moment=clock.now())
    mine = book(event_id, key)
    assert db.session.execute(select(PoolUse.seats)).scalars().all() == [1]
    assert [entry.details["seats"] for entry in db.session.execute(select(ClubEntry).where(ClubEntry.what == "pool_used")).scalars()] == [1]
    [found] = capacity.reserves([event_id], clock.now()).values()
    assert (found.used, found.left) == (1, 1)
    event, kind = db.session.get_one(ClubEvent, event_id), wish(event_id).kind_id
    assert capacity.room_of(event, found.release_at - timedelta(seconds=1)).free == 0
    assert capacity.room_of(event, found.release_at).free == 1, "at the very second it is everybody's"
    with transaction():
        waitlist.join(event_id, kind, 1, actor=waiting, moment=clock.now())
    with pytest.raises(Full), transaction():
        booking.book(event_id, wish(event_id), actor=third, moment=found.release_at)
    db.session.rollback()
    assert waitlist.due(found.release_at) == [event_id]
    with transaction():
        waitlist.tidy(event_id, actor=TERMINAL, moment=found.release_at)
    assert db.session.execute(select(WaitPlace.state)).scalar_one() == "offered"
    with transaction():
        booking.cancel(mine, actor=key, moment=clock.now())
    assert next(iter(capacity.reserves([event_id], clock.now()).values())).left == 2, "who cancels leaves his seat to the others of the pool"
    with transaction():
        pools.remove_person(public_id, key.client_no or "", actor=TERMINAL, moment=clock.now())
    with pytest.raises(Full):
        book(event_id, key)
    logged = db.session.execute(select(AuditEntry.action).where(AuditEntry.subject_type == "seat_pool")).scalars().all()
    assert sorted(logged) == ["club.pool_people_added", "club.pool_person_removed"]


@pytest.mark.usefixtures("database")
def test_c3_kept_seats_and_a_draw_and_fewer_of_them(app: Flask) -> None:
    """C3 W9: who is named draws on kept seats also before a draw; fewer kept seats go to who waits; nobody else sees or changes them."""
    event_id = event_of(capacity=2, kinds=FREE)
    key, one = clients(app, 2)
    public_id = kept(event_id, 2, key)
    with transaction():
        lot.set_up(event_id, clock.now() + timedelta(hours=1), actor=TERMINAL, moment=clock.now())
    with pytest.raises(Refusal, match="by lot"):
        book(event_id, key, "李四", "王五")
    book(event_id, key)
    with transaction():
        waitlist.join(event_id, wish(event_id).kind_id, 1, actor=one, moment=clock.now())
    with transaction():
        lot.draw(event_id, actor=TERMINAL, moment=clock.now() + timedelta(hours=2))
    assert db.session.execute(select(WaitPlace.state)).scalar_one() == "waiting"
    with pytest.raises(NotAllowed), transaction():
        pools.change(public_id, 1, 48, "at_risk", actor=one, moment=clock.now())
    with pytest.raises(Refusal, match="a reason"), transaction():
        pools.change(public_id, 1, 48, "because", actor=TERMINAL, moment=clock.now())
    with transaction():
        pools.change(public_id, 1, 48, "at_risk", actor=TERMINAL, moment=clock.now())
    assert db.session.execute(select(WaitPlace.state)).scalar_one() == "offered"


@pytest.mark.parametrize("fault", [False, True])
@pytest.mark.usefixtures("database")
def test_c3_of_many_who_draw_on_the_last_kept_seats_so_many_get_one_as_are_kept(app: Flask, monkeypatch: pytest.MonkeyPatch, fault: bool) -> None:
    """C3 C1: two kept seats of a full event, a dozen named clients; the control counts before it holds the event, and oversells."""
    event_id = event_of(capacity=2, kinds=FREE)
    people = clients(app, 12)
    kept(event_id, 2, *people)
    wanted = wish(event_id)
    if fault:
        stale = capacity.reserves([event_id], clock.now())
        monkeypatch.setattr(capacity, "reserves", lambda numbers, moment: stale)
        monkeypatch.setattr(capacity, "taken", lambda numbers, moment: dict.fromkeys(numbers, 2))
    ended = Counter(at_once(app, *[lambda person=person: booking.book(event_id, wanted, actor=person, moment=clock.now()) for person in people]))
    assert (ended == {"done": 2, "Full": 10}) is not fault
    drawn = db.session.execute(select(func.sum(PoolUse.seats))).scalar_one()
    assert (drawn == 2) is not fault


@pytest.mark.parametrize("fault", [False, True])
@pytest.mark.usefixtures("database")
def test_c3_a_voucher_for_one_booking_is_used_once_however_many_try(app: Flask, monkeypatch: pytest.MonkeyPatch, fault: bool) -> None:
    """C3: a dozen at once, at two events: one use, the others are told; the control counts its uses before it holds it."""
    numbers = [event_of(key, kinds=FREE) for key in ("one", "two")]
    code, people = voucher(), clients(app, 12)
    wanted = [with_code(number, code) for number in numbers]
    if fault:
        monkeypatch.setattr(vouchers, "uses", lambda ids, moment: {})
    acts = [lambda place=place, person=person: booking.book(numbers[place % 2], wanted[place % 2], actor=person, moment=clock.now()) for place, person in enumerate(people)]
    ended = Counter(at_once(app, *acts))
    assert (ended == {"done": 1, "Conflict": 11}) is not fault
    assert (db.session.execute(select(func.count()).select_from(VoucherUse)).scalar_one() == 1) is not fault


@pytest.mark.usefixtures("database")
def test_c3_p15_a_voucher_lowers_the_quoted_price_and_whoever_cancels_has_it_again(app: Flask) -> None:
    """C3 P15: a quarter off each seat, a fraction of a fen for who pays; the price stays quoted; cancelled or lapsed gives the use back."""
    event_id = event_of(kinds=(Kind("标准票", "Standard", 9_999),))
    one, two = clients(app, 2)
    code = voucher()
    mine = booked(event_id, with_code(event_id, code.lower(), "李四"), one)
    assert (booking_of(mine).price, booking_of(mine).amount) == (7_499, 14_998)
    found = vouchers.use_of(booking_of(mine).id)
    assert found is not None
    assert (found[0].price, found[0].off) == (9_999, 2_500)
    with transaction():
        db.session.execute(update(TicketKind).values(price=20_000))
        db.session.execute(update(Voucher).values(percent=90))
    assert booking_of(mine).amount == 14_998
    with pytest.raises(Conflict, match="used up"):
        booked(event_id, with_code(event_id, code), two)
    with transaction():
        booking.cancel(mine, actor=one, moment=clock.now())
    again = booked(event_id, with_code(event_id, code), two)
    with transaction():
        db.session.execute(update(Booking).where(Booking.public_id == again).values(hold_until=clock.now() - timedelta(seconds=1)))
    assert booking_of(booked(event_id, with_code(event_id, code), one)).price == 2_000, "a hold that ran out has given it back too, by the clock"


@pytest.mark.usefixtures("database")
def test_c3_what_is_no_voucher_says_why(app: Flask) -> None:
    """C3: unknown, over, ended, for another event or ticket; terms that make no sense are none."""
    event_id, other = event_of(kinds=FREE), event_of("other", kinds=FREE)
    [one] = clients(app, 1)
    codes = {
        "no voucher": "NOTHING",
        "another event": voucher(event_id=other),
        "another kind": voucher(event_id=other, ticket_kind_id=wish(other).kind_id),
        "is over": voucher(),
    }
    with transaction():
        db.session.execute(update(Voucher).where(Voucher.code == codes["is over"]).values(ends_at=clock.now()))
    for why, code in codes.items():
        with pytest.raises(Refusal, match=why):
            booked(event_id, with_code(event_id, code), one)
    ended = voucher()
    with transaction():
        vouchers.end(db.session.execute(select(Voucher.public_id).where(Voucher.code == ended)).scalar_one(), actor=TERMINAL, moment=clock.now())
    with pytest.raises(Refusal, match="is over"):
        booked(event_id, with_code(event_id, ended), one)
    past = clock.now() - timedelta(seconds=1)
    for more in ({"percent": 101}, {"percent": 10, "off": 5}, {"percent": 0}, {"uses_most": 0}, {"ends_at": past}, {"event_id": event_id, "ticket_kind_id": wish(other).kind_id}):
        with pytest.raises(Refusal):
            voucher(**more)
    assert booking_of(booked(event_id, wish(event_id), one)).state == BookingState.GRANTED


def test_c3_p5_money_that_came_too_late_brings_no_voucher_twice(shop: Shop) -> None:
    """C3 P5: paid after the hold ran out, and somebody else has used the voucher meanwhile: the money goes back."""
    one, two = clients(shop.app, 2)
    event_id = shop.read(event_of)
    code = shop.read(voucher)
    first = shop.read(lambda: booked(event_id, with_code(event_id, code), one))
    session_id = shop.read(lambda: shop.pay_page(first, one))

    def lapse() -> None:
        with transaction():
            db.session.execute(update(Booking).where(Booking.public_id == first).values(hold_until=clock.now() - timedelta(seconds=1)))

    shop.read(lapse)
    shop.read(lambda: booked(event_id, with_code(event_id, code), two))
    shop.pays(session_id)
    shop.deliver()
    assert shop.read(lambda: shop.payment(first).state) == "refund_due"
    shop.read(shop.work)
    assert shop.back() == PRICE * 3 // 4


def test_c3_pools_and_vouchers_on_their_pages(shop: Shop) -> None:
    """C3: seats kept and named at the desk, a voucher that opens them, the discount as a line of the booking; a client never reads why."""
    admin, people = seat(shop.app, someone(shop.app, Role.ADMIN)), clients(shop.app, 3)
    shop.read(lambda: event_of("night", capacity=2))
    key, guest, other = (seat(shop.app, person.user_id) for person in people)
    assert post(admin, "/club/events/night/pools", "/me", seats="3", hours="48", reason="at_risk").status_code == 422
    where = post(admin, "/club/events/night/pools", "/me", seats="2", hours="48", reason="at_risk").headers["Location"]
    assert post(admin, where, "/me", wish="add", clients=f"{people[0].client_no}, X9\n").status_code == 303
    assert post(admin, where, "/me", wish="remove", number="X9").status_code == 303
    assert post(admin, where, "/me", wish="remove", number="X9").status_code == 404
    pool = shop.read(lambda: db.session.execute(select(SeatPool.id)).scalar_one())
    typed = {"percent": "50", "count": "1", "uses": "1", "day": (clock.now() + timedelta(days=9)).date().isoformat(), "for": f"pool:{pool}"}
    for wrong in ({"percent": "x"}, {"off": "1"}, {"off": "NaN"}, {"day": "soon"}, {"uses": "0"}, {"count": "900"}, {"for": "pool:99"}):
        assert post(admin, "/club/vouchers/new", "/me", **typed | wrong).status_code == 422, wrong
    made = post(admin, "/club/vouchers/new", "/me", **typed).headers["Location"]
    code = shop.read(lambda: db.session.execute(select(Voucher.code)).scalar_one())
    page = other.get("/events/night").text
    assert "Join the waitlist" in page
    assert "leave" not in key.get("/events/night").text
    assert "2 seats are kept for you" in key.get("/events/night").text
    kind = hidden_in(key.get("/events/night").text.replace('name="kind" value', 'name="kind" x="" value'), "kind")
    assert post(key, "/events/night/book", "/me", kind=kind, name="王小明").status_code == 303
    assert "No seats are kept for this code" in other.get("/events/night?code=WRONG").text
    assert "1 seat is kept for you" in guest.get(f"/events/night?code={code}").text
    assert "full" in post(other, "/events/night/book", "/me", kind=kind, name="赵六").text
    booking_page = guest.get(post(guest, "/events/night/book", "/me", kind=kind, name="李四", code=code).headers["Location"]).text
    assert "−¥99.00" in booking_page.replace("-¥", "−¥")
    assert people[0].client_no in admin.get(where).text
    assert f"Voucher {code}" in admin.get(where).text
    assert post(admin, made, "/me").status_code == 303
    assert post(admin, made, "/me").status_code == 303
    assert "Ended" in admin.get("/club/vouchers").text
    assert "2 of 2 seats drawn" in admin.get("/club/events/night/pools").text
    assert shop.read(club_seats.pass_on) == 0
