"""Before a sign-in is disabled: what ends, what is left without anyone, what nobody else could decide."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.identity import Role, User
from models.leads import LeadDoor
from models.partners import Branch
from portal import clock
from portal.actors import TERMINAL
from portal.identity.leaving import left_by
from portal.keys import keyring
from portal.leads import introducers
from portal.leads.people import person
from portal.leads.register import Source, register
from portal.pages.leaving import _stuck
from portal.transaction import transaction
from tests.people import email_of, post, seat, someone
from tests.rooms.pages.firm import DAY, settle_in


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


def left(app: Flask, user_id: int) -> dict[str, int]:
    """What a person leaves, in words and numbers."""
    with app.test_request_context("/?lang=en"):
        user = db.session.get(User, user_id)
        assert user
        found = {one.what: one.count for one in left_by(user, clock.now(), date.fromisoformat(DAY))}
        db.session.remove()
    return found


def test_one_of_the_staff_leaves_his_session_his_client_and_his_lead(firm: Flask) -> None:
    staff = someone(firm, Role.STAFF, staff_no="S001", branch_no="01")
    assert left(firm, staff) == {"Clients whom nobody else looks after": 1, "Introducing brokers whom he manages": 2}
    seat(firm, staff)
    with firm.app_context():
        with transaction():
            source = Source(LeadDoor.STAFF_FORM, db.session.execute(select(Branch.id).where(Branch.branch_no == "01")).scalar_one())
            who = person(name="王一", phone="13812340001")
            register(who, introducers.staff("S001"), source, actor=TERMINAL, moment=clock.now(), today=date.fromisoformat(DAY), keyring=keyring())
        db.session.remove()
    found = left(firm, staff)
    assert (found["Sessions"], found["Clients whom nobody else looks after"], found["Open leads"]) == (1, 1, 1)


def test_a_broker_is_missed_only_where_nobody_else_signs_in_for_him(firm: Flask) -> None:
    broker = someone(firm, Role.BROKER, email="one@firm.example", broker_no="B001")
    assert left(firm, broker) == {"The only sign-in of this introducing broker": 1}
    someone(firm, Role.BROKER, email="two@firm.example", broker_no="B001")
    assert left(firm, broker) == {}


def test_an_approval_is_stuck_where_only_who_leaves_and_its_preparer_hold_the_right() -> None:
    assert _stuck({1, 2}, preparer=2, leaver=1)
    assert not _stuck({1, 2, 3}, preparer=2, leaver=1)
    assert not _stuck({2, 3}, preparer=2, leaver=1)
    assert _stuck({1}, preparer=None, leaver=1)


def test_the_page_shows_it_and_the_button_asks_for_the_address(firm: Flask) -> None:
    admin = seat(firm, someone(firm, Role.ADMIN))
    staff = someone(firm, Role.STAFF, staff_no="S001", branch_no="01")
    with firm.app_context():
        public_id = db.session.execute(select(User.public_id).where(User.id == staff)).scalar_one()
        db.session.remove()
    page = f"/admin/users/{public_id}/disable"
    assert "Clients whom nobody else looks after" in admin.get(page + "?lang=en").text
    assert post(admin, page, page, reason="left", typed="other@firm.example").status_code == 422
    assert post(admin, page, page, reason="", typed=email_of(firm, staff)).status_code == 422
    assert post(admin, page, page, reason="left", typed=email_of(firm, staff).upper()).status_code == 303
    assert seat(firm, someone(firm, Role.FINANCE)).get(page).status_code in {403, 404}
