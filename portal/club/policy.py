"""What comes back when somebody cancels: brackets of hours before the start, by the wall clock of the place of the event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from portal.refusals import Refusal

WHOLE = 100
MOST_HOURS = 24 * 366
Policy = Sequence[Mapping[str, Any]]


def deadline(starts_at: datetime, hours: int, zone: str) -> datetime:
    """The last moment of a bracket (UTC): so many hours before the start as clocks on the wall there show it, so that 72 hours
    before Sunday 19:00 is Thursday 19:00 also where the clocks are changed in between."""
    place = ZoneInfo(zone)
    wall = starts_at.astimezone(place).replace(tzinfo=None) - timedelta(hours=hours)
    return wall.replace(tzinfo=place).astimezone(UTC)


def percent_back(policy: Policy, starts_at: datetime, zone: str, moment: datetime) -> int:
    """How much of the price comes back to who cancels at a moment. Exactly at a deadline is in time."""
    open_ones = [int(bracket["percent"]) for bracket in policy if moment <= deadline(starts_at, int(bracket["hours"]), zone)]
    return max(open_ones, default=0)


def part(amount: int, percent: int) -> int:
    """A part of an amount in fen; a fraction of a fen goes to who paid."""
    return -(-amount * percent // WHOLE)


@cache
def zones() -> frozenset[str]:
    """The names of all time zones. Read once: it is a walk through hundreds of files."""
    return frozenset(available_timezones())


def checked(policy: Policy, zone: str) -> list[dict[str, int]]:
    """Brackets as they are kept, the longest first. Raises Refusal where they make no sense: who cancels earlier gets no less."""
    if zone not in zones():
        raise Refusal("there is no time zone %(zone)s", zone=zone[:40])
    rows = sorted(({"hours": int(row["hours"]), "percent": int(row["percent"])} for row in policy), key=lambda row: -row["hours"])
    for row in rows:
        if not (0 <= row["hours"] <= MOST_HOURS and 0 <= row["percent"] <= WHOLE):
            raise Refusal("a bracket is hours before the start, and a part from 0 to 100 percent")
    for earlier, later in pairwise(rows):
        if earlier["hours"] == later["hours"] or earlier["percent"] < later["percent"]:
            raise Refusal("who cancels earlier gets no less back: put the brackets in order")
    return rows
