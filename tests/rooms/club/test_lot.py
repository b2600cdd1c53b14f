"""Seats drawn by lot: the seed is fixed before anybody enters, and whoever reads the page can repeat the draw."""

from __future__ import annotations

import csv
import hashlib
import io
import random
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from models import db
from models.club import TicketKind
from models.club_waitlist import SeatLot, WaitPlace, WaitState
from models.identity import Role
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import lot, offers, waitlist, waitlist_desk
from portal.club.events import Kind
from portal.jobs import club_seats
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import post, seat, someone
from tests.rooms.club.scene import book, clients, event_of, wish

KINDS = (Kind("免费", "Free", 0), Kind("前排", "Front row", 0, 2))


def entered(app: Flask, seats: list[int], capacity: int, parties: str = "skip", key: str = "night") -> int:
    """An event by lot for which so many parties entered, every third for the front row; then entries are over."""
    number, moment = event_of(key, capacity=capacity, kinds=KINDS), clock.now()
    kinds = list(db.session.execute(select(TicketKind.id).where(TicketKind.event_id == number).order_by(TicketKind.position)).scalars())
    with transaction():
        waitlist_desk.set_rule(number, parties, 120, actor=TERMINAL, moment=moment)
        lot.set_up(number, moment + timedelta(hours=1), actor=TERMINAL, moment=moment)
    for place, (person, size) in enumerate(zip(clients(app, len(seats)), seats, strict=True)):
        with transaction():
            waitlist.join(number, kinds[place % 3 == 0], size, actor=person, moment=moment)
    return number


def over(number: int) -> None:
    """Entries end now."""
    with transaction():
        db.session.execute(select(SeatLot).where(SeatLot.event_id == number)).scalar_one().entries_until = clock.now() - timedelta(seconds=1)


def repeated(text: str) -> tuple[list[str], set[str]]:
    """The draw, repeated from the page's text alone by somebody who has none of our code: the order, and who won."""
    page = BeautifulSoup(text, "html.parser")
    seed, free = page.find(id="seed").text, int(page.find(id="free").text)
    assert hashlib.sha256(seed.encode()).hexdigest() in text
    rooms = {one["data-kind"]: int(one.text) for one in page.find_all("dd", attrs={"data-kind": True})}
    rows = {row["data-entry"]: row for row in page.find_all("tr", attrs={"data-entry": True})}
    waits = page.find(id="parties")["data-parties"] == "wait"
    order, won, shut = sorted(rows), set[str](), False
    random.Random(seed).shuffle(order)
    for number in order:
        seats, kind = int(rows[number]["data-seats"]), rows[number]["data-kind"]
        if not shut and seats <= min(free, rooms.get(kind, free)):
            won.add(number)
            free -= seats
            if kind in rooms:
                rooms[kind] -= seats
        elif waits and seats > free:
            shut = True
    return order, won


@pytest.mark.parametrize("parties", ["skip", "wait"])
@pytest.mark.usefixtures("database")
def test_w9_whoever_reads_the_page_can_repeat_the_draw(app: Flask, parties: str) -> None:
    """W9: from the page alone: the seed fits the digest that stood there before, the order and the winners are the same, in the file too;
    winners are offered seats and the rest waits in drawn order."""
    number = entered(app, [1, 2, 1, 3, 1, 2, 1, 4, 2], 6, parties)
    stranger = app.test_client()
    before = stranger.get("/events/night/draw").text
    digest, seed = db.session.execute(select(SeatLot.digest, SeatLot.seed)).one()
    assert digest in before
    assert seed not in before
    assert seed not in stranger.get("/events/night/draw.csv").text
    over(number)
    assert club_seats.is_due(clock.now())
    assert club_seats.pass_on() == 1
    assert club_seats.pass_on() == 0, "drawn once"
    text = stranger.get("/events/night/draw").text
    order, won = repeated(text)
    rows = [row["data-entry"] for row in BeautifulSoup(text, "html.parser").find_all("tr", attrs={"data-entry": True})]
    assert rows == order
    offered = set(db.session.execute(select(WaitPlace.public_id).where(WaitPlace.state == WaitState.OFFERED)).scalars())
    assert offered == won
    waiting = [place.public_id for place, _price in db.session.execute(offers.in_order([number], clock.now()))]
    assert waiting == [one for one in order if one not in won]
    lines = list(csv.reader(io.StringIO(stranger.get("/events/night/draw.csv").text)))
    assert ["seed", seed] in lines
    assert [line[1] for line in lines[-len(order) :]] == order
    assert {line[1] for line in lines if line[-1] == "1"} == won


@pytest.mark.usefixtures("database")
def test_w9_control_another_seed_or_entry_makes_another_draw(app: Flask) -> None:
    """W9: what the page shows is not taken on trust: with a seed of another kind the repetition differs, and the digest does not fit."""
    number = entered(app, [1] * 12, 4)
    over(number)
    club_seats.pass_on()
    text = app.test_client().get("/events/night/draw").text
    seed = db.session.execute(select(SeatLot.seed)).scalar_one()
    with pytest.raises(AssertionError):
        repeated(text.replace(seed, "f" * 64))
    numbers = sorted(repeated(text)[0])
    assert lot.shuffled(seed, numbers) != lot.shuffled("f" * 64, numbers)


@pytest.mark.usefixtures("database")
def test_w9_nobody_gets_a_seat_before_the_draw_and_who_comes_later_stands_behind(app: Flask) -> None:
    """W9 W1: neither by booking nor by hand; many who draw at once draw once; later places come after the drawn ones."""
    number = entered(app, [1, 1, 1], 1)
    others = clients_later(app)
    with pytest.raises(Refusal, match="by lot"):
        book(number, others[0])
    first = db.session.execute(select(WaitPlace.public_id)).scalars().first()
    assert first
    with pytest.raises(Conflict, match="draw comes first"), transaction():
        waitlist_desk.offer_by_hand(first, actor=TERMINAL, moment=clock.now())
    over(number)
    with pytest.raises(Refusal, match="entries to the draw are over"), transaction():
        waitlist.join(number, wish(number).kind_id, 1, actor=others[0], moment=clock.now())
    assert at_once(app, *[lambda: lot.draw(number, actor=TERMINAL, moment=clock.now())] * 4) == ["done"] * 4
    assert sorted(db.session.execute(select(WaitPlace.state)).scalars()) == ["offered", "waiting", "waiting"]
    with transaction():
        waitlist.join(number, wish(number).kind_id, 1, actor=others[0], moment=clock.now())
    db.session.rollback()
    found = waitlist.standing(number, others[0], clock.now())
    assert found is not None
    assert found.position == 3


def clients_later(app: Flask) -> list[Actor]:
    """A client beside those who entered."""
    number = someone(app, Role.CLIENT, client_no="L1")
    return [Actor(number, "later", (Role.CLIENT,), client_no="L1")]


def test_w9_a_draw_is_set_up_by_the_desk_while_nobody_has_a_seat(app: Flask) -> None:
    """W9: by the form, in the future, once, and not where somebody has a seat already."""
    [person] = clients(app, 1)
    with app.app_context():
        refused_by_rule(person)
        db.session.remove()
    admin, desk = seat(app, someone(app, Role.ADMIN)), "/club/events/night/waitlist"
    assert app.test_client().get("/events/night/draw").status_code == 404
    day = (clock.now() + timedelta(days=2)).date().isoformat()
    for typed, said in (({"day": "x"}, "choose a day"), ({"day": day}, "drawn by lot"), ({"day": day}, "by lot already")):
        assert post(admin, "/club/events/night/draw", desk, time="12:00", **typed).status_code == 303
        assert said in admin.get(desk).text
    client = seat(app, person.user_id)
    page = client.get("/events/night").text
    assert "Enter the draw" in page
    kind = BeautifulSoup(page, "html.parser").find("select", id="wait-kind").find("option")["value"]
    assert post(client, "/events/night/wait", "/events/night", kind=kind, seats="2").status_code == 303
    assert "You are in the draw" in client.get("/events/night").text


def refused_by_rule(person: Actor) -> None:
    """Who may not, a time that is over, and an event where somebody has a seat."""
    number, other, moment = event_of(kinds=KINDS), event_of("other", kinds=KINDS), clock.now()
    book(other, person)
    for event_id, actor, until, why in ((number, person, 1, "right"), (number, TERMINAL, 0, "in the future"), (other, TERMINAL, 1, "too late")):
        with pytest.raises((NotAllowed, Refusal, Conflict), match=why), transaction():
            lot.set_up(event_id, moment + timedelta(days=until), actor=actor, moment=moment)
