"""The risk degree (风险度) of an account: margin ÷ equity, and what it means. Pure; the portal's own bands, not the firm's warning lines."""

from __future__ import annotations

import enum

from models.values.money import half_up

WATCH, TIGHT, CALL = 7_000, 9_000, 10_000
"""Where the bands begin, in hundredths of a per cent. At 100 % nothing is available; above, margin is missing."""


class Band(enum.StrEnum):
    """What a risk degree means for the client."""

    NOTHING_HELD = "nothing_held"
    CALM = "calm"
    WATCH = "watch"
    TIGHT = "tight"
    CALL = "call"
    NO_EQUITY = "no_equity"


def risk_degree(margin: int, equity: int) -> int | None:
    """margin ÷ equity in hundredths of a per cent, halves up; None where the equity is not above 0, so that a ratio says nothing.

    >>> risk_degree(632_500, 1_000_000), risk_degree(0, 100), risk_degree(5, 0)
    (6325, 0, None)
    """
    return half_up(margin * 10_000, equity) if equity > 0 else None


def band(margin: int, equity: int) -> Band:
    """Which band an account stands in. Decided on the exact amounts, not on the rounded ratio."""
    if margin <= 0:
        return Band.NOTHING_HELD if equity >= 0 else Band.NO_EQUITY
    if equity <= 0:
        return Band.NO_EQUITY
    scaled = margin * 10_000
    steps = ((CALL * equity, Band.CALL), (TIGHT * equity, Band.TIGHT), (WATCH * equity, Band.WATCH))
    return next((found for limit, found in steps if scaled > limit or (scaled == limit and found is not Band.CALL)), Band.CALM)
