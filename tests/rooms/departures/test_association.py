"""The association's monthly report: who is over the limits and not at them, who counts, until when it is due, who may read it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from models import db
from models.identity import Role
from models.values.calendar import Month
from portal.departures import association
from tests import make
from tests.people import seat, someone

MARCH = Month.parse("2026-03")
LAST = "2026-03-31"


def firm(folder: Path, equities: dict[str, str], attributions: list[str], **more: str) -> Path:
    """Accounts with their equity (yuan) on the last settled day of March; attributions as lines of the file."""
    make.firm(folder, equities, ("B001", "B002", "B003"))
    make.write(folder, "attributions", attributions)
    for number, client in more.items():
        make.edit(folder / "accounts.csv", f"{number[1:]},C{number[1:]},", f"{number[1:]},{client},")
    make.day(folder, LAST, {number: (equity, "0.00") for number, equity in equities.items()})
    make.accepted(folder)
    return folder


def span(account: str, broker: str, share: str = "100", state: str = "confirmed", end: str = "") -> str:
    return f"{account},{broker},{share},{state},2025-01-02,{end},{'2025-01-02' if state == 'confirmed' else ''}"


def told() -> list[tuple[str, int, int]]:
    found = association.report(MARCH)
    assert found is not None
    return [(row["broker_no"], row["clients"], row["equity"]) for row in found.rows.to_dicts()]


def test_over_the_limits_and_not_at_them(app: Flask, tmp_path: Path) -> None:
    """B001 has 21 clients with 100.00 each; B002 20 clients with 100,000.00 each, which is 2,000,000.00: at both limits; B003 one client with
    2,000,000.01."""
    many = {str(10_000 + place): "100.00" for place in range(21)} | {str(20_000 + place): "100000.00" for place in range(20)} | {"30000": "2000000.01"}
    owner = {"1": "B001", "2": "B002", "3": "B003"}
    with app.app_context():
        firm(tmp_path / "files", many, [span(number, owner[number[0]]) for number in many])
        assert told() == [("B003", 1, 200_000_001), ("B001", 21, 210_000)]
        found = association.report(MARCH)
        assert found is not None
        assert (found.settled, found.due_on) == (date(2026, 3, 31), date(2026, 4, 22))  # 6 April is Qingming: no trading day
        assert association.report(Month.parse("2026-02")) is None
        db.session.remove()


def test_who_counts(app: Flask, tmp_path: Path) -> None:
    """A shared client counts whole for both; one client with two accounts is one; a pending attribution, one that ended, and a client who is gone do not count."""
    rich = dict.fromkeys(("10001", "10002", "10003", "10004", "10005"), "1500000.00")
    spans = [span("10001", "B001", "60"), span("10001", "B002", "40"), span("10002", "B001"), span("10003", "B002", state="pending")]
    spans += [span("10004", "B003", end="2026-03-31"), span("10005", "B003")]
    with app.app_context():
        firm(tmp_path / "files", rich, spans, n10002="C10001")
        assert told() == [("B001", 1, 300_000_000)]
        db.session.remove()


@pytest.fixture
def small(app: Flask, tmp_path: Path) -> Flask:
    with app.app_context():
        firm(tmp_path / "files", {"10001": "3000000.00", "10002": "10.00"}, [span("10001", "B001"), span("10002", "B002")])
        db.session.remove()
    return app


def test_the_page_and_its_file(small: Flask) -> None:
    page = seat(small, someone(small, Role.COMPLIANCE)).get("/association?month=2026-03")
    assert page.status_code == 200
    for words in ("2026-04-22", "Broker B001", "3,000,000.00", "natural person", "the due date has passed"):
        assert words in page.text, words
    assert "Broker B002" not in page.text
    lines = seat(small, someone(small, Role.AUDITOR, email="b@firm.example")).get("/association?month=2026-03&format=csv").text.lstrip("\ufeff").splitlines()
    assert lines[0] == "Broker,Name,Kind,Licence,Branch,Clients,Clients’ equity"
    assert lines[1] == "B001,Broker B001,natural person,FB001,01,1,3000000.00"


@pytest.mark.parametrize(("month", "status"), [("2026-13", 422), ("yesterday", 422), ("2019-01", 404), ("", 200)])
def test_odd_months_are_answered(small: Flask, month: str, status: int) -> None:
    assert seat(small, someone(small, Role.ADMIN)).get(f"/association?month={month}").status_code in ({status} if status != 422 else {400, 422})


@pytest.mark.parametrize(("role", "numbers"), [(Role.BROKER, {"broker_no": "B001"}), (Role.CLIENT, {"client_no": "C10001"}), (Role.STAFF, {"staff_no": "S001", "branch_no": "01"})])
def test_it_is_not_for_everybody(small: Flask, role: Role, numbers: dict[str, str]) -> None:
    assert seat(small, someone(small, role, **numbers)).get("/association").status_code == 403


def test_before_the_first_day_it_says_so(app: Flask) -> None:
    assert "No day is settled yet" in seat(app, someone(app, Role.ADMIN)).get("/association").text
