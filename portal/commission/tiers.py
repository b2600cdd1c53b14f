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

    `measure` is hundred-millionths of the measure's unit (yuan or lots); `total` is T in fen (0 unless marginal);
    `days` the settled days on which the version counted.
    """

    measure: int
    above: int
    below: int
    total: int
    marginal: bool
    below_first: bool
    plan: int
    days: int


def measure_tiers(fee_rows: pl.DataFrame, equity_rows: pl.DataFrame, standing: pl.DataFrame, terms: dict[int, Terms]) -> dict[tuple[int, int], TierResult]:
    """The result of every tiered version on which a broker has rows, keyed by (b, version).

    Only rows without one of the first eight reasons are measured.
    """
    tiered = {version: term for version, term in terms.items() if term.tiers is not None}
    if not tiered:
        return {}
    wanted = pl.col("version").is_in(list(tiered))
    earning = wanted & (pl.col("reason") == 0)
    lots = (pl.col("lots") * pl.col("share")).cast(pl.Int128).sum()
    sums = fee_rows.filter(earning).group_by("b", "version").agg(fee=pl.col("part").sum(), lots=lots)
    equity = equity_rows.filter(earning).group_by("b", "version").agg(equity=pl.col("part").cast(pl.Int128).sum())
    days = standing.filter(wanted).group_by("b", "version").agg(days=pl.len(), plan=pl.col("plan").first())
    table = days.join(sums, on=["b", "version"], how="left").join(equity, on=["b", "version"], how="left").fill_null(0).sort("b", "version")
    return {(row["b"], row["version"]): _result(tiered[row["version"]], row) for row in table.iter_rows(named=True)}


def _result(term: Terms, row: dict[str, int]) -> TierResult:
    assert term.tiers is not None
    measure = measured(term.tiers.measure, row)
    return rate_of(term, term.tiers, measure, fee=row["fee"], plan=row["plan"], days=row["days"])


def measured(kind: str, row: dict[str, int]) -> int:
    """The measure in hundred-millionths of a yuan or of a lot."""
    if kind == "retained_fee":
        return row["fee"] * (RATE_UNIT // 100)
    if kind == "average_equity":
        return row["equity"] // row["days"] * (RATE_UNIT // 100)
    return row["lots"] * (RATE_UNIT // SHARE_WHOLE)


def rate_of(term: Terms, tiers: Tiers, measure: int, *, fee: int, plan: int, days: int) -> TierResult:
    """What a measure gives. A threshold that is exactly met is reached; at or below 0, or below the first, nothing is."""
    marginal = tiers.mode == "marginal"
    if measure <= 0 or measure < tiers.steps[0][0]:
        return TierResult(measure, 0, 1, 0, marginal, True, plan, days)
    if marginal:
        total = marginal_total(term, tiers, measure)
        return TierResult(measure, total, fee, total, True, False, plan, days)
    rate = max((step for step in tiers.steps if step[0] <= measure), key=lambda step: step[0])[1]
    above, below = term.kept * rate, RATE_UNIT**2
    common = gcd(above, below) or 1
    return TierResult(measure, above // common, below // common, 0, False, False, plan, days)


def marginal_total(term: Terms, tiers: Tiers, measure: int) -> int:
    """T in fen: each slice of the measure at its own step's rate, less deductions, rounded once."""
    ends = [threshold for threshold, _ in tiers.steps[1:]] + [measure]
    slices = sum((min(measure, end) - start) * rate for (start, rate), end in zip(tiers.steps, ends, strict=True) if measure > start)
    # measure and thresholds are yuan × 10**8: hundredths of that are fen × 10**6.
    return half_up(slices * term.kept * 100, RATE_UNIT**3)
