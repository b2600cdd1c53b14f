"""Quiet hours: nothing but what is urgent goes out at night, nor while the client sits before the night session (夜盘)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
MORNING, NIGHT, NIGHT_SESSION = time(8), time(22), time(21)
FRIDAY = 4


def is_quiet(moment: datetime) -> bool:
    """Whether a moment lies in quiet hours: 22:00 to 08:00 in Shanghai, on the evenings of weekdays from 21:00, when the night
    session begins (it ends at 02:30). That there is none before a holiday is not looked up: it is quiet then too.

    >>> is_quiet(datetime(2026, 11, 27, 13, 0, tzinfo=UTC)), is_quiet(datetime(2026, 11, 28, 13, 0, tzinfo=UTC))
    (True, False)
    """
    here = moment.astimezone(ZONE)
    return here.time() < MORNING or here.time() >= (NIGHT_SESSION if here.weekday() <= FRIDAY else NIGHT)


def opens(moment: datetime) -> datetime:
    """The first moment from this one on that is not quiet (UTC)."""
    if not is_quiet(moment):
        return moment
    here = moment.astimezone(ZONE)
    day = here.date() if here.time() < MORNING else here.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, ZONE).astimezone(UTC)
