"""The lives of a made firm's clients: hidden traits, hidden moods, decisions. Not the model's equation: hazards add up, moods build up and fade.

Everything is drawn from one seed. Amounts are whole fen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from models.risk import ChurnCause
from portal.demo.calendar import trading_days

FIRST, LAST = date(2025, 1, 2), date(2026, 8, 31)
BROKER, STAFF, DIRECT = 0, 1, 2
INCIDENTAL = (ChurnCause.ABANDONED, ChurnCause.POACHED, ChurnCause.LOST_MONEY, ChurnCause.FORCED, ChurnCause.OWN_WILL)
Numbers = Any


@dataclass
class Life:
    """A firm that is being lived through. Times are places in `days`; -1 is never. `hazard` is each day's true chance of deciding to go."""

    size: int
    seed: int
    days: list[date] = field(default_factory=lambda: trading_days(FIRST, LAST))

    def __post_init__(self) -> None:
        self.chance = np.random.default_rng(self.seed)
        draw, size = self.chance, self.size
        self.channel = draw.choice(3, size, p=[0.45, 0.35, 0.2])
        self.broker = np.where(self.channel == BROKER, (draw.random(size) ** 1.6 * 40).astype(int), -1)
        self.staff = np.where((self.channel == STAFF) | (draw.random(size) < 0.6), draw.integers(0, 30, size), -1)
        self.second = np.where(draw.random(size) < 0.15, draw.integers(0, 30, size), -1)
        self.years = draw.gamma(2, 2, size)
        self.loyal, self.thick, self.needy = draw.normal(size=size), draw.gamma(3, 0.4, size), draw.beta(2, 2, size)
        self.keen, self.lever = draw.beta(0.9, 2.2, size), draw.gamma(2, 0.006, size)
        self.markup = np.exp(draw.normal(0.2, 0.5, size))
        self.watchful = draw.random(size) < 0.45
        self.diligence = draw.beta(1.5, 2, 31)
        self.decided = np.full(size, -1)
        self.leaves = np.full(size, -1)
        self.cause = np.full(size, "", object)
        self.mood, self.silent, self.pause = np.zeros(size), draw.integers(0, 200, size).astype(float), np.zeros(size, int)
        self.money = np.exp(draw.normal(np.log(6_000_000), 1.1, size)).astype(np.int64)
        self.before = self.money.copy()
        self.away = np.zeros(size, np.int64)
        self.returns = np.full(size, -1)
        self.hazard: list[Numbers] = []
        self.rows: list[pl.DataFrame] = []
        self.trades: list[pl.DataFrame] = []
        self.contacts: list[tuple[int, int, int]] = []
        self.events = self._events()
        self.follows: list[tuple[int, int, bool]] = []

    def _events(self) -> list[tuple[int, bool, int]]:
        """Who leaves when: (day, whether a broker, his number)."""
        people = [(True, number) for number in self.chance.permutation(30)[:12]] + [(False, number) for number in self.chance.permutation(30)[:8]]
        when = self.chance.integers(40, len(self.days) - 65, len(people))
        return sorted((int(day), broker, int(number)) for day, (broker, number) in zip(when, people, strict=True))

    def live(self) -> None:
        """Go through all days."""
        market = self.chance.normal(0, 1, len(self.days))
        for day in range(len(self.days)):
            gone = self.staff_gone(day)
            self._contacts(day, gone)
            for event, (when, broker, number) in enumerate(self.events):
                if when == day:
                    self._depart(day, event, broker, number)
            self._decide(day)
            self._settle(day, market[day])

    def staff_gone(self, day: int) -> set[int]:
        """The staff who have left by a day."""
        return {number for when, broker, number in self.events if not broker and when <= day}

    def _contacts(self, day: int, gone: set[int]) -> None:
        self.silent += 1.4
        here = (self.staff >= 0) & ~np.isin(self.staff, list(gone))
        called = here & (self.chance.random(self.size) < 0.03 * self.diligence[np.maximum(self.staff, 0)] * np.clip(np.log10(self.money + 1) - 5, 0.3, 2))
        self.contacts += [(day, int(place), int(self.staff[place])) for place in np.flatnonzero(called)]
        self.silent[called], self.mood[called] = 0, self.mood[called] * 0.6

    def _depart(self, day: int, event: int, broker: bool, number: int) -> None:
        """Each client of his decides whether to go along: by hidden loyalty, less with a second person of the firm."""
        his = (self.broker == number) if broker else (self.staff == number)
        asked = np.flatnonzero(his & (self.decided < 0))
        pull = 0.38 + 0.3 * np.tanh(self.loyal[asked]) + (0.12 if broker else 0.0) - 0.2 * ((self.second[asked] >= 0) | (broker & (self.silent[asked] < 30)))
        goes = self.chance.random(len(asked)) < np.clip(pull, 0.03, 0.9)
        self.follows += [(event, int(place), bool(along)) for place, along in zip(asked, goes, strict=True)]
        self._go(asked[goes], day, np.minimum(self.chance.exponential(16, int(goes.sum())).astype(int), 55), ChurnCause.TAKEN_BY_BROKER if broker else ChurnCause.TAKEN_BY_STAFF)

    def _go(self, places: Numbers, day: int, after: Numbers, cause: ChurnCause) -> None:
        self.decided[places], self.leaves[places], self.cause[places] = day, day + 1 + after, cause.value

    def _decide(self, day: int) -> None:
        parts = np.column_stack(
            [
                0.0016 * self.needy * (self.silent > 75 + 120 * (1 - self.needy)),
                0.0026 * self.watchful * np.clip(self.markup - 1.9, 0, 1.2),
                0.010 * np.clip(self.mood - 0.5 * self.thick, 0, 1) ** 1.5,
                np.full(self.size, 0.00012),
                0.0002 + 0.0006 * (self.keen < 0.05),
            ]
        )
        whole = parts.sum(axis=1)
        self.hazard.append(whole)  # of who has decided too: what he did afterwards must not tell how likely it was
        which = (self.chance.random((self.size, 1)) < (parts / parts.sum(axis=1, keepdims=True)).cumsum(axis=1)).argmax(axis=1)
        going = self.chance.random(self.size) < whole * (self.decided < 0)
        for number, cause in enumerate(INCIDENTAL):
            places = np.flatnonzero(going & (which == number))
            self._go(places, day, self.chance.integers(0, 35, len(places)), cause)

    def _settle(self, day: int, market: float) -> None:
        """A day's trades and money. Who has decided trades less; some draw part of their money and bring it back."""
        draw, size = self.chance, self.size
        self.pause = np.where(self.pause > 0, self.pause - 1, np.where(draw.random(size) < 0.002, draw.integers(20, 60, size), 0))
        fading = (self.decided >= 0) & (self.decided <= day)
        left = (self.leaves >= 0) & (self.leaves <= day)
        trades = (draw.random(size) < self.keen * np.where(fading, 0.35, 1)) & (self.pause == 0) & ~left & (self.before > 500_000)
        lots = np.where(trades, np.maximum(self.before // 3_000_000, 1), 0)
        exchange = lots * 330
        fee = exchange + (exchange * self.markup).astype(np.int64)
        move = 0.4 * market * np.where(np.arange(size) % 2, 1, -1) + draw.normal(-0.06, 1, size)
        pnl = np.where(trades, (self.before * self.lever * move * 2).astype(np.int64), 0)
        pnl = np.maximum(pnl, -self.before // 2)
        self.mood = self.mood * 0.985 + np.clip(-pnl / np.maximum(self.before, 1) - 0.004, 0, 1) * 3
        out = np.where(self.leaves == day, self.before * draw.integers(88, 101, size) // 100, 0)
        loan = (draw.random(size) < 0.0012) & ~fading & (self.away == 0)
        out = np.where(loan, self.before * draw.integers(40, 96, size) // 100, out)
        self.returns = np.where(loan, day + draw.integers(8, 34, size), self.returns)
        back = np.where(self.returns == day, self.away, 0)
        self.away = np.where(loan, out, np.where(back > 0, 0, self.away))
        usual = draw.random(size) < 0.012
        out = np.where(usual & ~fading, np.maximum(out, self.before // 20), out)
        into = back + np.where((draw.random(size) < 0.012) & ~fading, self.before // 15, 0)
        out = np.clip(out, 0, np.maximum(self.before + pnl - fee, 0))
        self.money = self.before + into - out + pnl - fee
        self._write(day, {"deposit": into, "withdrawal": out, "realized_pnl": pnl, "fee": fee}, lots, exchange)
        self.before = self.money.copy()

    def _write(self, day: int, amounts: dict[str, Numbers], lots: Numbers, exchange: Numbers) -> None:
        zero = np.zeros(self.size, np.int64)
        held = {"previous_balance": self.before, **amounts, "balance": self.money, "equity": self.money, "available": self.money}
        names = ("other_in", "other_out", "mtm_pnl", "premium", "margin")
        dated = pl.lit(self.days[day]).alias("trade_date")
        numbers = pl.Series("account_no", [account_no(place) for place in range(self.size)])
        self.rows.append(pl.DataFrame({"account_no": numbers, **held, **dict.fromkeys(names, zero)}).with_columns(dated))
        sold = pl.DataFrame({"account_no": numbers, "lots": lots, "turnover": lots * 3_300_000, "fee": amounts["fee"], "exchange_fee": exchange})
        self.trades.append(sold.filter(pl.col("lots") > 0).with_columns(dated, pl.lit("SHFE").alias("exchange"), pl.lit("rb").alias("product")))


def account_no(place: int) -> str:
    """The number of a client's account by his place."""
    return f"7{place:07d}"
