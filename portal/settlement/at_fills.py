"""Fills of the firm's daily files (trddata): checked, their products, their fees summed and rounded once."""

from __future__ import annotations

from datetime import date

import polars as pl

from portal.refusals import Findings, Severity
from portal.settlement.at_files import TRDDATA
from portal.settlement.at_funds import Files, amount_checks, fen, value_check
from portal.settlement.at_rows import Rows, once, read_rows
from portal.settlement.at_values import EXCHANGES, HEDGE, OPEN_CLOSE, SIDES, half_up, known, products, thousandths, whole_lots
from portal.settlement.close_today import close_today_lots
from portal.settlement.screening import Check, Row

_KEY = ("exchange", "trade_id", "side")
_AMOUNTS = ("turnover", "realized_pnl", "fee", "price")
PRODUCT_KEY = ("account_no", "exchange", "product")


def read_fills(files: Files, trade_date: date, findings: Findings) -> Rows:
    """Fills in file order: account_no, exchange, instrument, product, side, open_close, lots, close_today (lots), turnover, realized_pnl (fen), fee_t (thousandths).

    Refused: unknown values, amounts that are no whole fen (the fee may be finer), no whole lots, an instrument of no known shape, a fill twice.
    """
    rows = read_rows(TRDDATA, files, trade_date, findings)
    values = {"side": SIDES, "open_close": OPEN_CLOSE, "exchange": EXCHANGES}
    coded = [known(name, table).alias(f"{name}_code") for name, table in values.items()]
    rows.frame = rows.frame.with_columns(*coded, *(thousandths(name).alias(f"{name}_t") for name in _AMOUNTS), whole_lots("lots").alias("lots_n"))
    rows.frame = _with_products(rows.frame)
    rows.screen(_checks(), findings)
    rows.frame = rows.frame.select(
        "account_no",
        *(pl.col(f"{name}_code").alias(name) for name in values),
        *("instrument", "product", "trade_id"),
        pl.col("lots_n").alias("lots"),
        *fen(("turnover", "realized_pnl")),
        *("fee_t", "line", "file_no"),
    )
    _refuse_twice(rows, findings)
    rows.frame = rows.frame.drop("trade_id").with_columns(close_today_lots(rows.frame).alias("close_today"))
    return rows


def _checks() -> list[Check]:
    label = TRDDATA.label
    tables = {"side": SIDES, "open_close": OPEN_CLOSE, "hedge": HEDGE, "exchange": EXCHANGES}
    return [
        *(value_check(TRDDATA, name, table) for name, table in tables.items()),
        *amount_checks(TRDDATA, ("turnover", "realized_pnl")),
        *(Check("bad_amount", pl.col(f"{name}_t").is_null(), label(name), name, "1234.500") for name in ("fee", "price")),
        Check("negative_amount", pl.col("turnover_t") < 0, label("turnover"), "turnover", "0.000"),
        Check("bad_lots", pl.col("lots_n").fill_null(0) < 1, label("lots"), "lots", "3"),
        Check("blank", pl.col("trade_id") == "", label("trade_id")),
        Check("unknown_instrument", pl.col("product").is_null(), label("instrument"), "instrument", "rb2605 SR605C5800 m2605-C-3000 IO2605-C-4500"),
    ]


def _with_products(frame: pl.DataFrame) -> pl.DataFrame:
    """Look the product up once per instrument, of which there are few. Products are compared without case: one spelled in two ways
    is one, spelled as it stands first."""
    key = ["exchange_code", "instrument"]
    distinct = frame.select(key).unique(maintain_order=True)
    found = products(distinct.rename({"exchange_code": "exchange"})).rename({"exchange": "exchange_code"})
    found = found.with_columns(pl.col("product").first().over("exchange_code", pl.col("product").str.to_lowercase()))
    return frame.join(found, on=key, how="left", nulls_equal=True, maintain_order="left")


def _refuse_twice(rows: Rows, findings: Findings) -> None:
    """A fill's key is (day, exchange, trade id, side); the refusal names both places."""
    if rows.frame.select(_KEY).n_unique() == rows.frame.height:
        return
    rows.frame = rows.frame.with_columns(pl.col("line", "file_no").first().over(_KEY).name.prefix("first_"))
    again = (pl.col("line") != pl.col("first_line")) | (pl.col("file_no") != pl.col("first_file_no"))
    rows.screen([Check("key_twice", again, TRDDATA.label("trade_id"), _key, lambda row: once(rows, row))], findings)
    rows.frame = rows.frame.drop("first_line", "first_file_no")


def _key(row: Row) -> str:
    return " ".join(row[name] for name in _KEY)


def trades_by_product(rows: Rows, findings: Findings) -> pl.DataFrame:
    """One row per account, exchange and product: lots, turnover, realized_pnl, fee (fen), lines, and line and file_no of the first fill.

    The fee is summed in thousandths and rounded half-up once; a sum that is not whole fen is a warning.
    """
    summed = rows.frame.group_by(PRODUCT_KEY, maintain_order=True).agg(
        pl.col("lots", "turnover", "realized_pnl", "fee_t").sum(), pl.col("line").alias("lines"), pl.col("line", "file_no").first()
    )
    trades = summed.with_columns(half_up(pl.col("fee_t"), 10).alias("fee"))
    finer = Check("fee_not_whole_fen", pl.col("fee_t") % 10 != 0, TRDDATA.label("fee"), _fee_found, _fee_rounded, Severity.WARNING)
    Rows(TRDDATA, rows.files, trades, rows.other_currency).screen([finer], findings)
    return trades.drop("fee_t")


def _fee_found(row: Row) -> str:
    whole, rest = divmod(abs(row["fee_t"]), 1000)
    return f"{row['account_no']} {row['exchange']} {row['product']} {'-' if row['fee_t'] < 0 else ''}{whole}.{rest:03d}"


def _fee_rounded(row: Row) -> str:
    whole, rest = divmod(abs(row["fee"]), 100)
    return f"{'-' if row['fee'] < 0 else ''}{whole}.{rest:02d}"
