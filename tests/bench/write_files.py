"""A reference firm's settled days as files, for what is measured from bytes on: the portal's own (D) or the monitor's (CFMMC)."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from portal.demo.files import BALANCE_COLUMNS, TRADE_COLUMNS, yuan_text
from tests.bench.make_firm import DAYS, SIZES, day, traded
from tests.bench.sizes import account_numbers

FIRM_CODE = "0199"
_EXCHANGE_LETTER = {"SHFE": "S", "CZCE": "Z", "DCE": "D", "CFFEX": "J", "INE": "N", "GFEX": "G"}


def write_day(size: str, index: int, folder: Path) -> list[Path]:
    """The day's balances and trades in the portal's own CSV."""
    made = day(size, index)
    assert made.balances is not None
    assert made.trades is not None
    paths = []
    for name, frame, columns in ((made.balance_file, made.balances, BALANCE_COLUMNS), (made.trade_file, made.trades, TRADE_COLUMNS)):
        money = [yuan_text(column) for column in columns if column not in ("trade_date", "account_no", "exchange", "product", "lots")]
        paths.append(folder / name)
        frame.with_columns(pl.lit(made.trade_date).alias("trade_date")).select(columns).with_columns(money).write_csv(paths[-1])
    return paths


def write_cfmmc_day(size: str, index: int, folder: Path) -> list[Path]:
    """The day in the four `@` files to the market monitor; the exchange fee then comes from exchange_fees.csv."""
    made, fills = day(size, index), traded(SIZES[size], index)
    assert made.balances is not None
    numbers = account_numbers(SIZES[size])
    fills = fills.with_columns(numbers.gather(fills["key"]))
    kinds = {"cusfund": _cusfund(made.balances), "fundchg": _fundchg(made.balances), "trddata": _trddata(fills), "holddata": _holddata(made.balances)}
    paths = []
    for kind, frame in kinds.items():
        dated = frame.select(pl.lit(str(DAYS[index])).alias("0"), pl.all())
        paths.append(folder / f"{FIRM_CODE}{kind}{DAYS[index]:%Y%m%d}.txt")
        dated.write_csv(paths[-1], separator="@", include_header=False, quote_style="never")
    return paths


def _columns(frame: pl.DataFrame, *columns: pl.Expr | str | int) -> pl.DataFrame:
    """Fields in order: an expression, the name of an amount in fen, or a constant. Names are their places from 1."""
    made = [column if isinstance(column, pl.Expr) else pl.lit(str(column)) if isinstance(column, int) or column not in frame.columns else yuan_text(column) for column in columns]
    return frame.select(column.alias(str(place)) for place, column in enumerate(made, 1))


def _cusfund(balances: pl.DataFrame) -> pl.DataFrame:
    rows = balances.with_columns((pl.col("realized_pnl") + pl.col("mtm_pnl")).alias("total"))
    money = ("previous_balance", "previous_balance", "balance", "balance", "total", "total")
    return _columns(rows, pl.col("account_no"), "equity", "available", 0, 0, *money, "mtm_pnl", 0, "N", "CNY", "balance", 0, 0, 0, "premium")


def _fundchg(balances: pl.DataFrame) -> pl.DataFrame:
    rows = balances.with_columns((pl.col("deposit") - pl.col("withdrawal")).alias("moved")).filter(pl.col("moved") != 0)
    return _columns(rows, pl.col("account_no"), "moved", 1, 6222, 1, 6223, "银期转账", "N", "CNY", "A", "")


def _trddata(fills: pl.DataFrame) -> pl.DataFrame:
    row = pl.int_range(1, pl.len() + 1).cast(pl.String)
    letter = pl.col("exchange").replace_strict(_EXCHANGE_LETTER)
    instrument = pl.concat_str("product", pl.when(pl.col("exchange") == "CZCE").then(pl.lit("610")).otherwise(pl.lit("2610")))
    side = pl.when(pl.col("key") % 2 == 0).then(pl.lit("B")).otherwise(pl.lit("S"))
    who = (pl.col("account_no"), row, instrument, side, pl.col("lots").cast(pl.String), pl.col("price").cast(pl.String))
    return _columns(fills, *who, "turnover", "10:15:00", "O", "S", "realized_pnl", "realized_pnl", "fee", 99, letter, "N", row, 1, "CNY", "")


def _holddata(balances: pl.DataFrame) -> pl.DataFrame:
    rows = balances.filter(pl.col("margin") > 0)
    return _columns(rows, pl.col("account_no"), "rb2610", "B", "S", 1, "margin", "mtm_pnl", "mtm_pnl", 3000, 3000, 3000, 99, "S", "N", "CNY", 0)
