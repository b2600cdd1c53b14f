"""A broker's month made up to try a plan on, priced by the one engine. Pure.

What a checker claims about a plan is shown on such a month: the trades, and what the engine pays for them, to the fen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from models.values.calendar import Month
from models.values.rates import SHARE_WHOLE
from portal.commission.facts import ATTRIBUTIONS, EQUITY, NO_VERSION, PRODUCTS, STANDING, TIES, TRADES, UPLINES, Day, MonthFacts
from portal.commission.month import attribute_month, empty_lines, guaranteed_brokers, price_month, tiers_of
from portal.commission.statement import level_amount
from portal.commission.terms import Terms
from portal.commission.vocabulary import Kind, Reason

ACCOUNT = 1


@dataclass(frozen=True)
class Version:
    """A plan version's span of trade dates (the end excluded) and its exact terms."""

    valid_from: date
    valid_to: date
    terms: Terms


@dataclass(frozen=True)
class Trade:
    """A trade row of the one account; amounts in fen."""

    day: date
    exchange: str
    product: str
    lots: int
    turnover: int
    retained: int


@dataclass(frozen=True)
class Trial:
    """A month of one account that is all one broker's: its settled days, its trades, the same closing equity (fen) every day,
    and how many brokers of the same plan stand above the broker."""

    days: tuple[date, ...]
    trades: tuple[Trade, ...] = ()
    equity: int = 0
    levels: int = 0

    @property
    def retained(self) -> int:
        """What the trades bring the firm, in fen."""
        return sum(trade.retained for trade in self.trades)

    @property
    def lots(self) -> int:
        """Lots of all trades."""
        return sum(trade.lots for trade in self.trades)


@dataclass(frozen=True)
class Paid:
    """What the engine pays for a trial, in fen: the broker's own lines, overrides, what caps and guarantees change, and the
    reasons of lines that do not earn."""

    direct: int
    overrides: int
    level: int
    reasons: tuple[str, ...]

    @property
    def total(self) -> int:
        """Everything that the firm pays."""
        return self.direct + self.overrides + self.level


def pay(versions: Sequence[Version], trial: Trial) -> Paid:
    """Price a trial under the versions of a plan."""
    facts = _facts(versions, trial)
    attributed = attribute_month(facts)
    lines = pl.concat([empty_lines(), *price_month(attributed, tiers_of(attributed))])
    earned = dict(lines.group_by("b").agg(pl.col("amount").sum()).iter_rows())
    guaranteed = guaranteed_brokers(facts)
    at_end = dict(facts.month_end.select("b", "version").iter_rows())
    level = sum(level_amount(earned.get(b, 0), facts.terms.get(at_end[b]), b in guaranteed) for b in range(trial.levels + 1))
    overrides = int(lines.filter(pl.col("kind") == Kind.override.value)["amount"].sum())
    reasons = sorted({Reason(code).name for code in lines.filter(pl.col("reason") > 0)["reason"]})
    return Paid(sum(earned.values()) - overrides, overrides, level, tuple(reasons))


def _facts(versions: Sequence[Version], trial: Trial) -> MonthFacts:
    month = Month.of(trial.days[0])
    pairs = sorted({(trade.exchange, trade.product) for trade in trial.trades})
    pids = {pair: pid for pid, pair in enumerate(pairs)}
    people = range(trial.levels + 1)
    open_end = month.last + timedelta(days=1)
    return MonthFacts(
        month=month,
        known=0,
        days=list(trial.days),
        load=lambda day, _known: _day(trial, day, pids),
        brokers=pl.DataFrame([(b, b, f"B{b}", False) for b in people], schema={"b": pl.Int32, "broker_id": pl.Int64, "broker_no": pl.String, "person": pl.Boolean}, orient="row"),
        attributions=pl.DataFrame([(ACCOUNT, 0, SHARE_WHOLE, 0, month.first, open_end, None, 1)], schema=ATTRIBUTIONS, orient="row"),
        standing=_standing(versions, people, trial.days),
        ties=pl.DataFrame(schema=TIES),
        uplines=pl.DataFrame([(b, b + 1, month.first, open_end) for b in range(trial.levels)], schema=UPLINES, orient="row"),
        terms={place: version.terms for place, version in enumerate(versions)},
        plan_of_version=dict.fromkeys(range(len(versions)), 0),
        products=lambda: pl.DataFrame([(pid, *pair) for pair, pid in pids.items()], schema=PRODUCTS, orient="row"),
        spellings=lambda: pairs,
        month_end=_standing(versions, people, (month.last,)),
    )


def _day(trial: Trial, day: date, pids: dict[tuple[str, str], int]) -> Day:
    rows = [(ACCOUNT, pids[trade.exchange, trade.product], trade.lots, trade.turnover, trade.retained, 0) for trade in trial.trades if trade.day == day]
    return Day(day, trades=pl.DataFrame(rows, schema=TRADES, orient="row"), equity=pl.DataFrame([(ACCOUNT, trial.equity)], schema=EQUITY, orient="row"))


def _standing(versions: Sequence[Version], people: range, days: Sequence[date]) -> pl.DataFrame:
    rows = []
    for day in days:
        version = next((place for place, one in enumerate(versions) if one.valid_from <= day < one.valid_to), NO_VERSION)
        reason = Reason.no_plan_version.value if version == NO_VERSION else 0
        rows += [(b, day, reason, 0, version) for b in people]
    return pl.DataFrame(rows, schema=STANDING, orient="row")
