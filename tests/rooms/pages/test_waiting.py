"""What each role asks first stands on its first page: every number is the number of rows of the list that it leads to, and an auditor reads whether the log holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from models import db
from models.identity import Role
from portal import clock
from portal.audit import heads
from portal.pages import waiting
from portal.transaction import on_postgresql, transaction
from tests.people import seat, someone
from tests.rooms.pages.firm import NUMBERS, settle_into_april

ROLES = {
    Role.ADMIN: {},
    Role.AUDITOR: {},
    Role.COMPLIANCE: {},
    Role.FINANCE: {},
    Role.BRANCH_MANAGER: {"branch_no": "01", "staff_no": "S001"},
}
ASKED = {
    Role.ADMIN: ["Waits for you as the second person", "Imports that failed", "Mails given up", "Webhooks given up"],
    Role.AUDITOR: ["Does the log hold?", "Lines of the log today", "Who owned what, on any day, as known at any time", "Standing breaches of rules"],
    Role.COMPLIANCE: [
        "Cases that wait for the firm",
        "Attributions without a confirmation",
        "Standing breaches of rules",
        "Phone and ID numbers shown in 7 days",
        "Looks at signals of departures",
        "Reports due to the association",
        "Requests to erase",
        "Waits for you as the second person",
    ],
    Role.FINANCE: [
        "Before the close of 2026-04",
        "Waits for you as the second person",
        "Comparisons that differ from the books",
        "Questions to lines that wait for the firm",
        "Payment runs to hand to the bank",
    ],
    Role.BRANCH_MANAGER: [
        "People who look after clients",
        "Clients with equity whom nobody looks after",
        "Cases that wait for the firm",
        "Attributions without a confirmation",
    ],
}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_into_april(app, tmp_path / "files")
    return app


def tiles(client: FlaskClient) -> dict[str, tuple[str, str, str]]:
    """The answers of the first page: by their label the value, the note and the address."""
    page = BeautifulSoup(client.get("/?lang=en").text, "html.parser")
    found = {}
    for tile in page.select(".answers .tile"):
        note = tile.select_one(".tile-note")
        label = tile.select_one(".tile-label a")
        assert label is not None
        value = tile.select_one(".tile-value")
        assert value is not None
        found[label.get_text(strip=True)] = (value.get_text(strip=True), note.get_text(" ", strip=True) if note else "", str(label["href"]))
    return found


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_answered_what_it_asks_first(firm: Flask, role: Role) -> None:
    client = seat(firm, someone(firm, role, **ROLES[role]))
    shown = tiles(client)
    assert list(shown) == ASKED[role]
    for label, (_value, _note, address) in shown.items():
        assert client.get(address).status_code == 200, label


def test_a_number_is_that_of_its_list(firm: Flask) -> None:
    manager = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="02", staff_no="S001"))
    value, note, address = tiles(manager)["Clients with equity whom nobody looks after"]
    page = BeautifulSoup(manager.get(address).text, "html.parser")
    rows = [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in page.select("table tbody tr")]
    assert value == "1", "10002 of branch 02 has no servicing"
    (nobody,) = [row for row in rows if row and row[0] == "nobody"]
    assert (nobody[1], note != "") == ("1", True), nobody
    own = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01", staff_no="S001", email="other@firm.example"))
    assert tiles(own)["Clients with equity whom nobody looks after"][0] == "0", "another branch's client is not his"


def test_other_roles_have_their_own_first_pages(firm: Flask) -> None:
    for role in (Role.STAFF, Role.BROKER, Role.CLIENT):
        assert tiles(seat(firm, someone(firm, role, **NUMBERS))) == {}


def test_the_auditor_reads_that_the_log_holds_and_that_it_does_not(firm: Flask) -> None:
    auditor = seat(firm, someone(firm, Role.AUDITOR))
    with firm.app_context():
        heads.publish_current(firm.config["PORTAL"].instance, clock.now())
    value, note, _address = tiles(auditor)["Does the log hold?"]
    assert value == "yes"
    assert "heads kept outside agree" in note
    with firm.app_context(), transaction():
        db.session.execute(text("DROP TRIGGER audit_entry_no_update" + (" ON audit_entry" if on_postgresql() else "")))
        db.session.execute(text("UPDATE audit_entry SET reason = 'another' WHERE seq = 3"))
    value, note, _address = tiles(auditor)["Does the log hold?"]
    assert (value, note) == ("no", "line 3 does not fit")


def test_control_where_the_newest_lines_alone_are_computed_an_older_one_is_left_to_the_terminal(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "NEWEST", 2)
    with firm.app_context(), transaction():
        db.session.execute(text("DROP TRIGGER audit_entry_no_update" + (" ON audit_entry" if on_postgresql() else "")))
        db.session.execute(text("UPDATE audit_entry SET reason = 'another' WHERE seq = 3"))
    assert tiles(seat(firm, someone(firm, Role.AUDITOR)))["Does the log hold?"][0] == "yes"
