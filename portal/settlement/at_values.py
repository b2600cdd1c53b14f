"""The values that may stand in the firm's daily files, and text columns turned into whole numbers. Nothing here is a float."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from babel.numbers import list_currencies

SIDES = {"B": "B", "S": "S", "买": "B", "卖": "S"}
OPEN, CLOSE, CLOSE_TODAY, CLOSE_YESTERDAY = "open", "close", "close_today", "close_yesterday"
OPEN_CLOSE = {
    "O": OPEN,
    "C": CLOSE,
    "T": CLOSE_TODAY,
    "开": OPEN,
    "平": CLOSE,
    "平今": CLOSE_TODAY,
    "平昨": CLOSE_YESTERDAY,
    "强平": CLOSE,
    "强减": CLOSE,
    "本地强平": CLOSE,
}
HEDGE = {name: name for name in ("S", "H", "A", "投机", "套保", "套利", "一般", "做市商")}
EXCHANGES = {
    **{"S": "SHFE", "Z": "CZCE", "D": "DCE", "J": "CFFEX", "N": "INE", "G": "GFEX"},
    **{name: name for name in ("SHFE", "CZCE", "DCE", "CFFEX", "INE", "GFEX")},
    **{"上期所": "SHFE", "郑商所": "CZCE", "大商所": "DCE", "中金所": "CFFEX", "能源中心": "INE", "广期所": "GFEX"},
}
CNY = "CNY"
CURRENCIES = {**{code: code for code in sorted(list_currencies())}, "RMB": CNY, "人民币": CNY}
"""Every ISO code is known; only CNY is counted."""

NUMBER = r"^-?[0-9]{1,13}(\.[0-9]{1,3})?$"
LOTS = r"^[0-9]{1,9}(\.0{1,3})?$"
_FUTURE = r"^[A-Za-z]{1,8}[0-9]{3,4}[A-Z]?$"
_OPTION = r"^[A-Za-z]{1,8}[0-9]{3,4}-?(MS-?)?[CP]-?[0-9]+(\.[0-9]+)?$"


def known(name: str, values: Mapping[str, str]) -> pl.Expr:
    """A text column by a table of values; null where the table does not have it."""
    return pl.col(name).replace_strict(list(values), list(values.values()), default=None, return_dtype=pl.String)


def thousandths(name: str) -> pl.Expr:
    """A text column as whole thousandths (of a yuan); null where it is no plain number with up to 3 decimals."""
    text = pl.col(name)
    return pl.when(text.str.contains(NUMBER)).then(text).cast(pl.Decimal(18, 3), strict=False).to_physical().cast(pl.Int64)


def whole_lots(name: str) -> pl.Expr:
    """A text column (`3` or `3.000`) as whole lots; null where it is something else."""
    text = pl.col(name)
    return pl.when(text.str.contains(LOTS)).then(text.str.replace(r"\..*", "")).cast(pl.Int64, strict=False)


def half_up(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """numerator ÷ denominator (> 0) to the nearest whole, halves away from zero; both whole numbers.

    Where a product may pass 64 bits, hand in a 128-bit numerator; the quotient is 64 bits, null where it does not fit.
    """
    magnitude = ((numerator.abs() * 2 + denominator) // (denominator * 2)).cast(pl.Int64, strict=False)
    return pl.when(numerator < 0).then(-magnitude).otherwise(magnitude)


def products(instruments: pl.DataFrame) -> pl.DataFrame:
    """Add `product` to a frame with `exchange` and `instrument`: the leading letters, `_o` for an option except on CFFEX; null where neither shape fits.

    An option is letters, digits, [-]C|P[-], strike (m2605-C-3000, SR605C5800); a short-dated series has MS before the C or P.
    """
    name = pl.col("instrument")
    letters = name.str.extract(r"^([A-Za-z]+)")
    option = pl.when(pl.col("exchange") == "CFFEX").then(letters).otherwise(letters + "_o")
    return instruments.with_columns(pl.when(name.str.contains(_OPTION)).then(option).when(name.str.contains(_FUTURE)).then(letters).alias("product"))
