"""The confirmation call on screen: a call that does not hold comes back as it was ticked, what the client said stands with the lead that
opened the account, and the notice of a confirmation leads its broker to a page that he may see before the next day is settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.confirmations import Conversion
from models.identity import Role
from models.notices import Notice
from portal import clock
from portal.leads import introducers
from portal.leads.confirmation_script import spoken_on
from tests import make
from tests.people import post, seat, someone
from tests.rooms.leads.stories import lead_of, rows
from tests.rooms.leads.test_confirmation import YES
from tests.rooms.leads.test_conversion import bring, newcomer


@pytest.fixture
def page(app: Flask, tmp_path: Path) -> str:
    """Account 10003, opened by a lead of B001's after the last settled day, waits for its call: the address of the call."""
    make.settled(app, tmp_path / "files")
    with app.app_context():
        make.accepted(make.day(tmp_path / "days", "2026-02-27", {"10001": ("0.00", "100.00"), "10002": ("0.00", "100.00")}))
        lead_of(introducers.broker("B001"))
        bring(tmp_path, newcomer())
        address = f"/confirmations/{rows('10003')[-1].id}"
        db.session.remove()
    return address


def call(desk: FlaskClient, page: str, answers: dict[str, str], **more: str) -> Any:
    """Write a call down."""
    version = str(spoken_on(clock.now().date()).version)
    return post(desk, page, page, version=version, **{f"q-{key}": text for key, text in answers.items()}, **more)


def test_a_call_that_does_not_hold_comes_back_as_it_was_ticked(app: Flask, page: str) -> None:
    desk = seat(app, someone(app, Role.COMPLIANCE))
    refused = call(desk, page, YES | {"paid": "objects"}, outcome="confirmed", evidence="rec-1", note="objects")
    assert refused.status_code == 422
    assert [text in refused.text for text in ("question 4 does not confirm", 'value="rec-1"', ">objects</textarea>")] == [True, True, True]
    assert refused.text.count(" checked") == len(YES) + 1
    assert call(desk, page, YES | {"paid": "objects"}, outcome="refused", evidence="rec-1", note="objects to the pay").status_code == 303
    with app.app_context():
        conversion = db.session.execute(select(Conversion.id)).scalar_one()
    shown = desk.get(f"/conversions/{conversion}").text
    assert ("Not recognised" in shown, "objects to the pay" in shown) == (True, True)


def test_a_broker_follows_the_notice_to_his_new_client(app: Flask, page: str) -> None:
    told, other = someone(app, Role.BROKER, broker_no="B001"), someone(app, Role.BROKER, broker_no="B002")
    call(seat(app, someone(app, Role.COMPLIANCE)), page, YES, outcome="confirmed", evidence="rec-1")
    with app.app_context():
        link = db.session.execute(select(Notice.link).where(Notice.user_id == told)).scalar_one()
    assert seat(app, told).get(link).status_code == 200
    assert seat(app, other).get(link).status_code == 404
