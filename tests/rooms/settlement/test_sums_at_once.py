"""A day's sums made anew by several at once: each in turn, the same sums, and nobody fails."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import date
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from models import db
from portal.refusals import Refusal
from portal.settlement import rollups
from portal.transaction import transaction
from tests import make
from tests.at_once import at_once
from tests.places import SERVER

DAY = date(2026, 3, 2)


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A settled day whose sums wait to be made anew."""
    folder = make.firm(tmp_path / "files")
    make.day(folder, str(DAY), {"10001": ("50000.00", "0.00"), "10002": ("80000.00", "0.00")}, [("10001", "SHFE", "rb", "10", "350000.00", "60.00", "35.00")])
    with app.app_context():
        make.accepted(folder)
        with transaction():
            rollups.forget([DAY])
        db.session.remove()
    return app


def made_by_all(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Four make the day's sums; whoever has read waits a moment for the others to have read too. How it ended for each."""
    gate, write = threading.Barrier(4), rollups.write

    def slowly(day: date, sums: rollups.Sums) -> None:
        with suppress(threading.BrokenBarrierError):
            gate.wait(timeout=1)
        write(day, sums)

    def make_them() -> None:
        try:
            rollups.rebuild([DAY])
        except psycopg.Error as error:  # a bulk load speaks to the driver itself
            raise Refusal("the same rows") from error

    monkeypatch.setattr(rollups, "write", slowly)
    with firm.app_context():
        return at_once(firm, *[make_them] * 4)


def test_several_make_the_sums_of_a_day(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made_by_all(firm, monkeypatch) == ["done"] * 4
    with firm.app_context():
        assert rollups.missing_days() == []
        assert rollups.differences(DAY) == []
        db.session.remove()


def test_control_without_the_clock_they_write_the_same_rows(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite the write lock sees to it already."""
    monkeypatch.setattr(rollups, "hold_clock", lambda: None)
    assert (made_by_all(firm, monkeypatch) != ["done"] * 4) == bool(SERVER)
