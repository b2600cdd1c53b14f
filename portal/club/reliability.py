"""How far somebody's word is good for his seat, when he stands behind others, and how many seats more a room bears: from what happened alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from math import sqrt

LEAST_VISITS = 3
"""With fewer evenings nothing is said of a person."""
LEAST_EVENTS, LEAST_SEATS = 5, 50
"""With fewer nothing is suggested: too few to tell."""
TOO_MANY = 0.05
"""How often more may come than there is room for, at most."""
Z = 1.96


@dataclass(frozen=True)
class Rule:
    """By which rule no-shows count (models/club_no_shows.py says what each number means)."""

    count: int = 2
    within_days: int = 180
    behind_days: int = 60
    half_life_days: int = 180
    appeal_days: int = 14


USUAL = Rule()
"""What holds as long as nobody has set anything else."""


@dataclass(frozen=True)
class Visit:
    """An evening for which somebody had a seat: when it began, and whether he came."""

    starts_at: datetime
    came: bool


def score(visits: Iterable[Visit], half_life_days: int, moment: datetime) -> int | None:
    """Of the evenings for which somebody had a seat, the share to which he came, in percent; an evening weighs half as much after each
    half-life. None with fewer than three evenings: nobody is judged by one."""
    rows = list(visits)
    if len(rows) < LEAST_VISITS:
        return None
    weights = [float(0.5 ** ((moment - one.starts_at) / timedelta(days=half_life_days))) for one in rows]
    return round(100 * sum(weight for weight, one in zip(weights, rows, strict=True) if one.came) / sum(weights))


def behind_until(missed: Iterable[datetime], rule: Rule) -> datetime | None:
    """Until when somebody stands behind the others who wait: counted from the start of the last of so many missed evenings that lie
    close enough together. None where there are not that many."""
    days = sorted(missed)
    ends = [
        days[place] + timedelta(days=rule.behind_days)
        for place in range(rule.count - 1, len(days))
        if days[place] - days[place - rule.count + 1] <= timedelta(days=rule.within_days)
    ]
    return max(ends, default=None)


@dataclass(frozen=True)
class History:
    """What happened to seats at events like one: how many events, how many seats were taken, how many of them stayed empty."""

    events: int
    seats: int
    missed: int

    @property
    def percent(self) -> int:
        """Seats that stayed empty, in percent of those taken."""
        return round(100 * self.missed / self.seats) if self.seats else 0


def bearable(capacity: int, history: History) -> int | None:
    """How many seats more than there are could be given, so that more come than there is room for at one event in twenty at most. It
    reckons with the highest share of comers that the history bears (Wilson's upper limit, 95 %). None where it is too short to tell."""
    if history.events < LEAST_EVENTS or history.seats < LEAST_SEATS or capacity <= 0:
        return None
    comes = _upper(history.seats - history.missed, history.seats)
    binomial = import_module("scipy.special").bdtrc  # loaded by who asks, not with every page
    extra = 0
    while binomial(capacity, capacity + extra + 1, comes) <= TOO_MANY and extra < capacity:
        extra += 1
    return extra


def _upper(hits: int, tries: int) -> float:
    share, part = hits / tries, Z * Z / tries
    return float(min(1.0, (share + part / 2 + Z * sqrt(share * (1 - share) / tries + part / (4 * tries))) / (1 + part)))
