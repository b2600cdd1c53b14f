"""What the exchanges charge for a day's fills: from the back office where it has it, else from the dated fee table, else refused.

The exchange fee is never taken as 0. Rates by money are hundred-millionths of the turnover, rates by lot hundred-millionths of a yuan.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from models.values.money import yuan
from models.values.rates import RATE_UNIT
from portal.refusals import Findings, Severity
from portal.settlement.at_files import TRDDATA
from portal.settlement.at_fills import PRODUCT_KEY
from portal.settlement.at_rows import Rows
from portal.settlement.at_values import OPEN, half_up
from portal.settlement.screening import Check, Row

CONTRACT_KEY = ("account_no", "exchange", "contract")
"""`contract` is the instrument in lower case: the back office and the fee table may write it in another case."""
_RATES = ("open_by_money", "open_by_lot", "close_by_money", "close_by_lot", "close_today_by_money", "close_today_by_lot")
FEE_TABLE = {"exchange": pl.String, "product": pl.String, "valid_from": pl.Date, "valid_to": pl.Date, **dict.fromkeys(_RATES, pl.Int64)}
"""Columns of the fee table: rows as `ExchangeFee` has them, only those that stand; `valid_to` exclusive, null = open."""


@dataclass
class OfficialFees:
    """Exchange fees as the back office has them: CONTRACT_KEY, exchange_fee (fen), line, file_no (which of `files`); one row per key."""

    frame: pl.DataFrame
    files: list[str]


def fees_by_product(fills: Rows, fee_table: pl.DataFrame, trade_date: date, official: OfficialFees | None, findings: Findings) -> pl.DataFrame:
    """The exchange fee (fen) per account, exchange and product.

    Refused by name: each fill without a fee from either source. A back-office fee that differs from the table's is a warning and counts.
    """
    priced = _priced(fills.frame, _rates_of(fills.frame, fee_table, trade_date, findings))
    contracts = None if official is None or official.frame.is_empty() else official.frame
    if contracts is None:
        priced = priced.with_columns(pl.lit(False).alias("covered"))
    else:
        priced = priced.join(contracts.select(*CONTRACT_KEY, pl.lit(True).alias("covered")), on=CONTRACT_KEY, how="left", maintain_order="left")
    missing = pl.col("table_fee").is_null() & pl.col("covered").fill_null(False).not_()

    def wanted(row: Row) -> str:
        return f"{row['exchange']} {row['product']} / {row['instrument']} {trade_date.isoformat()}"

    checked = Rows(TRDDATA, fills.files, priced, fills.other_currency)
    checked.screen([Check("no_exchange_fee", missing, TRDDATA.label("instrument"), "instrument", wanted)], findings)
    fills.spoiled |= checked.spoiled
    if contracts is None or official is None:
        return priced.group_by(PRODUCT_KEY).agg(pl.col("table_fee").sum().alias("exchange_fee"))
    return _with_official(priced, contracts, official.files, findings)


def _rates_of(fills: pl.DataFrame, fee_table: pl.DataFrame, trade_date: date, findings: Findings) -> pl.DataFrame:
    """The rates of the day for each instrument that was traded; a rate for the instrument wins over the product's."""
    day = pl.lit(trade_date)
    valid = fee_table.filter((pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (day < pl.col("valid_to"))))
    valid = valid.select(pl.col("exchange").str.to_uppercase(), pl.col("product").str.to_lowercase().alias("key"), *_RATES)
    for row in valid.filter(pl.struct("exchange", "key").is_duplicated()).unique(["exchange", "key"], maintain_order=True).iter_rows(named=True):
        findings.refuse("spans_overlap", "exchange_fees.csv", field="product", found=f"{row['exchange']} {row['key']}", expected=trade_date.isoformat())
    valid = valid.unique(["exchange", "key"], keep="first", maintain_order=True)
    traded = fills.select("exchange", "instrument", "product").unique()
    keyed = pl.concat(
        [
            traded.with_columns(pl.col("instrument").str.to_lowercase().alias("key"), pl.lit(0).alias("order")),
            traded.with_columns(pl.col("product").str.to_lowercase().alias("key"), pl.lit(1).alias("order")),
        ]
    )
    found = keyed.join(valid, on=["exchange", "key"]).sort("order", maintain_order=True).unique(["exchange", "instrument"], keep="first", maintain_order=True)
    return found.select("exchange", "instrument", *_RATES)


def _priced(fills: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Add `table_fee` (fen, null without a rate) and `contract` to the fills.

    Both parts are added and rounded half-up to the fen once per fill, also where its lots are close-today in part: the turnover is
    divided by lots and each part takes its own rate, exactly.
    """
    lots, today = pl.col("lots").cast(pl.Int128), pl.col("close_today").cast(pl.Int128)

    def weighed(part: str) -> pl.Expr:
        closing = today * pl.col(f"close_today_{part}") + (lots - today) * pl.col(f"close_{part}")
        return pl.when(pl.col("open_close") == OPEN).then(lots * pl.col(f"open_{part}")).otherwise(closing)

    numerator = pl.col("turnover").cast(pl.Int128) * weighed("by_money") + lots * 100 * weighed("by_lot")
    joined = fills.join(rates, on=["exchange", "instrument"], how="left", maintain_order="left")
    fee = half_up(numerator, pl.col("lots") * RATE_UNIT)
    return joined.with_columns(fee.alias("table_fee"), pl.col("instrument").str.to_lowercase().alias("contract")).drop(_RATES)


def _with_official(priced: pl.DataFrame, official: pl.DataFrame, files: list[str], findings: Findings) -> pl.DataFrame:
    """Per contract the back office's fee wins; one that differs from the table's is a warning."""
    table = pl.when(pl.col("table_fee").null_count() == 0).then(pl.col("table_fee").sum()).alias("table_fee")
    contracts = priced.group_by(CONTRACT_KEY).agg(table, pl.col("product").first())
    joined = contracts.join(official, on=CONTRACT_KEY, how="left")

    def found(row: Row) -> str:
        return f"{row['account_no']} {row['exchange']} {row['contract']} {yuan(row['exchange_fee'])}"

    differs = Check("fee_not_as_table", pl.col("exchange_fee") != pl.col("table_fee"), "上交手续费", found, lambda row: yuan(row["table_fee"]), Severity.WARNING)
    counted = Rows(TRDDATA, files, joined.filter(pl.col("line").is_not_null()).sort("file_no", "line"), pl.DataFrame())
    counted.screen([differs], findings)
    return joined.group_by(PRODUCT_KEY).agg(pl.coalesce("exchange_fee", "table_fee").sum().alias("exchange_fee"))
