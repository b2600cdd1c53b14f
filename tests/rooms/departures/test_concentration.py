"""On how few the equity stands: every figure against a computation by hand on a small firm, day by day and month by month; what makes a day anew."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from models import db
from models.concentration import WHOLE_FIRM, ConcentrationDay, ConcentrationFigure, Holder, Measure, StaffBook
from models.identity import Role
from models.partners import Staff
from portal.departures import books, holders
from portal.departures.concentration import month_ends, standing
from portal.departures.spread import concentration
from portal.jobs.refresh import renew_concentration
from portal.transaction import transaction
from tests import make, remembered
from tests.people import seat, someone
from tests.rooms.lists.test_lists import queries

FIRST, LAST = "2026-02-27", "2026-03-31"
MARCH = date(2026, 3, 31)
EQUITY = {"10001": "500.00", "10002": "300.00", "10003": "100.00", "10004": "60.00", "10005": "40.00", "10006": "-10.00"}
"""B001 brought 10001 and 10005, B002 10002; staff won 10003; 10004 and 10006 came by themselves. 990.00 in all, 1,000.00 of it above nought."""


def firm(app: Flask, folder: Path) -> None:
    remembered.begin(app, folder, _firm)


def _firm(app: Flask, folder: Path) -> None:
    """S001 looks after 10001 with S002, after 10002 and 10003 alone; S002 after 10004 alone; nobody after 10005."""
    make.firm(folder, EQUITY, ("B001", "B002", "B003"))
    make.write(folder, "staff", [f"{number},Staff {number},01,,,2020-01-01," for number in ("S001", "S002")])
    make.write(
        folder, "attributions", [f"{account},{broker},100,confirmed,2025-01-02,,2025-01-02" for account, broker in (("10001", "B001"), ("10005", "B001"), ("10002", "B002"))]
    )
    served = [("10001", "S001"), ("10001", "S002"), ("10002", "S001"), ("10003", "S001"), ("10004", "S002")]
    make.write(folder, "servicing", [*(f"{account},{who},servicer,2025-01-02," for account, who in served), "10003,S001,originator,2025-01-02,"])
    make.day(folder, FIRST, dict.fromkeys(EQUITY, ("100.00", "0.00")))
    make.day(folder, LAST, {number: (equity, "0.00") for number, equity in EQUITY.items()})
    with app.app_context():
        make.accepted(folder)
        renew_concentration()
        db.session.remove()


@pytest.fixture
def small(app: Flask, tmp_path: Path) -> Flask:
    firm(app, tmp_path / "files")
    return app


def test_every_figure_against_the_hand(small: Flask) -> None:
    """Brokers 540 and 300 of 840; staff 900 and 560 of 1,460; channels 840, 100 and 50; one branch; 500 two look after, 460 one, 40 nobody."""
    with small.app_context():
        found = standing(MARCH)
        assert found is not None
        told = {holder: (one.holders, one.total, one.top[1], one.top[5], one.hhi) for (holder, measure), one in found.figures.items() if measure is Measure.EQUITY}
        assert told == {
            Holder.BROKER: (2, 84_000, 54_000, 84_000, 5_408),  # (54² + 30²) / 84² = 0.54082
            Holder.STAFF: (2, 146_000, 90_000, 146_000, 5_271),  # (90² + 56²) / 146² = 0.52712
            Holder.BRANCH: (1, 99_000, 99_000, 99_000, 10_000),
            Holder.CHANNEL: (3, 99_000, 84_000, 99_000, 7_327),  # (84² + 10² + 5²) / 99² = 0.73266
        }
        assert (found.equity, found.several, found.one, found.nobody) == (100_000, 50_000, 46_000, 4_000)
        assert (found.contact("one"), found.contact("several"), found.contact("nobody")) == (4_600, 5_000, 400)
        assert (found.all_equity, found.under_brokers, found.brokers_share) == (99_000, 84_000, 8_484)
        assert (found.brokers, found.persons, found.persons_share) == (2, 2, 10_000)
        assert found.figures[Holder.BROKER, Measure.EQUITY].share(1) == 6_428
        assert month_ends(MARCH) == [date(2026, 2, 27), MARCH]
        assert standing(MARCH, 12_345) is None
        db.session.remove()


def books_of(day: date) -> list[tuple[str, int, int, int, int]]:
    query = select(Staff.staff_no, StaffBook.accounts, StaffBook.equity, StaffBook.alone, StaffBook.alone_equity).join(Staff, Staff.id == StaffBook.staff_id)
    return [tuple(row) for row in db.session.execute(query.where(StaffBook.trade_date == day).order_by(Staff.staff_no))]


def test_what_changes_makes_its_days_anew_and_nothing_else(small: Flask, tmp_path: Path) -> None:
    with small.app_context():
        assert books_of(MARCH) == [("S001", 3, 90_000, 2, 40_000), ("S002", 2, 56_000, 1, 6_000)]
        assert books.stale_days() == []
        assert not books.is_missing()
        folder = tmp_path / "files"
        make.edit(folder / "servicing.csv", "10004,S002,servicer,2025-01-02,", "10004,S002,servicer,2025-01-02,2026-03-02")
        make.accepted(folder / "servicing.csv")
        assert books.stale_days() == [MARCH], "in February he looked after him still"
        assert renew_concentration() == 1
        assert books_of(MARCH) == [("S001", 3, 90_000, 2, 40_000), ("S002", 1, 50_000, 0, 0)]
        assert books_of(date(2026, 2, 27)) == [("S001", 3, 30_000, 2, 20_000), ("S002", 2, 20_000, 1, 10_000)]
        assert (books.stale_days(), renew_concentration()) == ([], 0)
        db.session.remove()


def test_control_a_changed_book_and_figure_are_found_and_made_anew(small: Flask) -> None:
    with small.app_context():
        assert books.differences() == []
        with transaction():
            db.session.execute(update(StaffBook).where(StaffBook.trade_date == MARCH, StaffBook.accounts == 3).values(alone=StaffBook.alone + 1))
            db.session.execute(update(ConcentrationDay).where(ConcentrationDay.trade_date == MARCH, ConcentrationDay.branch_id == WHOLE_FIRM).values(nobody=0))
            db.session.execute(update(ConcentrationFigure).where(ConcentrationFigure.holder == Holder.BROKER, ConcentrationFigure.trade_date == MARCH).values(hhi=1))
        assert {" ".join(line.split()[:2]) for line in books.differences()} == {f"{MARCH} {table}" for table in ("staff_book", "concentration_day", "concentration_figure")}
        db.session.remove()
    run = small.test_cli_runner().invoke
    assert [run(args=["overview", what]).exit_code for what in ("verify", "rebuild", "verify")] == [1, 0, 0]


def test_a_corrected_day_is_made_anew(small: Flask, tmp_path: Path) -> None:
    with small.app_context():
        folder = make.firm(tmp_path / "again", EQUITY, ("B001", "B002", "B003"))
        make.day(folder, LAST, {number: ("1000.00" if number == "10002" else equity, "0.00") for number, equity in EQUITY.items()})
        make.accepted(*sorted(folder.glob("*2026*")))
        assert books.stale_days() == [MARCH]
        renew_concentration()
        found = standing(MARCH)
        assert found is not None
        assert found.figures[Holder.BROKER, Measure.EQUITY].top[1] == 100_000
        db.session.remove()


def test_nothing_held_has_no_figures() -> None:
    assert concentration([]) is None
    assert holders.figures(holders.pl.DataFrame(schema=holders.FLOORS)) == []


def test_the_page_says_every_figure_with_its_day(small: Flask) -> None:
    admin = seat(small, someone(small, Role.ADMIN))
    page = admin.get("/overview/concentration").text
    for words in ("64.2 %", "5,408", "46.0 %", "50.0 %", "4.0 %", "84.8 %", "2009: about half", "how an account came", "2026-03-31", "Broker B001", "no broker"):
        assert words in page, words
    staff = admin.get("/overview/concentration?of=staff").text
    for words in ("61.6 %", "5,271", "person=staff-S001"):
        assert words in staff, words
    then = admin.get("/overview/concentration?day=2026-02-27&of=channel").text
    assert "2026-02-27" in then
    assert "50.0 %" in then  # three of six accounts with 100.00 each came by a broker
    assert "being added up" not in then


@pytest.mark.parametrize("part", ["trend", "figures", "tree", "holders"])
def test_its_files(small: Flask, part: str) -> None:
    lines = seat(small, someone(small, Role.AUDITOR)).get(f"/overview/concentration?format=csv&part={part}").text.lstrip("\ufeff").splitlines()
    told = {
        "trend": "2026-03,2026-03-31,84.84,64.28,100.00,100.00,61.64,46.00,50.00,100.00,5408,5271,990.00",
        "figures": "Broker,Client equity,2,840.00,64.28,100.00,100.00,5408,2026-03-31",
        "tree": "01,Head office,B001,Broker B001,540.00,2026-03-31",
        "holders": "B001,Broker B001,540.00,64.28,2026-03-31",
    }
    assert told[part] in lines, lines


def test_the_number_of_questions_does_not_grow(small: Flask) -> None:
    admin = seat(small, someone(small, Role.ADMIN))
    for asked in ("", "?of=staff", "?of=branch&measure=retained_fee", "?of=channel"):
        assert queries(small, admin, f"/overview/concentration{asked}") <= 20, asked


@pytest.mark.parametrize("asked", ["of=moon&measure=x", "day=nonsense", "format=csv&part=nothing", "format=xlsx&part=trend", "day=0001-01-01&of=staff"])
def test_odd_questions_are_answered(small: Flask, asked: str) -> None:
    assert seat(small, someone(small, Role.ADMIN)).get(f"/overview/concentration?{asked}").status_code == 200


def test_before_it_is_added_up_the_page_says_so(small: Flask) -> None:
    with small.app_context():
        with transaction():
            db.session.execute(delete(ConcentrationDay))
        db.session.remove()
    page = seat(small, someone(small, Role.ADMIN)).get("/overview/concentration").text
    assert "being added up" in page
    assert "64.2 %" in page
