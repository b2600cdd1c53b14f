"""Money of the firm's daily files: balances (cusfund), deposits and withdrawals (fundchg), margin (holddata). Amounts become fen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from portal.refusals import Findings
from portal.settlement.at_files import CUSFUND, FUNDCHG, HOLDDATA, Layout
from portal.settlement.at_rows import Rows, once, read_rows
from portal.settlement.at_values import EXCHANGES, HEDGE, NUMBER, SIDES, known, thousandths, whole_lots
from portal.settlement.screening import Check

NOT_CLIENT_MONEY = ("手续费减收", "手续费抵免", "利息", "申报费")
"""A note that contains one of these is an exchange rebate, interest or a declaration fee: other_in or other_out."""
_FUNDS = ("equity", "previous_balance", "balance", "pnl", "premium")
_TAIL = ("pledged", "currency_collateral")
Files = Sequence[tuple[str, bytes]]


def amount_checks(layout: Layout, names: Sequence[str]) -> list[Check]:
    """Checks that columns of thousandths (named like the fields, with `_t`) are numbers and whole fen."""
    checks = []
    for name in names:
        value = pl.col(f"{name}_t")
        checks.append(Check("bad_amount", value.is_null(), layout.label(name), name, "1234.500"))
        checks.append(Check("bad_amount", value % 10 != 0, layout.label(name), name, "at most 2 decimals (a third must be 0)"))
    return checks


def value_check(layout: Layout, name: str, values: Mapping[str, str]) -> Check:
    """A check that a text column has a value of its table; the refusal names what was found."""
    return Check("unknown_word", ~pl.col(name).is_in(list(values)), layout.label(name), name, " ".join(values))


def fen(names: Sequence[str]) -> list[pl.Expr]:
    """Columns of whole-fen thousandths as columns of fen under the plain names."""
    return [(pl.col(f"{name}_t") // 10).alias(name) for name in names]


def read_balances(files: Files, trade_date: date, findings: Findings) -> Rows:
    """Balances: account_no, equity, available (null where empty), previous_balance, balance, pnl, premium, tail (fields 13 + 17); one row per account.

    Refused: what is no amount in whole fen, an account twice. Fields 13 and 17 may be empty: firms fill the tail differently.
    """
    rows = read_rows(CUSFUND, files, trade_date, findings)
    blank_is_zero = [pl.when(pl.col(name) == "").then(pl.lit("0")).otherwise(pl.col(name)).alias(name) for name in _TAIL]
    rows.frame = rows.frame.with_columns(*blank_is_zero, pl.col("available").replace("", None))
    rows.frame = rows.frame.with_columns(thousandths(name).alias(f"{name}_t") for name in (*_FUNDS, *_TAIL, "available"))
    rows.screen([*amount_checks(CUSFUND, (*_FUNDS, *_TAIL)), _optional("available")], findings)
    rows.screen(_account_twice(rows), findings)
    tail = (pl.col("pledged_t") + pl.col("currency_collateral_t")) // 10
    rows.frame = rows.frame.select("account_no", *fen(_FUNDS), pl.col("available_t"), tail.alias("tail"), "line", "file_no")
    return rows


def _optional(name: str) -> Check:
    bad = pl.col(name).is_not_null() & ~pl.col(name).str.contains(NUMBER)
    return Check("bad_amount", bad, CUSFUND.label(name), name, "1234.500")


def _account_twice(rows: Rows) -> list[Check]:
    """An account has one CNY row a day; the refusal names the first place."""
    if rows.frame["account_no"].n_unique() == rows.frame.height:
        return []
    rows.frame = rows.frame.with_columns(pl.col("line", "file_no").first().over("account_no").name.prefix("first_"))
    again = ~pl.col("account_no").is_first_distinct()
    return [Check("key_twice", again, CUSFUND.label("account_no"), "account_no", lambda row: once(rows, row))]


def read_funds(files: Files, trade_date: date, findings: Findings) -> Rows:
    """Deposits, withdrawals, other money in and out: account_no, amount (fen, signed), client_money, line, file_no."""
    rows = read_rows(FUNDCHG, files, trade_date, findings)
    rows.frame = rows.frame.with_columns(thousandths("amount").alias("amount_t"))
    rows.screen(amount_checks(FUNDCHG, ("amount",)), findings)
    client_money = ~pl.col("note").str.contains_any(list(NOT_CLIENT_MONEY))
    rows.frame = rows.frame.select("account_no", *fen(("amount",)), client_money.alias("client_money"), "line", "file_no")
    return rows


def funds_by_account(frame: pl.DataFrame) -> pl.DataFrame:
    """Sums per account: deposit, withdrawal, other_in, other_out, all at least 0."""
    amount, client = pl.col("amount"), pl.col("client_money")
    return frame.group_by("account_no").agg(
        amount.filter(client & (amount > 0)).sum().alias("deposit"),
        (-amount.filter(client & (amount < 0)).sum()).alias("withdrawal"),
        amount.filter(~client & (amount > 0)).sum().alias("other_in"),
        (-amount.filter(~client & (amount < 0)).sum()).alias("other_out"),
    )


def read_positions(files: Files, trade_date: date, findings: Findings) -> Rows:
    """Positions: account_no, margin (fen), line, file_no."""
    rows = read_rows(HOLDDATA, files, trade_date, findings)
    rows.frame = rows.frame.with_columns(thousandths("margin").alias("margin_t"), whole_lots("lots").alias("lots_n"), known("exchange", EXCHANGES).alias("exchange_code"))
    checks = [value_check(HOLDDATA, name, values) for name, values in (("side", SIDES), ("hedge", HEDGE), ("exchange", EXCHANGES))]
    lots = Check("bad_lots", pl.col("lots_n").is_null(), HOLDDATA.label("lots"), "lots", "3")
    instrument = Check("blank", pl.col("instrument") == "", HOLDDATA.label("instrument"), "", "m2605")
    negative = Check("negative_amount", pl.col("margin_t") < 0, HOLDDATA.label("margin"), "margin", "0.000")
    rows.screen([*checks, lots, instrument, *amount_checks(HOLDDATA, ("margin",)), negative], findings)
    rows.frame = rows.frame.select("account_no", *fen(("margin",)), "line", "file_no")
    return rows
