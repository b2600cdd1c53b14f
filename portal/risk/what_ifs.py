"""Past what-ifs: on the last settled day with somebody who then left, how many of his clients would go within 90 days, and how many did? Each departure
is asked from its own first day on, so that who goes between it and the end of the month counts too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from models.departures import DepartureState
from portal.risk import days, facts, hazard
from portal.risk.behaviour import Whole
from portal.risk.facts import Facts
from portal.risk.features import EVENT, FEATURES, Frame, Real, features
from portal.risk.gathering import Progress, gather
from portal.risk.grades import Said, within
from portal.risk.hazard import Weights
from portal.risk.leaving import Leavings
from portal.risk.panel import Example

MOST, AT_ONCE = 24, 8
"""So many departures are asked about, the newest; so many of their days are gathered in one walk, so that memory holds."""


@dataclass(frozen=True)
class Gone:
    """A departure that took effect: the first day without the person, the last settled day with him, whether he is a broker, and his accounts (ids)."""

    since: date
    before: date
    broker: bool
    accounts: pl.Series


def departures(known: Facts, first: date, last: date) -> list[Gone]:
    """The newest departures that took effect between two days, with who was exposed to each on the day before; those without a settled day before are none."""
    newest = known.steps.sort("step_id").group_by("departure_id", maintain_order=True).last()
    effective = newest.filter(pl.col("state").is_in([DepartureState.EFFECTIVE.value, DepartureState.SETTLED.value]) & pl.col("day").is_between(first, last))
    events = effective.rename({"day": "since"}).sort("since", "departure_id").tail(MOST)
    his = facts.exposed(known, events)
    settled = sorted(days.versions(date.min, last))
    found = []
    for key, since, broker in events.select("departure_id", "since", pl.col("broker_id").is_not_null()).iter_rows():
        before = max((day for day in settled if day < since), default=None)
        if before is not None:
            found.append(Gone(since, before, broker, his.filter(pl.col("departure_id") == key)["account_id"].unique()))
    return found


def frames(gone: Sequence[Gone], accounts: Whole, zone: ZoneInfo, progress: Progress) -> Iterator[tuple[Gone, Frame]]:
    """Each departure with its exposed clients on the last settled day with the person, as known then, and as if he left on it."""
    on = sorted({one.before for one in gone})
    for start in range(0, len(on), AT_ONCE):
        for done in gather(on[start : start + AT_ONCE], accounts, zone, progress):
            whole = features(facts.read(facts.known_on(done.on, zone), zone), done)
            for one in gone:
                if one.before == done.on:
                    exposed = whole.people["account_id"].is_in(one.accounts.implode())
                    yield one, Frame(whole.people.filter(exposed), left_today(whole.values[exposed.to_numpy()], one.broker))


def examples(gone: Sequence[Gone], accounts: Whole, found: Leavings, zone: ZoneInfo, progress: Progress) -> list[Example]:
    """The same as days to learn from: who of each departure's clients left after it. `found` says of `accounts` (ids in order) who left when."""
    made = []
    for one, frame in frames(gone, accounts, zone, progress):
        place = np.searchsorted(accounts, frame.people["account_id"].to_numpy())
        left, unsure = found.left[place], found.open_from[place]
        stays = (left == 0) | (left > one.before.toordinal())
        made.append(Example(one.before, Frame(frame.people.filter(pl.Series(stays)), frame.values[stays]), left[stays], unsure[stays], eve=True))
    return made


def left_today(values: Real, broker: bool) -> Real:
    """The same clients as if this person of theirs left today."""
    changed = values.copy()
    event: dict[str, Any] = {
        "event": 1.0,
        "event_broker": float(broker),
        "event_fresh": 1.0,
        **{f"event_{name}": values[:, FEATURES.index(name)] for name in ("ties", "reached", "tenure")},
    }
    for name in EVENT:
        changed[:, FEATURES.index(name)] = event[name]
    return changed


def held(asked: Iterator[tuple[Gone, Frame]], weights: Callable[[date], Weights], left_of: Callable[[Gone, Frame], tuple[Said, Said]]) -> tuple[int, int]:
    """Of so many past what-ifs, how many came true within their interval: in how many so many left as it said, and of how many it can be told.
    `left_of` says of a departure's clients who counts, and who of them left in time."""
    came = of = 0
    for one, frame in asked:
        counts, left = left_of(one, frame)
        right, told = within(hazard.probability(weights(one.before), frame.values)[counts], left[counts])
        came, of = came + right, of + told
    return came, of
