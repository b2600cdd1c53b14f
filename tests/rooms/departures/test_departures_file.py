"""departures.csv: taken whole or refused by line, taken once; nobody who is here leaves by a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.departures import Departure, DepartureStep
from models.partners import Broker, Staff, StaffVersion
from portal.versions import current
from tests import make
from tests.make import accepted, imported

HEAD = "person_kind,person_no,announced_on,effective_on,cause,destination"
ROWS = [
    "staff,S001,2026-03-02,2026-03-31,better pay,Rival Futures",
    "staff,S900,2025-05-05,2025-06-01,retired,",
    "broker,B001,2026-03-03,,fees,Rival Futures",
    "broker,B002,2026-03-04,,,",
]


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """The firm of make.firm, and S900, who is gone since June 2025."""
    folder = make.firm(tmp_path / "files")
    make.write(folder, "staff", ["S001,Staff,01,s@example.com,19900000001,2024-01-01,", "S900,Gone,01,g@example.com,19900000900,2020-01-01,2025-06-01"])
    with app.app_context():
        make.accepted(folder)
        db.session.remove()
    return app


def handed(folder: Path, *rows: str) -> Path:
    """The file with these rows."""
    folder.mkdir(exist_ok=True)
    path = folder / "departures.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return path


def kept() -> list[tuple[str, str, str, str, str]]:
    """The register: who, kind, state, days."""
    query = select(Departure, Staff.staff_no, Broker.broker_no).outerjoin(Staff, Staff.id == Departure.staff_id).outerjoin(Broker, Broker.id == Departure.broker_id)
    return [(row[1] or row[2], row[0].kind, row[0].state, str(row[0].announced_on), str(row[0].effective_on)) for row in db.session.execute(query.order_by(Departure.id))]


def test_a_file_is_taken_once(firm: Flask, tmp_path: Path) -> None:
    with firm.app_context():
        path = handed(tmp_path / "in", *ROWS)
        assert accepted(path).summary["kinds"]["departures.csv"]["new"] == 4
        register = [
            ("S001", "staff_leaves", "announced", "2026-03-02", "2026-03-31"),
            ("S900", "staff_leaves", "effective", "2025-05-05", "2025-06-01"),
            ("B001", "broker_moves", "announced", "2026-03-03", "None"),
            ("B002", "broker_ends", "announced", "2026-03-04", "None"),
        ]
        assert kept() == register
        assert accepted(handed(tmp_path / "again", *ROWS[::-1])).summary["kinds"]["departures.csv"] == {"files": 1, "rows": 4, "new": 0, "changed": 0, "same": 4, "vanished": 0}
        assert kept() == register
        assert db.session.execute(select(DepartureStep.action, DepartureStep.note)).all() == [("recorded", "departures.csv")] * 4
        assert db.session.execute(current(StaffVersion).with_only_columns(StaffVersion.left_on).order_by(StaffVersion.staff_id)).scalars().all() == [None, date(2025, 6, 1)]
        db.session.remove()


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ("staff,S999,2026-03-02,,,", "unknown_staff", "person_no"),
        ("broker,B999,2026-03-02,,,", "unknown_broker", "person_no"),
        ("client,C001,2026-03-02,,,", "unknown_word", "person_kind"),
        ("broker,B002,,,,", "bad_date", "announced_on"),
        ("broker,B002,2999-01-01,,,", "announced_ahead", "announced_on"),
        ("broker,B002,2026-03-02,2026-03-01,,", "effective_early", "effective_on"),
        (f"broker,B002,2026-03-02,,{'x' * 201},", "too_long", "cause"),
        ("staff,S001,2026-03-02,,,", "key_twice", "person_kind, person_no, announced_on"),
        ("broker,B002,2026-03-02", "wrong_columns", ""),
    ],
)
def test_a_row_that_does_not_hold_is_named_and_nothing_is_taken(firm: Flask, tmp_path: Path, row: str, code: str, field: str) -> None:
    with firm.app_context():
        outcome = imported(handed(tmp_path / "in", *ROWS[:3], row))
        (finding,) = outcome.findings.listed
        assert (finding.code, finding.field, finding.line) == (code, field, 5)
        assert kept() == []
        db.session.remove()


def test_what_the_register_says_otherwise_is_refused(firm: Flask, tmp_path: Path) -> None:
    with firm.app_context():
        accepted(handed(tmp_path / "in", ROWS[2]))
        for row, code in (("broker,B001,2026-03-03,2026-04-01,fees,Rival Futures", "departure_otherwise"), ("broker,B001,2026-03-10,,,", "departure_live")):
            outcome = imported(handed(tmp_path / "other", row, ROWS[0]))
            assert [(finding.code, finding.line) for finding in outcome.findings.listed] == [(code, 2)]
        assert [one[0] for one in kept()] == ["B001"]
        db.session.remove()


def test_one_person_has_one_open_departure_and_any_number_that_are_over(firm: Flask, tmp_path: Path) -> None:
    with firm.app_context():
        outcome = imported(handed(tmp_path / "in", "broker,B001,2026-03-02,,,", "broker,B001,2026-03-09,,,"))
        assert [(finding.code, finding.line) for finding in outcome.findings.listed] == [("departure_live", 3)]
        assert accepted(handed(tmp_path / "over", "staff,S900,2024-05-05,2024-06-01,,", "staff,S900,2025-05-05,2025-06-01,,")).summary["kinds"]["departures.csv"]["new"] == 2
        db.session.remove()


def test_a_rehearsal_keeps_nothing(firm: Flask, tmp_path: Path) -> None:
    with firm.app_context():
        assert imported(handed(tmp_path / "in", *ROWS), dry_run=True).findings.refused == 0
        assert kept() == []
        db.session.remove()
