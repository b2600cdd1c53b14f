"""Money: integer fen, one rounding, one split without loss. Nothing here is a float.

Source of the rules: the firm's commission rules, "Amounts", §2 Split.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

FEN_LIMIT = 10**15
"""Amounts at or above ten thousand billion yuan are taken for a mistake."""

_YUAN = re.compile(r"([+-]?)(\d{1,14})(?:\.(\d+))?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


class NotMoney(ValueError):
    """The text is no amount in yuan; the message says what was expected."""


def half_up(numerator: int, denominator: int) -> int:
    """numerator ÷ denominator to the nearest whole, halves away from zero (四舍五入).

    >>> half_up(5, 2), half_up(-5, 2), half_up(2686464, 10000)
    (3, -3, 269)
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def split(total: int, shares: Sequence[int], whole: int) -> list[int]:
    """Split `total` over `shares` (parts of `whole`) and the house, by largest remainder (§2).

    Returns one part per share in the given order, the house's last; the parts add up to `total`.
    Raises ValueError where the shares pass the whole or one is negative.

    >>> split(823, [700_000, 200_000], 1_000_000)
    [576, 165, 82]
    """
    if any(share < 0 for share in shares) or sum(shares) > whole:
        raise ValueError("shares must be at least 0 and at most the whole together")
    weights = [*shares, whole - sum(shares)]
    magnitude = abs(total)
    floors = [magnitude * weight // whole for weight in weights]
    remainders = [magnitude * weight % whole for weight in weights]
    left_over = magnitude - sum(floors)
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left_over]:
        floors[index] += 1
    return floors if total >= 0 else [-part for part in floors]


def parse_yuan(text: str, *, spreadsheet: bool = False) -> int:
    """The fen of an amount in yuan with up to 3 decimals, whose third must be 0.

    In a spreadsheet thousands commas and a leading + are tolerated. Only ASCII digits count: no NaN, no exponent,
    no full-width digit. Raises NotMoney.

    >>> parse_yuan("12.35"), parse_yuan("-0.010"), parse_yuan("+1,234.5", spreadsheet=True)
    (1235, -1, 123450)
    """
    return parse_thousandths(text, spreadsheet=spreadsheet, whole_fen=True) // 10


def parse_thousandths(text: str, *, spreadsheet: bool = False, whole_fen: bool = False) -> int:
    """The thousandths of a yuan of an amount with up to 3 decimals. Raises NotMoney."""
    value = text.strip() if spreadsheet else text
    if spreadsheet and _GROUPED.fullmatch(value):
        value = value.replace(",", "")
    found = _YUAN.fullmatch(value)
    if not found or not value.isascii() or (found[1] == "+" and not spreadsheet):
        raise NotMoney("an amount in yuan such as 1234.50")
    sign, whole, decimals = found[1], int(found[2]), found[3] or ""
    significant = decimals.rstrip("0")
    if len(significant) > (2 if whole_fen else 3) or (len(decimals) > 3 and not spreadsheet):
        raise NotMoney("at most 2 decimals (a third must be 0)" if whole_fen else "at most 3 decimals")
    thousandths = whole * 1000 + int((significant + "000")[:3])
    if thousandths >= FEN_LIMIT * 10:
        raise NotMoney("an amount below 10,000,000,000,000 yuan")
    return -thousandths if sign == "-" else thousandths


def yuan(fen: int) -> str:
    """An amount as the portal's own files write it: 1234.50, -0.01.

    >>> yuan(-1), yuan(123450)
    ('-0.01', '1234.50')
    """
    whole, cents = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{cents:02d}"
