"""What pricing a month needs to know, as plain columns. Pure data: the engine never asks the database.

Brokers are numbered by `b`, their rank by broker_no compared byte by byte, because the split's ties go by that order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from models.values.calendar import Month
from portal.commission.terms import Terms

NO_VERSION = -1
"""In place of a plan version's id where none counts."""

BROKERS = {"b": pl.Int32, "broker_id": pl.Int64, "broker_no": pl.String, "person": pl.Boolean}
ATTRIBUTIONS = {
    "account": pl.Int32,
    "b": pl.Int32,
    "share": pl.Int64,
    "reason": pl.UInt8,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "confirmed_on": pl.Date,
    "attribution": pl.Int64,
}
"""`reason` is 0 for confirmed, else Reason.attribution_pending or .attribution_suspended; `confirmed_on` may be empty."""
STANDING = {"b": pl.Int32, "day": pl.Date, "reason": pl.UInt8, "plan": pl.Int32, "version": pl.Int32}
"""One row per broker and settled day: the first of the four reasons about the broker himself; plan −1 without agreement."""
TIES = {"b": pl.Int32, "account": pl.Int32, "valid_from": pl.Date, "valid_to": pl.Date, "reason": pl.UInt8}
"""Reason.self_account or .related_account for a broker and an account over a span."""
UPLINES = {"b": pl.Int32, "upline": pl.Int32, "valid_from": pl.Date, "valid_to": pl.Date}
TRADES = {"account": pl.Int32, "pid": pl.Int32, "lots": pl.Int64, "turnover": pl.Int64, "fee": pl.Int64, "exchange_fee": pl.Int64}
EQUITY = {"account": pl.Int32, "equity": pl.Int64}
PRODUCTS = {"pid": pl.Int32, "exchange": pl.String, "product": pl.String}


@dataclass
class Day:
    """The facts of one settled day: TRADES and EQUITY."""

    day: date
    trades: pl.DataFrame
    equity: pl.DataFrame


@dataclass
class MonthFacts:
    """A month as known at one recording. `load` reads one settled day as known at a recording; days are read one by one to bound memory."""

    month: Month
    known: int
    days: list[date]
    load: Callable[[date, int], Day]
    brokers: pl.DataFrame
    attributions: pl.DataFrame
    standing: pl.DataFrame
    ties: pl.DataFrame
    uplines: pl.DataFrame
    terms: dict[int, Terms]
    plan_of_version: dict[int, int]
    products: Callable[[], pl.DataFrame]
    """PRODUCTS met so far; complete once every day was loaded."""
    spellings: Callable[[], list[tuple[str, str]]]
    """Every exchange and product met so far as spelled, in order: more than PRODUCTS where one came in two spellings."""
    month_end: pl.DataFrame
    """STANDING of the month's last calendar day."""
