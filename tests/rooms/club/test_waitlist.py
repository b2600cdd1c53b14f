"""The waitlist: in order, offers that hold by the clock alone, nobody stuck without a reason, and nothing sold twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from models import db
from models.club import Booking, BookingState, ClubEvent, TicketKind
from models.club_waitlist import Parties, WaitPlace, WaitState
from models.identity import Role
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import booking, capacity, events, offers, waitlist, waitlist_desk
from portal.club.booking import Full
from portal.club.events import Kind
from portal.club.mailbox import mailbox
from portal.club.queue import LEAST, Waiting, Why, offer_end, plan
from portal.jobs import club_seats
from portal.jobs.worker import Worker
from portal.refusals import Conflict, Refusal
from portal.transaction import on_postgresql, transaction
from tests.at_once import at_once
from tests.people import someone
from tests.rooms.club.scene import book, clients, draft, event_of, seats_sold, wish

FREE = (Kind("免费", "Free", 0),)
pytestmark = pytest.mark.usefixtures("database")


def kind_of(event_id: int) -> int:
    return db.session.execute(select(TicketKind.id).where(TicketKind.event_id == event_id).order_by(TicketKind.position)).scalars().first() or 0


def join(event_id: int, person: Actor, seats: int = 1, moment: datetime | None = None) -> str:
    """Join a waitlist. Returns the place's public id."""
    number = kind_of(event_id)
    with transaction():
        return waitlist.join(event_id, number, seats, actor=person, moment=moment or clock.now()).public_id


def place_of(public_id: str) -> WaitPlace:
    db.session.rollback()
    return db.session.execute(select(WaitPlace).where(WaitPlace.public_id == public_id).execution_options(populate_existing=True)).scalar_one()


def states(event_id: int) -> list[str]:
    db.session.rollback()
    return list(db.session.execute(select(WaitPlace.state).where(WaitPlace.event_id == event_id).order_by(WaitPlace.id)).scalars())


def cancel(public_id: str, person: Actor, moment: datetime | None = None) -> None:
    with transaction():
        booking.cancel(public_id, actor=person, moment=moment or clock.now())


def full_event(app: Flask, waiting: int, **more: Any) -> tuple[int, list[Actor], list[str]]:
    """A full event of one seat and its holder, and so many who wait, in their order."""
    event_id = event_of(**{"capacity": 1, "kinds": FREE} | more)
    people = clients(app, waiting + 1)
    first = book(event_id, people[0])
    return event_id, people, [first, *(join(event_id, person) for person in people[1:])]


def standing(event_id: int, person: Actor, moment: datetime | None = None) -> waitlist.Standing | None:
    db.session.rollback()
    return waitlist.standing(event_id, person, moment or clock.now())


def test_w1_priority_first_then_who_joined_first_and_everybody_sees_his_position(app: Flask) -> None:
    """W1: positions 1, 2, 3; the desk moves one forward; the seat goes to who is first then, and everybody moves up."""
    event_id, people, [first, _one, _two, three] = full_event(app, 3)
    assert [found.position for person in people[1:] if (found := standing(event_id, person))] == [1, 2, 3]
    with transaction():
        waitlist_desk.set_priority(three, 5, actor=TERMINAL, moment=clock.now())
    assert [found.position for person in people[1:] if (found := standing(event_id, person))] == [2, 3, 1]
    cancel(first, people[0])
    assert states(event_id) == ["waiting", "waiting", "offered"]
    assert [found.position for person in people[1:] if (found := standing(event_id, person))] == [1, 2, 0]
    assert db.session.execute(select(Notice.user_id).where(Notice.kind == "club.seat_offered")).scalars().all() == [people[3].user_id]


def test_w2_an_offer_holds_its_seat_until_its_end_and_not_a_second_longer_though_no_job_has_run(app: Flask) -> None:
    """W2: by the clock alone; the seat is then kept for the next one, and the job does no more than tell him."""
    event_id, people, [first, one, two] = full_event(app, 2)
    [stranger] = clients_more(app, 1)
    cancel(first, people[0])
    until = place_of(one).offer_until
    assert until is not None
    event = db.session.get_one(ClubEvent, event_id)
    assert capacity.room_of(event, until - timedelta(seconds=1)).free == 0
    assert capacity.room_of(event, until).free == 1, "at the very second it holds nothing"
    assert place_of(one).state == WaitState.OFFERED, "nobody has written it down yet"
    with pytest.raises(Full), transaction():
        booking.book(event_id, wish(event_id), actor=stranger, moment=until)
    assert standing(event_id, people[1], until) is None
    assert waitlist.due(until) == [event_id]
    assert waitlist.due(until - timedelta(seconds=1)) == []
    with transaction():
        assert waitlist.tidy(event_id, actor=TERMINAL, moment=until) == 2
    with transaction():
        assert waitlist.tidy(event_id, actor=TERMINAL, moment=until) == 0, "once more is the same as once"
    assert states(event_id) == ["lapsed", "offered"]
    with transaction():
        booking.book(event_id, wish(event_id), actor=people[2], moment=until)
    assert place_of(two).state == WaitState.CLAIMED


def clients_more(app: Flask, count: int) -> list[Actor]:
    """Clients beside those of `clients`."""
    numbers = [someone(app, Role.CLIENT, client_no=f"X{place:05d}") for place in range(count)]
    return [Actor(number, "x", (Role.CLIENT,), client_no=f"X{place:05d}") for place, number in enumerate(numbers)]


def test_w2_the_worker_passes_on_what_a_lapsed_hold_freed(app: Flask) -> None:
    """W2 C4: a hold that ran out frees its seat for the list by the clock; the worker finds that out by itself."""
    event_id = event_of(capacity=1)
    [one, other] = clients(app, 2)
    book(event_id, one)
    public_id = join(event_id, other)
    with transaction():
        db.session.execute(update(Booking).values(hold_until=clock.now() - timedelta(seconds=1)))
    assert club_seats.is_due(clock.now())
    db.session.remove()
    worker = Worker(app, poll=0.01)
    assert worker._housekeeping()
    worker.drain()
    assert place_of(public_id).state == WaitState.OFFERED
    assert not club_seats.is_due(clock.now()), "and has nothing to do afterwards"


def test_w3_no_offer_where_nobody_could_take_it_up_and_pay(app: Flask) -> None:
    """W3: not after the sale, not so late that the seat could not be paid before the event; the list is closed and everybody told."""
    event_id, people, [first, one] = full_event(app, 1)
    event = db.session.get_one(ClubEvent, event_id)
    starts_at, sales_end = capacity.first_starts([event_id])[event_id], event.sales_end_at
    cancel(first, people[0], sales_end - LEAST + timedelta(seconds=1))
    assert place_of(one).state == WaitState.WAITING
    db.session.rollback()
    assert offers.plan_of(event, sales_end - timedelta(seconds=1)).why == {place_of(one).id: Why.TIME}
    assert offer_end(starts_at - timedelta(minutes=39), 60, starts_at, starts_at, 30) is None, "30 minutes to pay leave 9 for the offer"
    assert offer_end(starts_at - timedelta(minutes=40), 60, starts_at, starts_at, 30) == starts_at - timedelta(minutes=30)
    assert offer_end(starts_at - timedelta(minutes=39), 60, starts_at, starts_at, 0) == starts_at, "where nothing is to be paid"
    with transaction():
        assert waitlist.tidy(event_id, actor=TERMINAL, moment=sales_end) == 1
    assert place_of(one).state == WaitState.CLOSED
    assert db.session.execute(select(Notice.user_id).where(Notice.kind == "club.wait_closed")).scalars().all() == [people[1].user_id]
    with pytest.raises(Refusal, match="is over"):
        join(event_id, people[0], moment=sales_end)


def test_w4_who_took_his_offer_up_and_cancelled_does_not_get_the_seat_again(app: Flask) -> None:
    """W4: the seat goes to the next person."""
    event_id, people, [first, one, two] = full_event(app, 2)
    cancel(first, people[0])
    mine = book(event_id, people[1])
    assert place_of(one).state == WaitState.CLAIMED
    cancel(mine, people[1])
    assert [place_of(one).state, place_of(two).state] == ["claimed", "offered"]
    with pytest.raises(Full):
        book(event_id, people[1])


def seats_freed(app: Flask, parties: str) -> tuple[int, list[Actor], list[str], str]:
    """Two seats of four are free; first a party of three waits, then one person."""
    event_id = event_of(capacity=4, kinds=FREE)
    people = clients(app, 5)
    held = [book(event_id, people[0], "李四"), book(event_id, people[1], "王五")]
    with transaction():
        waitlist_desk.set_rule(event_id, parties, 60, actor=TERMINAL, moment=clock.now())
    places = [join(event_id, people[2], 3), join(event_id, people[3])]
    cancel(held[0], people[0])
    return event_id, people, places, held[1]


def test_w5_a_party_that_does_not_fit_is_passed_over(app: Flask) -> None:
    """W5: two seats, a party of three: the next that fits is served, what is left is everybody's, and the desk sees why."""
    event_id, people, [party, single], _held = seats_freed(app, Parties.SKIP)
    assert [place_of(party).state, place_of(single).state] == ["waiting", "offered"]
    plan_now = offers.plan_of(db.session.get_one(ClubEvent, event_id), clock.now())
    assert (plan_now.why, plan_now.free) == ({place_of(party).id: Why.PARTY}, 1)
    book(event_id, people[4])


def test_w5_or_everybody_waits_for_it_and_nobody_jumps_the_queue(app: Flask) -> None:
    """W5: the two seats are kept for the party until a third comes free; who did not wait cannot book them meanwhile."""
    event_id, people, [party, single], held = seats_freed(app, Parties.WAIT)
    plan_now = offers.plan_of(db.session.get_one(ClubEvent, event_id), clock.now())
    assert (plan_now.why, plan_now.free) == ({place_of(party).id: Why.PARTY, place_of(single).id: Why.BEHIND}, 0)
    with pytest.raises(Full):
        book(event_id, people[4])
    cancel(held, people[1])
    assert [place_of(party).state, place_of(single).state] == ["offered", "offered"]


def test_w5_a_party_larger_than_the_event_holds_nobody_up(app: Flask) -> None:
    """W5: it can never be served, so nobody waits behind it; whoever asks is told."""
    event_id, people, [_party, single], held = seats_freed(app, Parties.WAIT)
    with transaction():
        event = db.session.get_one(ClubEvent, event_id)
        events.change(event_id, draft(capacity=2, kinds=(Kind("免费", "Free", 0, id=kind_of(event_id)),)), event.version, actor=TERMINAL, moment=clock.now())
    cancel(held, people[1])
    assert place_of(single).state == WaitState.OFFERED
    assert Why.NEVER in offers.plan_of(db.session.get_one(ClubEvent, event_id), clock.now()).why.values()


@given(
    st.integers(0, 9),
    st.lists(st.tuples(st.integers(1, 2), st.integers(1, 5), st.booleans()), max_size=8),
    st.sampled_from(Parties),
    st.dictionaries(st.just(2), st.integers(0, 4)),
)
def test_w5_nobody_is_left_without_a_reason_and_no_seat_is_promised_twice(free: int, rows: list[tuple[int, int, bool]], parties: Parties, kinds: dict[int, int]) -> None:
    """W1 W5: whatever waits: what is offered and what is left is never more than what is free, and everybody has a reason that holds."""
    soon = clock.now()
    waiting = [Waiting(place, kind, seats, soon if open_yet else None) for place, (kind, seats, open_yet) in enumerate(rows)]
    found = plan(free, kinds, waiting, parties, 5)
    offered = sum(one.seats for one in found.offers)
    assert set(found.why) == {one.place_id for one in waiting}
    assert offered + found.free <= free
    assert all(sum(one.seats for one in found.offers if one.kind_id == kind) + found.kinds[kind] <= max(room, 0) for kind, room in kinds.items())
    for one in waiting:
        reason, left = found.why[one.place_id], free - offered
        assert reason is not Why.FULL or left == 0 or one.seats > 0
        assert reason is not Why.TIME or one.until is None
        if parties is Parties.SKIP and one.until is not None and one not in found.offers:
            assert one.seats > min(left, kinds.get(one.kind_id, left)) - sum(other.seats for other in found.offers if other.kind_id == one.kind_id and one.kind_id in kinds)


def test_w6_one_mailbox_under_several_spellings_has_one_place(app: Flask) -> None:
    """W6: one client under two sign-ins, one mailbox under two addresses; the database itself refuses a second place too."""
    assert mailbox("Li.Lei+club@GoogleMail.com") == mailbox("lilei@gmail.com")
    assert mailbox("li.lei@firm.example") != mailbox("lilei@firm.example")
    event_id, people, places = full_event(app, 1)
    again = Actor(someone(app, Role.CLIENT, client_no=people[1].client_no or ""), "x", (Role.CLIENT,), client_no=people[1].client_no)
    with pytest.raises(Conflict, match="another sign-in"):
        join(event_id, again)
    spellings = ("li.lei@gmail.com", "LiLei+2@googlemail.com")
    aliases = [Actor(someone(app, Role.CLIENT, email=mail, client_no=f"A{place}"), mail, (Role.CLIENT,), client_no=f"A{place}") for place, mail in enumerate(spellings)]
    join(event_id, aliases[0])
    with pytest.raises(Conflict, match="another sign-in"):
        join(event_id, aliases[1])
    found = place_of(places[1])
    columns = {column.name: getattr(found, column.name) for column in WaitPlace.__table__.columns if column.name not in {"id", "public_id"}}
    for twice in ({"person": "client:other"}, {"mailbox": "other"}):
        with pytest.raises(IntegrityError), transaction():
            db.session.add(WaitPlace(**columns | twice, public_id="twice"))


def test_w7_what_the_desk_revoked_is_offered_by_nobody_but_the_desk(app: Flask) -> None:
    """W7: the seat goes to the next; the revoked person cannot join again, no job brings him back; the desk can."""
    event_id, people, [first, one, two] = full_event(app, 2)
    cancel(first, people[0])
    with transaction():
        waitlist_desk.revoke(one, "重复报名", actor=TERMINAL, moment=clock.now())
    assert [place_of(one).state, place_of(two).state] == ["revoked", "offered"]
    with pytest.raises(Conflict, match="took your place"):
        join(event_id, people[1])
    cancel(book(event_id, people[2]), people[2])
    club_seats.pass_on()
    assert place_of(one).state == WaitState.REVOKED
    with transaction():
        waitlist_desk.offer_by_hand(one, actor=TERMINAL, moment=clock.now())
    with pytest.raises(Conflict), transaction():
        waitlist_desk.offer_by_hand(one, actor=TERMINAL, moment=clock.now())
    book(event_id, people[1])
    assert place_of(one).state == WaitState.CLAIMED


def test_w8_who_was_not_offered_a_held_seat_cannot_take_it_and_its_holder_can(app: Flask) -> None:
    """W8: the holder books it, no more than he was offered, and where he takes fewer the rest goes on."""
    event_id = event_of(capacity=2, kinds=FREE)
    people = clients(app, 4)
    held = book(event_id, people[0], "李四")
    places = [join(event_id, people[1], 2), join(event_id, people[2])]
    cancel(held, people[0])
    assert [place_of(public_id).state for public_id in places] == ["offered", "waiting"]
    for other in (people[2], people[3]):
        with pytest.raises(Full):
            book(event_id, other)
    with pytest.raises(Full, match="only 2"):
        book(event_id, people[1], "李四", "王五")
    book(event_id, people[1])
    assert [place_of(public_id).state for public_id in places] == ["claimed", "offered"]
    book(event_id, people[2])
    assert seats_sold(event_id) == 2


def test_c7_a_guest_who_is_taken_back_and_a_larger_room_serve_the_list(app: Flask) -> None:
    """C7: one guest fewer is one offer more; so is a seat more in the room; who leaves the list makes room for who is behind him."""
    event_id = event_of(capacity=2, kinds=FREE)
    people = clients(app, 4)
    held = book(event_id, people[0], "李四")
    places = [join(event_id, person) for person in people[1:]]
    with transaction():
        booking.drop_guest(held, 1, actor=people[0], moment=clock.now())
    assert [place_of(public_id).state for public_id in places] == ["offered", "waiting", "waiting"]
    with transaction():
        event = db.session.get_one(ClubEvent, event_id)
        events.change(event_id, draft(capacity=3, kinds=(Kind("免费", "Free", 0, id=kind_of(event_id)),)), event.version, actor=TERMINAL, moment=clock.now())
    assert [place_of(public_id).state for public_id in places] == ["offered", "offered", "waiting"]
    with transaction():
        waitlist.leave(event_id, actor=people[1], moment=clock.now())
    assert [place_of(public_id).state for public_id in places] == ["left", "offered", "offered"]
    with pytest.raises(Conflict, match="no place"), transaction():
        waitlist.leave(event_id, actor=people[1], moment=clock.now())


def test_joining_is_refused_in_words(app: Flask) -> None:
    """W1: where there are seats, somebody has one, waits already, or the party is too large."""
    event_id = event_of(capacity=2, kinds=FREE)
    people = clients(app, 3)
    with pytest.raises(Refusal, match="there are seats"):
        join(event_id, people[0])
    book(event_id, people[0], "李四")
    with pytest.raises(Conflict, match="seats at this event"):
        join(event_id, people[0])
    with pytest.raises(Refusal, match="at most 4"):
        join(event_id, people[1], 5)
    join(event_id, people[1])
    with pytest.raises(Conflict, match="already"):
        join(event_id, people[1])
    other = event_of("other", capacity=0, kinds=FREE)
    number = kind_of(other)
    with pytest.raises(Refusal, match="not on sale"), transaction():
        waitlist.join(event_id, number, 1, actor=people[2], moment=clock.now())
    with transaction():
        db.session.execute(update(ClubEvent).values(state="cancelled"))
    with pytest.raises(Refusal, match="does not take place"):
        join(event_id, people[2])
    club_seats.pass_on()
    assert states(event_id) == ["closed"]


def crowd(app: Flask, event_id: int, count: int, fault: Callable[[], None] = lambda: None) -> Counter[str]:
    """So many people at the last seats at the same moment: some cancel, some join the list, some book, some take their offer up. `fault`
    is planted just before."""
    people = clients(app, count)
    wanted, number = wish(event_id), kind_of(event_id)
    held = [book(event_id, person) for person in people[:4]]
    for person in people[4:8]:
        join(event_id, person)
    fault()

    def act(place: int, person: Actor) -> Callable[[], Any]:
        if place < 4:
            return lambda: booking.cancel(held[place], actor=person, moment=clock.now())
        if place < 8 or place % 2:
            return lambda: booking.book(event_id, wanted, actor=person, moment=clock.now())
        return lambda: waitlist.join(event_id, number, 1, actor=person, moment=clock.now())

    return Counter(at_once(app, *[act(place, person) for place, person in enumerate(people)]))


def held_now(event_id: int) -> int:
    db.session.rollback()
    return capacity.room_of(db.session.get_one(ClubEvent, event_id), clock.now()).taken


def test_w8_c1_64_who_cancel_join_claim_and_book_at_once_oversell_nothing(app: Flask) -> None:
    """C1 W8: four seats; what is booked and what is offered is four at most, and nobody who did not wait has one."""
    event_id = event_of(capacity=4, kinds=FREE)
    ended = crowd(app, event_id, 64)
    assert set(ended) <= {"done", "Full", "Refusal"}, ended
    assert held_now(event_id) == 4
    booked = set(db.session.execute(select(Booking.client_no).where(Booking.state == BookingState.GRANTED)).scalars())
    waited = set(db.session.execute(select(WaitPlace.client_no).where(WaitPlace.state == WaitState.CLAIMED)).scalars())
    assert booked <= waited


def test_w8_c1_control_without_the_lock_the_last_seats_are_sold_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """C1 W8: the planted fault: the event is not held, or the room was counted before."""
    event_id = event_of(capacity=4, kinds=FREE)
    really = capacity.taken

    def fault() -> None:
        if on_postgresql():
            monkeypatch.setattr(capacity, "locked", lambda number: db.session.get_one(ClubEvent, number))
        monkeypatch.setattr(capacity, "taken", lambda numbers, moment: dict.fromkeys(numbers, 3))

    crowd(app, event_id, 64, fault)
    monkeypatch.setattr(capacity, "taken", really)
    assert held_now(event_id) > 4
