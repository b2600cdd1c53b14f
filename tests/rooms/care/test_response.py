"""Response times: trading hours and trading days, over weekends, breaks and the calendar's end."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from models import db
from portal.care.due import trading_ahead
from portal.care.response import DEFAULTS, SESSIONS, Allowance, ResponseTime, Unit, due_at, read
from portal.refusals import Refusal
from tests.rooms.pages.firm import settle_in

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = [date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11)]
"""A Thursday to a Wednesday."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}").replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("asked", "count", "unit", "due"),
    [
        ("05T09:00", 2, "hours", "05T11:00"),
        ("05T11:00", 1, "hours", "05T14:00"),
        ("05T10:30", 1, "hours", "05T11:30"),
        ("05T12:15", 1, "hours", "05T14:30"),
        ("05T14:00", 2, "hours", "06T10:00"),
        ("05T23:30", 1, "hours", "06T10:00"),
        ("06T14:30", 1, "hours", "09T09:30"),
        ("07T12:00", 4, "hours", "09T15:00"),
        ("05T08:00", 5, "hours", "06T10:00"),
        ("05T08:00", 1, "days", "06T15:00"),
        ("06T16:00", 1, "days", "09T15:00"),
        ("07T16:00", 2, "days", "10T15:00"),
    ],
)
def test_a_response_time_runs_in_trading_time_alone(asked: str, count: int, unit: str, due: str) -> None:
    trading = [day for day in DAYS if day >= at(asked).date()]
    assert due_at(at(asked), Allowance(count, Unit(unit)), trading, ZONE) == at(due)


def test_each_hour_is_paid_for_by_an_hour_of_a_session() -> None:
    """Beside a second way to reckon: minute by minute."""
    for minute in range(0, 1440, 37):
        asked = at("05T00:00") + timedelta(minutes=minute)
        for count in (1, 3, 7):
            left, now = count * 60, asked
            while left:
                inside = now.date() in DAYS and any(begins <= now.time() < ends for begins, ends in SESSIONS)
                left, now = left - inside, now + timedelta(minutes=1)
            assert due_at(asked, Allowance(count, Unit.HOURS), DAYS, ZONE) == now, (asked, count)


def test_more_than_the_calendar_is_looked_ahead_is_no_response_time() -> None:
    for count, unit in ((0, Unit.DAYS), (21, Unit.DAYS), (41, Unit.HOURS), (-1, Unit.HOURS)):
        with pytest.raises(Refusal):
            Allowance(count, unit)


def test_settings_replace_what_the_portal_comes_with() -> None:
    value = ResponseTime(Allowance(3, Unit.DAYS), Allowance(2, Unit.HOURS)).value()
    found = read({"response.market": value})
    assert found["market"] == ResponseTime(Allowance(3, Unit.DAYS), Allowance(2, Unit.HOURS))
    assert {name: time for name, time in found.items() if name != "market"} == {name: time for name, time in DEFAULTS.items() if name != "market"}
    assert found["market"].of(is_key=True) == Allowance(2, Unit.HOURS)


def test_days_beyond_the_calendar_are_weekdays(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "files")
    with app.app_context():
        for first in (date(2026, 3, 2), date(2026, 12, 30), date(2039, 1, 1)):
            found = trading_ahead(first, 45)
            assert len(found) >= 45
            assert found == sorted(set(found))
            assert found[0] >= first
            assert all(day.weekday() < 5 for day in found)
        db.session.remove()
