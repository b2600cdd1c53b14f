"""What each account did up to a day, gathered from settled days one after the other: only sums are kept, so memory does not grow with days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Whole = NDArray[np.int64]

QUARTER, MONTH, HABIT = 90, 30, 180
"""Calendar days: of the averages, of what is recent, and of the habit that the recent month is held against."""
NEVER = 0
SUMS = (
    "equity_sum", "equity_days", "equity_30", "days_30", "in_90", "out_90", "in_30", "out_30", "pnl_90", "pnl_30", "down_90",
    "traded_30", "traded_before", "days_before", "fee_180", "exchange_180", "calls_30",
)  # fmt: skip


def places(accounts: Whole, ids: Whole) -> tuple[Whole, NDArray[np.bool_]]:
    """Where those of `ids` that are among `accounts` (in order) stand there, and which of them are."""
    place = np.searchsorted(accounts, ids)
    inside = (place < len(accounts)) & (accounts[np.minimum(place, len(accounts) - 1)] == ids) if len(accounts) else np.zeros(len(ids), bool)
    return place[inside], inside


@dataclass
class Behaviour:
    """Sums of all accounts up to `on`. Amounts are fen; `last_trade` and `last_day` are ordinals of days (0: none within half a year)."""

    on: date
    accounts: Whole
    sums: dict[str, Whole] = field(default_factory=dict)
    equity: Whole = field(init=False)
    margin: Whole = field(init=False)
    last_trade: Whole = field(init=False)
    last_day: Whole = field(init=False)
    streak: Whole = field(init=False)

    def __post_init__(self) -> None:
        size = len(self.accounts)
        self.sums = {name: np.zeros(size, np.int64) for name in SUMS}
        self.equity, self.margin, self.last_trade, self.last_day, self.streak = (np.zeros(size, np.int64) for _ in range(5))

    def add(self, day: date, balances: pl.DataFrame, trades: pl.DataFrame) -> None:
        """Take in a settled day; days come in their order, none after `on`. Interest and rebates (other_in) are no deposits."""
        age = (self.on - day).days
        if not 0 <= age < HABIT:
            return
        place, inside = places(self.accounts, balances["account_id"].to_numpy())
        held = {name: balances[name].to_numpy()[inside] for name in ("equity", "deposit", "withdrawal", "margin", "pnl")}
        self._balances(day, age, place, held)
        at, there = places(self.accounts, trades["account_id"].to_numpy())
        self.last_trade[at] = day.toordinal()
        self._count("traded_30" if age < MONTH else "traded_before", at, 1)
        self._count("fee_180", at, trades["fee"].to_numpy()[there])
        self._count("exchange_180", at, trades["exchange_fee"].to_numpy()[there])

    def _balances(self, day: date, age: int, place: Whole, held: Mapping[str, Whole]) -> None:
        self.equity[place], self.margin[place], self.last_day[place] = held["equity"], held["margin"], day.toordinal()
        self.streak[place] = np.where(held["pnl"] < 0, self.streak[place] + 1, np.where(held["pnl"] > 0, 0, self.streak[place]))
        if age >= MONTH:
            self._count("days_before", place, 1)
        else:
            short = (held["equity"] < held["margin"]).astype(np.int64)
            recent = {"equity_30": held["equity"], "in_30": held["deposit"], "out_30": held["withdrawal"], "pnl_30": held["pnl"], "calls_30": short, "days_30": 1}
            for name, values in recent.items():
                self._count(name, place, values)
        if age < QUARTER:
            long = {"equity_sum": held["equity"], "equity_days": 1, "in_90": held["deposit"], "out_90": held["withdrawal"], "pnl_90": held["pnl"]}
            for name, values in {**long, "down_90": np.maximum(-held["pnl"], 0)}.items():
                self._count(name, place, values)

    def _count(self, name: str, place: Whole, values: Any) -> None:
        self.sums[name][place] += values  # an account stands once in a day

    @property
    def average(self) -> Whole:
        """The 90-day average of the equity, fen."""
        found: Whole = self.sums["equity_sum"] // np.maximum(self.sums["equity_days"], 1)
        return found
