"""When something speaks for somebody's leaving: rules over what is recorded about work alone, each with its evidence. Pure.

Every rule holds a person against his own habit or against what is usual, and who never had a habit raises nothing. A signal is a question and
no verdict. What is read and what never is: docs/signals.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from statistics import median
from typing import Any

from models.departure_signals import SignalKind
from portal.onboarding.lapsing import Days, lapses_on

VERSION = "signals-2"
"""Stands with every run; a changed rule is another version."""
AHEAD = 60
"""Days: an end that is further away is no signal."""
LEVELS = (30, 60, 90)
"""Days of silence that are told apart; fewer are no signal."""
HABIT_DAYS, HABIT_DEEDS, HABIT_GAPS = 365, 6, 3
"""A habit is at least so many days with a deed within a year; the silence is longer than every pause of it, and so many times the usual one."""
LEAST_CLIENTS, LEAST_HIT = 5, 3
"""Of fewer clients, or fewer of them who do it, nothing is said."""
FLOOR = 0.01
"""Nothing is taken to be rarer than one client in a hundred, however seldom it was seen."""
CHANCE = 0.001
"""A cluster is a signal where chance alone would bring it about less often than this."""
WEEKS, KNOWN_WEEKS, TIMES = 12, 8, 3
"""Look-ups of seven days against each of so many weeks before; who is known for fewer has no habit yet; so many times the busiest week is unusual."""
LEAST_LOOKS, LEAST_ROWS = 20, 200
"""Look-ups, and rows taken out, in seven days below which nothing is said."""


@dataclass(frozen=True)
class Sign:
    """A signal: its kind and what the rule read, as it is kept (days as text, amounts in fen)."""

    kind: SignalKind
    evidence: dict[str, Any]


def ending(kind: SignalKind, spans: Iterable[Days], day: date) -> Sign | None:
    """An agreement or a licence that ends within 60 days with nothing after it. What has ended is no signal: that is a lapse, told elsewhere.

    >>> ending(SignalKind.LICENCE_ENDS, [(date(2026, 1, 1), date(2026, 5, 31))], date(2026, 4, 1)).evidence
    {'ends_on': '2026-05-31', 'days': 60}
    >>> ending(SignalKind.LICENCE_ENDS, [(date(2026, 1, 1), date(2026, 6, 1))], date(2026, 4, 1)) is None
    True
    """
    end = lapses_on(spans, day)
    if end is None or (end - day).days > AHEAD:
        return None
    return Sign(kind, {"ends_on": end.isoformat(), "days": (end - day).days})


def silence(kind: SignalKind, deeds: Iterable[date], day: date) -> Sign | None:
    """No sign-in, no new lead or no contact for 30, 60 or 90 days, where the person's own habit was another.

    The habit is read from the days with a deed in the year up to the last one. Of somebody without one nothing is said."""
    days = sorted({one for one in deeds if one <= day})
    if not days or (day - days[-1]).days < LEVELS[0]:
        return None
    last = days[-1]
    habit = [one for one in days if (last - one).days < HABIT_DAYS]
    if len(habit) < HABIT_DEEDS or (day - last).days > HABIT_DAYS:
        return None
    gaps = [(after - before).days for before, after in itertools.pairwise(habit)]
    quiet, longest, usual = (day - last).days, max(gaps), median(gaps)
    if quiet <= longest or quiet < HABIT_GAPS * usual:
        return None
    level = max(one for one in LEVELS if one <= quiet)
    return Sign(kind, {"last_on": last.isoformat(), "days": quiet, "level": level, "longest": longest, "usual": round(usual), "deeds": len(habit)})


@dataclass(frozen=True)
class Counted:
    """How many of how many clients did something: the person's own within the last 30 days and 90 days before, and all other clients of the firm
    within the last 30 days."""

    hit: int
    of: int
    before_hit: int
    before_of: int
    others_hit: int
    others_of: int


def cluster(kind: SignalKind, counted: Counted, **more: int) -> Sign | None:
    """More of a person's clients withdraw, fall silent, or are to pay lower fees, than chance would bring about.

    The statistic is the upper tail of the binomial distribution: how likely at least so many of so many are, where each does it as often as is
    usual. Usual is the larger of what these clients did 90 days before and what all others do now, so that neither a restless book nor a day on
    which everybody withdraws is a signal of the person."""
    if counted.of < LEAST_CLIENTS or counted.hit < LEAST_HIT:
        return None
    usual = max(_share(counted.before_hit, counted.before_of), _share(counted.others_hit, counted.others_of), FLOOR)
    chance = tail(counted.hit, counted.of, usual)
    if chance >= CHANCE:
        return None
    said = {"hit": counted.hit, "of": counted.of, "usual_ppm": round(usual * 1_000_000), "chance_ppm": round(chance * 1_000_000)}
    compared = {"before_hit": counted.before_hit, "before_of": counted.before_of, "others_hit": counted.others_hit, "others_of": counted.others_of}
    return Sign(kind, said | compared | more)


def tail(hit: int, of: int, chance: float) -> float:
    """How likely at least `hit` of `of` are, each with the same chance.

    >>> round(tail(1, 2, 0.5), 6), round(tail(3, 5, 0.01), 8), tail(0, 3, 0.2)
    (0.75, 9.85e-06, 1.0)
    """
    return 1.0 if hit <= 0 else float(import_module("scipy.special").bdtrc(hit - 1, of, chance))


def unusual(kind: SignalKind, weeks: Sequence[int], known_weeks: int) -> Sign | None:
    """More look-ups, or more rows taken out, in seven days than in any week of the person's own before.

    `weeks` begins with the last seven days; `known_weeks` says for how many weeks before them the person has had a sign-in: who has had one for fewer than
    eight has no habit yet. That somebody never looked anything up is a habit as well, so small numbers are left alone."""
    if known_weeks < KNOWN_WEEKS:
        return None
    now, before = weeks[0], list(weeks[1 : 1 + min(known_weeks, WEEKS)])
    least = LEAST_ROWS if kind is SignalKind.EXPORTS else LEAST_LOOKS
    busiest = max(before, default=0)
    if now < least or now < TIMES * busiest:
        return None
    return Sign(kind, {"count": now, "busiest": busiest, "usual": round(median(before)), "weeks": len(before)})


def _share(hit: int, of: int) -> float:
    return hit / of if of else 0.0
