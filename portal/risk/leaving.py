"""What became of all accounts, in one walk over the settled days: the rule of `outcomes.outcome` on columns, for firms of any size."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from portal.risk.behaviour import Whole, places
from portal.risk.outcomes import AVERAGED, QUIET, SHARE, SMALL, WITHIN

NOBODY = np.int64(0)
"""No day: ordinals begin at 1."""


@dataclass(frozen=True)
class Leavings:
    """By account in the order asked: the ordinal of the first day without it (0: it stays), and that of a window not over yet (0: none)."""

    left: Whole
    open_from: Whole


@dataclass
class Walk:
    """The accounts (ids in order) up to the day last taken in. A day costs the same whatever came before it."""

    accounts: Whole
    _days: list[tuple[int, Whole, Whole, NDArray[np.bool_]]] = field(default_factory=list)
    """The settled days of the trailing 90: ordinal, equity, net deposits, who was there."""
    _out: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"place": pl.Int64, "on": pl.Int64, "out": pl.Int64, "average": pl.Int64}))
    """Withdrawals of most of the money that may still come back."""

    def __post_init__(self) -> None:
        size = len(self.accounts)
        self._sum, self._net, self._count, self._quiet, self._since, self._quiet_left, self._gone = (np.zeros(size, np.int64) for _ in range(7))
        self._funded = np.zeros(size, bool)

    def add(self, day: date, balances: pl.DataFrame, trades: pl.DataFrame) -> None:
        """Take in a settled day; days come in their order. Rebates and interest are no deposits."""
        on = day.toordinal()
        place, inside = places(self.accounts, balances["account_id"].to_numpy())
        equity, net, traded = np.zeros(len(self.accounts), np.int64), np.zeros(len(self.accounts), np.int64), np.zeros(len(self.accounts), bool)
        there = np.zeros(len(self.accounts), bool)
        there[place] = True
        equity[place] = balances["equity"].to_numpy()[inside]
        net[place] = (balances["deposit"] - balances["withdrawal"]).to_numpy()[inside]
        at, _ = places(self.accounts, trades["account_id"].to_numpy())
        traded[at] = True
        self._grow_quiet(on, there, equity, traded)
        self._come_back(on, net)
        self._withdraw(on, there, equity, net)

    def leavings(self, until: date, closed: Whole) -> Leavings:
        """What became of them as of a day; `closed` holds the ordinals of closings (0: open)."""
        last, far = until.toordinal(), np.iinfo(np.int64).max
        over = self._out.filter(pl.col("on") + WITHIN.days <= last)
        waiting = self._out.filter(pl.col("on") + WITHIN.days > last)
        sure = np.where((closed > 0) & (closed <= last), closed, far)
        for found in (self._quiet_left, self._gone, self._first(over)):
            sure = np.where(found > 0, np.minimum(sure, found), sure)
        open_from = np.where((self._quiet > 0) & (self._quiet_left == 0), self._since, far)
        pending = self._first(waiting)
        open_from = np.where((pending > 0) & (self._gone == 0) & (self._first(over) == 0), np.minimum(open_from, pending), open_from)
        left = np.where(sure < far, sure, NOBODY)
        return Leavings(left, np.where((open_from < far) & (left == 0), open_from, NOBODY))

    def _first(self, rows: pl.DataFrame) -> Whole:
        found = np.zeros(len(self.accounts), np.int64)
        first = rows.group_by("place").agg(pl.col("on").min())
        found[first["place"].to_numpy()] = first["on"].to_numpy()
        return found

    def _grow_quiet(self, on: int, there: NDArray[np.bool_], equity: Whole, traded: NDArray[np.bool_]) -> None:
        """Settled days in a row with little money and no trade, once there was some; the first run that is long enough counts."""
        busy = there & ((equity >= SMALL) | traded)
        self._funded |= busy & (equity >= SMALL)
        self._quiet[busy] = 0
        quiet = there & ~busy & self._funded
        self._since = np.where(quiet & (self._quiet == 0), on, self._since)
        self._quiet[quiet] += 1
        enough = (self._quiet == QUIET) & (self._quiet_left == 0)
        self._quiet_left[enough] = self._since[enough]

    def _come_back(self, on: int, net: Whole) -> None:
        """What flows back within 60 days is taken off a withdrawal; too little left of it, and it was none. One whose 60 days are over counts."""
        if self._out.is_empty():
            return
        late = self._out.filter(pl.col("on") + WITHIN.days < on)
        self._keep_first(late)
        running = self._out.filter(pl.col("on") + WITHIN.days >= on)
        flowed = pl.Series(net[running["place"].to_numpy()])
        running = running.with_columns(out=pl.col("out") - flowed)
        self._out = running.filter(pl.col("out") * SHARE[1] >= pl.col("average") * SHARE[0])

    def _keep_first(self, late: pl.DataFrame) -> None:
        first = self._first(late)
        self._gone = np.where((first > 0) & (self._gone == 0), first, np.where(first > 0, np.minimum(first, self._gone), self._gone))

    def _withdraw(self, on: int, there: NDArray[np.bool_], equity: Whole, net: Whole) -> None:
        """Days of withdrawal on which those of the trailing 90, less deposits, are 80 % and more of its average equity begin to wait."""
        self._days.append((on, equity, net, there))
        self._sum += equity
        self._net += net
        self._count += there
        while self._days[0][0] <= on - AVERAGED.days:
            _, held, flowed, was = self._days.pop(0)
            self._sum -= held
            self._net -= flowed
            self._count -= was
        average = self._sum // np.maximum(self._count, 1)
        much = there & (net < 0) & (average >= SMALL) & (-self._net * SHARE[1] >= average * SHARE[0])
        place = np.flatnonzero(much)
        if len(place):
            fresh = pl.DataFrame({"place": place, "on": np.full(len(place), on), "out": -self._net[place], "average": average[place]})
            self._out = pl.concat([self._out, fresh.cast(self._out.schema)])
