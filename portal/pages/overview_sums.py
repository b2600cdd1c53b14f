"""What the firm overview shows, worked out from the sums of days: windows that are compared, series, breakdowns.

Pure arithmetic on whole numbers: nothing here asks the database or knows the web.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from models.values.calendar import Month

Days = Mapping[date, Mapping[str, int]]
STANDING = ("equity", "funded", "active", "accounts")


@dataclass(frozen=True)
class Window:
    """The settled days of a month up to the same ordinal day, so that months are compared at the same length."""

    month: Month
    days: tuple[date, ...]

    @property
    def span(self) -> tuple[date, date]:
        """First and last day."""
        return self.days[0], self.days[-1]


def windows(days: Sequence[date], day: date) -> list[Window | None]:
    """This month up to a day, last month and the same month last year each up to as many settled days; None where there is none."""
    month = Month.of(day)
    ordinal = sum(one <= day for one in days if Month.of(one) == month)
    before = month.first.replace(year=month.first.year - 1)
    found: list[Window | None] = []
    for which in (month, Month.of(_day_before(month.first)), Month.of(before)):
        inside = tuple(one for one in days if Month.of(one) == which)[:ordinal]
        found.append(Window(which, inside) if inside else None)
    return found


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


def value_of(days: Days, window: Window | None, measure: str) -> int | None:
    """A measure over a window: of its last day where it stands, else added up. None where there is no such window."""
    if window is None:
        return None
    if measure in STANDING:
        return days[window.days[-1]][measure]
    return sum(days[one][measure] for one in window.days)


def run_of(days: Days, window: Window | None, measure: str) -> list[int]:
    """A measure day by day through a window; what is added up grows from day to day."""
    values = [days[one][measure] for one in window.days] if window else []
    if measure in STANDING:
        return values
    return [sum(values[: place + 1]) for place in range(len(values))]


def by_month(days: Days, measure: str) -> dict[str, int]:
    """A measure by month: of its last settled day where it stands, else added up."""
    found: dict[str, int] = {}
    for day, sums in days.items():
        period = str(Month.of(day))
        found[period] = sums[measure] if measure in STANDING else found.get(period, 0) + sums[measure]
    return found
