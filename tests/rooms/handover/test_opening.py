"""From a resignation letter to the handover of everybody whom it leaves without somebody."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.clients import Account
from models.departures import Departure
from models.handovers import HandoverClient
from models.identity import Role
from models.partners import Staff
from tests.people import post, seat, someone
from tests.rooms.handover.firm import ACCOUNTS, settle_in


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


def departure_of(app: Flask, staff_no: str) -> int:
    with app.app_context():
        found: int = db.session.execute(select(Departure.id).join(Staff, Staff.id == Departure.staff_id).where(Staff.staff_no == staff_no)).scalar_one()
        db.session.remove()
    return found


def test_everybody_whom_she_looks_after_comes_in_once(firm: Flask) -> None:
    """S001 leaves on 1 April and looks after six on the day before; a second time the same handover is shown."""
    admin = seat(firm, someone(firm, Role.ADMIN))
    departure = departure_of(firm, "S001")
    assert "/handover" in admin.get(f"/departures/{departure}").text
    first = post(admin, f"/departures/{departure}/handover", "/me")
    assert (first.status_code, first.headers["Location"]) == (303, "/handovers/1")
    assert post(admin, f"/departures/{departure}/handover", "/me").headers["Location"] == "/handovers/1"
    with firm.app_context():
        rows = db.session.execute(select(Account.account_no, HandoverClient.equity, HandoverClient.follow).join(Account, Account.id == HandoverClient.account_id)).all()
        proposed = db.session.execute(select(HandoverClient.proposed_id, HandoverClient.decided_id)).all()
        db.session.remove()
    assert all(one.proposed_id and not one.decided_id for one in proposed), "everybody is proposed to somebody, and nobody is given away"
    assert {row.account_no: (row.equity, row.follow) for row in rows} == {number: (9_990_000 if number == "10001" else 10_000_000, None) for number in ACCOUNTS}
    assert admin.get("/handovers/1").status_code == 200
    assert 'href="/handovers/1"' in admin.get(f"/departures/{departure}").text


def test_who_only_looks_may_not_open_it(firm: Flask) -> None:
    departure = departure_of(firm, "S001")
    assert post(seat(firm, someone(firm, Role.AUDITOR)), f"/departures/{departure}/handover", "/me").status_code == 403
    assert post(seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="99")), f"/departures/{departure}/handover", "/me").status_code == 404
