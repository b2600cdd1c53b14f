"""The pool on screen: whoever may not pick a lead reads why where he would have picked it, and a page of the lead's own says who has no room."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from models import db
from models.identity import Role
from portal import clock
from portal.actors import TERMINAL
from portal.imports.leads_upload import today_of
from portal.leads import introducers
from portal.leads.terms import set_terms
from portal.leads.tidy import tidy
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.leads.firm import again, lead_of, settle_in


@pytest.fixture
def pooled(app: Flask, tmp_path: Path) -> str:
    """A lead of S001's that nobody worked on lies in the pool. Returns its public id."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        now = clock.now()
        then = now - timedelta(days=20)
        lead = lead_of(1, introducers.broker("B001"), then, then.date())
        with transaction():
            tidy(now.date(), TERMINAL, now, since=now.date())
        public_id = again(lead).public_id
        db.session.remove()
    return public_id


def test_who_may_not_pick_reads_why(app: Flask, pooled: str) -> None:
    anna, bert = (seat(app, someone(app, Role.STAFF, staff_no=number, branch_no="01")) for number in ("S001", "S002"))
    page = anna.get("/leads/pool").text
    assert ("others first until" in page, f"/leads/pool/{pooled}" in page) == (True, False)
    refused = post(anna, f"/leads/pool/{pooled}", "/leads/pool", version="2")
    assert refused.headers["Location"] == "/leads/pool"
    assert "was yours before: for 30 days others come first" in anna.get("/leads/pool").text
    assert f"/leads/pool/{pooled}" in bert.get("/leads/pool").text
    fill_up(app)
    assert "you look after 1 open leads, which is the most" in bert.get("/leads/pool").text


def test_who_has_no_room_is_not_offered_and_not_given(app: Flask, pooled: str) -> None:
    boss = seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="01"))
    fill_up(app)
    assert '<option value="S002" disabled>' in boss.get(f"/leads/{pooled}/assign").text
    refused = post(boss, f"/leads/{pooled}/assign", f"/leads/{pooled}/assign", version="2", value="S002")
    assert refused.status_code == 409
    assert "S002 looks after 1 open leads already, which is the most" in refused.text


def fill_up(app: Flask) -> None:
    """S002 looks after as many leads as anybody may: one."""
    with app.app_context():
        with transaction():
            set_terms({"leads_per_staff": 1}, TERMINAL, clock.now())
        lead_of(2, introducers.staff("S002"), clock.now(), today_of())
        db.session.remove()
