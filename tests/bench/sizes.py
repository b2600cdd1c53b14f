"""What the reference firms are: their sizes, their month, their products, their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from portal.demo.calendar import trading_days
from portal.demo.noise import stream

DAYS = trading_days(date(2026, 3, 2), date(2026, 3, 31))
"""The 22 settled days of the month."""
MONTH = "2026-03"
SINCE = "2025-01-01"


@dataclass(frozen=True)
class Size:
    """How large a reference firm is, and its seed."""

    name: str
    accounts: int
    brokers: int
    branches: int
    staff: int
    seed: int

    def stream(self, name: str) -> int:
        """A stream of chance of this firm's own."""
        return stream(self.seed, name)


SIZES = {
    "S": Size("S", 20_000, 400, 20, 400, 1),
    "M": Size("M", 300_000, 5_000, 100, 4_000, 2),
    "XS": Size("XS", 600, 40, 3, 20, 3),
}
"""XS is for tests of the bench itself."""

_CODES = {
    "SHFE": "rb hc ag au cu al zn ni sn pb ru bu fu sp ss ao br",
    "INE": "sc lu nr bc ec",
    "DCE": "m y p a b c cs i j jm jd l v pp eg eb pg lh",
    "CZCE": "TA MA SR CF OI RM SA FG AP UR PK PF SM SF SH PX",
    "CFFEX": "IF IH T",
    "GFEX": "lc",
}
PRODUCTS = [(exchange, code) for exchange, codes in _CODES.items() for code in codes.split()]
"""60 products. The product at a place costs 2,000 + 137 × place yuan with a multiplier of 10."""
MULTIPLIER = 10


def exchange_rates(place: pl.Series | int) -> tuple[Any, Any]:
    """By money (hundred-millionths) and by lot (fen): every other product is charged by money, the rest by lot."""
    by_lot = (place % 2) * (100 + place * 5)
    return (1 - place % 2) * (2_000 + place * 100), by_lot


def account_numbers(size: Size) -> pl.Series:
    """Account numbers by place: text, some with a leading zero, some of twelve digits."""
    key = pl.int_range(0, size.accounts, dtype=pl.Int64, eager=True)
    plain = (key * 7 + 80_000_000).cast(pl.String)
    start = pl.when(key % 10 == 3).then(pl.lit("0")).when(key % 10 == 7).then(pl.lit("0199")).otherwise(pl.lit(""))
    return pl.select(pl.concat_str(start, plain)).to_series().alias("account_no")


def broker_numbers(firm: Size) -> pl.Series:
    """Broker numbers by place; their order as text is their order."""
    return numbered(firm.brokers, "broker_no", "B{:05d}")["broker_no"]


def numbered(count: int, column: str, form: str) -> pl.DataFrame:
    """A column of numbers by place."""
    return pl.DataFrame({column: [form.format(place + 1) for place in range(count)]})


def keys(size: Size) -> pl.Series:
    """The places of a firm's accounts."""
    return pl.int_range(0, size.accounts, dtype=pl.Int64, eager=True).alias("key")
