"""Who sees whose chance to leave, and what is said of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.clients import Account
from models.identity import Role
from models.questions import ClientQuestion
from portal import clock
from portal.transaction import transaction
from tests.people import seat, someone
from tests.rooms.pages.firm import settle_in
from tests.rooms.risk.makers import scored


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    with app.app_context():
        scored()
        db.session.remove()
    return app


@pytest.mark.parametrize(
    ("role", "numbers", "sees"),
    [
        (Role.ADMIN, {}, {"10001", "10002"}),
        (Role.AUDITOR, {}, {"10001", "10002"}),
        (Role.BRANCH_MANAGER, {"branch_no": "02"}, {"10002"}),
        (Role.STAFF, {"staff_no": "S001", "branch_no": "01"}, {"10001"}),
        (Role.STAFF, {"staff_no": "S999", "branch_no": "01"}, set()),
    ],
)
def test_everybody_sees_his_own_clients(firm: Flask, role: Role, numbers: dict[str, str], sees: set[str]) -> None:
    page = seat(firm, someone(firm, role, **numbers)).get("/risk")  # type: ignore[arg-type]
    assert page.status_code == 200
    assert {number for number in ("10001", "10002") if f"/clients/{number}" in page.text} == sees


@pytest.mark.parametrize(("role", "numbers"), [(Role.BROKER, {"broker_no": "B001"}), (Role.CLIENT, {"client_no": "C10001"})])
def test_brokers_and_clients_see_none_of_it(firm: Flask, role: Role, numbers: dict[str, str]) -> None:
    assert seat(firm, someone(firm, role, **numbers)).get("/risk").status_code == 403  # type: ignore[arg-type]


def test_it_says_what_it_rests_on_and_why(firm: Flask) -> None:
    page = seat(firm, someone(firm, Role.ADMIN)).get("/risk").text
    for words in (
        "stated assumptions",
        "30.0 %",
        "15.0 %",
        "300,000.00",
        "taken along by a broker",
        "who introduced or served him left +0.90 · how long nobody spoke with him +0.30",
    ):
        assert words in page, words


def test_before_the_first_scoring_it_says_so(app: Flask) -> None:
    assert "Nobody was scored yet" in seat(app, someone(app, Role.ADMIN)).get("/risk").text


def test_without_a_step_one_is_proposed_and_who_would_take_it(firm: Flask) -> None:
    page = seat(firm, someone(firm, Role.ADMIN)).get("/risk/clients/10001").text
    assert "Speak with him yourself, before his broker does." in page
    assert "Looked after by" in page
    assert "Nobody looks after this client" in seat(firm, someone(firm, Role.ADMIN, email="second@example.com")).get("/risk/clients/10002").text


def test_requests_for_lower_fees_of_half_a_year_stand_beside_the_cause(firm: Flask) -> None:
    with firm.app_context():
        with transaction():
            account = db.session.execute(select(Account.id).where(Account.account_no == "10001")).scalar_one()
            for days, wanted in ((10, "交易所 + 1 分"), (181, "交易所 + 5 分")):
                at = clock.now() - timedelta(days=days)
                told = {"subject": "fees", "via": "phone", "words": "手续费能否下调", "state": "closed", "fee_asker": "client", "fee_wanted": wanted, "fee_decision": "kept"}
                db.session.add(ClientQuestion(account_id=account, asked_at=at, runs_from=at, due_at=at, **told))
        db.session.remove()
    page = seat(firm, someone(firm, Role.ADMIN)).get("/risk/clients/10001").text
    assert "交易所 + 1 分" in page
    assert "Fees stay as they are" in page
    assert "交易所 + 5 分" not in page
