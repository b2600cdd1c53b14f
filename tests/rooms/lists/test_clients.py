"""The list of clients, page by page, is the list of its file: also where its rows and sums are found by a shorter way."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.identity import Role
from tests import make
from tests.people import seat, someone

DAY = "2026-03-02"
ACCOUNTS = [str(10_001 + place) for place in range(130)]
OPENED_LATER, GONE = ACCOUNTS[:30], ACCOUNTS[30:33]


@pytest.fixture
def admin(app: Flask, tmp_path: Path) -> FlaskClient:
    """130 accounts, 30 of them without a balance; many hold the same. Then the day is corrected: some hold another sum, three nothing."""
    folder = make.firm(tmp_path / "firm", ACCOUNTS, ["B001"])
    held = {number: (f"{1000 * (int(number) % 7)}.00", "0.00") for number in ACCOUNTS if number not in OPENED_LATER}
    make.day(folder, DAY, held)
    corrected = {number: ("123456.00", "0.00") if number.endswith("9") else sums for number, sums in held.items() if number not in GONE}
    again = make.day(tmp_path / "again", DAY, corrected)
    with app.app_context():
        make.accepted(folder)
        make.accepted(again)
    return seat(app, someone(app, Role.ADMIN))


def pages(client: FlaskClient, address: str) -> list[str]:
    """The accounts of a list in its order, from the first page to the last."""
    found: list[str] = []
    while address:
        page = client.get(address).text
        found += re.findall(r'<th[^>]*>\s*<a href="/clients/(\w+)"', page)
        address = next(iter(re.findall(r'rel="next" href="([^"]+)"', page)), "").replace("&amp;", "&")
    return found


def test_the_pages_are_the_file_and_follow_the_next_import(app: Flask, admin: FlaskClient, tmp_path: Path) -> None:
    for asked in ("sort=-equity", "sort=equity", "sort=equity&per_page=100", "sort=-opened_on", "sort=name", "sort=-equity&kind=person"):
        lines = list(csv.DictReader(io.StringIO(admin.get(f"/clients?lang=en&format=csv&{asked}").data.decode("utf-8-sig"))))[:-3]
        assert len(lines) == len(ACCOUNTS)
        assert pages(admin, f"/clients?{asked}") == [row["Account"] for row in lines], asked
        shown = re.sub(r"<[^>]+>|\s", "", re.findall(r"<tfoot.*?</tfoot>", admin.get(f"/clients?{asked}").text, re.DOTALL)[0])
        for column in ("Equity", "Available"):
            assert f"{sum(int(row[column].replace('.', '')) for row in lines if row[column]) / 100:,.2f}" in shown, asked
    with app.app_context():
        make.accepted(make.day(tmp_path / "more", DAY, dict.fromkeys(ACCOUNTS, ("7000000.00", "0.00"))))
    again = admin.get("/clients").text
    assert f"{7_000_000 * len(ACCOUNTS):,}.00" in again
