"""Corrections of closed months: target − posted, line by line (commission rules §6.2, §7). Pure."""

from __future__ import annotations

import polars as pl

from portal.commission.price import LINES
from portal.commission.vocabulary import Kind

KEY = ["b", "kind", "account", "day", "pid", "level", "downline"]
"""A posted line is keyed by its fact (account, day, product), beneficiary, role (level and downline) and component (kind)."""
ROUNDING_KEY = ["plan", "version"]
"""A rounding line's fact is the month, the plan and the version."""

CORRECTIONS = {**LINES, "origin": pl.String}


def differences(target: pl.DataFrame, posted: pl.DataFrame, origin: str) -> pl.DataFrame:
    """The lines that bring what was posted for month `origin` to what today's knowledge gives; nothing where that is 0.

    `target` holds LINES of the month as known today, `posted` LINES of everything posted for it so far, in the order
    of posting. A correction shows today's part, reason and plan; where today has no line, the plan as posted.
    """
    rounding = pl.col("kind") == Kind.rounding.value
    parts = [
        _diff(target.filter(~rounding), posted.filter(~rounding), KEY),
        _diff(target.filter(rounding), posted.filter(rounding), KEY + ROUNDING_KEY),
    ]
    return pl.concat(parts).with_columns(origin=pl.lit(origin)).select(pl.col(name).cast(dtype) for name, dtype in CORRECTIONS.items())


def _diff(target: pl.DataFrame, posted: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    rest = [name for name in LINES if name not in key and name != "amount"]
    so_far = posted.group_by(key, maintain_order=True).agg(pl.col("amount").sum().alias("posted"), *(pl.col(name).last().alias(f"posted_{name}") for name in rest))
    both = target.with_columns(today=pl.lit(True)).join(so_far, on=key, how="full", coalesce=True, nulls_equal=True)
    changed = both.with_columns(amount=pl.col("amount").fill_null(0) - pl.col("posted").fill_null(0)).filter(pl.col("amount") != 0)
    today = pl.col("today").is_not_null()
    shown = {
        "part": pl.when(today).then("part"),
        "reason": pl.when(today).then("reason").otherwise(pl.lit(0, pl.UInt8)),
        "plan": pl.when(today).then("plan").otherwise(pl.col("posted_plan")) if "plan" in rest else pl.col("plan"),
        "version": pl.when(today).then("version").otherwise(pl.col("posted_version")) if "version" in rest else pl.col("version"),
    }
    return changed.with_columns(**shown).select(list(LINES))
