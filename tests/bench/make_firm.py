"""The reference firms of the performance budgets, made from one seed each and never stored.

S stands for a middle firm, M for the largest one with everything switched on. 35 % of the accounts trade on a day, 3 products
in the mean; equity is lognormal; one account in twenty is shared by two brokers; two in a hundred change their broker within
the month; brokers stand up to three deep. A day is a function of its number, so days can be made in any order and alone.
"""

from __future__ import annotations

import polars as pl

from portal.demo.noise import below, half_up, lognormal, noise
from portal.settlement.day import AMOUNTS, DayInput
from tests.bench.make_masters import masters, write_masters
from tests.bench.sizes import DAYS, MULTIPLIER, PRODUCTS, SIZES, Size, account_numbers, exchange_rates, keys

__all__ = ["DAYS", "SIZES", "Size", "day", "masters", "traded", "write_masters"]


def _price(place: pl.Series) -> pl.Series:
    return place * 137 + 2000


def _bases(size: Size) -> pl.Series:
    table = pl.Series(lognormal(9_000_000, 1.6), dtype=pl.Int64)
    return table.gather(below(table.len(), size.stream("size"), keys(size)))


def _balance_after(size: Size, base: pl.Series, index: int) -> pl.Series:
    """Closing balances of a day (of the day before the first where `index` is −1): around the base, and fen by fen different."""
    swing = below(200_001, size.stream("balance"), keys(size), index + 1) - 100_000
    return base + base // 100_000 * swing // 10 + swing % 100


def day(size: str, index: int) -> DayInput:
    """One settled day (0 to 21) of a reference firm, as the import hands it on."""
    firm = SIZES[size]
    trades = traded(firm, index)
    numbers = account_numbers(firm)
    balances = _balances(firm, index, trades).with_columns(numbers)
    rows = trades.with_columns(numbers.gather(trades["key"]), pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("line"))
    return DayInput(
        trade_date=DAYS[index],
        balances=balances.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("line")).select("account_no", *AMOUNTS, "line"),
        trades=rows.select("account_no", "exchange", "product", "lots", "turnover", "fee", "exchange_fee", pl.concat_list("line").alias("lines")),
        balance_file=f"balances-{DAYS[index]}.csv",
        trade_file=f"trades-{DAYS[index]}.csv",
        files=[f"balances-{DAYS[index]}.csv", f"trades-{DAYS[index]}.csv"],
    )


def traded(firm: Size, index: int) -> pl.DataFrame:
    """The day's trades by the account's place: one row per account and product."""
    key = keys(firm)
    active = key.filter(below(1000, firm.stream("active"), key, index) < 350)
    many = below(5, firm.stream("many"), active, index) + 1
    parts = [pl.DataFrame({"key": active.filter(many > choice)}).with_columns(choice=pl.lit(choice)) for choice in range(5)]
    rows = pl.concat(parts).sort("key", "choice")
    place = (below(len(PRODUCTS), firm.stream("taste"), rows["key"]) + rows["choice"] * 7) % len(PRODUCTS)
    word = noise(firm.stream("fill"), rows["key"], rows["choice"], index)
    lots = (word % 10).cast(pl.Int64) + 1
    price = _price(place) + (word // 1024 % 64).cast(pl.Int64) - 32
    turnover = lots * price * MULTIPLIER * 100
    by_money, by_lot = exchange_rates(place)
    names = pl.DataFrame(PRODUCTS, schema=["exchange", "product"], orient="row")
    frame = rows.with_columns(lots.alias("lots"), price.alias("price"), turnover.alias("turnover"), by_money.alias("by_money"), by_lot.alias("by_lot"))
    frame = frame.with_columns(names["exchange"].gather(place), names["product"].gather(place), (40 + below(200, firm.stream("markup"), rows["key"])).alias("markup"))
    frame = frame.with_columns((half_up(pl.col("turnover") * pl.col("by_money"), 10**8) + pl.col("lots") * pl.col("by_lot")).alias("exchange_fee"))
    gain = pl.when(pl.col("choice") == 0).then((below(4001, firm.stream("gain"), rows["key"], index) - 2000) * 100).otherwise(0)
    return frame.with_columns((pl.col("exchange_fee") + half_up(pl.col("exchange_fee") * pl.col("markup"), 100)).alias("fee"), gain.alias("realized_pnl"))


def _balances(firm: Size, index: int, trades: pl.DataFrame) -> pl.DataFrame:
    key, base = keys(firm), _bases(firm)
    before, after = _balance_after(firm, base, index - 1), _balance_after(firm, base, index)
    moved, word = below(100, firm.stream("moved"), key, index), below(60, firm.stream("margin"), key, index)
    sums = trades.group_by("key").agg(pl.col("fee", "realized_pnl").sum())
    zero = pl.lit(0, dtype=pl.Int64)
    part = base // 10 // 10_000 * 10_000
    frame = pl.DataFrame({"key": key, "previous_balance": before, "balance": after}).with_columns(
        pl.when(moved == 0).then(part).otherwise(0).alias("deposit"),
        pl.when(moved == 1).then(part).otherwise(0).alias("withdrawal"),
        *(zero.alias(name) for name in ("other_in", "other_out", "premium")),
        pl.col("balance").alias("equity"),
        (pl.col("balance").clip(0) * word // 100).alias("margin"),
    )
    frame = frame.join(sums, on="key", how="left", maintain_order="left").with_columns(pl.col("fee", "realized_pnl").fill_null(0))
    rest = pl.col("balance") - pl.col("previous_balance") - pl.col("deposit") + pl.col("withdrawal") - pl.col("realized_pnl") + pl.col("fee")
    return frame.with_columns(rest.alias("mtm_pnl"), (pl.col("equity") - pl.col("margin")).alias("available"))
