"""The first page of who looks after clients: his own accounts alone, whom to call, what moved; a corrected day counts once."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from models.identity import Role
from tests import make
from tests.people import seat, someone

MARGINS = {"10001": "90000.00", "10002": "89999.99", "10003": "100000.01", "10004": "500.00"}
"""Of an equity of 100,000 each, but 10004 owes: at the line, one fen below it, above the equity, and without equity."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    firm = make.firm(tmp_path / "firm", accounts=("10001", "10002", "10003", "10004", "10005"))
    make.write(firm, "servicing", [f"{no},S001,servicer,2025-01-02," for no in MARGINS])
    flat = dict.fromkeys((*MARGINS, "10005"), ("100000.00", "0.00"))
    make.day(firm, "2026-03-02", flat | {"10004": ("1000.00", "0.00")})
    day = make.day(firm, "2026-03-03", flat | {"10002": ("100000.00", "0.00"), "10004": ("1000.00", "-1200.00")})
    for path in day.rglob("*balances*"):
        path.write_text("\n".join(_with_margin(line) for line in path.read_text().splitlines()) + "\n")
    return firm


def _with_margin(line: str) -> str:
    cells = line.split(",")
    if cells[0] != "2026-03-03" or cells[1] not in MARGINS:
        return line
    margin = MARGINS[cells[1]]
    left = make.parse_yuan(cells[12]) - make.parse_yuan(margin)
    return ",".join([*cells[:13], margin, make.yuan(left)])


def calls(client: FlaskClient) -> list[str]:
    page = BeautifulSoup(client.get("/?lang=en").text, "html.parser")
    return [link["href"].rpartition("/")[2] for link in page.select(".calls a")]


def test_whom_to_call_begins_with_the_most_urgent(app: Flask, folder: Path) -> None:
    with app.app_context():
        make.accepted(folder)
    staff = seat(app, someone(app, Role.STAFF, staff_no="S001"))
    assert calls(staff) == ["10004", "10003", "10001"]
    page = BeautifulSoup(staff.get("/?lang=en").text, "html.parser")
    assert [tile.get_text(strip=True) for tile in page.select(".tile-value")] == ["0", "0", "0", "4", "¥299.80K"], (
        "tasks overdue and of today, and questions overdue, come before the book"
    )
    assert "¥0.01 of margin is missing" in page.text
    moved = page.select("section[aria-labelledby=h-moved] tbody tr")
    assert [(row.select_one("a")["href"], row.select(".num")[1].get_text(" ", strip=True)) for row in moved] == [("/clients/10004", "▼ -¥1,200.00")]
    assert calls(seat(app, someone(app, Role.STAFF, email="other@firm.example", staff_no="S999"))) == [], "another's accounts are not his"
