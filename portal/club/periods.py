"""Periods of dues in calendar months, counted from one anchor day, so that a short month shortens one period and not all that follow. Pure."""

from __future__ import annotations

from datetime import date

from models.values.calendar import Month


def after_months(anchor: date, months: int) -> date:
    """The day so many months after an anchor; the last day of the month where it has no such day."""
    month = Month.of(anchor).plus(months)
    return month.first.replace(day=min(anchor.day, month.last.day))


def period_end(anchor: date, start: date, months: int) -> date:
    """The first day after a period of so many months that begins on `start`: the boundary that is counted from the anchor."""
    passed = (start.year - anchor.year) * 12 + start.month - anchor.month
    if after_months(anchor, passed) > start:
        passed -= 1
    return after_months(anchor, passed + months)
