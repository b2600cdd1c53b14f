"""The demonstration firm's year: fixed dates, and which of them the exchanges settle."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar

from models.values.calendar import Month

FIRST_DAY = date(2025, 11, 3)
LAST_DAY = date(2026, 10, 30)
"""The last settled day; the demonstration does not follow the clock."""

MONTHS_TO_CLOSE = tuple(Month(2025, 11).until(Month(2026, 8)))
OPEN_MONTHS = (Month(2026, 9), Month(2026, 10))


def trading_days(first: date = FIRST_DAY, last: date = LAST_DAY) -> list[date]:
    """Weekdays that are no public holiday. A make-up workday on a weekend is none: the exchanges stay closed."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5 and not chinese_calendar.is_holiday(day)]
