"""Signals of a day: the whole night, from what was known then alone, kept once and never changed; and what the terminal prints."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.exc import DatabaseError

from models import db
from models.audit import AuditEntry
from models.care import Contact
from models.clients import Account
from models.departure_signals import DepartureSignal, SignalRun
from models.partners import Branch, Broker, BrokerStatus, BrokerVersion, Licence, Staff
from portal import clock
from portal.actors import TERMINAL
from portal.audit.recordings import open_recording
from portal.departures import signals
from portal.jobs import signals as nightly
from portal.jobs.worker import Worker
from portal.transaction import transaction
from tests.rooms.departures.signal_scene import CLIENTS, DAY, NOON, ZONE, kept, quietly, settle_in

WITHDRAWN = {"amount": 15_000_000, "hit": 3, "of": 6, "usual_ppm": 10_000, "chance_ppm": 20, "before_hit": 0, "before_of": 0, "others_hit": 0, "others_of": 0}
RAISED = [
    ("staff", "S001", "no_contact", {"last_on": "2026-02-19", "days": 40, "level": 30, "longest": 5, "usual": 5, "deeds": 10}),
    ("staff", "S003", "exports", {"count": 250, "busiest": 0, "usual": 0, "weeks": 12}),
    ("broker", "B001", "licence_ends", {"ends_on": "2026-05-30", "days": 60}),
    ("broker", "B001", "withdrawals", WITHDRAWN),
]


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    settle_in(app, tmp_path / "files")
    with app.app_context():
        yield app
        db.session.remove()


def raised(day: date = DAY) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [(who.kind.value, who.number, kind.value, evidence) for who, kind, evidence in signals.raised(day, ZONE, quietly)[1]]


def table() -> list[tuple[str, str, date, date, str]]:
    """Every signal that is kept: who, what, the run's day, since when, by which rules."""
    row, run = DepartureSignal, SignalRun
    query = select(Staff.staff_no, Broker.broker_no, row.kind, run.on_day, row.first_on, run.rule_version).join(run, run.id == row.run_id)
    query = query.outerjoin(Staff, Staff.id == row.staff_id).outerjoin(Broker, Broker.id == row.broker_id).order_by(row.id)
    return [(staff or broker, *rest) for staff, broker, *rest in db.session.execute(query)]


def test_the_whole_night(firm: Flask) -> None:
    assert raised() == RAISED


def test_the_job_keeps_them_and_what_goes_on_keeps_its_first_day(firm: Flask) -> None:
    kept(DAY - timedelta(days=1))
    assert nightly.is_due(NOON)
    with transaction():
        nightly.ask(TERMINAL, clock.now())
    assert not nightly.is_due(NOON)
    db.session.remove()
    assert Worker(firm).drain() == 1
    assert not nightly.is_due(NOON)
    before = [("S001", "no_contact", date(2026, 3, 30)), ("S003", "exports", date(2026, 3, 30))]
    tonight = [("S001", "no_contact", date(2026, 3, 30)), ("S003", "exports", date(2026, 3, 30)), ("B001", "licence_ends", DAY), ("B001", "withdrawals", DAY)]
    assert table() == [(*one[:2], date(2026, 3, 30), one[2], "signals-2") for one in before] + [(*one[:2], DAY, one[2], "signals-2") for one in tonight]
    line = db.session.execute(select(AuditEntry.after).where(AuditEntry.action == "signals.raised").order_by(AuditEntry.seq.desc())).scalars().first()
    assert line == {"on": "2026-03-31", "rules": "signals-2", "persons": 5, "signals": 4}


def test_nothing_recorded_later_is_read(firm: Flask) -> None:
    """A contact of last week that is written down in two days, one of tomorrow, and a list taken out tomorrow change nothing today."""
    with transaction():
        staff = db.session.execute(select(Staff.id).where(Staff.staff_no == "S001")).scalar_one()
        account = db.session.execute(select(Account.id).where(Account.account_no == CLIENTS[0])).scalar_one()
        for at, recorded in ((NOON - timedelta(days=7), clock.now() + timedelta(days=2)), (NOON + timedelta(days=1), NOON)):
            db.session.add(Contact(account_id=account, staff_id=staff, at=at, channel="call", outcome="reached", note="", recorded_at=recorded))
    assert raised() == RAISED


def test_control_the_same_contact_written_down_in_time_is_read(firm: Flask) -> None:
    with transaction():
        staff = db.session.execute(select(Staff.id).where(Staff.staff_no == "S001")).scalar_one()
        account = db.session.execute(select(Account.id).where(Account.account_no == CLIENTS[0])).scalar_one()
        db.session.add(Contact(account_id=account, staff_id=staff, at=NOON - timedelta(days=7), channel="call", outcome="reached", note="", recorded_at=NOON))
    assert raised() == RAISED[1:]


def test_what_is_kept_is_never_changed(firm: Flask) -> None:
    kept()
    for statement in ("UPDATE departure_signal SET first_on = '2020-01-01'", "DELETE FROM signal_run"):
        with pytest.raises(DatabaseError), transaction():
            db.session.execute(text(statement))


def questions() -> int:
    """How many statements a night asks."""
    asked: list[str] = []

    def hear(*args: Any) -> None:
        asked.append(args[2])

    event.listen(db.engine, "before_cursor_execute", hear)
    raised()
    event.remove(db.engine, "before_cursor_execute", hear)
    return len(asked)


def test_the_number_of_questions_does_not_grow_with_people(firm: Flask) -> None:
    raised()  # the first look opens the connection
    few = questions()
    with transaction():
        number = open_recording(TERMINAL, clock.now(), "test").id
        branch = db.session.execute(select(Branch.id)).scalars().first()
        for place in range(40):
            broker = Broker(broker_no=f"N{place:03d}")
            db.session.add(broker)
            db.session.flush()
            plain = {"name": "x", "id_no_sealed": "", "id_no_index": "", "phone_sealed": "", "phone_index": "", "email": ""}
            db.session.add(BrokerVersion(broker_id=broker.id, kind="person", branch_id=branch, recording_id=number, withdrawn=False, **plain))
            span = {"broker_id": broker.id, "valid_from": date(2025, 1, 1), "recording_id": number, "withdrawn": False}
            db.session.add(BrokerStatus(status="active", valid_to=date(9999, 12, 31), **span))
            db.session.add(Licence(licence_no="F", valid_to=date(2026, 5, 30), **span))
    assert len(raised()) == len(RAISED) + 40
    assert questions() == few


def test_the_terminal_prints_them(firm: Flask) -> None:
    db.session.remove()
    out = firm.test_cli_runner().invoke(args=["departures", "signals", "--on", "2026-03-31", "--format", "csv"])
    assert out.output.splitlines()[0] == "person_kind,person_no,signal,evidence,on,rule_version"
    assert out.output.splitlines()[3] == 'broker,B001,licence_ends,"{""days"": 60, ""ends_on"": ""2026-05-30""}",2026-03-31,signals-2'
    assert len(out.output.splitlines()) == 1 + len(RAISED)
