"""The trading calendar: on which days the exchanges settle. A year that is not in it is refused, never guessed.

It is sown from the public holidays of China: exchanges trade on weekdays that are no public holiday; weekend days worked
in their stead do not trade. Every day can be corrected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from chinese_calendar import constants
from sqlalchemy import func, select

from models import db
from models.settlement import CalendarDay, CalendarYear
from models.values.calendar import Month
from portal.actors import Actor
from portal.audit import log
from portal.bulk import insert_rows
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.versions import table_of

SATURDAY = 5


def is_sown() -> bool:
    """Whether the calendar knows any year."""
    return db.session.execute(select(func.count()).select_from(CalendarYear)).scalar_one() > 0


def sow(actor: Actor, moment: datetime) -> list[int]:
    """Add every year that the public holidays are known for and the calendar is not; returns the years."""
    known = set(db.session.execute(select(CalendarYear.year)).scalars())
    years = [year for year in sorted({day.year for day in constants.holidays}) if year not in known]
    insert_rows(table_of(CalendarYear), ("year", "source"), [(year, "public holidays of China") for year in years])
    insert_rows(table_of(CalendarDay), ("day", "trading", "note"), [row for year in years for row in _days(year)])
    if years:
        log.write(actor, moment, "calendar.sown", "calendar", f"{years[0]}-{years[-1]}", after={"years": years})
    return years


def add_year(year: int, closed: Iterable[date], *, actor: Actor, moment: datetime, source: str) -> None:
    """Add a year whose holidays were published: all weekdays trade but the `closed` ones. Raises Refusal, NotAllowed."""
    actor.need(Can.CALENDAR_EDIT)
    if db.session.get(CalendarYear, year):
        raise Refusal("the trading calendar has %(year)s already; correct single days", year=year)
    days = sorted(set(closed))
    stray = [day for day in days if day.year != year]
    if stray:
        raise Refusal("%(day)s is no day of %(year)s", day=stray[0], year=year)
    insert_rows(table_of(CalendarYear), ("year", "source"), [(year, source)])
    insert_rows(table_of(CalendarDay), ("day", "trading", "note"), [(day, day.weekday() < SATURDAY and day not in days, "") for day in _of(year)])
    log.write(actor, moment, "calendar.year_added", "calendar", str(year), after={"closed": [str(day) for day in days], "source": source})


def set_day(day: date, trading: bool, *, actor: Actor, moment: datetime, note: str, seen: str | None = None) -> None:
    """Correct one day of a known year; `seen` is the year as it was looked at (`digest_of_year`). Raises Refusal for an unknown
    year, Conflict where the year is no longer so, NotAllowed."""
    actor.need(Can.CALENDAR_EDIT)
    year = db.session.get(CalendarYear, day.year, with_for_update=True)  # whoever corrects the same year at once waits here
    held = db.session.get(CalendarDay, day, populate_existing=True)
    if year is None or held is None:
        raise Refusal("the trading calendar does not have %(year)s: add the year first", year=day.year)
    if seen is not None and seen != digest_of_year(day.year):
        raise Conflict("somebody corrected the calendar of %(year)s since you looked: look again, then correct %(day)s", year=day.year, day=day)
    before = {"trading": held.trading, "note": held.note}
    held.trading, held.note = trading, note
    log.write(actor, moment, "calendar.day_set", "calendar", str(day), before=before, after={"trading": trading, "note": note})


def digest_of_year(year: int) -> str:
    """A digest of how a year's days stand: two people who correct it at once do not overwrite each other unseen."""
    days = db.session.execute(
        select(CalendarDay.day, CalendarDay.trading, CalendarDay.note).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))).order_by(CalendarDay.day)
    )
    return hashlib.sha256(repr([tuple(row) for row in days]).encode()).hexdigest()[:32]


def days_of_year(year: int) -> list[CalendarDay]:
    """The days of a year in order; none where the calendar does not know it."""
    return list(db.session.scalars(select(CalendarDay).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))).order_by(CalendarDay.day)))


def is_trading(day: date) -> bool | None:
    """Whether the exchanges settle on a day; None where the calendar does not know its year."""
    return db.session.execute(select(CalendarDay.trading).where(CalendarDay.day == day)).scalar()


def trading_days(first: date, last: date) -> list[date]:
    """The trading days from `first` to `last`, both included. Raises Refusal where a year is not known."""
    years = set(db.session.execute(select(CalendarYear.year).where(CalendarYear.year.between(first.year, last.year))).scalars())
    for year in range(first.year, last.year + 1):
        if year not in years:
            raise Refusal("the trading calendar does not have %(year)s: add the year first", year=year)
    return list(db.session.execute(select(CalendarDay.day).where(CalendarDay.day.between(first, last), CalendarDay.trading).order_by(CalendarDay.day)).scalars())


def missing_days(month: Month, settled: Iterable[date]) -> list[date]:
    """The trading days of a month that are not among the settled ones. Raises Refusal where the year is not known."""
    held = set(settled)
    return [day for day in trading_days(month.first, month.last) if day not in held]


def _of(year: int) -> Iterable[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def _days(year: int) -> Iterable[tuple[date, bool, str]]:
    for day in _of(year):
        holiday = constants.holidays.get(day)
        yield day, day.weekday() < SATURDAY and holiday is None, "" if holiday is None else str(holiday)
