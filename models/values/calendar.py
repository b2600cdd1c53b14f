"""Months and half-open spans of trade dates. Dates come from files; no clock is read here."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta


class NotADate(ValueError):
    """The text is no date or month of the expected form."""


_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


def parse_day(text: str) -> date:
    """A date written YYYY-MM-DD. Raises NotADate."""
    found = _DAY.fullmatch(text)
    if not found or not text.isascii():
        raise NotADate("a date such as 2026-03-31")
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise NotADate("a date that exists, such as 2026-03-31") from error


@dataclass(frozen=True, order=True)
class Month:
    """One calendar month; a month of commission is counted by trade date."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """A month written YYYY-MM. Raises NotADate."""
        found = _MONTH.fullmatch(text)
        if not found or not text.isascii() or not 1 <= int(found[2]) <= 12 or not 1 <= int(found[1]) <= 9998:
            raise NotADate("a month such as 2026-03")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        """The month that `day` lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first(self) -> date:
        """The month's first calendar day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """The month's last calendar day."""
        return date(self.year, self.month, calendar.monthrange(self.year, self.month)[1])

    def plus(self, months: int) -> Month:
        """The month `months` later (earlier where negative)."""
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    def until(self, last: Month) -> Iterator[Month]:
        """This month, the next, … up to and including `last`."""
        current = self
        while current <= last:
            yield current
            current = current.plus(1)

    def days(self) -> Iterator[date]:
        """Every calendar day of the month, in order."""
        current = self.first
        while current <= self.last:
            yield current
            current += timedelta(days=1)


@dataclass(frozen=True, order=True)
class Span:
    """Days from `start` inclusive to `end` exclusive."""

    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two spans share at least one day."""
        return self.start < other.end and other.start < self.end
