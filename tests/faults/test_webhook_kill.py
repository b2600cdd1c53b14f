"""The worker is killed after the receiver has answered, before that is written down: the receiver sees it twice under one number, and never not at all."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from models import db
from portal import clock, create_app
from portal.actors import TERMINAL
from portal.gateways.webhooks import carrier, rules
from portal.jobs import webhooks as jobs
from portal.keys import keyring
from portal.settings import Settings
from portal.transaction import transaction
from portal.webhooks import deliveries, endpoints
from portal.webhooks.recording import Happened, record
from tests.rooms.webhooks.receiver import Receiver, open_receiver

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as found:
        yield found


@pytest.fixture
def waiting(settings: Settings, receiver: Receiver) -> Iterator[Flask]:
    """A portal in which an event waits to be sent."""
    app = create_app(dataclasses.replace(settings, webhook_loopback=True))
    with app.app_context():
        with transaction():
            endpoints.add(TERMINAL, clock.now(), url=receiver.url(), description="CRM", kinds=["month.closed"], rules=rules(), ring=keyring())
            record("month.closed", [Happened("2026-10", "/commission/months/2026-10")], clock.now())
        db.session.remove()
        yield app
        db.session.remove()
        db.engine.dispose()


def killed(settings: Settings, at: str) -> None:
    told = [sys.executable, "-m", "tests.faults.webhook", settings.instance, settings.database_url, at]
    ended = subprocess.run(told, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]


def afterwards() -> dict[str, int]:
    """What the next worker sends, once the dead one is known to be dead."""
    with time_machine.travel(clock.now() + deliveries.STALE, tick=True):
        return jobs.send_due(carrier())


def test_nothing_is_lost_and_the_number_stays(waiting: Flask, receiver: Receiver, settings: Settings) -> None:
    killed(settings, "sent")
    assert (len(receiver.came), afterwards()) == (1, {"delivered": 1})
    assert len(receiver.came) == 2
    assert len({came.event["id"] for came in receiver.came}) == 1


def test_control_who_writes_it_down_first_loses_it(waiting: Flask, receiver: Receiver, settings: Settings) -> None:
    """The planted fault: the receiver never sees it, and the count above would find that."""
    killed(settings, "lost")
    assert (afterwards(), receiver.came) == ({}, [])
