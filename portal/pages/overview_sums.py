"""What the firm overview shows, worked out from the sums of days: windows that are compared, series, breakdowns, concentration.

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


@dataclass(frozen=True)
class Concentration:
    """How unevenly a sum is spread. Shares are hundredths of a per cent; `index` is the Herfindahl-Hirschman index (0 to 10,000).

    `curve` holds the share (hundredths of a per cent) of the smallest 0, 5, 10 … 100 % of the holders: the Lorenz curve.
    """

    total: int
    holders: int
    top: dict[int, int]
    index: int
    curve: list[int]

    @property
    def evenly(self) -> int:
        """Of how many equal holders this index would be."""
        return max(1, round(10_000 / self.index)) if self.index else 0

    @property
    def grade(self) -> str:
        """`low`, `middle` or `high`: below 1,000, below 1,800, and above."""
        return "low" if self.index < 1_000 else "middle" if self.index < 1_800 else "high"


def concentration(values: Sequence[int]) -> Concentration | None:
    """The concentration of amounts; what is not above 0 holds nothing. None where nothing is held."""
    held = sorted((value for value in values if value > 0), reverse=True)
    total = sum(held)
    if not total:
        return None
    top = {count: sum(held[:count]) * 10_000 // total for count in (1, 5, 10)}
    index = (sum(value * value for value in held) * 10_000 * 2 + total * total) // (total * total * 2)
    rising, curve = held[::-1], []
    sums = [0]
    for value in rising:
        sums.append(sums[-1] + value)
    for step in range(21):
        curve.append(sums[len(rising) * step // 20] * 10_000 // total)
    return Concentration(total, len(held), top, index, curve)
