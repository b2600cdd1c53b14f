"""From parts to lines: the one pricing engine (commission rules §3, §4, §5). Everything is exact whole-number arithmetic.

Every amount is half_up(numerator ÷ denominator) of exact products; 128-bit integers hold any of them.
"""

from __future__ import annotations

from math import gcd

import polars as pl

from models.values.rates import RATE_UNIT, SHARE_WHOLE
from portal.commission.facts import NO_VERSION
from portal.commission.terms import Terms
from portal.commission.tiers import TierResult
from portal.commission.vocabulary import Kind, Reason

LINES = {
    "b": pl.Int32,
    "kind": pl.UInt8,
    "account": pl.Int32,
    "day": pl.Date,
    "pid": pl.Int32,
    "part": pl.Int64,
    "amount": pl.Int64,
    "reason": pl.UInt8,
    "plan": pl.Int32,
    "version": pl.Int32,
    "level": pl.UInt8,
    "downline": pl.Int32,
}
"""Columns of a line. Empty (null): account, day, pid of a rounding line; pid of an equity line; part where the rules leave it empty."""

LEVELS = 3
"""How many levels of uplines may earn on a line."""
_LOT_UNIT = SHARE_WHOLE * (RATE_UNIT // 100)
"""lots × share × rate per lot is counted in fen ÷ this."""
_TURNOVER_UNIT = SHARE_WHOLE * RATE_UNIT


def half_up(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """numerator ÷ denominator (> 0) to the nearest whole, halves away from zero, exactly."""
    below = (pl.lit(denominator) if isinstance(denominator, int) else denominator).cast(pl.Int128)
    size = ((2 * numerator.abs() + below) // (2 * below)).cast(pl.Int64)
    return pl.when(numerator < 0).then(-size).otherwise(size)


def exact(column: str) -> pl.Expr:
    """A column wide enough for any product of ours."""
    return pl.col(column).cast(pl.Int128)


def price_trades(rows: pl.DataFrame, terms: dict[int, Terms], tiers: dict[tuple[int, int], TierResult], products: pl.DataFrame) -> pl.DataFrame:
    """The lines of attributed trade rows: kinds none, retained_fee, per_lot and turnover, plus a `rounding` line per marginal tier."""
    known = rows.filter(pl.col("version") != NO_VERSION)
    fee_lines = _fee_lines(known, terms, tiers)
    return pl.concat(
        [
            _as_lines(rows.filter(pl.col("version") == NO_VERSION).with_columns(amount=pl.lit(0, pl.Int64)), Kind.none),
            fee_lines,
            rounding_lines(fee_lines, rows, tiers),
            _lot_lines(known, terms, products),
            _turnover_lines(known, terms),
        ]
    )


def price_equity(rows: pl.DataFrame, terms: dict[int, Terms]) -> pl.DataFrame:
    """The equity lines of attributed equity rows."""
    paid = {version: term for version, term in terms.items() if term.equity_rate is not None}
    factors = pl.DataFrame(
        {"version": list(paid), "rate": [term.equity_rate for term in paid.values()], "day_count": [term.day_count for term in paid.values()]},
        schema={"version": pl.Int32, "rate": pl.Int64, "day_count": pl.Int64},
    )
    priced = rows.join(factors, on="version").with_columns(amount=_if_earning(half_up(exact("part") * exact("rate"), exact("day_count"))))
    return _as_lines(priced.with_columns(pid=pl.lit(None, pl.Int32)), Kind.equity)


def _if_earning(amount: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("reason") == 0).then(amount).otherwise(0)


def _as_lines(rows: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    present = rows.columns
    fill = {"kind": pl.lit(kind.value, pl.UInt8), "level": pl.lit(0, pl.UInt8), "downline": pl.lit(None, pl.Int32)}
    return rows.select((pl.col(name) if name in present and name not in fill else fill.get(name, pl.lit(None))).cast(dtype).alias(name) for name, dtype in LINES.items())


def _fee_factors(terms: dict[int, Terms], tiers: dict[tuple[int, int], TierResult]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What a part of the retained fee is multiplied with: by version where the rate is flat, by broker and version where it is tiered."""
    flat = {version: _reduced(term.kept * term.fee_rate, RATE_UNIT**2) for version, term in terms.items() if term.fee_rate is not None}
    by_version = pl.DataFrame(
        {"version": list(flat), "above": [above for above, _ in flat.values()], "below": [below for _, below in flat.values()]},
        schema={"version": pl.Int32, "above": pl.Int128, "below": pl.Int128},
    )
    by_broker = pl.DataFrame(
        {
            "b": [b for b, _ in tiers],
            "version": [version for _, version in tiers],
            "above": [tier.above for tier in tiers.values()],
            "below": [tier.below for tier in tiers.values()],
            "under": [tier.below_first for tier in tiers.values()],
        },
        schema={"b": pl.Int32, "version": pl.Int32, "above": pl.Int128, "below": pl.Int128, "under": pl.Boolean},
    )
    return by_version, by_broker


def _reduced(above: int, below: int) -> tuple[int, int]:
    common = gcd(above, below) or 1
    return above // common, below // common


def _fee_lines(rows: pl.DataFrame, terms: dict[int, Terms], tiers: dict[tuple[int, int], TierResult]) -> pl.DataFrame:
    by_version, by_broker = _fee_factors(terms, tiers)
    tiered = [version for version, term in terms.items() if term.tiers is not None]
    flat_rows = rows.join(by_version, on="version").with_columns(under=pl.lit(False))
    tier_rows = rows.filter(pl.col("version").is_in(tiered)).join(by_broker, on=["b", "version"], how="left").with_columns(pl.col("under").fill_null(True))
    both = pl.concat([flat_rows, tier_rows])
    under = pl.when((pl.col("reason") == 0) & pl.col("under")).then(pl.lit(Reason.below_first_tier, pl.UInt8)).otherwise(pl.col("reason"))
    both = both.with_columns(reason=under.cast(pl.UInt8))
    priced = both.with_columns(amount=_if_earning(half_up(exact("part") * pl.col("above"), pl.col("below").fill_null(1))))
    return _as_lines(priced, Kind.retained_fee)


def price_again(fee_lines: pl.DataFrame, terms: dict[int, Terms], tiers: dict[tuple[int, int], TierResult]) -> pl.DataFrame:
    """Lines of tiered retained_fee components at what the tiers give now: parts and reasons stand."""
    under = pl.col("reason") == Reason.below_first_tier
    rows = fee_lines.with_columns(reason=pl.when(under).then(pl.lit(0, pl.UInt8)).otherwise(pl.col("reason")))
    return _fee_lines(rows, terms, tiers)


def rounding_lines(fee_lines: pl.DataFrame, rows: pl.DataFrame, tiers: dict[tuple[int, int], TierResult]) -> pl.DataFrame:
    """T − Σ lines of each marginal tier, where it is not 0 (§3, Tiers)."""
    totals = pl.DataFrame(
        [(b, version, tier.total, tier.plan) for (b, version), tier in tiers.items() if tier.marginal and not tier.below_first],
        schema={"b": pl.Int32, "version": pl.Int32, "total": pl.Int64, "plan": pl.Int32},
        orient="row",
    )
    paid = fee_lines.filter(pl.col("reason") == 0).group_by("b", "version").agg(paid=pl.col("amount").sum())
    here = rows.select("b", "version").unique()
    rest = totals.join(here, on=["b", "version"]).join(paid, on=["b", "version"], how="left").with_columns(amount=pl.col("total") - pl.col("paid").fill_null(0))
    return _as_lines(rest.filter(pl.col("amount") != 0).sort("b", "version").with_columns(reason=pl.lit(0, pl.UInt8)), Kind.rounding)


def _lot_lines(rows: pl.DataFrame, terms: dict[int, Terms], products: pl.DataFrame) -> pl.DataFrame:
    paying = [version for version, term in terms.items() if term.per_lot is not None]
    names = products.iter_rows(named=True)
    rates = [(version, item["pid"], terms[version].lot_rate(item["exchange"], item["product"])) for item in names for version in paying]
    table = pl.DataFrame(rates, schema={"version": pl.Int32, "pid": pl.Int32, "rate": pl.Int64}, orient="row")
    priced = rows.filter(pl.col("version").is_in(paying)).join(table, on=["version", "pid"], how="left")
    no_rate = pl.when((pl.col("reason") == 0) & pl.col("rate").is_null()).then(pl.lit(Reason.no_rate, pl.UInt8)).otherwise(pl.col("reason"))
    priced = priced.with_columns(reason=no_rate.cast(pl.UInt8), rate=pl.col("rate").fill_null(0))
    amount = half_up(exact("lots") * exact("share") * exact("rate"), _LOT_UNIT)
    return _as_lines(priced.with_columns(part=pl.lit(None, pl.Int64), amount=_if_earning(amount)), Kind.per_lot)


def _turnover_lines(rows: pl.DataFrame, terms: dict[int, Terms]) -> pl.DataFrame:
    paid = {version: term.turnover_rate for version, term in terms.items() if term.turnover_rate is not None}
    table = pl.DataFrame({"version": list(paid), "rate": list(paid.values())}, schema={"version": pl.Int32, "rate": pl.Int64})
    amount = half_up(exact("turnover") * exact("share") * exact("rate"), _TURNOVER_UNIT)
    priced = rows.join(table, on="version").with_columns(part=pl.lit(None, pl.Int64), amount=_if_earning(amount))
    return _as_lines(priced, Kind.turnover)


EARNING = ["b", "account", "day", "pid", "part"]
"""What overrides are counted on: the facts and parts of retained_fee lines without a reason."""


def earning_rows(rows: pl.DataFrame, terms: dict[int, Terms], tiers: dict[tuple[int, int], TierResult]) -> pl.DataFrame:
    """Of attributed trade rows those whose retained_fee line earns: EARNING."""
    paying = [version for version, term in terms.items() if term.pays_on_fee]
    under = pl.DataFrame([key for key, tier in tiers.items() if tier.below_first], schema={"b": pl.Int32, "version": pl.Int32}, orient="row")
    rows = rows.filter((pl.col("reason") == 0) & pl.col("version").is_in(paying))
    return (rows.join(under, on=["b", "version"], how="anti") if under.height else rows).select(EARNING)


def earning_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Of lines the retained_fee ones that earn: EARNING."""
    return lines.filter((pl.col("kind") == Kind.retained_fee.value) & (pl.col("reason") == 0)).select(EARNING)


def price_overrides(earning: pl.DataFrame, chains: pl.DataFrame, standing: pl.DataFrame, ties: pl.DataFrame, terms: dict[int, Terms]) -> pl.DataFrame:
    """What uplines earn on the EARNING lines of their downlines (§4).

    `chains` holds b, day, level, upline. A line exists only where the upline has a version with a rate for that level.
    """
    rates = [(version, level, *_reduced(term.kept * rate, RATE_UNIT**2)) for version, term in terms.items() for level, rate in term.overrides]
    table = pl.DataFrame(rates, schema={"version": pl.Int32, "level": pl.UInt8, "above": pl.Int128, "below": pl.Int128}, orient="row")
    who = chains.join(standing.select("day", "plan", "version", upline="b", own="reason"), on=["upline", "day"]).join(table, on=["version", "level"])
    rows = earning.join(who, on=["b", "day"]).rename({"b": "downline", "upline": "b"})
    tied = rows.join(ties, on=["b", "account"]).filter((pl.col("valid_from") <= pl.col("day")) & (pl.col("valid_to") > pl.col("day")))
    tie = tied.group_by("b", "account", "day").agg(tie=pl.col("reason").min())
    rows = rows.join(tie, on=["b", "account", "day"], how="left")
    rows = rows.with_columns(reason=pl.when(pl.col("own") > 0).then("own").otherwise(pl.col("tie").fill_null(0)).cast(pl.UInt8))
    priced = rows.with_columns(amount=_if_earning(half_up(exact("part") * pl.col("above"), pl.col("below"))), kind=pl.lit(Kind.override.value, pl.UInt8))
    return priced.select(pl.col(name).cast(dtype) for name, dtype in LINES.items())


def chains_of(days: pl.DataFrame, uplines: pl.DataFrame) -> pl.DataFrame:
    """Who stands 1, 2 and 3 levels above each broker on each day: b, day, level, upline.

    `days` holds the pairs b, day that are wanted.
    """
    levels = []
    current = days.select("b", "day", me="b")
    spans = uplines.rename({"b": "me"})
    for level in range(1, LEVELS + 1):
        above = current.join(spans, on="me").filter((pl.col("valid_from") <= pl.col("day")) & (pl.col("valid_to") > pl.col("day")))
        levels.append(above.select("b", "day", pl.lit(level, pl.UInt8).alias("level"), "upline"))
        current = above.select("b", "day", me="upline")
    return pl.concat(levels)
