"""Tiered rates: what a broker's month measures under a plan version, and what rate or total follows (§3, Tiers)."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import polars as pl

from models.values.money import half_up
from models.values.rates import RATE_UNIT, SHARE_WHOLE
from portal.commission.terms import Terms, Tiers


@dataclass(frozen=True)
class TierResult:
    """What a tier gave: a part of the retained fee is multiplied with above ÷ below.

    `summed` is what the measure is made of: fen of retained fee, fen of equity over all days, or millionths of a lot.
    `measure` is hundred-millionths of the measure's unit (yuan or lots); `total` is T in fen (0 unless marginal);
    `days` the settled days on which the version counted.
    """

    summed: int
    measure: int
    above: int
    below: int
    total: int
    marginal: bool
    below_first: bool
    plan: int
    days: int


def measure_tiers(fee_rows: pl.DataFrame, equity_rows: pl.DataFrame, standing: pl.DataFrame, terms: dict[int, Terms]) -> dict[tuple[int, int], TierResult]:
    """The result of every tiered version on which a broker has rows, keyed by (b, version)."""
    tiered = {version: term for version, term in terms.items() if term.tiers is not None}
    if not tiered:
        return {}
    sums = tier_sums(fee_rows, equity_rows, terms)
    days = standing.filter(pl.col("version").is_in(list(tiered))).group_by("b", "version").agg(days=pl.len(), plan=pl.col("plan").first()).sort("b", "version")
    keyed = days.select("b", "version", "plan", "days").iter_rows()
    return {(b, version): result_of(tiered[version], sums.get((b, version), 0), plan, days) for b, version, plan, days in keyed}


def tier_sums(fee_rows: pl.DataFrame, equity_rows: pl.DataFrame, terms: dict[int, Terms]) -> dict[tuple[int, int], int]:
    """The sum behind the measure of every tiered version, keyed by (b, version). Only rows without one of the first eight reasons count."""
    measures = {version: term.tiers.measure for version, term in terms.items() if term.tiers is not None}
    earning = pl.col("version").is_in(list(measures)) & (pl.col("reason") == 0)
    lots = (pl.col("lots") * pl.col("share")).cast(pl.Int128).sum()
    fees = fee_rows.filter(earning).group_by("b", "version").agg(retained_fee=pl.col("part").cast(pl.Int128).sum(), lots=lots)
    equity = equity_rows.filter(earning).group_by("b", "version").agg(average_equity=pl.col("part").cast(pl.Int128).sum())
    table = fees.join(equity, on=["b", "version"], how="full", coalesce=True).fill_null(0)
    return {(row["b"], row["version"]): row[measures[row["version"]]] for row in table.iter_rows(named=True)}


def result_of(term: Terms, summed: int, plan: int, days: int) -> TierResult:
    """What a sum gives. A threshold that is exactly met is reached; at or below 0, or below the first, nothing is."""
    tiers = term.tiers
    assert tiers is not None
    marginal, measure = tiers.mode == "marginal", measured(tiers.measure, summed, days)
    if measure <= 0 or measure < tiers.steps[0][0]:
        return TierResult(summed, measure, 0, 1, 0, marginal, True, plan, days)
    if marginal:
        total = marginal_total(term, tiers, measure)
        return TierResult(summed, measure, total, summed, total, True, False, plan, days)
    rate = max((step for step in tiers.steps if step[0] <= measure), key=lambda step: step[0])[1]
    above, below = term.kept * rate, RATE_UNIT**2
    common = gcd(above, below) or 1
    return TierResult(summed, measure, above // common, below // common, 0, False, False, plan, days)


def measured(kind: str, summed: int, days: int) -> int:
    """The measure in hundred-millionths of a yuan or of a lot."""
    if kind == "lots":
        return summed * (RATE_UNIT // SHARE_WHOLE)
    return (summed // days if kind == "average_equity" else summed) * (RATE_UNIT // 100)


def marginal_total(term: Terms, tiers: Tiers, measure: int) -> int:
    """T in fen: each slice of the measure at its own step's rate, less deductions, rounded once."""
    ends = [threshold for threshold, _ in tiers.steps[1:]] + [measure]
    slices = sum((min(measure, end) - start) * rate for (start, rate), end in zip(tiers.steps, ends, strict=True) if measure > start)
    # measure and thresholds are yuan × 10**8: hundredths of that are fen × 10**6.
    return half_up(slices * term.kept * 100, RATE_UNIT**3)
