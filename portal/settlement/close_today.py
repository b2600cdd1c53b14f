"""Which lots of a fill count as close-today (平今)."""

from __future__ import annotations

import polars as pl

from portal.settlement.at_values import CLOSE, CLOSE_TODAY, CLOSE_YESTERDAY, OPEN

_POSITION = ("account_no", "exchange", "instrument", "long")


def close_today_lots(fills: pl.DataFrame) -> pl.Series:
    """The close-today lots of each fill, in the order of the rows, which is the order of the file.

    `fills` has account_no, exchange, instrument, side (B/S), open_close and lots. A buy opens and a sell closes the long position, a sell opens
    and a buy closes the short one. The file is walked in its order, with the lots of each position that were opened this day and not closed yet:

    - an opening fill adds its lots;
    - 平今 is close-today with all its lots and takes them away (never below nothing);
    - 平昨 is never close-today and takes nothing away;
    - a close without a flag is close-today up to the lots that are there, and takes those away. What was opened after it in the file
      does not count, and what an earlier close, flagged or not, took is gone.

    So open 5, 平今 3, close 4 gives 0, 3, 2.
    """
    flag, lots = pl.col("open_close"), pl.col("lots")
    explicit = pl.when(flag == CLOSE_TODAY).then(lots).otherwise(0)
    walk = fills.select(*_POSITION[:3], ((pl.col("side") == "B") == (flag == OPEN)).alias("long"), flag, lots, explicit.alias("close_today")).with_row_index("row")
    # Only a position that was both opened and closed without a flag on this day needs the walk.
    opened, closed = walk.filter(flag == OPEN).select(_POSITION).unique(), walk.filter(flag == CLOSE).select(_POSITION).unique()
    unsure = opened.join(closed, on=_POSITION, how="semi").with_row_index("position")
    walked = walk.join(unsure, on=_POSITION, maintain_order="left").filter(flag != CLOSE_YESTERDAY)
    # The lots left after a fill, never below nothing: the running sum less the least running sum so far.
    walked = walked.with_columns(pl.when(flag == OPEN).then(lots).otherwise(-lots).cum_sum().over("position").alias("sum"))
    walked = walked.with_columns((pl.col("sum") - pl.min_horizontal(pl.lit(0), pl.col("sum").cum_min().over("position"))).alias("left"))
    before = pl.col("left").shift(1, fill_value=0).over("position")
    taken = walked.with_columns((before - pl.col("left")).alias("taken")).filter(flag == CLOSE).select("row", "taken")
    return walk.join(taken, on="row", how="left", maintain_order="left").select(pl.coalesce("taken", "close_today").cast(pl.Int64)).to_series()
