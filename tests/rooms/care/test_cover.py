"""Who looks after how much equity, and how much of it hangs on one person."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
from flask import Flask

from models import db
from models.identity import Role
from portal.care.cover import SCHEMA, cover, summed
from tests import make
from tests.people import seat, someone

LAST = "2026-03-31"


def test_sums_of_one_several_and_nobody() -> None:
    rows = [(1, 100, "S001", "甲"), (1, 100, "S002", "乙"), (2, 40, "S001", "甲"), (3, 7, None, None)]
    found = summed(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    assert found.equity == {"all": 147, "several": 100, "one": 40, "nobody": 7}
    assert found.accounts == {"all": 3, "several": 1, "one": 1, "nobody": 1}
    assert found.rows.rows() == [(0, "S001", "甲", 2, 140, 1, 40), (1, "S002", "乙", 1, 100, 0, 0)]
    assert summed(pl.DataFrame(schema=SCHEMA)).equity == {"all": 0, "several": 0, "one": 0, "nobody": 0}


def firm(folder: Path) -> Path:
    """10001 is looked after by two, 10002 by S001 alone, 10003 by S009 who has left, 10004 by S001 until March; 10005 is empty."""
    numbers = ("10001", "10002", "10003", "10004", "10005")
    make.firm(folder, numbers)
    staff = [f"{number},Staff {number},01,,,2020-01-01,{left}" for number, left in (("S001", ""), ("S002", ""), ("S009", "2026-01-31"))]
    make.write(folder, "staff", staff)
    spans = [("10001", "S001", ""), ("10001", "S002", ""), ("10002", "S001", ""), ("10003", "S009", ""), ("10004", "S001", "2026-03-31"), ("10005", "S001", "")]
    make.write(folder, "servicing", [f"{account},{who},servicer,2025-01-02,{end}" for account, who, end in spans])
    make.day(folder, LAST, {number: ("0.00" if number == "10005" else f"{number[-1]}000.00", "0.00") for number in numbers})
    make.accepted(folder)
    return folder


def test_who_has_left_looks_after_nobody(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        firm(tmp_path / "files")
        found = cover(date(2026, 4, 1), date(2026, 3, 31))
        assert found.rows.drop("row").rows() == [("S001", "Staff S001", 2, 300_000, 1, 200_000), ("S002", "Staff S002", 1, 100_000, 0, 0)]
        assert found.equity == {"all": 1_000_000, "several": 100_000, "one": 200_000, "nobody": 700_000}
        db.session.remove()
    page = seat(app, someone(app, Role.ADMIN)).get("/overview/people")
    assert page.status_code == 200
    assert "/departures/exposure?person=staff-S001" in page.text
    for words in ("Staff S001", "3,000.00", "20.0 %", "70.0 %", "75.0 %"):
        assert words in page.text, words
    lines = seat(app, someone(app, Role.AUDITOR, email="b@firm.example")).get("/overview/people?format=csv").text.lstrip("\ufeff").splitlines()
    assert lines[1] == "S001,Staff S001,2,3000.00,1,2000.00"


def test_before_the_first_day_it_says_so(app: Flask) -> None:
    assert seat(app, someone(app, Role.ADMIN)).get("/overview/people").status_code == 200
    assert seat(app, someone(app, Role.ADMIN, email="b@firm.example")).get("/overview/people?format=csv").status_code in (200, 404)
