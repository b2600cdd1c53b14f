"""What else stands on first pages: a client's next event and the way to bring a friend; whom the staff call today and why."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models import db
from models.care import CareTask
from models.clients import Account
from models.identity import Role, User
from models.partners import Staff
from portal import clock
from portal.actors import TERMINAL, actor_of
from portal.care.tasks import Wanted, set_task
from portal.club import booking, events
from portal.local_day import today
from portal.transaction import transaction
from tests.people import seat, someone
from tests.rooms.club.scene import event_of, wish
from tests.rooms.pages.firm import settle_in


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


def part(client: FlaskClient, name: str) -> Tag | None:
    return BeautifulSoup(client.get("/?lang=en").text, "html.parser").select_one(f"[aria-labelledby={name}]")


def test_a_client_sees_his_next_event_and_how_to_bring_a_friend(firm: Flask) -> None:
    user_id = someone(firm, Role.CLIENT, client_no="C10001")
    client = seat(firm, user_id)
    friend = part(client, "h-friend")
    assert friend is not None
    assert friend.select("a")[0]["href"] == "/refer"
    nothing = part(client, "h-next-event")
    assert nothing is not None
    assert "Nothing is planned yet" in nothing.text
    with firm.app_context():
        event_id = event_of("night")
        db.session.remove()
    offered = part(client, "h-next-event")
    assert offered is not None
    assert offered.select("a")[0]["href"] == "/events/night"
    with firm.app_context():
        with transaction():
            user = db.session.get(User, user_id)
            assert user is not None
            key = booking.book(event_id, wish(event_id), actor=actor_of(user), moment=clock.now()).public_id
        db.session.remove()
    own = part(client, "h-next-event")
    assert own is not None
    assert own.select("a")[0]["href"] == f"/club/bookings/{key}"
    with firm.app_context():
        with transaction():
            events.call_off(event_id, "the speaker is ill", actor=TERMINAL, moment=clock.now())
        db.session.remove()
    gone = part(client, "h-next-event")
    assert gone is not None
    assert "Nothing is planned yet" in gone.text, "one that was called off is nobody's next event"


def test_who_looks_after_clients_sees_whom_to_call_today_and_why(firm: Flask) -> None:
    staff = seat(firm, someone(firm, Role.STAFF, staff_no="S001"))
    empty = part(staff, "h-due")
    assert empty is not None
    assert "no task is due" in empty.text
    with firm.app_context():
        with transaction():
            account = db.session.execute(select(Account.id).where(Account.account_no == "10001")).scalar_one()
            owner = db.session.execute(select(Staff.id).where(Staff.staff_no == "S001")).scalar_one()
            for key, due, note in (
                ("late", today() - timedelta(days=1), "send the report"),
                ("now", today(), "say when the hall is open"),
                ("later", today() + timedelta(days=9), "next week"),
            ):
                set_task(Wanted(key, "promise", account, owner, max(due, today()), note), TERMINAL, clock.now(), today())
            for key, due in (("late", today() - timedelta(days=1)), ("now", today())):  # also where no exchange is open today
                db.session.execute(update(CareTask).where(CareTask.business_key == key).values(due_on=due))
        db.session.remove()
    due = part(staff, "h-due")
    assert due is not None
    told = [row.get_text(" ", strip=True) for row in due.select(".to-call > li")]
    assert [("Overdue" in row, "Promise : send the report" in row or "Promise: send the report" in row) for row in told] == [(True, True), (False, False)], told
    assert "say when the hall is open" in told[1]
    other = part(seat(firm, someone(firm, Role.STAFF, staff_no="S999", email="other@firm.example")), "h-due")
    assert other is not None
    assert "send the report" not in other.text, "another's promise is not his"
