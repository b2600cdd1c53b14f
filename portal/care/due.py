"""Days by which something is to be done, on the trading calendar, and whether a first reaction came in time. Pure but for the calendar's days."""

from __future__ import annotations

import enum
from datetime import date, timedelta

from sqlalchemy import func, select

from models import db
from models.settlement import CalendarDay, CalendarYear
from portal.disputes.queries import due_from

AHEAD = timedelta(days=40)


class Standing(enum.StrEnum):
    """How a task stands on a day."""

    OVERDUE = "overdue"
    TODAY = "today"
    COMING = "coming"


class Reaction(enum.StrEnum):
    """Whether the first reaction came by its day."""

    WAITING = "waiting"
    IN_TIME = "in_time"
    LATE = "late"
    BREACHED = "breached"


def on_or_after(day: date) -> date:
    """The first trading day that is not before a day; the weekday rule where the calendar does not know its year."""
    return due_from(day - timedelta(days=1), 1)


def standing(due_on: date, today: date) -> Standing:
    """How a task due on a day stands today.

    >>> standing(date(2026, 3, 2), date(2026, 3, 3)).value, standing(date(2026, 3, 3), date(2026, 3, 3)).value
    ('overdue', 'today')
    """
    return Standing.OVERDUE if due_on < today else Standing.TODAY if due_on == today else Standing.COMING


def reaction(react_by: date, reacted_on: date | None, today: date) -> Reaction:
    """Whether somebody reacted by a day. BREACHED: nobody has, and the day is over.

    >>> reaction(date(2026, 3, 9), None, date(2026, 3, 10)).value, reaction(date(2026, 3, 9), date(2026, 3, 9), date(2026, 3, 20)).value
    ('breached', 'in_time')
    """
    if reacted_on is None:
        return Reaction.BREACHED if today > react_by else Reaction.WAITING
    return Reaction.IN_TIME if reacted_on <= react_by else Reaction.LATE


def trading_between(first: date, last: date) -> list[date]:
    """The trading days that the calendar knows from a day to another, and somewhat beyond."""
    return list(db.session.execute(select(CalendarDay.day).where(CalendarDay.day.between(first, last + AHEAD), CalendarDay.trading).order_by(CalendarDay.day)).scalars())


def trading_ahead(day: date, number: int = 30) -> list[date]:
    """The trading days from a day on (the day itself, where it is one), at least `number` of them; weekdays count beyond what the calendar knows."""
    known = db.session.execute(select(func.max(CalendarYear.year))).scalar()
    last = min(date(known, 12, 31), day + timedelta(days=2 * number)) if known else day - timedelta(days=1)
    found = list(db.session.execute(select(CalendarDay.day).where(CalendarDay.day.between(day, last), CalendarDay.trading).order_by(CalendarDay.day)).scalars())
    after = max(last, day - timedelta(days=1))
    while len(found) < number:
        after += timedelta(days=1)
        if after.weekday() < 5:
            found.append(after)
    return found
