"""Behaviour of all accounts at several days in one walk over the settled days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from portal.audit.recordings import known_at
from portal.notices.kinds import N_
from portal.risk import days
from portal.risk.behaviour import HABIT, Behaviour, Whole
from portal.risk.facts import evening

Progress = Callable[[str, int, int], None]


def gather(on: Sequence[date], accounts: Whole, zone: ZoneInfo, progress: Progress) -> list[Behaviour]:
    """What `accounts` (ids in order) did up to each of the days, each as known on its day. Each version of a day is read once."""
    found = [Behaviour(day, accounts) for day in on]
    if not found:
        return found
    known = {day: known_at(evening(day, zone)) for day in on}
    held = days.versions(min(on) - timedelta(days=HABIT - 1), max(on))
    for number, (day, versions) in enumerate(held.items()):
        progress(N_("Reading settled days"), number, len(held))
        by_known: dict[tuple[days.Version, ...], list[Behaviour]] = {}
        for one in found:
            if 0 <= (one.on - day).days < HABIT:
                by_known.setdefault(days.known_of(versions, known[one.on]), []).append(one)
        for these, wanted in by_known.items():
            rows = days.rows_of(these)
            for one in wanted:
                one.add(day, *rows)
    return found
