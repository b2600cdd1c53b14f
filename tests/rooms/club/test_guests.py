"""Guests: each gets a page of his own, may leave his number or not, and comes in as a lead of who brought him unless somebody else did first."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.club_guests import ClubInvitation
from models.identity import Role, User
from models.leads import Campaign, Claim, Lead, LeadDoor
from portal import clock
from portal.actors import Actor, actor_of
from portal.club import booking, events, guests
from portal.club.events import Kind
from portal.local_day import today
from portal.refusals import Conflict, NotFound
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.club.scene import book, draft, event_of
from tests.rooms.introductions.test_public_form import link, send
from tests.rooms.pages.firm import NUMBERS, settle_in


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


Value = TypeVar("Value")


def inside(app: Flask, what: Callable[[], Value]) -> Value:
    """Do something in the portal, with no page open meanwhile."""
    with app.app_context():
        found = what()
        db.session.remove()
    return found


def member(app: Flask, client_no: str = NUMBERS["client_no"]) -> Actor:
    """A client of the firm with an open account."""
    number = someone(app, Role.CLIENT, client_no=client_no)
    return inside(app, lambda: actor_of(db.session.get_one(User, number)))


def evening(app: Flask, key: str = "night", **more: Any) -> int:
    """An event that costs nothing."""
    return inside(app, lambda: event_of(key, kinds=(Kind("免费票", "Free", 0),), **more))


def seats(app: Flask, number: int, host: Actor, *names: str) -> str:
    """A booking with guests."""
    return inside(app, lambda: book(number, host, *names))


def invited(app: Flask, public_id: str, host: Actor, position: int = 1) -> str:
    """Make a guest's page. Its token."""

    def make() -> str:
        with transaction():
            return guests.invite(public_id, position, actor=host, moment=clock.now(), today=today()).token

    return inside(app, make)


def form_code(app: Flask, token: str) -> str:
    """The code of the form to which a guest's page leads; empty where it leads to none."""
    found = re.search(r'href="/r/(\w+)"', app.test_client().get(f"/events/guest/{token}").text)
    return found[1] if found else ""


def leads(app: Flask) -> list[tuple[Any, ...]]:
    """Every lead with its door, its campaign and whose claim on it stands."""
    query = select(Lead.name, Lead.door, Campaign.code, Claim.kind, Claim.client_no).join(Claim, Claim.lead_id == Lead.id).outerjoin(Campaign, Campaign.id == Claim.campaign_id)
    return inside(app, lambda: [tuple(row) for row in db.session.execute(query.order_by(Lead.id))])


def changed(app: Flask, what: Callable[[], Any]) -> None:
    """Do something in a transaction of its own."""

    def work() -> None:
        with transaction():
            what()

    inside(app, work)


def test_a_guest_who_leaves_his_number_is_a_lead_of_the_event_and_of_who_brought_him(firm: Flask) -> None:
    host, number = member(firm), evening(firm)
    public_id = seats(firm, number, host, "李四")
    token = invited(firm, public_id, host)
    assert invited(firm, public_id, host) == token, "asked again, the same page"
    page = firm.test_client().get(f"/events/guest/{token}").text
    assert "李四" in page
    assert "王小明" not in page, "the page tells nothing of who brings him"
    assert 'class="club-code"' in page
    assert firm.test_client().get(f"/events/guest/{token}/calendar.ics").text.count("BEGIN:VEVENT") == 1
    assert send(firm, form_code(firm, token), name="李四", phone="13912345678").status_code == 200
    assert leads(firm) == [("李四", LeadDoor.EVENT, inside(firm, lambda: guests.code_of(number)), "client", NUMBERS["client_no"])]
    assert inside(firm, lambda: guests.came_of(number)) == guests.Came(invited=1, leads=1, clients=0)


def test_who_introduced_first_stays_first_and_the_guest_is_thanked_in_the_same_words(firm: Flask) -> None:
    host = member(firm)
    assert send(firm, link(firm, "B002"), name="李四", phone="13912345678").status_code == 200
    first, answers = leads(firm), []
    for key, name, phone in (("night", "李四", "13912345678"), ("second", "赵六", "13912345679")):
        code = form_code(firm, invited(firm, seats(firm, evening(firm, key), host, name), host))
        answer = send(firm, code, name=name, phone=phone, address=f"10.0.0.{len(answers) + 2}")
        answers.append(re.sub(rf"{code}|/r/consents/[\w.~-]+|nonce-[\w-]+|\"[\w.-]{{40,}}\"", "", answer.text))
    assert answers[0] == answers[1]
    assert leads(firm)[:1] == first
    assert [row[4] for row in leads(firm)] == ["", NUMBERS["client_no"]]


def test_an_event_that_only_teaches_asks_nobody(firm: Flask) -> None:
    host = member(firm)
    token = invited(firm, seats(firm, evening(firm, "class", education_only=True), host, "李四"), host)
    assert form_code(firm, token) == ""
    assert "Education only" in firm.test_client().get(f"/events/guest/{token}", headers={"Accept-Language": "en"}).text
    other = evening(firm)
    asked = invited(firm, seats(firm, other, host, "李四"), host)
    assert form_code(firm, asked)
    stricter = draft(education_only=True, kinds=(Kind("免费票", "Free", 0),))
    changed(firm, lambda: events.change(other, stricter, 2, actor=Actor(None, "desk", (Role.ADMIN,)), moment=clock.now()))
    assert form_code(firm, asked) == "", "it was said later that nobody is asked"


def test_no_thank_you_is_for_good_and_does_not_count_for_the_next_guest(firm: Flask) -> None:
    host = member(firm)
    public_id = seats(firm, evening(firm), host, "李四")
    token, visitor = invited(firm, public_id, host), firm.test_client()
    for form in (f"/events/guest/{token}", "/forgot"):
        assert post(visitor, f"/events/guest/{token}/no", form).status_code == 303
    assert form_code(firm, token) == ""
    assert inside(firm, lambda: db.session.execute(select(ClubInvitation.declined_at)).scalar_one()) is not None
    changed(firm, lambda: booking.rename(public_id, 1, "赵六", True, actor=host, moment=clock.now()))
    assert visitor.get(f"/events/guest/{token}").status_code == 404, "the page was the guest's before"
    assert form_code(firm, invited(firm, public_id, host))


def test_pages_end_with_their_seat_and_belong_to_who_booked(firm: Flask) -> None:
    host, stranger = member(firm), member(firm, "C10002")
    public_id = seats(firm, evening(firm), host, "李四", "赵六")
    token, reader = invited(firm, public_id, host), firm.test_client()
    for actor, position, error in ((stranger, 1, NotFound), (host, 0, Conflict), (host, 7, NotFound)):
        with pytest.raises(error):
            invited(firm, public_id, actor, position)
    changed(firm, lambda: booking.drop_guest(public_id, 1, actor=host, moment=clock.now()))
    assert reader.get(f"/events/guest/{token}").status_code == 404
    second = invited(firm, public_id, host, 2)
    changed(firm, lambda: booking.cancel(public_id, actor=host, moment=clock.now()))
    shown = reader.get(f"/events/guest/{second}", headers={"Accept-Language": "en"}).text
    assert "was given back" in shown
    assert 'class="club-code"' not in shown
    assert "METHOD:CANCEL" in reader.get(f"/events/guest/{second}/calendar.ics").text
    with pytest.raises(Conflict):
        invited(firm, public_id, host, 2)
    assert reader.get("/events/guest/nobody").status_code == 404


def test_the_booker_makes_the_page_on_his_phone_and_the_desk_counts_it(firm: Flask) -> None:
    host = member(firm)
    public_id = seats(firm, evening(firm), host, "李四")
    assert host.user_id is not None
    client, where = seat(firm, host.user_id), f"/club/bookings/{public_id}/seats/1"
    assert "/events/guest/" not in client.get(where).text
    assert post(client, f"{where}/invite", where).status_code == 303
    assert re.search(r'href="http[^"]*/events/guest/[\w-]+"', client.get(where).text)
    desk = seat(firm, someone(firm, Role.ADMIN)).get("/club/events/night", headers={"Accept-Language": "en"}).text
    assert "Guests with a page of their own: 1. Left a number: 0. Clients by now: 0." in desk
