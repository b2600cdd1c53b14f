"""Whom to call: clients whose equity or trading fades, each with the reason. Pure; no score, only what happened.

Two windows of DAYS settled days are compared, the last one and the one before it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import polars as pl

from models.values.money import half_up

DAYS = 20
"""Settled days of a window: about a month."""
WITHDRAWN, SUNK, SLOWED = 30, 30, 50
"""Per cent of the equity that was withdrawn, that the average equity sank, that the lots fell, from which on somebody should call."""
TRADED_BEFORE = 3
"""On so many days of the window before a client must have traded for his silence to mean anything."""
LOTS_BEFORE = 10
SMALL = 1_000_000
"""Equity in fen below which a client's movements are not looked at: 10,000 yuan."""

BOOK_DAY = {"account": pl.Int64, "day": pl.Date, "equity": pl.Int64, "paid_in": pl.Int64, "lots": pl.Int64, "retained": pl.Int64}
"""One row per account and settled day: closing equity, deposits − withdrawals, lots and retained fee (fen)."""


class Why(enum.StrEnum):
    """What fades."""

    WITHDREW = "withdrew"
    SILENT = "silent"
    SANK = "sank"
    SLOWED = "slowed"


@dataclass(frozen=True)
class Reason:
    """What fades, and the numbers that say so: `before` and `now` are fen (withdrew: equity then, taken out; sank: average equity)
    or lots (slowed) or days with trades (silent)."""

    why: Why
    before: int
    now: int


@dataclass(frozen=True)
class Fading:
    """A client to call: the reasons, the equity now, and how much less retained fee (fen) he brought than in the window before."""

    account: int
    equity: int
    lost: int
    reasons: tuple[Reason, ...]


def fading(book: pl.DataFrame) -> list[Fading]:
    """Of BOOK_DAY rows the clients to call, who brought most before first. Fewer than two windows of days: nobody."""
    days = book["day"].unique().sort()
    if days.len() < 2 * DAYS:
        return []
    late, early = days[-DAYS], days[-2 * DAYS]
    rows = book.filter(pl.col("day") >= early).with_columns(now=pl.col("day") >= late).sort("account", "day")
    last_day = pl.col("day") == days[-1]
    sums = rows.group_by("account", maintain_order=True).agg(
        days=pl.len(),
        equity=pl.col("equity").filter(last_day).first(),
        at_start=pl.col("equity").filter(~pl.col("now")).last(),
        before=pl.col("equity").filter(~pl.col("now")).sum(),
        after=pl.col("equity").filter("now").sum(),
        paid_in=pl.col("paid_in").filter("now").sum(),
        lots_before=pl.col("lots").filter(~pl.col("now")).sum(),
        lots_now=pl.col("lots").filter("now").sum(),
        traded_before=((pl.col("lots") > 0) & ~pl.col("now")).sum(),
        traded_now=((pl.col("lots") > 0) & pl.col("now")).sum(),
        lost=pl.col("retained").filter(~pl.col("now")).sum() - pl.col("retained").filter("now").sum(),
    )
    whole = sums.filter((pl.col("days") == 2 * DAYS) & (pl.col("at_start") >= SMALL))
    found = [Fading(row["account"], row["equity"], row["lost"], reasons) for row in whole.iter_rows(named=True) if (reasons := _reasons(row))]
    return sorted(found, key=lambda one: (-one.lost, -one.equity, one.account))


def _reasons(row: dict[str, int]) -> tuple[Reason, ...]:
    reasons = []
    if -row["paid_in"] * 100 >= row["at_start"] * WITHDRAWN:
        reasons.append(Reason(Why.WITHDREW, row["at_start"], -row["paid_in"]))
    if row["traded_before"] >= TRADED_BEFORE and not row["traded_now"]:
        reasons.append(Reason(Why.SILENT, row["traded_before"], 0))
    elif row["lots_before"] >= LOTS_BEFORE and row["lots_now"] * 100 <= row["lots_before"] * (100 - SLOWED):
        reasons.append(Reason(Why.SLOWED, row["lots_before"], row["lots_now"]))
    if row["before"] > 0 and row["after"] * 100 <= row["before"] * (100 - SUNK):
        reasons.append(Reason(Why.SANK, half_up(row["before"], DAYS), half_up(row["after"], DAYS)))
    return tuple(reasons)
