"""The waitlist on its pages: joined on a full event's page, looked at and moved at the desk, taken up by its holder."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.club_waitlist import WaitPlace
from models.identity import Role
from portal.club.events import Kind
from portal.settings import Settings
from tests.people import hidden_in, post, seat, someone
from tests.rooms.club.scene import PRICE, Shop, book, clients, event_of, shop_in


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own."""
    with shop_in(settings) as open_shop:
        yield open_shop


def waits(shop: Shop, client: FlaskClient, kind: str) -> str:
    """Joins the list of the full event. Returns what its page says then."""
    joined = post(client, "/events/night/wait", "/events/night", kind=kind, seats="1")
    assert joined.status_code == 303, joined.text
    return client.get("/events/night").text


def test_w1_w7_w8_a_place_from_joining_to_paying(shop: Shop) -> None:
    """W1 W5 W7 W8: "you are no. 2", moved forward by the desk, a place taken away, seats kept, taken up and paid; every refusal is an answer."""
    number = shop.read(lambda: event_of("night", capacity=1, kinds=(Kind("标准票", "Standard", PRICE),)))
    people = clients(shop.app, 4)
    first = shop.read(lambda: book(number, people[0]))
    holder, one, two, three = (seat(shop.app, person.user_id) for person in people)
    admin = seat(shop.app, someone(shop.app, Role.ADMIN))
    page = one.get("/events/night").text
    assert "Join the waitlist" in page
    kind = hidden_in(page, "kind")
    assert post(one, "/events/night/wait", "/events/night", kind="x", seats="1").status_code == 422
    assert post(one, "/events/night/wait", "/events/night", kind=kind, seats="9").status_code == 422
    assert post(one, "/events/night/wait/leave", "/events/night").status_code == 409
    assert "You are no. 1" in waits(shop, one, kind)
    assert "You are no. 2" in waits(shop, two, kind)
    assert "You are no. 3" in waits(shop, three, kind)
    assert post(two, "/events/night/wait", "/events/night", kind=kind, seats="1").status_code == 409
    places = shop.read(lambda: list(db.session.execute(select(WaitPlace.public_id).order_by(WaitPlace.id)).scalars()))
    desk = f"/club/waitlist/{places[1]}"
    assert "No seat is free" in admin.get("/club/events/night/waitlist").text
    assert post(admin, desk, desk, wish="offer").status_code == 409
    assert post(admin, desk, desk, wish="revoke", why="").status_code == 422
    assert post(admin, desk, desk, wish="move", priority="12").status_code == 422
    assert post(admin, desk, desk, wish="move", priority="7").status_code == 303
    assert "You are no. 2" in one.get("/events/night").text
    assert post(admin, f"/club/waitlist/{places[0]}", desk, wish="revoke", why="重复报名").status_code == 303
    assert "ask your contact" in post(one, "/events/night/wait", "/events/night", kind=kind, seats="1").text
    assert post(holder, f"/club/bookings/{first}/cancel", "/me").status_code == 303
    assert "1 seat is kept for you" in two.get("/events/night").text
    assert "no. 1" in three.get("/events/night").text
    assert "full" in post(three, "/events/night/book", "/events/night", kind=kind, name="赵六").text
    assert post(admin, "/club/events/night/waitlist", "/club/events/night/waitlist", parties="wait", hours="x").status_code == 303
    assert post(admin, "/club/events/night/waitlist", "/club/events/night/waitlist", parties="wait", hours="3").status_code == 303
    assert 'value="3"' in admin.get("/club/events/night/waitlist").text
    where = post(two, "/events/night/book", "/events/night", kind=kind, name="李四").headers["Location"]
    address = re.search(r'href="(http[^"]*/pay/(cs_test_\w+))"', two.get(where).text)
    assert address
    shop.pays(address[2])
    two.get(f"{where}/paid")
    assert "Has seats" in admin.get("/club/events/night/waitlist").text
    assert "Give my place up" in three.get("/events/night/wait").text
    assert post(three, "/events/night/wait/leave", "/events/night/wait").status_code == 303
