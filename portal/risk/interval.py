"""How many of some clients will leave, and between which numbers in nine of ten cases. Pure, and light enough for a page."""

from __future__ import annotations

import numpy as np

from portal.risk.features import Real

TOGETHER = 0.05
"""How far clients who are asked at once decide alike (a correlation): stated, not learned."""
NINE_IN_TEN = 1.645


def interval_of(chances: Real, together: float = TOGETHER) -> tuple[float, float]:
    """Between how many of some clients will leave in nine of ten cases; `together` is how far they decide alike.

    >>> low, high = interval_of(np.full(40, 0.5))
    >>> (round(low), round(high))
    (11, 29)
    """
    each = chances * (1 - chances)
    spread = each.sum() * (1 - together) + together * np.sqrt(each).sum() ** 2
    reach = NINE_IN_TEN * float(np.sqrt(spread)) + 0.5
    return max(0.0, float(chances.sum()) - reach), float(chances.sum()) + reach
