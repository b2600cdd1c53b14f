"""Suitability on screen: nothing that was answered is lost, a test that has run out is taken again, nobody goes on without a named warning."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import db
from models.identity import Role
from models.leads import LeadState
from portal.actors import TERMINAL
from portal.leads import introducers
from portal.suitability import sittings
from portal.suitability.questionnaires import versions
from portal.suitability.sittings import Subject, Taken
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.leads.stories import BOLD, CALM, NOON, lead, lead_of

LONG_AGO = date(2023, 1, 3)


@pytest.fixture
def desk(app: Flask, tmp_path: Path) -> FlaskClient:
    """Compliance at its screen, in a firm of two brokers."""
    make.settled(app, tmp_path / "files")
    return seat(app, someone(app, Role.COMPLIANCE))


def answered(answers: dict[str, str], **more: Any) -> dict[str, Any]:
    """A form that is filled in."""
    given = {f"q-{key}": text for key, text in answers.items()}
    return given | {"version": str(versions()[-1].version), "where": "at_desk", "present": "S001", "evidence": ""} | more


def qualified(app: Flask) -> str:
    """A lead that wants an account, by its public id."""
    with app.app_context():
        public_id = lead(lead_of(introducers.broker("B001"), state=LeadState.QUALIFIED)).public_id
        db.session.remove()
    return str(public_id)


def test_what_does_not_hold_comes_back_with_every_answer(app: Flask, desk: FlaskClient) -> None:
    page = f"/suitability/take/lead/{qualified(app)}"
    proved = answered(BOLD, **{"proof-income": "yes", "proof-experience": "yes"})
    refused = post(desk, page, page, **proved)
    assert (refused.status_code, "name the papers" in refused.text) == (422, True)
    assert refused.text.count(" checked") == len(BOLD) + 3, "the answers, where, and both proofs"
    kept = post(desk, page, page, **proved | {"evidence": "档案 7"})
    assert kept.status_code == 303
    assert "Professional investor" in desk.get(kept.headers["Location"]).text


def test_nobody_goes_on_by_a_warning_of_which_there_is_no_recording(app: Flask, desk: FlaskClient) -> None:
    public_id = qualified(app)
    page = f"/suitability/take/lead/{public_id}"
    test = post(desk, page, page, **answered(CALM)).headers["Location"]
    unnamed = post(desk, f"{test}/warn", test, wish="accept", evidence=" ")
    assert unnamed.headers["Location"] == test
    assert "Name the recording or the signed paper" in desk.get(test).text
    post(desk, f"{test}/warn", test, wish="stop")
    assert "Warned: does not go on" in desk.get(test).text
    post(desk, f"{test}/warn", test, wish="accept", evidence="录音 8")
    shown = desk.get(test).text
    assert ("Goes on by his own wish" in shown, 'value="accept"' in shown) == (True, False), "what was accepted is not asked for again"


def test_a_test_that_has_run_out_is_taken_again_from_its_page(app: Flask, desk: FlaskClient) -> None:
    with app.app_context():
        with transaction():
            taken = Taken(BOLD, versions()[0].version, "at_desk", "S001", "", "en", {})
            old = sittings.take(Subject(None, "C10001", "C10001"), taken, TERMINAL, NOON, LONG_AGO, "CN").public_id
        db.session.remove()
    page = desk.get(f"/suitability/tests/{old}").text
    assert ("Run out" in page, "/suitability/take/client/C10001" in page) == (True, True)
    again = post(desk, "/suitability/take/client/C10001", "/suitability/take/client/C10001", **answered(BOLD)).headers["Location"]
    assert "Run out" not in desk.get(again).text
