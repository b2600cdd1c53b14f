"""The worker is killed between the publication of a month and the notices, and in the midst of them: the brokers are told once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.identity import Role
from models.notices import Notice
from models.publication import StatementPublication, StatementTold
from portal.commission.publication import PUBLISHED
from portal.settings import Settings
from tests.people import post, seat, someone
from tests.rooms.pages.test_month_desk import FEBRUARY, MARCH, MONTH, close, prepared, preview

ROOT = Path(__file__).resolve().parents[2]
PAGE = f"{MONTH}/publication"


@pytest.fixture
def finance(app: Flask, tmp_path: Path) -> int:
    """The month is closed; a broker with two sign-ins waits for his statement. Gives who works at the desk."""
    prepared(app, tmp_path)
    key = someone(app, Role.FINANCE, email="one@firm.example")
    for _ in range(2):
        someone(app, Role.BROKER, broker_no="B001")
    second = seat(app, someone(app, Role.FINANCE, email="two@firm.example"))
    for period in (FEBRUARY, MARCH):
        preview(app)
        close(app, period, seat(app, key), second)
    return key


def killed(settings: Settings, user: int, at: str) -> None:
    """A worker of its own, which dies there."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    words = [sys.executable, "-m", "tests.faults.telling", settings.instance, settings.database_url, str(user), MARCH, at]
    ended = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def told(app: Flask) -> tuple[bool, bool, list[int]]:
    """Whether the statements are published, whether anybody counts as told, and how often each user of a broker was told."""
    with app.app_context():
        published, counted = (db.session.execute(select(model)).first() is not None for model in (StatementPublication, StatementTold))
        times = Counter(db.session.execute(select(Notice.user_id).where(Notice.kind == PUBLISHED)).scalars())
        db.session.remove()
    return published, counted, sorted(times.values())


def test_brokers_are_told_once_wherever_the_worker_died(app: Flask, settings: Settings, finance: int) -> None:
    killed(settings, finance, "between")
    assert told(app) == (True, False, [])
    killed(settings, finance, "inside")
    assert told(app) == (True, False, []), "what was written and not committed is not there"
    desk = seat(app, finance)
    assert post(desk, f"{MONTH}/notify", page=PAGE).status_code == 303
    assert told(app) == (True, True, [1, 1])
    assert post(desk, f"{MONTH}/notify", page=PAGE).status_code == 409
    assert told(app) == (True, True, [1, 1])


def test_control_notices_that_are_committed_by_themselves_are_found(app: Flask, settings: Settings, finance: int) -> None:
    killed(settings, finance, "halfway")
    assert told(app) == (True, False, [1, 1])
    assert post(seat(app, finance), f"{MONTH}/notify", page=PAGE).status_code == 303
    assert told(app) == (True, True, [2, 2]), "brokers were told twice and nobody noticed"
