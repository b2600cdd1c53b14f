"""One month priced whole: all lines, what each broker earned, each broker's days. Pure: facts in, columns out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from portal.ahead import one_ahead
from portal.commission.attribute import attribute_equity, attribute_trades, claims_on
from portal.commission.facts import NO_VERSION, Day, MonthFacts
from portal.commission.price import LINES, chains_of, earning_rows, price_equity, price_overrides, price_trades
from portal.commission.tiers import TierResult, measure_tiers
from portal.commission.vocabulary import Reason

LINES_A_SHARD = 250_000
"""Lines are priced and stored in shards of brokers of about this many rows, which bounds memory."""
SORT = ["b", "kind", "account", "day", "pid", "level", "downline"]
MOST_BITS = 63
RANGES = 8

Progress = Callable[[str, int, int], None]


def quiet(step: str, done: int, total: int) -> None:
    """A progress that nobody watches."""


@dataclass
class Attributed:
    """A month after attribution: trade rows, equity rows where equity is paid on or measured (both by b), and each broker's days."""

    facts: MonthFacts
    trades: pl.DataFrame
    equity: pl.DataFrame
    broker_days: pl.DataFrame


def attribute_month(facts: MonthFacts, progress: Progress = quiet) -> Attributed:
    """Attribute every settled day of the month, one by one."""
    on_equity = [version for version, term in facts.terms.items() if term.needs_equity]

    def attributed(loaded: Day) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        claims = claims_on(loaded.day, facts.attributions, facts.standing, facts.ties)
        trades, equity = attribute_trades(loaded, claims), attribute_equity(loaded, claims)
        paid = equity.filter(pl.col("version").is_in(on_equity))
        return trades.drop("attribution"), paid.drop("attribution"), _broker_day(trades, equity)

    days = list(one_ahead(attributed, _loaded(facts, progress)))
    none, count = _nothing(), facts.brokers.height
    trades, equity, broker_days = ([none[place], *(day[place] for day in days)] for place in range(3))
    del days  # each list is emptied as it is sorted, so that no row is held twice
    return Attributed(facts, _by_broker(trades, count), _by_broker(equity, count), pl.concat(broker_days))


def _loaded(facts: MonthFacts, progress: Progress) -> Iterator[Day]:
    """The settled days of the month, one by one."""
    for done, day in enumerate(facts.days):
        progress("attribute", done, len(facts.days))
        yield facts.load(day, facts.known)


def _by_broker(days: list[pl.DataFrame], brokers: int) -> pl.DataFrame:
    """The days' rows in one frame sorted by b, range by range of brokers. The list is emptied on the way."""
    step = max(1, -(-brokers // RANGES)) if sum(day.height for day in days) > LINES_A_SHARD else max(1, brokers)
    ranges = [pl.col("b").is_between(first, first + step - 1) for first in range(0, max(1, brokers), step)]
    parts: list[list[pl.DataFrame]] = [[] for _ in ranges]
    days.reverse()
    while days:
        day = days.pop()
        for part, here in zip(parts, ranges, strict=True):
            part.append(day.filter(here))
    sorted_parts = []
    while parts:
        sorted_parts.append(pl.concat(parts.pop()).sort("b", maintain_order=True))
    return pl.concat(reversed(sorted_parts))


def _broker_day(trade_rows: pl.DataFrame, equity_rows: pl.DataFrame) -> pl.DataFrame:
    held = equity_rows.group_by("b", "day").agg(accounts=pl.len().cast(pl.Int32), equity=pl.col("part").sum())
    earned = trade_rows.group_by("b", "day").agg(retained_fee=pl.col("part").sum())
    return held.join(earned, on=["b", "day"], how="full", coalesce=True).select("b", "day", pl.col("accounts", "equity", "retained_fee").fill_null(0))


def _nothing() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Empty frames of the right columns, so that a month without settled days has a shape."""
    from_keys: dict[str, pl.DataType | type[pl.DataType]] = {
        "account": pl.Int32,
        "b": pl.Int32,
        "part": pl.Int64,
        "share": pl.Int64,
        "reason": pl.UInt8,
        "plan": pl.Int32,
        "version": pl.Int32,
    }
    day: dict[str, pl.DataType | type[pl.DataType]] = {"day": pl.Date}
    trade_order = ["day", "account", "pid", "b", "part", "lots", "turnover", "share", "reason", "plan", "version"]
    trades = pl.DataFrame(schema=day | from_keys | {"pid": pl.Int32, "lots": pl.Int64, "turnover": pl.Int64}).select(trade_order)
    equity = pl.DataFrame(schema=day | from_keys).select("day", "account", "b", "part", "share", "reason", "plan", "version")
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
    trades, equity = attributed.trades, attributed.equity
    places = _places(trades)
    products = facts.products()
    for done, (first, last) in enumerate(shards):
        progress("price", done, len(shards))
        lines = price_trades(_between(trades, first, last), facts.terms, tiers, products)
        above = chains.filter(pl.col("upline").is_between(first, last))
        parts = [lines, price_equity(_between(equity, first, last), facts.terms)]
        if above.height:
            downlines = pl.concat(trades.slice(*places.get(b, (0, 0))) for b in above["b"].unique().sort())
            parts.append(price_overrides(earning_rows(downlines, facts.terms, tiers), above, facts.standing, facts.ties, facts.terms))
        yield in_order(pl.concat(parts))


def in_order(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines sorted by SORT, what is empty last. Rounding lines of one broker keep the order that they have.

    The columns are packed into one whole number, each in as many bits as its largest value needs: that sorts ten times as fast.
    """
    keys = {name: pl.col(name).cast(pl.Int32).cast(pl.Int64) for name in SORT}
    ends = lines.select(*(key.min().alias(f"{name}_first") for name, key in keys.items()), *(key.max().alias(f"{name}_last") for name, key in keys.items())).row(0, named=True)
    packed, bits = pl.lit(0, pl.Int64), 0
    for name, key in keys.items():
        first, last = ends[f"{name}_first"] or 0, ends[f"{name}_last"] or 0
        width = (last - first + 1).bit_length()
        packed, bits = packed * 2**width + (key - first).fill_null(2**width - 1), bits + width
    if bits > MOST_BITS:
        return lines.sort(SORT, nulls_last=True, maintain_order=True)
    return lines.rechunk().with_columns(packed=packed).sort("packed", maintain_order=True).drop("packed")


def _places(rows: pl.DataFrame) -> dict[int, tuple[int, int]]:
    """Where each broker's rows stand in rows sorted by b: the first of them and how many there are."""
    runs = rows.select(pl.col("b").rle()).unnest("b").with_columns(first=pl.col("len").cum_sum() - pl.col("len"))
    return {b: (first, length) for b, first, length in runs.select("value", "first", "len").iter_rows()}


def _between(rows: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """The rows of brokers first to last, cut out of rows sorted by b without copying."""
    start = rows["b"].search_sorted(first, "left")
    return rows.slice(start, rows["b"].search_sorted(last, "right") - start)


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
