"""While a preview is held in the middle, others write at once; with the transaction it used to be, they wait (G1 control)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry, Recording
from models.settlement import Balance, ImportRun, SettlementDay
from portal import clock
from portal.actors import TERMINAL
from portal.audit import log
from portal.audit.recordings import last_recording_id, open_recording
from portal.imports import run
from portal.settlement.calendar import is_sown, sow
from portal.transaction import transaction
from tests import make

MONDAY, TUESDAY = "2026-01-05", "2026-01-06"
PATIENCE = 1.0
"""Seconds in which a writer must be through."""


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Path:
    """A firm with one settled day; a second day and a correction of the first are at hand."""
    with app.app_context():
        folder = make.firm(tmp_path / "firm")
        make.accepted(make.day(folder, MONDAY, {"10001": ("0.00", "10.00"), "10002": ("0.00", "0.00")}))
        db.session.remove()
    more = make.day(tmp_path / "more", MONDAY, {"10001": ("0.00", "20.00"), "10002": ("0.00", "0.00")})
    return make.day(more, TUESDAY, {"10001": ("20.00", "0.00"), "10002": ("0.00", "0.00")})


def write_something(app: Flask) -> None:
    """What nearly every write does: a step of knowledge and a line in the log."""
    with app.app_context():
        with transaction():
            recording = open_recording(TERMINAL, clock.now(), "test")
            log.write(TERMINAL, clock.now(), "test.written", "thing", str(recording.id))
        db.session.remove()


def seconds_of_a_writer_meanwhile(app: Flask, files: Path) -> float:
    """How long a writer takes while a preview stands in its second step; PATIENCE at most."""
    middle, go_on = threading.Event(), threading.Event()

    def hold(step: str, done: int, total: int) -> None:
        if done == 1:
            middle.set()
            assert go_on.wait(60)

    def preview() -> None:
        with app.app_context():
            make.imported(files, dry_run=True, progress=hold)
            db.session.remove()

    previewer, writer = threading.Thread(target=preview), threading.Thread(target=write_something, args=(app,))
    previewer.start()
    assert middle.wait(60)
    began = time.monotonic()
    writer.start()
    writer.join(PATIENCE)
    took = time.monotonic() - began
    go_on.set()
    previewer.join(60)
    writer.join(60)
    assert not previewer.is_alive()
    assert not writer.is_alive()
    return took


def test_others_write_while_a_preview_is_held_in_the_middle(app: Flask, firm: Path) -> None:
    assert seconds_of_a_writer_meanwhile(app, firm) < PATIENCE
    with app.app_context():
        assert db.session.execute(select(func.count()).select_from(SettlementDay)).scalar_one() == 1
        assert db.session.scalars(select(ImportRun.state).where(ImportRun.dry_run)).all() == ["done"]
        assert not list((Path(app.config["PORTAL"].instance) / "rehearsals").glob("*"))
        db.session.remove()


def test_control_the_transaction_that_it_used_to_be_holds_others_up(app: Flask, firm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def as_before(_folder: Path) -> Iterator[None]:
        try:
            with transaction():
                yield
                raise ZeroDivisionError
        except ZeroDivisionError:
            return

    old: Callable[[Path], AbstractContextManager[None]] = as_before
    monkeypatch.setattr(run, "rehearsal", old)
    assert seconds_of_a_writer_meanwhile(app, firm) >= PATIENCE


@pytest.mark.usefixtures("database")
def test_a_preview_leaves_nothing_and_counts_what_it_would_do(tmp_path: Path) -> None:
    folder = make.day(make.firm(tmp_path / "firm"), MONDAY, {"10001": ("0.00", "10.00"), "10002": ("0.00", "0.00")})
    with transaction():
        assert is_sown() or sow(TERMINAL, clock.now())
    counts = [db.session.execute(select(func.count()).select_from(model)).scalar_one() for model in (Recording, AuditEntry, Balance)]
    outcome = make.accepted(folder, dry_run=True)
    assert outcome.summary["days"] == {"posted": [MONDAY]}
    assert [db.session.execute(select(func.count()).select_from(model)).scalar_one() for model in (Recording, AuditEntry, Balance)] == counts
    assert last_recording_id() == 0
    make.accepted(folder)
    assert last_recording_id() > 0
