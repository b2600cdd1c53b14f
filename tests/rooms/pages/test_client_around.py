"""A client's page says where its facts come from and what happened around the account, to each reader what he may see elsewhere too."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from models.identity import Role
from tests.people import post, seat, someone
from tests.rooms.pages.firm import NUMBERS, settle_in


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


def page_of(app: Flask, role: Role, **numbers: str) -> BeautifulSoup:
    answer = seat(app, someone(app, role, **numbers)).get("/clients/10001?lang=en")
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def test_each_fact_has_a_source_and_a_time(firm: Flask) -> None:
    page = page_of(firm, Role.COMPLIANCE)
    facts = {row.dt.get_text(strip=True): row.dd.get_text(" ", strip=True) for row in page.select(".facts > div") if row.dt and row.dd}
    assert facts["Known from"].startswith("accounts.csv 20")
    happened = page.select_one("[aria-labelledby=h-happened] .timeline")
    assert happened is not None
    assert "Attribution to B001 from 2025-01-02: Confirmed" in happened.get_text(" ", strip=True)


def test_a_contact_and_a_look_at_the_phone_number_stand_there(firm: Flask) -> None:
    officer = seat(firm, someone(firm, Role.COMPLIANCE))
    assert post(officer, "/clients/10001/reveal", "/clients/10001", reason="the client asked").status_code == 200
    staff = seat(firm, someone(firm, Role.STAFF, staff_no="S001"))
    told = {"at": "2026-03-03T10:00", "channel": "call", "outcome": "reached", "note": "保证金", "staff_no": "S001"}
    assert post(staff, "/care/clients/10001/contacts", "/care/clients/10001", **told).status_code == 303
    page = BeautifulSoup(officer.get("/clients/10001?lang=en").text, "html.parser")
    assert "Call · Was spoken with" in page.select("[aria-labelledby=h-happened]")[0].get_text(" ", strip=True)
    log = page.select_one("[aria-labelledby=h-log]")
    assert log is not None
    assert "clients.identity.reveal" in log.text
    assert "the client asked" in log.text
    assert officer.get(str(log.select(".bill-links a")[0]["href"])).status_code == 200


@pytest.mark.parametrize("role", [Role.STAFF, Role.FINANCE, Role.CLIENT])
def test_the_log_is_for_who_may_read_it(firm: Flask, role: Role) -> None:
    numbers = {"client_no": NUMBERS["client_no"]} if role is Role.CLIENT else {"staff_no": "S001"}
    page = page_of(firm, role, **numbers)
    assert page.select_one("[aria-labelledby=h-log]") is None
    assert (page.find(string="Known from") is None) is (role is Role.CLIENT), "who brought a file in is the firm's own matter"
