"""When a client left, by what his account did: a pure function of its days. Market losses are not withdrawals."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

SMALL = 100_000
QUIET = 60
WITHIN = timedelta(days=60)
AVERAGED = timedelta(days=90)
SHARE = (4, 5)


class How(enum.StrEnum):
    """In which way somebody left."""

    CLOSED = "closed"
    LEFT = "left"
    LARGELY_LEFT = "largely_left"


@dataclass(frozen=True, slots=True)
class Day:
    """A settled day of an account: equity at its end, deposits less withdrawals (fen; no rebates or interest), and whether it traded."""

    on: date
    equity: int
    net_in: int
    traded: bool


@dataclass(frozen=True)
class Outcome:
    """`on` is the first day without him, `how` None while he stays; `open_from` the day of a window that is not over: whether he left then
    cannot be told yet, so from it on he is censored."""

    on: date | None
    how: How | None
    open_from: date | None = None


def outcome(days: Sequence[Day], closed_on: date | None = None, until: date | None = None) -> Outcome:
    """What became of an account, looking at its settled days in order, as of `until` (None: the last of them).

    Closed counts at once; below 1,000.00 yuan without a trade for 60 settled days is left, from the first of them; net withdrawals of 80 % of
    the 90-day average equity are largely left from their day on, unless within 60 days so much came back that they are less.
    An account that never had 1,000.00 yuan was no client who could leave.
    """
    until = until or (days[-1].on if days else date.min)
    seen = [day for day in days if day.on <= until]
    found = [one for one in (_quiet(seen), _withdrawn(seen, until)) if one is not None]
    if closed_on is not None and closed_on <= until:
        found.append(Outcome(closed_on, How.CLOSED))
    sure = [one for one in found if one.on is not None]
    waiting = [one.open_from for one in found if one.open_from is not None]
    if not sure:
        return Outcome(None, None, min(waiting, default=None))
    return min(sure, key=lambda one: (one.on or date.max, one.how or ""))


def _quiet(days: Sequence[Day]) -> Outcome | None:
    """The first run of QUIET settled days with little money and no trade, after there was some."""
    run: list[date] = []
    funded = False
    for day in days:
        if day.equity >= SMALL or day.traded:
            run, funded = [], funded or day.equity >= SMALL
        elif funded:
            run.append(day.on)
            if len(run) == QUIET:
                return Outcome(run[0], How.LEFT)
    return Outcome(None, None, run[0]) if run else None


def _withdrawn(days: Sequence[Day], until: date) -> Outcome | None:
    """The first withdrawal of most of the money that did not come back in time."""
    start = total = net = 0
    for place, day in enumerate(days):
        total, net = total + day.equity, net + day.net_in
        while days[start].on <= day.on - AVERAGED:
            total, net, start = total - days[start].equity, net - days[start].net_in, start + 1
        average = total // (place - start + 1)
        if average < SMALL or day.net_in >= 0 or -net * SHARE[1] < average * SHARE[0]:
            continue
        back = _came_back(days, place, -net, average)
        if not back:
            return Outcome(day.on, How.LARGELY_LEFT) if day.on + WITHIN <= until else Outcome(None, None, day.on)
    return None


def _came_back(days: Sequence[Day], place: int, out: int, average: int) -> bool:
    for later in days[place + 1 :]:
        if later.on > days[place].on + WITHIN:
            return False
        out -= later.net_in
        if out * SHARE[1] < average * SHARE[0]:
            return True
    return False
