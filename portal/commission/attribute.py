"""From facts to parts: who has which part of each trade and of each day's equity, and may he be paid for it (§1, §2, §5)."""

from __future__ import annotations

from datetime import date

import polars as pl

from models.values.rates import SHARE_WHOLE
from portal.commission.facts import NO_VERSION, Day
from portal.commission.vocabulary import Reason


def claims_on(day: date, attributions: pl.DataFrame, standing: pl.DataFrame, ties: pl.DataFrame) -> pl.DataFrame:
    """Every attribution row of a day with the first reason that keeps it from earning.

    Returns account, b, share, attribution, reason, plan, version and `owners`, the number of rows of the account that day.
    """
    confirmed = pl.col("confirmed_on").is_null() | (pl.col("confirmed_on") <= day)
    state = pl.when(pl.col("reason") > 0).then("reason").when(confirmed).then(pl.lit(0, pl.UInt8)).otherwise(pl.lit(Reason.attribution_pending, pl.UInt8))
    rows = attributions.filter((pl.col("valid_from") <= day) & (pl.col("valid_to") > day)).select("account", "b", "share", "attribution", state=state)
    tied = ties.filter((pl.col("valid_from") <= day) & (pl.col("valid_to") > day)).group_by("b", "account").agg(tie=pl.col("reason").min())
    on_day = standing.filter(pl.col("day") == day).select("b", "plan", "version", own="reason")
    rows = rows.join(on_day, on="b", how="left").join(tied, on=["b", "account"], how="left")
    first = pl.when(pl.col("own") > 0).then("own").when(pl.col("state") > 0).then("state").otherwise(pl.col("tie").fill_null(0))
    return rows.select(
        "account",
        "b",
        "share",
        "attribution",
        pl.col("plan").fill_null(-1),
        pl.col("version").fill_null(NO_VERSION),
        reason=first.cast(pl.UInt8),
        owners=pl.len().over("account").cast(pl.UInt16),
    )


def split_amounts(rows: pl.DataFrame, amount: str, fact: list[str]) -> pl.DataFrame:
    """Add `part`: the row's part of `amount` by largest remainder over all rows of the same `fact` and the house (§2).

    `rows` holds b, share, owners and the amount. The house comes last and keeps what is left over.
    """
    whole, rest = pl.col(amount).abs() // SHARE_WHOLE, pl.col(amount).abs() % SHARE_WHOLE
    # Divided before multiplied: the products stay far inside 64 bits, and the result is exact.
    rows = rows.with_columns(floor=whole * pl.col("share") + rest * pl.col("share") // SHARE_WHOLE, remainder=rest * pl.col("share") % SHARE_WHOLE)
    one = rows.filter(pl.col("owners") == 1)
    # With one owner and the house, the fen left over is the owner's when his fraction is at least a half.
    one = one.with_columns(part=pl.col("floor") + (2 * pl.col("remainder") >= SHARE_WHOLE).cast(pl.Int64))
    parts = [one, _shared_parts(rows.filter(pl.col("owners") > 1), amount, fact)]
    signed = pl.when(pl.col(amount) < 0).then(-pl.col("part")).otherwise(pl.col("part"))
    return pl.concat(parts).with_columns(part=signed).drop("floor", "remainder")


def _shared_parts(rows: pl.DataFrame, amount: str, fact: list[str]) -> pl.DataFrame:
    """Largest remainder where several brokers share an account: few rows, so window functions may take their time."""
    house_share = SHARE_WHOLE - pl.col("share").sum().over(fact)
    whole, rest = pl.col(amount).abs() // SHARE_WHOLE, pl.col(amount).abs() % SHARE_WHOLE
    rows = rows.with_columns(house_floor=whole * house_share + rest * house_share // SHARE_WHOLE, house_remainder=rest * house_share % SHARE_WHOLE)
    left_over = pl.col(amount).abs() - pl.col("floor").sum().over(fact) - pl.col("house_floor")
    rows = rows.sort([*fact, "b"]).with_columns(left_over=left_over)
    # Rank among the brokers: larger remainder first, ties to the smaller b. The house stands after all brokers of its remainder.
    rank = pl.col("remainder").rank("ordinal", descending=True).over(fact, order_by="b")
    before_me = rank + (pl.col("house_remainder") > pl.col("remainder")).cast(pl.Int64)
    return rows.with_columns(part=pl.col("floor") + (before_me <= pl.col("left_over")).cast(pl.Int64)).drop("house_floor", "house_remainder", "left_over")


def attribute_trades(day: Day, claims: pl.DataFrame) -> pl.DataFrame:
    """One row per broker and trade row of the day, with the broker's part of the retained fee."""
    retained = day.trades.select("account", "pid", "lots", "turnover", retained=pl.col("fee") - pl.col("exchange_fee"))
    rows = split_amounts(retained.join(claims, on="account"), "retained", ["account", "pid"])
    return rows.select(pl.lit(day.day).alias("day"), "account", "pid", "b", "part", "lots", "turnover", "share", "reason", "plan", "version", "attribution")


def attribute_equity(day: Day, claims: pl.DataFrame) -> pl.DataFrame:
    """One row per broker and account with a balance that day, with the broker's part of max(closing equity, 0)."""
    floored = day.equity.with_columns(pl.col("equity").clip(lower_bound=0))
    rows = split_amounts(floored.join(claims, on="account"), "equity", ["account"])
    return rows.select(pl.lit(day.day).alias("day"), "account", "b", "part", "share", "reason", "plan", "version", "attribution")
