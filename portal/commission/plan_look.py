"""What every check of a plan is given and gives: a version to look at, and findings with a month that shows them. Pure."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from models.values.calendar import Month
from portal.commission.plan_trial import Paid, Trade, Trial, Version, pay
from portal.commission.wording import Step

FEN = 10**6
"""Units of a yuan amount of a plan (8 decimals) in a fen."""


class Level(enum.StrEnum):
    """What a finding means for activation: it blocks, it must be acknowledged with a reason, or it is only said."""

    BLOCKS = "blocks"
    WARNS = "warns"
    NOTES = "notes"


@dataclass(frozen=True)
class Shown:
    """A month, and what the engine pays for it."""

    trial: Trial
    paid: Paid


@dataclass(frozen=True)
class Check:
    """One finding about a plan: where, in a sentence, and months that show it (two where one is compared with the other)."""

    level: Level
    code: str
    place: str
    sentence: Step
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Looked:
    """One version of a plan under examination. `products` are the pairs of exchange and product that the portal knows."""

    versions: tuple[Version, ...]
    index: int
    place: str
    raw: Mapping[str, Any]
    products: tuple[tuple[str, str], ...]

    @property
    def version(self) -> Version:
        """The version itself."""
        return self.versions[self.index]

    @property
    def day(self) -> date:
        """A day for trials: a weekday of the first whole month of the version, else its first day."""
        start, first = self.version.valid_from, Month.of(self.version.valid_from).first
        whole = first if start == first else Month.of(start).plus(1).first
        day = next(whole + timedelta(days=ahead) for ahead in range(7, 14) if (whole + timedelta(days=ahead)).weekday() < 5)
        return day if day < self.version.valid_to else start

    def component(self, kind: str) -> str:
        """The place of the component of a kind."""
        return f"{self.place}.components[{[item['kind'] for item in self.raw['components']].index(kind)}]"

    def product(self) -> tuple[str, str]:
        """A product that a trial may trade: one that the plan names, else one that is known."""
        for exchange, name in self.named():
            known = next((pair for pair in self.products if pair[1].lower() == name and exchange in {"", pair[0].lower()}), None)
            return known or ((exchange or "SHFE").upper(), name)
        return self.products[0] if self.products else ("SHFE", "rb")

    def named(self) -> list[tuple[str, str]]:
        """The products that have a rate per lot, as (exchange or empty, product), in small letters."""
        keys = [key for key, _rate in self.version.terms.per_lot or () if key != "*"]
        return [(exchange, name) for exchange, _dot, name in (key.rpartition(".") for key in keys)]

    def trade(self, retained: int, *, lots: int = 1, turnover: int = 0, product: tuple[str, str] | None = None, day: date | None = None) -> Trade:
        """A trade of a trial; amounts in fen."""
        exchange, name = product or self.product()
        return Trade(day or self.day, exchange, name, lots, turnover, retained)

    def month(self, *trades: Trade, equity: int = 0, levels: int = 0) -> Trial:
        """A trial of one settled day, or of the days of its trades."""
        days = tuple(sorted({trade.day for trade in trades} or {self.day}))
        return Trial(days, trades, equity, levels)

    def show(self, trial: Trial) -> Shown:
        """What the engine pays for a trial under this plan."""
        return Shown(trial, pay(self.versions, trial))


Look = Callable[[Looked], Iterable[Check]]


def day_before(day: date) -> date:
    """The day before."""
    return day - timedelta(days=1)
