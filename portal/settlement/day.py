"""One settled day as it comes out of any family of files, before it is checked and posted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import polars as pl

AMOUNTS = ("previous_balance", "deposit", "withdrawal", "other_in", "other_out", "realized_pnl", "mtm_pnl", "premium", "fee", "balance", "equity", "margin", "available")
"""The amounts of a balance row, in the order of the portal's own file; integer fen."""

BALANCES: dict[str, pl.DataType | type[pl.DataType]] = {"account_no": pl.String, **dict.fromkeys(AMOUNTS, pl.Int64), "line": pl.UInt32}
"""Columns of a day's balances: one row per account; `line` is the line in `balance_file`."""

TRADES: dict[str, pl.DataType | type[pl.DataType]] = {
    "account_no": pl.String,
    "exchange": pl.String,
    "product": pl.String,
    "lots": pl.Int64,
    "turnover": pl.Int64,
    "fee": pl.Int64,
    "exchange_fee": pl.Int64,
    "lines": pl.List(pl.UInt32),
}
"""Columns of a day's trades: one row per account, exchange (SHFE …, upper case) and product; `lines` are the source lines."""

OTHER_CURRENCY: dict[str, pl.DataType | type[pl.DataType]] = {"account_no": pl.String, "currency": pl.String, "kind": pl.String, "line": pl.UInt32, "content": pl.String}
"""Rows in another currency: kept and shown, never added to CNY and never paid. `content` is the row as JSON."""


@dataclass
class DayInput:
    """What some files say about one trade date.

    `balances` or `trades` is None where the files say nothing about it: the posted version then stands.
    Both bear `account_id` too once they are `identified`, below 0 where nobody has the number.
    `balance_file` and `trade_file` are the names that findings speak of.
    """

    trade_date: date
    balances: pl.DataFrame | None = None
    trades: pl.DataFrame | None = None
    other_currency: pl.DataFrame | None = None
    balance_file: str = ""
    trade_file: str = ""
    files: list[str] = field(default_factory=list)
    lenient_identity_accounts: frozenset[str] = frozenset()
    """Accounts whose balance identity only warns (they have rows in delivdetails or opt* files)."""
    balance_identity_checked: bool = False
    """Whether whoever read the files checked the balance identity and named its faults already, by the files' own fields."""
    left_alone: dict[str, int] = field(default_factory=dict)
    """Rows of the kinds of files that are recognised and deliberately not read, by kind."""


def identified(day: DayInput, accounts: pl.DataFrame) -> DayInput:
    """The day, each of its rows with the id of its account; `accounts` are all numbers and ids. A number that nobody has gets a number
    below 0 of its own. Hundreds of thousands of numbers are looked up once here: whoever compares rows afterwards compares whole numbers."""
    assert day.balances is not None
    assert day.trades is not None
    known = [rows.select("account_no").join(accounts, on="account_no", how="left", maintain_order="left") for rows in (day.balances, day.trades)]
    if any(ids["account_id"].null_count() for ids in known):
        nobody = pl.concat(ids.filter(pl.col("account_id").is_null()).select("account_no") for ids in known).unique(maintain_order=True)
        more = pl.concat([accounts, nobody.select("account_no", account_id=-1 - pl.int_range(pl.len(), dtype=pl.Int64))])
        known = [ids.select("account_no").join(more, on="account_no", how="left", maintain_order="left") for ids in known]
    day.balances, day.trades = (rows.with_columns(ids["account_id"]) for rows, ids in zip((day.balances, day.trades), known, strict=True))
    return day
