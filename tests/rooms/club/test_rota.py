"""The hosts' rota: given and told, warned of, moved with the event, taken away, read in a calendar."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select

from models import db
from models.club import ClubEvent
from models.identity import Role
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL
from portal.club import events, rota, series
from portal.club.rota import Clash, Turn
from portal.pages.club_duties import warning
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.club.scene import event_of
from tests.rooms.pages.firm import settle_in

STAFF = [
    "S001,Li,01,s1@example.com,19900000001,2024-01-01,",
    "S002,Wang,01,s2@example.com,19900000002,2024-01-01,",
    "S003,Zhao,01,s3@example.com,19900000003,2024-01-01,2024-06-30",
]
HOUR = timedelta(hours=1)


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """Li and Wang are there; Zhao left in 2024."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        make.accepted(make.write(tmp_path / "more", "staff", STAFF))
        db.session.remove()
    return app


def give(event_id: int, staff_no: str, after: timedelta = timedelta(), *, confirmed: bool = False) -> str:
    """Two hours at an event, beginning so long after it begins. Returns the duty's public id."""
    start = events.sessions_of(event_id)[0].starts_at + after
    db.session.rollback()
    with transaction():
        return rota.give(event_id, staff_no, Turn("host", start, start + 2 * HOUR), confirmed=confirmed, actor=TERMINAL, moment=clock.now()).public_id


def table() -> list[tuple[str, str, str]]:
    """Event, person and warning of every duty, in their order."""
    db.session.rollback()
    return [(row[1].key, row.staff_no, warning(row)) for row in db.session.execute(rota.listed().order_by(rota.ClubDuty.id))]


def test_nobody_is_in_two_places_without_a_warning_and_who_left_is_given_nothing(firm: Flask) -> None:
    """Another event at the same time clashes until it is confirmed, one that begins as it ends does not; who left is refused, and shown where he leaves later."""
    with firm.app_context(), firm.test_request_context("/?lang=en"):
        one, two = event_of("one"), event_of("two")
        give(one, "S001")
        give(two, "S001", 2 * HOUR)
        with pytest.raises(Clash, match="a duty at"):
            give(two, "S001", HOUR)
        assert table() == [("one", "S001", ""), ("two", "S001", "")]
        give(two, "S001", HOUR, confirmed=True)
        give(two, "S002")
        assert table() == [("one", "S001", "Has another duty then"), ("two", "S001", "Has another duty then"), ("two", "S001", "Has another duty then"), ("two", "S002", "")]
        for number, refusal in (("S003", "left the firm"), ("S999", "no staff member")):
            with pytest.raises(Refusal, match=refusal):
                give(one, number)
        with pytest.raises(Refusal, match="within a day"), transaction():
            rota.give(one, "S002", Turn("host", moment := clock.now(), moment), confirmed=True, actor=TERMINAL, moment=clock.now())
        make.accepted(make.write(Path(firm.config["PORTAL"].instance) / "later", "staff", [STAFF[0], STAFF[1] + "2024-07-31", STAFF[2]]))
        assert table()[-1] == ("two", "S002", "Has left the firm by then")
        db.session.remove()


def test_a_duty_moves_with_its_event_is_told_and_read_in_a_calendar(firm: Flask) -> None:
    """Given, moved by a day, taken away: three notices; the same UID with a greater SEQUENCE; it stands on the first page until it is taken away."""
    number = someone(firm, Role.STAFF, staff_no="S001", branch_no="01")
    with firm.app_context():
        night = event_of()
        duty = give(night, "S001")
        db.session.remove()
    browser = seat(firm, number)
    assert "My duties at events" in browser.get("/").text
    first = Calendar.from_ical(browser.get("/club/duties/mine.ics").data).walk("VEVENT")[0]
    with firm.app_context():
        event = db.session.get_one(ClubEvent, night)
        plan = series.draft_of(event, events.sessions_of(night), events.kinds_of(night))
        version, later = event.version, tuple(dataclasses.replace(one, starts_at=one.starts_at + 24 * HOUR, ends_at=one.ends_at + 24 * HOUR) for one in plan.when)
        db.session.rollback()
        with transaction():
            events.change(night, dataclasses.replace(plan, when=later), version, actor=TERMINAL, moment=clock.now())
        db.session.remove()
    second = Calendar.from_ical(browser.get("/club/duties/mine.ics").data).walk("VEVENT")[0]
    assert (second["UID"], second["SEQUENCE"] - first["SEQUENCE"], second["DTSTART"].dt - first["DTSTART"].dt) == (first["UID"], 1, 24 * HOUR)
    with firm.app_context():
        with transaction():
            rota.end(duty, actor=TERMINAL, moment=clock.now())
        with pytest.raises(NotFound), transaction():
            rota.end(duty, actor=TERMINAL, moment=clock.now())
        told = list(db.session.execute(select(Notice.kind).where(Notice.user_id == number, Notice.kind.startswith("club.duty")).order_by(Notice.id)).scalars())
        db.session.remove()
    assert told == ["club.duty_given", "club.duty_moved", "club.duty_ended"]
    assert "My duties at events" not in browser.get("/").text
    assert "No duty ahead" in browser.get("/club/duties/mine").text


def test_the_desk_gives_a_duty_by_its_page(firm: Flask) -> None:
    """By the clocks of the place, over midnight too; a clash is asked about; it stands in the list of all events."""
    with firm.app_context():
        event_of("one")
        event_of("two")
        db.session.remove()
    desk = seat(firm, someone(firm, Role.ADMIN))
    at, fields = "/club/events/one/duties", {"staff": "S002", "what": "door", "day": "2030-01-02", "begins": "22:00", "ends": "01:00"}
    assert "Nobody has a duty yet" in desk.get(at).text
    assert post(desk, at, at, **fields).status_code == 303
    assert "22:00" in desk.get(at).text
    other = at.replace("one", "two")
    asked = post(desk, other, other, **fields)
    assert (asked.status_code, "Give it nevertheless" in asked.text) == (409, True)
    assert post(desk, other, other, **fields, confirmed="yes").status_code == 303
    assert post(desk, at, at, **{**fields, "day": "x"}).status_code == 422
    preview = next(str(link["href"]) for link in BeautifulSoup(desk.get(at).text, "html.parser").select("td a[href$='/end']"))
    shown = desk.get(preview).text
    assert ("S002" in shown, "Others with this duty" in shown) == (True, True)
    assert "S002" in desk.get(at).text, "a look takes nothing away"
    assert desk.get("/club/duties").text.count("Has another duty then") == 2
