"""Withholding of income tax from labour remuneration (劳务报酬预扣), one payment per month (commission rules §6.7).

Source: 国家税务总局公告 2018 年第 61 号 (in force from 2019-01-01), as quoted by the commission rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from models.values.money import half_up


@dataclass(frozen=True)
class WithholdingTable:
    """One dated table. Amounts in fen, rates in percent; a bracket is (taxable up to, rate, quick deduction)."""

    valid_from: date
    free: int
    flat_up_to: int
    flat_allowance: int
    kept_percent: int
    brackets: tuple[tuple[int | None, int, int], ...]


TABLES = (WithholdingTable(date(2019, 1, 1), 80_000, 400_000, 80_000, 80, ((2_000_000, 20, 0), (5_000_000, 30, 200_000), (None, 40, 700_000))),)
"""Newest last. Before the first table's day the first one is used: the earlier law gave the same amounts."""


def withhold(payment: int, on: date) -> int:
    """The tax in fen on a payment of `payment` fen, by the table valid on a day; rounded once, at the end.

    >>> [withhold(fen, date(2026, 3, 31)) for fen in (80_000, 300_000, 400_000, 1_000_000, 3_000_000, 8_000_000)]
    [0, 44000, 64000, 160000, 520000, 1860000]
    """
    table = next((table for table in reversed(TABLES) if table.valid_from <= on), TABLES[0])
    if payment <= table.free:
        return 0
    # Hundredths of a fen, so that the 80 % stay exact until the one rounding.
    taxable = (payment - table.flat_allowance) * 100 if payment <= table.flat_up_to else payment * table.kept_percent
    for limit, percent, quick in table.brackets:
        if limit is None or taxable <= limit * 100:
            return half_up(taxable * percent - quick * 10_000, 10_000)
    raise AssertionError("the last bracket has no limit")
