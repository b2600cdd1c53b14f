"""What became of those who came to an evening, or were invited to it, beside clients who were not and were like them in the 90 days before: read from settled days
where no lot was drawn (portal/risk/methods.py says when, portal/risk/matching.py compares).

Pairs are made by what was known before the first of them was invited: the days up to then as they were known then, the tier and the score of then. What is
recorded later changes no pair. Both sides are then read as they are known now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from portal.audit.recordings import last_recording_id
from portal.notices.kinds import N_
from portal.risk import alike, days
from portal.risk.alike import BEFORE, Alike, Sides
from portal.risk.behaviour import Whole
from portal.risk.effects import WINDOWS
from portal.risk.gathering import Progress
from portal.risk.leaving import Walk
from portal.risk.matching import CALIPER, UNLIKE, Change, apart, change, paired, spreads
from portal.risk.methods import Method, of_events
from portal.risk.wedge import SEED, Real

SETTLED = timedelta(days=95)
"""So long after a window it can be told who had left in it (60 settled days)."""
PERIOD = timedelta(days=30)
SCALES = {"active": 1_000_000, "trading": 1_000_000, "net": 1}
"""In what a measure is kept: shares (still active; settled days with trades) in parts per million, net deposits a settled day in fen."""


def beside(found: dict[int, dict[str, Any]], event_ids: Sequence[int], until: date, progress: Progress) -> dict[int, dict[str, Any]]:
    """What was found of events by the lot, and under `matched` what pairs tell of those where the lot tells nothing."""
    told = of_events(event_ids)
    for number in event_ids:
        counts = told[number]
        sides = alike.sides_of(number, by_list=counts.by_list) if counts.method is Method.PAIRS else None
        if sides is not None:
            last = sides.ends + timedelta(days=max(WINDOWS)) + SETTLED
            whole = found.setdefault(number, {"windows": {}, "final": last <= until, "ends": sides.ends.isoformat()})
            whole["matched"] = effect(sides, until, progress)
    return found


def effect(sides: Sides, until: date, progress: Progress) -> dict[str, Any]:
    """As JSON. `listed`: whether lists invited them; `facts_on`: the day by whose knowledge pairs were made; `invited`, `pool`, `pairs`, `left_out`; `balance`: by
    fact [name, difference of the sides before matching, after] in thousandths of a standard deviation, `alike`: whether none is too large; `before`: whether pairs
    moved apart already in the time before; `windows`: by window (days) the measures; `series`: by period [from, to, before?, of the invited, of their partners]."""
    known = alike.as_known_before(sides, progress)
    pairs = paired(*known.facts_of(), *known.classes_of())
    told: dict[str, Any] = {"listed": sides.by_list, "on": sides.on.isoformat(), "facts_on": known.on.isoformat() if known.on else None, "seed": SEED, "caliper": CALIPER}
    told |= {"invited": known.size(invited=True), "pool": known.size(invited=False), "pairs": len(pairs), "left_out": dict(known.left_out)}
    told |= _balance(known, pairs)
    if known.on is None or not len(pairs):
        return told | {"windows": {}, "before": {}, "series": []}
    became = _became(sides, known, pairs, until, progress)
    gaps = known.gaps(pairs)
    before = {name: _plain(change(*became.moved(name), gaps), SCALES[name]) for name in ("trading", "net")}
    windows = {}
    for window in WINDOWS:
        end = sides.ends + timedelta(days=window)
        if end <= until:
            rows, open_yet = became.measured(end, until)
            read = {name: _held_back(_plain(change(*both, gaps), SCALES[name]), told["alike"], before.get(name)) for name, both in rows.items()}
            windows[str(window)] = {**read, "open": open_yet}
    return told | {"before": before, "windows": windows, "series": became.series(min(until, sides.ends + timedelta(days=max(WINDOWS))))}


def _balance(known: Alike, pairs: Whole) -> dict[str, Any]:
    """How far the sides are apart in each fact before and after matching, and whether they are alike enough to be compared."""
    invited, others = known.facts_of()
    if not len(invited) or not len(others):
        return {"balance": [], "alike": False}
    spread = spreads(invited, others)
    before, after = apart(invited, others, spread), np.full(len(known.names), np.nan)
    if len(pairs):
        after = apart(invited[pairs[:, 0]], others[pairs[:, 1]], spread)
    rows = [[name, round(float(one) * 1000), None if np.isnan(two) else round(float(two) * 1000)] for name, one, two in zip(known.names, before, after, strict=True)]
    return {"balance": rows, "alike": bool(np.all(np.abs(after) <= UNLIKE))}


def _plain(found: Change, scale: int) -> dict[str, Any]:
    """A change as JSON, in whole units of its scale."""
    values = {name: getattr(found, name) for name in ("of_invited", "of_others", "value", "low", "high")}
    whole = {name: round(value * scale) if np.isfinite(value) else None for name, value in values.items()}
    return {"pairs": found.pairs, **whole, "chance": round(found.chance, 4) if np.isfinite(found.chance) else None, "enough": found.enough, "tells": found.tells}


def _held_back(row: dict[str, Any], alike_enough: bool, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Nothing is told by sides that are not alike, or that moved apart before anybody was invited; `why` says which."""
    why = "unlike" if not alike_enough else "apart" if before is not None and before["tells"] else ""
    return {**row, "tells": row["tells"] and not why, "why": why}


@dataclass
class Became:
    """The clients of the pairs through the days: the invited first, then their partners in the same order. `net` (fen) and `traded`: client by day."""

    on: date
    before: date
    pairs: int
    walk: Walk
    closed: Whole
    days: list[date]
    net: Real
    traded: Real

    def mean(self, table: Real, first: date, last: date) -> Real:
        """By client, a settled day of those from `first` to `last`."""
        inside = np.array([first <= day <= last for day in self.days], bool)
        found: Real = table[:, inside].sum(axis=1) / max(1, int(inside.sum()))
        return found

    def table(self, name: str) -> Real:
        """Client by day."""
        return self.traded if name == "trading" else self.net

    def sides(self, values: Real) -> tuple[Real, Real]:
        """By pair, the invited and his partner."""
        return values[: self.pairs], values[self.pairs :]

    def moved(self, name: str) -> tuple[Real, Real]:
        """What changed from the first to the second half of the time before: nothing that an invitation could have done."""
        half, table = self.before - BEFORE / 2, self.table(name)
        return self.sides(self.mean(table, half + timedelta(days=1), self.before) - self.mean(table, self.before - BEFORE + timedelta(days=1), half))

    def measured(self, end: date, until: date) -> tuple[dict[str, tuple[Real, Real]], int]:
        """By measure what changed in each pair up to the end of a window; and for how many it cannot be told yet whether they left."""
        first, told = self.before - BEFORE + timedelta(days=1), {}
        became = self.walk.leavings(until, self.closed)
        gone = (became.left > 0) & (became.left <= end.toordinal())
        unsure = (became.left == 0) & (became.open_from > 0) & (became.open_from <= end.toordinal())
        told["active"] = self.sides(-(gone | unsure).astype(np.float64))
        for name in ("trading", "net"):
            table = self.table(name)
            told[name] = self.sides(self.mean(table, self.on + timedelta(days=1), end) - self.mean(table, first, self.before))
        return told, int(unsure.sum())

    def series(self, last: date) -> list[list[Any]]:
        """Periods of 30 days: three before, and those after that are over; the share of settled days with trades of both sides (parts per million)."""
        begins = [self.before - BEFORE + timedelta(days=1) + PERIOD * place for place in range(3)]
        after = self.on + timedelta(days=1)
        while after + PERIOD - timedelta(days=1) <= last:
            begins.append(after)
            after += PERIOD
        rows = []
        for first in begins:
            end = first + PERIOD - timedelta(days=1)
            means = [round(float(side.mean()) * 1_000_000) for side in self.sides(self.mean(self.traded, first, end))]
            rows.append([first.isoformat(), end.isoformat(), end <= self.before, *means])
        return rows


def _became(sides: Sides, known: Alike, pairs: Whole, until: date, progress: Progress) -> Became:
    """Read the days of the pairs, from 90 before the first was invited on, as they are known now."""
    before = known.on or sides.on
    people = known.clients_of(pairs)
    mine = alike.accounts_of(people)
    size, recording = len(people), last_recording_id()
    walk, net, traded = Walk(np.arange(1, size + 1, dtype=np.int64)), [], []
    held = days.versions(before - BEFORE + timedelta(days=1), min(until, sides.ends + timedelta(days=max(WINDOWS)) + SETTLED))
    for number, (day, versions) in enumerate(held.items()):
        progress(N_("Looking what became of the invited"), number, len(held))
        balances, trades = days.rows_of(days.known_of(versions, recording))
        own = balances.join(mine, on="account_id").group_by("place").agg(pl.col("equity", "deposit", "withdrawal").sum())
        busy = trades.join(mine, on="account_id").select("place").unique()
        walk.add(day, own.rename({"place": "account_id"}), busy.rename({"place": "account_id"}))
        flowed, active = np.zeros(size), np.zeros(size)
        flowed[own["place"].to_numpy() - 1] = (own["deposit"] - own["withdrawal"]).to_numpy()
        active[busy["place"].to_numpy() - 1] = 1
        net.append(flowed)
        traded.append(active)
    tables = [np.column_stack(rows) if rows else np.zeros((size, 0)) for rows in (net, traded)]
    return Became(sides.on, before, len(pairs), walk, alike.closed(mine, size), list(held), *tables)
