"""What if a client had traded more? The month's facts with trades added in memory, priced by the engine itself. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from portal.commission.facts import Day, MonthFacts
from portal.commission.month import attribute_month, guaranteed_brokers, price_month, tiers_of
from portal.commission.price import LINES
from portal.commission.statement import level_amount
from portal.commission.terms import Terms
from portal.commission.tiers import TierResult
from portal.commission.vocabulary import Kind, Reason

NEW_PID = 1_000_000
"""The number of a product that none of the month's trades is in."""


@dataclass(frozen=True)
class More:
    """Trades that are imagined: an account's lots in a product on a settled day; turnover and fees of all of them in fen."""

    day: date
    account: int
    exchange: str
    product: str
    lots: int
    turnover: int
    fee: int
    exchange_fee: int


@dataclass(frozen=True)
class Priced:
    """A broker's month as the engine prices it: LINES, tiers by plan version, what the lines earn and what cap or guarantee adds (fen)."""

    lines: pl.DataFrame
    tiers: dict[int, TierResult]
    earned: int
    level: int


@dataclass(frozen=True)
class Outcome:
    """What the imagined trades would change, in fen. `own` is the client's lines on that fact, `elsewhere` what other lines gain by
    another step; `reasons` why lines of the fact pay 0; `flips` the plan versions whose step changes."""

    before: Priced
    after: Priced
    own: int
    elsewhere: int
    reasons: tuple[Reason, ...]
    flips: tuple[int, ...]

    @property
    def gained(self) -> int:
        """What the month would earn more, cap and guarantee included."""
        return self.after.earned + self.after.level - self.before.earned - self.before.level


def held_in_memory(facts: MonthFacts) -> MonthFacts:
    """The same facts with every day read once."""
    days = {day: facts.load(day, facts.known) for day in facts.days}
    return replace(facts, load=lambda day, _known: days[day])


def with_more(facts: MonthFacts, more: More) -> MonthFacts:
    """The facts with imagined trades in them, as if the files had held them: they join the account's row in that product."""
    found = _pids(facts, more)
    pid = found[0] if found else NEW_PID
    values = {"account": more.account, "pid": pid, "lots": more.lots, "turnover": more.turnover, "fee": more.fee, "exchange_fee": more.exchange_fee}
    extra = pl.DataFrame([{"pid": pid, "exchange": more.exchange, "product": more.product}] if pid == NEW_PID else [], schema=facts.products().schema)

    def load(day: date, known: int) -> Day:
        loaded = facts.load(day, known)
        if day != more.day:
            return loaded
        row = pl.DataFrame([values], schema=loaded.trades.schema)
        return Day(day, pl.concat([loaded.trades, row]).group_by("account", "pid", maintain_order=True).sum().select(loaded.trades.columns), loaded.equity)

    return replace(facts, load=load, products=lambda: pl.concat([facts.products(), extra]))


def price_for(facts: MonthFacts, b: int) -> Priced:
    """The month of broker `b`, without what his downlines bring him."""
    attributed = attribute_month(facts)
    tiers = tiers_of(attributed)
    lines = pl.concat([pl.DataFrame(schema=LINES), *price_month(attributed, tiers)]).filter((pl.col("b") == b) & (pl.col("kind") != Kind.override.value))
    earned = int(lines["amount"].sum())
    version = dict(facts.month_end.select("b", "version").iter_rows()).get(b, -1)
    return Priced(lines, {v: tier for (me, v), tier in tiers.items() if me == b}, earned, level_amount(earned, facts.terms.get(version), b in guaranteed_brokers(facts)))


def what_if(facts: MonthFacts, b: int, more: More) -> Outcome:
    """Price the month of broker `b` twice, as it is and with the imagined trades. `facts` must be held in memory."""
    before = price_for(facts, b)
    imagined = with_more(facts, more)
    after = price_for(imagined, b)
    fact = (pl.col("account") == more.account) & (pl.col("day") == more.day) & (pl.col("kind") != Kind.equity.value)
    same = pl.col("pid").is_in(_pids(imagined, more))
    now, then = after.lines.filter(fact & same), before.lines.filter(fact & same)
    own = int(now["amount"].sum()) - int(then["amount"].sum())
    reasons = tuple(Reason(code) for code in sorted(set(now["reason"]) - {0}))
    return Outcome(before, after, own, after.earned - before.earned - own, reasons, _flips(facts.terms, before.tiers, after.tiers))


def _pids(facts: MonthFacts, more: More) -> list[int]:
    same = (pl.col("exchange").str.to_uppercase() == more.exchange.upper()) & (pl.col("product").str.to_uppercase() == more.product.upper())
    return facts.products().filter(same)["pid"].to_list()


def step_of(terms: Terms, tier: TierResult) -> int:
    """Which step of a tiered rate a measure reaches, counted from 1; 0 is below the first."""
    steps = terms.tiers.steps if terms.tiers else ()
    return 0 if tier.below_first else sum(threshold <= tier.measure for threshold, _rate in steps)


def _flips(terms: dict[int, Terms], before: dict[int, TierResult], after: dict[int, TierResult]) -> tuple[int, ...]:
    return tuple(version for version in sorted(after) if version not in before or step_of(terms[version], before[version]) != step_of(terms[version], after[version]))
