"""contacts.csv: taken whole or refused by line, taken once, corrected by what it says later."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.care import Contact
from tests import make
from tests.make import accepted, codes, imported

ROWS = ["10001,S001,2026-03-02 14:05,call,reached,asks about steel", "10002,S001,2026-03-03T09:00+08:00,visit,no_answer,"]


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    make.settled(app, tmp_path / "files")
    return app


def kept() -> list[tuple[str, str, str, bool]]:
    """What is kept, in the order in which it came."""
    rows = db.session.execute(select(Contact).order_by(Contact.id)).scalars().all()
    return [(f"{row.at:%Y-%m-%d %H:%M}", row.outcome, row.note, row.replaces_id is not None) for row in rows]


def test_a_file_is_taken_once_and_corrected_later(firm: Flask, tmp_path: Path) -> None:
    with firm.app_context():
        path = make.write(tmp_path / "in", "contacts", ROWS)
        assert accepted(path).summary["kinds"]["contacts.csv"]["new"] == 2
        assert accepted(path).summary["kinds"]["contacts.csv"]["same"] == 2
        assert kept() == [("2026-03-02 06:05", "reached", "asks about steel", False), ("2026-03-03 01:00", "no_answer", "", False)]
        again = make.write(tmp_path / "in", "contacts", [ROWS[0].replace("reached", "declined"), ROWS[1]])
        assert accepted(again).summary["kinds"]["contacts.csv"] == {"files": 1, "rows": 2, "new": 0, "changed": 1, "same": 1, "vanished": 0}
        assert kept()[2] == ("2026-03-02 06:05", "declined", "asks about steel", True)
        accepted(again)
        assert len(kept()) == 3
        db.session.remove()


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ("99999,S001,2026-03-02 14:05,call,reached,", "unknown_account", "account_no"),
        ("10001,S999,2026-03-02 14:05,call,reached,", "unknown_staff", "staff_no"),
        ("10001,S001,2026-03-02,call,reached,", "bad_moment", "at"),
        ("10001,S001,soon,call,reached,", "bad_moment", "at"),
        ("10001,S001,2999-03-02 14:05,call,reached,", "contact_ahead", "at"),
        ("10001,S001,2026-03-02 14:05,pigeon,reached,", "unknown_word", "channel"),
        ("10001,S001,2026-03-02 14:05,call,maybe,", "unknown_word", "outcome"),
        ("10001,S001,2026-03-02 14:05,call,no_answer,", "key_twice", "account_no, staff_no, at"),
        ("10001,S001,2026-03-02 14:05,call", "wrong_columns", ""),
    ],
)
def test_a_row_that_does_not_hold_is_named_and_nothing_is_taken(firm: Flask, tmp_path: Path, row: str, code: str, field: str) -> None:
    with firm.app_context():
        outcome = imported(make.write(tmp_path / "in", "contacts", [*ROWS, row]))
        (finding,) = outcome.findings.listed
        assert (finding.code, finding.field, finding.line) == (code, field, 4)
        assert kept() == []
        db.session.remove()


def test_a_rehearsal_keeps_nothing(firm: Flask, tmp_path: Path) -> None:
    with firm.app_context():
        outcome = imported(make.write(tmp_path / "in", "contacts", ROWS), dry_run=True)
        assert (codes(outcome), kept()) == ([], [])
        db.session.remove()
