"""The classes by which clients at risk are told apart: of equity and of the chance to leave; and what a night's scores add up to by class and cause."""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl

STEPS = ((0, 20_000), (20_000, 50_000), (50_000, 100_000), (100_000, 200_000), (200_000, 1_000_001))
"""Classes of probability in parts per million: from, to."""
SIZES = ((0, 10_000_000), (10_000_000, 100_000_000), (100_000_000, 500_000_000), (500_000_000, None))
"""Classes of equity in fen: from, to."""


class Sums(NamedTuple):
    """Of some clients: how many, their equity, and what is expected to be lost of it (fen)."""

    clients: int = 0
    equity: int = 0
    expected: int = 0

    def plus(self, other: Sums, times: int = 1) -> Sums:
        """Both together; with `times` -1 the one without the other."""
        return Sums(*(one + times * more for one, more in zip(self, other, strict=True)))


Parts = dict[tuple[int, int, str], Sums]
"""By class of equity, class of the chance, and cause."""


def parts_of(rows: pl.DataFrame) -> list[list[Any]]:
    """What scores (equity, probability, cause, expected_loss) add up to, as JSON: class of equity, class of the chance, cause, and the three sums."""
    money = pl.col("equity").fill_null(0)
    size = pl.sum_horizontal((money >= low).cast(pl.Int64) for low, _high in SIZES[1:])
    step = pl.sum_horizontal((pl.col("probability") >= low).cast(pl.Int64) for low, _high in STEPS[1:])
    grouped = rows.group_by(size.alias("size"), step.alias("step"), "cause").agg(pl.len().cast(pl.Int64), money.sum().alias("money"), pl.col("expected_loss").sum())
    return [list(row) for row in grouped.sort("size", "step", "cause").iter_rows()]


def parts_from(kept: list[list[Any]]) -> Parts:
    """The same from JSON."""
    return {(size, step, cause): Sums(*sums) for size, step, cause, *sums in kept}
