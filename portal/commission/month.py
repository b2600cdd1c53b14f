"""One month priced whole: all lines, what each broker earned, each broker's days. Pure: facts in, columns out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from portal.commission.attribute import attribute_equity, attribute_trades, claims_on
from portal.commission.facts import NO_VERSION, MonthFacts
from portal.commission.price import LINES, chains_of, price_equity, price_overrides, price_trades
from portal.commission.terms import Terms
from portal.commission.tiers import TierResult, measure_tiers
from portal.commission.vocabulary import Reason

LINES_A_SHARD = 250_000
"""Lines are priced and stored in shards of brokers of about this many rows, which bounds memory."""

Progress = Callable[[str, int, int], None]


def quiet(step: str, done: int, total: int) -> None:
    """A progress that nobody watches."""


@dataclass
class Attributed:
    """A month after attribution: trade rows, equity rows where equity is paid on or measured, and each broker's days."""

    facts: MonthFacts
    trades: pl.DataFrame
    equity: pl.DataFrame
    broker_days: pl.DataFrame


def attribute_month(facts: MonthFacts, progress: Progress = quiet) -> Attributed:
    """Attribute every settled day of the month, one by one."""
    on_equity = [version for version, term in facts.terms.items() if term.needs_equity]
    trades, equity, days = [], [], []
    for done, day in enumerate(facts.days):
        progress("attribute", done, len(facts.days))
        loaded = facts.load(day, facts.known)
        claims = claims_on(day, facts.attributions, facts.standing, facts.ties)
        trade_rows, equity_rows = attribute_trades(loaded, claims), attribute_equity(loaded, claims)
        days.append(_broker_day(trade_rows, equity_rows))
        trades.append(trade_rows)
        equity.append(equity_rows.filter(pl.col("version").is_in(on_equity)))
    none = _nothing(facts)
    return Attributed(facts, pl.concat([none[0], *trades]), pl.concat([none[1], *equity]), pl.concat([none[2], *days]))


def _broker_day(trade_rows: pl.DataFrame, equity_rows: pl.DataFrame) -> pl.DataFrame:
    held = equity_rows.group_by("b", "day").agg(accounts=pl.len().cast(pl.Int32), equity=pl.col("part").sum())
    earned = trade_rows.group_by("b", "day").agg(retained_fee=pl.col("part").sum())
    return held.join(earned, on=["b", "day"], how="full", coalesce=True).select("b", "day", pl.col("accounts", "equity", "retained_fee").fill_null(0))


def _nothing(facts: MonthFacts) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Empty frames of the right columns, so that a month without settled days has a shape."""
    from_keys: dict[str, pl.DataType | type[pl.DataType]] = {
        "account": pl.Int32,
        "b": pl.Int32,
        "part": pl.Int64,
        "share": pl.Int64,
        "reason": pl.UInt8,
        "plan": pl.Int32,
        "version": pl.Int32,
        "attribution": pl.Int64,
    }
    day: dict[str, pl.DataType | type[pl.DataType]] = {"day": pl.Date}
    trade_order = ["day", "account", "pid", "b", "part", "lots", "turnover", "share", "reason", "plan", "version", "attribution"]
    trades = pl.DataFrame(schema=day | from_keys | {"pid": pl.Int32, "lots": pl.Int64, "turnover": pl.Int64}).select(trade_order)
    equity = pl.DataFrame(schema=day | from_keys).select("day", "account", "b", "part", "share", "reason", "plan", "version", "attribution")
    return trades, equity, pl.DataFrame(schema={"b": pl.Int32, "day": pl.Date, "accounts": pl.Int32, "equity": pl.Int64, "retained_fee": pl.Int64})


def tiers_of(attributed: Attributed) -> dict[tuple[int, int], TierResult]:
    """What every tiered version measured and gave in this month."""
    facts = attributed.facts
    return measure_tiers(attributed.trades, attributed.equity, facts.standing, facts.terms)


def price_month(attributed: Attributed, tiers: dict[tuple[int, int], TierResult], progress: Progress = quiet) -> Iterator[pl.DataFrame]:
    """All lines of the month, shard by shard of brokers in ascending b, each shard sorted.

    A shard depends on nothing but the facts, so shards may be priced by one worker or by several.
    """
    facts = attributed.facts
    chains = chains_wanted(facts)
    shards = _shards(attributed, chains)
    trades = attributed.trades.sort("b", maintain_order=True)
    equity = attributed.equity.sort("b", maintain_order=True)
    products = facts.products()
    for done, (first, last) in enumerate(shards):
        progress("price", done, len(shards))
        lines = price_trades(_between(trades, first, last), facts.terms, tiers, products)
        above = chains.filter(pl.col("upline").is_between(first, last))
        parts = [lines, price_equity(_between(equity, first, last), facts.terms)]
        if above.height:
            downlines = trades.filter(pl.col("b").is_in(above["b"].unique().implode()) & (pl.col("reason") == 0) & (pl.col("version") != NO_VERSION))
            fee_lines = price_trades(downlines, _fee_only(facts), tiers, products.clear())
            parts.append(price_overrides(fee_lines, above, facts.standing, facts.ties, facts.terms))
        yield in_order(pl.concat(parts))


def in_order(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines by b, kind, account, day, pid, level and downline, what is empty last; rounding lines by version.

    The columns are packed into two whole numbers, which sort three times as fast as seven columns. There is room for 2**24 brokers
    and 2**15 products; beyond, lines would only stand in another order.
    """
    first = (pl.col("b").cast(pl.UInt64) * 2**3 + pl.col("kind")) * 2**33 + pl.col("account").cast(pl.UInt64).fill_null(2**32)
    on_day = pl.col("day").cast(pl.Int32).clip(0).cast(pl.UInt64) * 2**16 + pl.col("pid").cast(pl.UInt64).fill_null(2**15)
    second = (on_day * 2**2 + pl.col("level")) * 2**25 + pl.col("downline").cast(pl.UInt64).fill_null(2**24)
    return lines.with_columns(first=first, second=second.fill_null((pl.col("version") + 1).cast(pl.UInt64))).sort("first", "second").drop("first", "second")


def _between(rows: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """The rows of brokers first to last, cut out of rows sorted by b without copying."""
    start = rows["b"].search_sorted(first, "left")
    return rows.slice(start, rows["b"].search_sorted(last, "right") - start)


def _fee_only(facts: MonthFacts) -> dict[int, Terms]:
    """The terms cut down to what overrides are counted on: the retained_fee component."""
    return {version: Terms(kept=term.kept, fee_rate=term.fee_rate, tiers=term.tiers) for version, term in facts.terms.items()}


def chains_wanted(facts: MonthFacts) -> pl.DataFrame:
    """Who stands above whom on which day, as far as somebody may earn by it: b, day, level, upline."""
    if facts.uplines.is_empty() or not any(term.overrides for term in facts.terms.values()):
        return pl.DataFrame(schema={"b": pl.Int32, "day": pl.Date, "level": pl.UInt8, "upline": pl.Int32})
    paying = [version for version, term in facts.terms.items() if term.overrides]
    pairs = facts.standing.filter((pl.col("reason") == 0) & (pl.col("version") != NO_VERSION)).select("b", "day")
    paid = facts.standing.filter(pl.col("version").is_in(paying)).select("day", upline="b")
    return chains_of(pairs, facts.uplines).join(paid, on=["upline", "day"], how="semi")


def _shards(attributed: Attributed, chains: pl.DataFrame) -> list[tuple[int, int]]:
    """Ranges of brokers with about LINES_A_SHARD lines each, found from counts alone."""
    counts = attributed.trades.group_by("b").agg(n=pl.len())
    below = chains.select("b", "upline").unique().join(counts, on="b").group_by("upline").agg(n=pl.col("n").sum()).rename({"upline": "b"})
    total = pl.concat([counts, attributed.equity.group_by("b").agg(n=pl.len()), below]).group_by("b").agg(pl.col("n").sum()).sort("b")
    ranges: list[tuple[int, int]] = []
    first, size, previous = -1, 0, -1
    for b, n in total.iter_rows():
        if first >= 0 and size + n > LINES_A_SHARD:
            ranges.append((first, previous))
            first, size = -1, 0
        first = b if first < 0 else first
        size, previous = size + n, b
    if first >= 0:
        ranges.append((first, previous))
    return ranges


def guaranteed_brokers(facts: MonthFacts) -> set[int]:
    """Brokers whose guarantee holds: on every settled day, at least one, an agreement covered the day and they were active and licensed (§6.3)."""
    if not facts.days:
        return set()
    fine = facts.standing.with_columns(ok=(pl.col("plan") >= 0) & ~pl.col("reason").is_in([Reason.broker_inactive, Reason.licence_expired]))
    whole = fine.group_by("b").agg(pl.col("ok").all())
    return set(whole.filter("ok")["b"].to_list())


def sums_by_broker(lines: pl.DataFrame) -> pl.DataFrame:
    """What each broker's lines add up to: b, earned (fen), lines (count)."""
    return lines.group_by("b").agg(earned=pl.col("amount").sum(), lines=pl.len())


def empty_lines() -> pl.DataFrame:
    """No lines, in the right columns."""
    return pl.DataFrame(schema=LINES)
