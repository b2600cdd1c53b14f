"""The master file of what the exchanges charge."""

from __future__ import annotations

from itertools import pairwise

from models.settlement import ExchangeFee
from portal.fields import Expected, number, rate
from portal.masters import Field, Line, MasterFile
from portal.partners.files import SPAN
from portal.refusals import Findings
from portal.spans import by

EXCHANGES = ("SHFE", "CZCE", "DCE", "CFFEX", "INE", "GFEX")
RATES = ("open_by_money", "open_by_lot", "close_by_money", "close_by_lot", "close_today_by_money", "close_today_by_lot")
LARGEST_RATE = 10**15
"""Ten million yuan a lot: more is a mistake."""


def exchange(value: str) -> str:
    """One of the six futures exchanges, in capitals."""
    if value.upper() in EXCHANGES and value.isascii():
        return value.upper()
    raise Expected("unknown_word", " / ".join(EXCHANGES))


def product(value: str) -> str:
    """A product or instrument as written."""
    if len(number(value)) > 32:
        raise Expected("too_long", "at most 32 characters")
    return value


def fee_rate(value: str) -> int:
    """A rate of an exchange, as hundred-millionths."""
    if rate(value) > LARGEST_RATE:
        raise Expected("bad_number", "a rate below 10,000,000")
    return rate(value)


def no_overlap_without_case(lines: list[Line], file: str, findings: Findings) -> None:
    """Refuse two rates of one product on one day; products are compared without case."""
    folded = [Line(line.number, {**line.values, "product": line.values["product"].upper()}) for line in lines]
    for rows in by(folded, ("exchange", "product")).values():
        rows.sort(key=lambda row: row.values["valid_from"])
        for before, row in pairwise(rows):
            if row.values["valid_from"] < before.values["valid_to"]:
                findings.refuse("spans_overlap", file, row.number, field="valid_from", found=row.values["valid_from"], expected=f"line {before.number}: one rate on each day")


EXCHANGE_FEES = MasterFile(
    "exchange_fees.csv",
    ExchangeFee,
    (Field("exchange", exchange), Field("product", product), *SPAN, *(Field(name, fee_rate) for name in RATES)),
    ("exchange", "product", "valid_from"),
    dated=True,
    checks=(no_overlap_without_case,),
)

FILES = (EXCHANGE_FEES,)
