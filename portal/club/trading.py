"""When an event would keep people from trading: a day or night session of the exchanges, or a week of delivery. A warning, never a refusal."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.settlement import CalendarDay

EXCHANGES = ZoneInfo("Asia/Shanghai")
DAY_SESSION = (time(9), time(15))
NIGHT_SESSION = (time(21), timedelta(hours=5, minutes=30))
"""When it begins, and how long the longest of them lasts."""
LAST_DAY, TENTH, DELIVERY_DAYS = 15, 10, 5
"""Contracts of a month end on its tenth trading day, or on the 15th or the trading day after it; delivery takes five trading days more."""
AROUND = timedelta(days=45)


class Clash(enum.StrEnum):
    """What an event falls into."""

    DAY = "day"
    NIGHT = "night"
    DELIVERY = "delivery"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """A clash and the day of the exchanges on which it is."""

    clash: Clash
    day: date


def clashes(times: Iterable[tuple[datetime, datetime]], known: dict[date, bool]) -> list[Found]:
    """What sessions (UTC) fall into, by a calendar of trading days; a day that it does not know is said to be unknown, and nothing is guessed."""
    found: list[Found] = []
    for starts_at, ends_at in times:
        start, end = starts_at.astimezone(EXCHANGES), ends_at.astimezone(EXCHANGES)
        for day in _days(start.date() - timedelta(days=1), end.date()):
            if day not in known:
                found += [Found(Clash.UNKNOWN, day)] if day >= start.date() else []
                continue
            if known[day] and _meet(start, end, _at(day, DAY_SESSION[0]), _at(day, DAY_SESSION[1])):
                found.append(Found(Clash.DAY, day))
            if _has_night(day, known) and _meet(start, end, _at(day, NIGHT_SESSION[0]), _at(day, NIGHT_SESSION[0]) + NIGHT_SESSION[1]):
                found.append(Found(Clash.NIGHT, day))
            if day >= start.date() and in_delivery(day, known):
                found.append(Found(Clash.DELIVERY, day))
    return list(dict.fromkeys(found))


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, EXCHANGES)


def _meet(start: datetime, end: datetime, first: datetime, last: datetime) -> bool:
    return start < last and first < end


def _has_night(day: date, known: dict[date, bool]) -> bool:
    """Trading goes on in the night after a trading day, but not where a public holiday comes before the next one."""
    if not known.get(day):
        return False
    after = [one for one in _days(day + timedelta(days=1), day + timedelta(days=3)) if known.get(one)]
    return bool(after) and all(one.weekday() >= 5 for one in _days(day + timedelta(days=1), after[0] - timedelta(days=1)))


def in_delivery(day: date, known: dict[date, bool]) -> bool:
    """Whether contracts of the day's month end or are delivered on it."""
    trading = [one for one in sorted(known) if known[one] and one.replace(day=1) == day.replace(day=1)]
    after_middle = [one for one in trading if one.day >= LAST_DAY]
    if len(trading) < TENTH or not after_middle:
        return False
    return min(trading[TENTH - 1], after_middle[0]) <= day <= after_middle[: DELIVERY_DAYS + 1][-1]


def calendar_around(times: Sequence[tuple[datetime, datetime]]) -> dict[date, bool]:
    """The trading calendar around sessions, as far as it is known."""
    first, last = min(pair[0] for pair in times).date() - AROUND, max(pair[1] for pair in times).date() + AROUND
    return {row[0]: row[1] for row in db.session.execute(select(CalendarDay.day, CalendarDay.trading).where(CalendarDay.day.between(first, last)))}
