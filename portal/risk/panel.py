"""What the firm's own past teaches: clients by day, the months after it, and whether they left in them, as far as can be told by `until`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from portal.audit.recordings import known_at
from portal.risk import days, facts
from portal.risk.behaviour import MONTH, Whole
from portal.risk.features import Frame, features, ids
from portal.risk.gathering import Progress, gather
from portal.risk.hazard import MONTHS
from portal.risk.outcomes import Day, Outcome, outcome

SETTLED = timedelta(days=95)
"""So long after a day it can be told whether somebody left on it (60 settled days)."""
WARM = timedelta(days=90)


@dataclass(frozen=True)
class Example:
    """A day's clients at risk and the first day on which each left (ordinal; 0: not known to have)."""

    on: date
    frame: Frame
    left: Whole


def month_ends(first: date, last: date) -> list[date]:
    """The last settled day of each month between two days."""
    held = sorted(days.versions(first, last))
    return [one for one, after in pairwise([*held, last + timedelta(days=32)]) if one.month != after.month]


def outcomes(until: date, zone: ZoneInfo, accounts: Whole, closed: dict[int, date | None]) -> dict[int, Outcome]:
    """What became of each account as of a day, as known on it."""
    known = known_at(facts.evening(until, zone))
    walked: dict[int, list[Day]] = {}
    wanted = set(accounts.tolist())
    for day, versions in days.versions(date.min, until).items():
        balances, trades = days.rows_of(days.known_of(versions, known))
        traded = set(trades["account_id"].to_list())
        for row in balances.select("account_id", "equity", "deposit", "withdrawal").iter_rows():
            if row[0] in wanted:
                walked.setdefault(row[0], []).append(Day(day, row[1], row[2] - row[3], row[0] in traded))
    return {account: outcome(held, closed.get(account), until) for account, held in walked.items()}


def examples(on: list[date], until: date, zone: ZoneInfo, progress: Progress) -> list[Example]:
    """The clients of each day, and who left after it."""
    known = facts.read(facts.known_on(until, zone), zone)
    everybody = ids(known)
    closed = dict(known.people.select("account_id", "closed_on").iter_rows())
    became = outcomes(until, zone, everybody, closed)
    found = []
    for done in gather(on, everybody, zone, progress):
        frame = features(known, done)
        left = np.array([day.toordinal() if (day := became[one].on) else 0 for one in frame.people["account_id"]], np.int64)
        stays = (left == 0) | (left > done.on.toordinal())
        found.append(Example(done.on, Frame(frame.people.filter(pl.Series(stays)), frame.values[stays]), left[stays]))
    return found


def months_of(example: Example, until: date) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """For each month ahead that can be told: its number, who was still there at its beginning, and who of them left in it."""
    start = example.on.toordinal()
    found = []
    for month in range(MONTHS):
        begin, end = start + MONTH * month, start + MONTH * (month + 1)
        if date.fromordinal(end) + SETTLED > until:
            break
        there = (example.left == 0) | (example.left > begin)
        found.append((month, there, (example.left > begin) & (example.left <= end)))
    return found
