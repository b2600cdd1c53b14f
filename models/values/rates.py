"""Exact decimals: rates and shares, kept as whole numbers of a fixed small unit."""

from __future__ import annotations

import re

RATE_UNIT = 10**8
"""Rates have at most 8 decimals, so a rate is a whole number of hundred-millionths."""
SHARE_WHOLE = 10**6
"""Shares are percent with at most 4 decimals: 70 % is 700,000 parts per million."""

_DECIMAL = re.compile(r"([+-]?)(\d{1,18})(?:\.(\d+))?")


class NotARate(ValueError):
    """The text is no exact decimal of the expected form; the message says what was expected."""


def parse_decimal(text: str, places: int) -> int:
    """`text` as a whole number of 10**-places. Raises NotARate for anything but plain ASCII digits.

    >>> parse_decimal("0.0672", 8), parse_decimal("33.3333", 4)
    (6720000, 333333)
    """
    found = _DECIMAL.fullmatch(text)
    if not found or not text.isascii() or found[1] == "+":
        raise NotARate("a plain decimal number such as 0.0672")
    decimals = (found[3] or "").rstrip("0")
    if len(decimals) > places:
        raise NotARate(f"at most {places} decimals")
    value: int = int(found[2]) * 10**places + int((decimals + "0" * places)[:places] or "0")
    return -value if found[1] == "-" else value


def parse_rate(text: str) -> int:
    """A rate as hundred-millionths. Raises NotARate when negative or finer than 8 decimals."""
    value = parse_decimal(text, 8)
    if value < 0:
        raise NotARate("a rate of at least 0")
    return value


def parse_share(text: str) -> int:
    """A share in percent ("70") as parts per million. Raises NotARate outside 0 to 100."""
    value = parse_decimal(text, 4)
    if not 0 <= value <= SHARE_WHOLE:
        raise NotARate("a share from 0 to 100 percent")
    return value


def decimal_text(value: int, places: int) -> str:
    """The shortest plain text of `value` × 10**-places.

    >>> decimal_text(6720000, 8), decimal_text(700000, 4)
    ('0.0672', '70')
    """
    whole, fraction = divmod(abs(value), 10**places)
    tail = f"{fraction:0{places}d}".rstrip("0") if places else ""
    return f"{'-' if value < 0 else ''}{whole}{'.' + tail if tail else ''}"
