"""Writers of an embedded database stand in line: one at a time, nobody for ever, and a killed process gives its turn back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from models import db
from portal import turns
from portal.transaction import on_postgresql, transaction
from portal.turns import Turns

HOLDS = """
import sys, time
from portal.turns import Turns
with Turns(sys.argv[1]).taken():
    print("mine", flush=True)
    time.sleep(60)
"""


def most_at_once(lines: list[Turns], *, stand: bool = True) -> int:
    """How many of the threads, three for each line, are at their work at once at most."""
    here, seen, counting = [0], [0], threading.Lock()

    def work() -> None:
        with counting:
            here[0] += 1
            seen[0] = max(seen[0], here[0])
        time.sleep(0.01)
        with counting:
            here[0] -= 1

    def one(line: Turns) -> None:
        for _ in range(3):
            if stand:
                with line.taken():
                    work()
            else:
                work()

    threads = [threading.Thread(target=one, args=(line,)) for line in lines for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen[0]


def test_one_writes_at_a_time_in_all_lines_of_a_database(tmp_path: Path) -> None:
    place = str(tmp_path / "portal.db")
    assert most_at_once([Turns(place), Turns(place)]) == 1
    assert most_at_once([Turns(place), Turns(str(tmp_path / "other.db"))]) == 2, "each database has a line of its own"


def test_control_without_a_line_they_write_at_once(tmp_path: Path) -> None:
    assert most_at_once([Turns(str(tmp_path / "portal.db"))], stand=False) > 1


@pytest.mark.skipif(not turns.IN_LINE, reason="processes have no line on Windows")
def test_a_killed_process_gives_its_turn_back(tmp_path: Path) -> None:
    place = str(tmp_path / "portal.db")
    with subprocess.Popen([sys.executable, "-c", HOLDS, place], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()}) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mine\n"
        come = threading.Event()

        def wait() -> None:
            with Turns(place).taken():
                come.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not come.wait(0.3), "the other process has the turn"
        other.send_signal(signal.SIGKILL)
        assert come.wait(30)
        waiting.join()


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    line = Turns(str(tmp_path / "portal.db"))
    with line.taken(), pytest.raises(OperationalError, match="the turn to write"), line.taken():
        pass
    with line.taken():
        pass


def test_a_failed_transaction_gives_its_turn_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    with app.app_context():
        with pytest.raises(ValueError, match="halfway"), transaction():
            raise ValueError("halfway")
        with transaction():
            if not on_postgresql():
                with pytest.raises(OperationalError, match="the turn to write"), turns.turns_of(db.engine).taken():
                    pass
        with transaction():
            pass
        db.session.remove()
