"""How the demonstration firm's rows become the portal's own files: UTF-8, a header row, commas, yuan with two decimals."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from models.values.rates import decimal_text
from portal.demo.partners import Row
from portal.demo.plans import PLANS
from portal.demo.products import NEW_FEE, PRODUCTS, Product
from portal.settlement.day import AMOUNTS

BALANCE_COLUMNS = ("trade_date", "account_no", *AMOUNTS)
TRADE_COLUMNS = ("trade_date", "account_no", "exchange", "product", "lots", "turnover", "fee", "exchange_fee")
FEE_COLUMNS = ("open_by_money", "open_by_lot", "close_by_money", "close_by_lot", "close_today_by_money", "close_today_by_lot")


def yuan_text(column: str) -> pl.Expr:
    """Fen as yuan text with two decimals, exactly."""
    size = pl.col(column).abs()
    sign = pl.when(pl.col(column) < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(sign, (size // 100).cast(pl.String), pl.lit("."), (size % 100).cast(pl.String).str.zfill(2)).alias(column)


def write_rows(path: Path, rows: list[Row]) -> Path:
    """A master file; every row has the same columns."""
    pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).write_csv(path)
    return path


def write_plans(path: Path) -> Path:
    """plans.json"""
    path.write_text(json.dumps(PLANS, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def exchange_fees() -> list[Row]:
    """exchange_fees.csv: one rate for opening and closing; one product's fee changed within the year."""
    changed, since, rate = NEW_FEE
    rows = []
    for index, product in enumerate(PRODUCTS):
        until = since.isoformat() if index == changed else ""
        rows.append(_fee_row(product, "2025-01-01", until, product.by_money))
        if until:
            rows.append(_fee_row(product, until, "", rate))
    return rows


def _fee_row(product: Product, since: str, until: str, by_money: int) -> Row:
    rates = (decimal_text(by_money, 8), decimal_text(product.by_lot, 2))
    key = {"exchange": product.exchange, "product": product.code, "valid_from": since, "valid_to": until}
    return key | dict(zip(FEE_COLUMNS, rates * 3, strict=True))


def write_days(folder: Path, kind: str, rows: pl.DataFrame) -> list[Path]:
    """One file a day. `rows` has the file's columns, amounts in fen, and is sorted by day."""
    columns = BALANCE_COLUMNS if kind == "balances" else TRADE_COLUMNS
    money = [name for name in columns if name not in ("trade_date", "account_no", "exchange", "product", "lots")]
    text = rows.select(columns).with_columns(yuan_text(name) for name in money)
    paths = []
    for (day,), part in text.group_by("trade_date", maintain_order=True):
        path = folder / f"{kind}-{day}.csv"
        part.write_csv(path)
        paths.append(path)
    return paths


def with_dates(rows: list[Row], *names: str) -> pl.DataFrame:
    """Master rows as a frame of text in which the named columns are dates; empty text is null."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))
    return frame.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).str.to_date("%Y-%m-%d").alias(name) for name in names)
