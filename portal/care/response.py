"""The response time (SLA) that the firm gives itself: by subject and for key clients, in trading hours or trading days. Pure.

Hours run only in the day session of the exchanges, 9:00 to 11:30 and 13:30 to 15:00 where the firm is (the quarter of an hour's break within
the morning is counted in), on trading days. So many days are over at the close of the so-manieth trading day after the one of the question.
The law names no time; the figures that count before somebody sets others are the firm's own first word.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from models.questions import QuestionSubject
from portal.refusals import Refusal

SESSIONS: Final = ((time(9), time(11, 30)), (time(13, 30), time(15)))
CLOSE: Final = SESSIONS[-1][1]
CONTACT: Final = "contact"
"""The subject of what is no question: a contact that was promised without a day, and the first reaction to a task."""
SUBJECTS: Final = (*(subject.value for subject in QuestionSubject), CONTACT)
PREFIX: Final = "response."


class Unit(enum.StrEnum):
    """In what a response time is counted."""

    HOURS = "hours"
    DAYS = "days"


MOST: Final = {Unit.HOURS: 40, Unit.DAYS: 20}
"""More is no response time; and so far the trading calendar is looked ahead."""


@dataclass(frozen=True)
class Allowance:
    """A response time: so many trading hours or trading days. Raises Refusal for none, or for more than MOST."""

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST[self.unit]:
            raise Refusal("a response time is 1 to %(most)s in this unit: %(given)s is not", most=MOST[self.unit], given=self.count)


@dataclass(frozen=True)
class ResponseTime:
    """What counts for a subject: for everybody, and for key clients."""

    usual: Allowance
    key: Allowance

    def of(self, *, is_key: bool) -> Allowance:
        """The time that a client has a claim to."""
        return self.key if is_key else self.usual

    def value(self) -> dict[str, Any]:
        """As a setting keeps it."""
        return {"count": self.usual.count, "unit": self.usual.unit, "key_count": self.key.count, "key_unit": self.key.unit}


FIRST: Final = ResponseTime(Allowance(1, Unit.DAYS), Allowance(4, Unit.HOURS))
DEFAULTS: Final[dict[str, ResponseTime]] = {
    **dict.fromkeys(SUBJECTS, FIRST),
    QuestionSubject.MARGIN.value: ResponseTime(Allowance(2, Unit.HOURS), Allowance(1, Unit.HOURS)),
    CONTACT: ResponseTime(Allowance(1, Unit.DAYS), Allowance(1, Unit.DAYS)),
}


def read(values: Mapping[str, Any]) -> dict[str, ResponseTime]:
    """The response time of each subject, by the settings that count on a day."""
    return {subject: _read(values.get(PREFIX + subject), DEFAULTS[subject]) for subject in SUBJECTS}


def _read(found: Any, default: ResponseTime) -> ResponseTime:
    if not found:
        return default
    return ResponseTime(Allowance(found["count"], Unit(found["unit"])), Allowance(found["key_count"], Unit(found["key_unit"])))


def due_at(since: datetime, allowance: Allowance, trading: Sequence[date], zone: ZoneInfo) -> datetime:
    """When a response time is over that runs from a moment. `trading`: the trading days from the moment's own day on, enough of them.

    >>> days, zone = [date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 10)], ZoneInfo("Asia/Shanghai")
    >>> friday = datetime(2026, 3, 6, 14, 0, tzinfo=zone)
    >>> f"{due_at(friday, Allowance(2, Unit.HOURS), days, zone):%d %H:%M}", f"{due_at(friday, Allowance(1, Unit.DAYS), days, zone):%d %H:%M}"
    ('09 10:00', '09 15:00')
    """
    local = since.astimezone(zone)
    if allowance.unit is Unit.DAYS:
        return datetime.combine([day for day in trading if day > local.date()][allowance.count - 1], CLOSE, zone)
    left = timedelta(hours=allowance.count)
    for day in trading:
        for begins, ends in SESSIONS:
            start, end = max(datetime.combine(day, begins, zone), local), datetime.combine(day, ends, zone)
            if start < end and left <= end - start:
                return start + left
            left -= max(end - start, timedelta(0))
    raise ValueError("too few trading days were given")


def due_day(since: datetime, allowance: Allowance, trading: Sequence[date], zone: ZoneInfo) -> date:
    """The day on which a response time is over."""
    return due_at(since, allowance, trading, zone).astimezone(zone).date()
