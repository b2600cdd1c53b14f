"""What lapses is said 60, 30 and 7 days before, each once; and pay stops that day, with the reason on every line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.identity import Role, User
from models.notices import Notice
from models.onboarding import LapseMark
from models.values.calendar import Month
from portal.actors import TERMINAL
from portal.commission import runs
from portal.commission.month import quiet
from portal.commission.queries import run_of
from portal.commission.store import read_lines
from portal.commission.vocabulary import Reason
from portal.jobs.refresh import refresh
from portal.notices.kinds import KINDS
from portal.notices.wording import sentence
from portal.onboarding.lapsing import due, lapses_on
from portal.onboarding.reminding import SOON, coming, remind
from portal.transaction import transaction
from tests import make
from tests.people import someone

LAPSE = date(2026, 7, 1)
"""The first day without a licence."""


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """B001's licence ends with June 2026; B002's ends then too, but the next one begins that day."""
    files = make.firm(tmp_path / "files")
    make.write(files, "licences", ["B001,F1,2025-01-01,2026-07-01", "B002,F2,2025-01-01,2026-07-01", "B002,F3,2026-07-01,2027-07-01"])
    with app.app_context():
        make.accepted(files)
        db.session.remove()
        yield app


def told(day: date) -> dict[str, int]:
    """Remind on a day; how many notices each address has by then."""
    with transaction():
        remind(day, TERMINAL, datetime(day.year, day.month, day.day, 4, tzinfo=UTC))
    query = select(User.email, func.count(Notice.id)).join(Notice, Notice.user_id == User.id).where(Notice.kind == SOON).group_by(User.email)
    return dict(db.session.execute(query).all())


def test_broker_manager_and_compliance_are_told_each_once(firm: Flask) -> None:
    someone(firm, Role.BROKER, email="b1@firm.example", broker_no="B001")
    someone(firm, Role.BROKER, email="b2@firm.example", broker_no="B002")
    someone(firm, Role.STAFF, email="manager@firm.example", staff_no="S001")
    someone(firm, Role.COMPLIANCE, email="law@firm.example")
    someone(firm, Role.FINANCE, email="money@firm.example")
    assert told(LAPSE - timedelta(days=61)) == {}
    everybody = {"b1@firm.example": 1, "manager@firm.example": 1, "law@firm.example": 1}
    assert told(LAPSE - timedelta(days=60)) == everybody
    assert told(LAPSE - timedelta(days=60)) == everybody, "twice on a day is once"
    assert told(LAPSE - timedelta(days=31)) == everybody
    assert told(LAPSE - timedelta(days=20)) == dict.fromkeys(everybody, 2), "a day on which nobody looked is made up for"
    assert told(LAPSE - timedelta(days=7)) == dict.fromkeys(everybody, 3)
    assert told(LAPSE) == dict.fromkeys(everybody, 3)
    assert [row.days_before for row in db.session.execute(select(LapseMark).order_by(LapseMark.id)).scalars()] == [60, 30, 7]
    notice = db.session.execute(select(Notice).where(Notice.kind == SOON).order_by(Notice.id)).scalars().first()
    assert notice is not None
    assert "licence of broker B001 lapses on 2026-07-01, in 60 days" in sentence(KINDS[SOON], notice.values)


def test_control_without_its_mark_it_would_be_said_again(firm: Flask) -> None:
    someone(firm, Role.COMPLIANCE, email="law@firm.example")
    day = LAPSE - timedelta(days=60)
    assert told(day) == {"law@firm.example": 1}
    with transaction():
        db.session.execute(db.text("DROP TRIGGER lapse_mark_no_delete" + (" ON lapse_mark" if db.engine.dialect.name == "postgresql" else "")))
        db.session.execute(db.text("DELETE FROM lapse_mark"))
    assert told(day) == {"law@firm.example": 2}


def test_what_was_missed_is_said_once_by_the_shortest() -> None:
    assert due(LAPSE, LAPSE - timedelta(days=5), ()) == [60, 30, 7]
    assert due(LAPSE, LAPSE, ()) == []


def test_spans_that_follow_on_lapse_with_the_last() -> None:
    spans = [(date(2026, 1, 1), LAPSE), (LAPSE, date(2027, 1, 1))]
    assert lapses_on(spans, date(2026, 6, 1)) == date(2027, 1, 1)
    assert lapses_on(spans[1:], date(2026, 6, 1)) is None


def test_only_active_brokers_lapse(firm: Flask, tmp_path: Path) -> None:
    assert [(one.broker_no, one.what.value, one.on) for one in coming(LAPSE - timedelta(days=10))] == [("B001", "licence", LAPSE)]
    make.accepted(make.write(tmp_path / "more", "broker_statuses", ["B001,active,2025-01-01,", "B002,active,2025-01-01,"]).parent)
    make.accepted(make.write(tmp_path / "ended", "broker_statuses", ["B001,suspended,2025-01-01,", "B002,active,2025-01-01,"]).parent)
    assert coming(LAPSE - timedelta(days=10)) == []


def test_pay_stops_the_day_it_lapses_with_the_reason_on_the_line(firm: Flask, tmp_path: Path) -> None:
    days = tmp_path / "days"
    trade = ("10001", "SHFE", "rb", "1", "1000.00", "10.00", "4.00")
    make.day(days, "2026-06-30", {"10001": ("0.00", "90000.00"), "10002": ("0.00", "0.00")}, [trade])
    make.day(days, "2026-07-01", {"10001": ("89990.00", "0.00"), "10002": ("0.00", "0.00")}, [trade])
    make.accepted(days)
    refresh(quiet)
    assert runs.newest_run(Month.parse("2026-07")) is not None
    paid = [(str(row["trade_date"]), row["amount"], Reason(row["reason"]).name) for period in ("2026-06", "2026-07") for row in read_lines(run_of(period).id).iter_rows(named=True)]
    assert paid == [("2026-06-30", 300, "earns"), ("2026-07-01", 0, "licence_expired")]
