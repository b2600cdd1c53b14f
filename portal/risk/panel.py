"""What the firm's own past teaches: clients by day, the months after it, and whether they left in them, as far as can be told by `until`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from portal.audit.recordings import known_at
from portal.notices.kinds import N_
from portal.risk import days, facts
from portal.risk.behaviour import MONTH, Whole
from portal.risk.features import Frame, features, ids
from portal.risk.gathering import Progress, gather
from portal.risk.hazard import MONTHS
from portal.risk.leaving import Leavings, Walk

SETTLED = timedelta(days=95)
"""So long after a day it can be told whether somebody left on it (60 settled days)."""
WARM = timedelta(days=90)


@dataclass(frozen=True)
class Example:
    """A day's clients at risk, the first day on which each left (ordinal; 0: not known to have), and from which day it cannot be told yet (0: it can).
    `eve`: these are the clients of one departure, on the last day before it."""

    on: date
    frame: Frame
    left: Whole
    unsure: Whole
    eve: bool = False


def month_ends(first: date, last: date) -> list[date]:
    """The last settled day of each month between two days."""
    held = sorted(days.versions(first, last))
    return [one for one, after in pairwise([*held, last + timedelta(days=32)]) if one.month != after.month]


def week_ends(first: date, last: date) -> list[date]:
    """The last settled day of each week between two days."""
    held = sorted(days.versions(first, last))
    return [one for one, after in pairwise([*held, last + timedelta(days=7)]) if one.isocalendar()[:2] != after.isocalendar()[:2]]


def leavings(until: date, zone: ZoneInfo, accounts: Whole, closed: Whole, progress: Progress) -> Leavings:
    """What became of each account as of a day, as known on it. `closed`: ordinals of closings (0: open)."""
    known, walk = known_at(facts.evening(until, zone)), Walk(accounts)
    held = days.versions(date.min, until)
    for number, (day, versions) in enumerate(held.items()):
        progress(N_("Looking who left"), number, len(held))
        walk.add(day, *days.rows_of(days.known_of(versions, known)))
    return walk.leavings(until, closed)


def became(on: list[date], until: date, zone: ZoneInfo, progress: Progress) -> tuple[Leavings, list[Example]]:
    """What became of everybody known by `until`, in the order of their ids, and the clients of each day as known on it."""
    known = facts.read(facts.known_on(until, zone), zone)
    everybody = ids(known)
    closings = pl.DataFrame({"account_id": everybody}).join(known.people.select("account_id", "closed_on"), on="account_id", how="left", maintain_order="left")
    closed = np.array([one.toordinal() if one else 0 for one in closings["closed_on"]], np.int64)
    found = leavings(until, zone, everybody, closed, progress)
    by_day = []
    for done in gather(on, everybody, zone, progress):
        frame = features(facts.read(facts.known_on(done.on, zone), zone), done)
        place = np.searchsorted(everybody, frame.people["account_id"].to_numpy())
        left, unsure = found.left[place], found.open_from[place]
        stays = (left == 0) | (left > done.on.toordinal())
        by_day.append(Example(done.on, Frame(frame.people.filter(pl.Series(stays)), frame.values[stays]), left[stays], unsure[stays]))
    return found, by_day


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
