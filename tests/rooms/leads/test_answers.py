"""What an introducer is answered at the form: what he typed stays, and what he can do about the answer stands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.identity import Role
from portal import clock
from portal.actors import TERMINAL
from portal.imports.leads_upload import today_of
from portal.leads import introducers
from portal.leads.terms import set_terms
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.leads.firm import lead_of, settle_in


@pytest.fixture
def broker(app: Flask, tmp_path: Path) -> FlaskClient:
    """A broker at the form; 13812340001 is claimed by another, 19920000001 is a client of another."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        lead_of(1, introducers.broker("B001"), clock.now(), today_of())
    return seat(app, someone(app, Role.BROKER, broker_no="B002"))


@pytest.mark.parametrize(("phone", "badge"), [("13812340001", "Protected"), ("19920000001", "Already a client")])
def test_who_is_known_is_said_above_what_was_typed_and_can_be_contested(broker: FlaskClient, phone: str, badge: str) -> None:
    said = post(broker, "/leads", "/leads/new", name="王小明", phone=phone, kind="person", consent="yes")
    assert said.status_code == 200
    assert [text in said.text for text in (badge, 'value="王小明"', "contest the claim")] == [True, True, True]
    contest = post(broker, "/cases/new", "/leads/new", name="王小明", phone=phone)
    assert [text in contest.text for text in ('value="王小明"', f'value="{phone}"')] == [True, True]


def test_who_asked_too_often_is_told_from_when_on_he_is_heard(app: Flask, broker: FlaskClient) -> None:
    with app.app_context(), transaction():
        set_terms({"look_ups_an_hour": 1}, TERMINAL, clock.now())
    asked = post(broker, "/leads/check", "/leads/check", phone="13900000001")
    assert "you may ask again from" in asked.text
    assert 'name="phone" value="13900000001"' in asked.text, "a new person is registered without typing him again"
    later = post(broker, "/leads", "/leads/new", name="王小明", phone="13900000001", kind="person", consent="yes")
    assert later.status_code == 429
    assert [text in later.text for text in ("You may ask again from 20", 'value="王小明"')] == [True, True]


def test_a_look_up_hands_what_was_asked_to_the_form(broker: FlaskClient) -> None:
    form = post(broker, "/leads/new", "/leads/check", phone="13900000001", kind="institution")
    assert [text in form.text for text in ('value="13900000001"', '<option value="institution" selected>')] == [True, True]
