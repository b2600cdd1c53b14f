"""What a month will have earned at its end: what is there, and what runs of days brought so far. Pure.

No curve is fitted. The days that are left are held against every run of as many settled days in a row that the broker had
lately: the middle run is the estimate, and eight runs of ten lay inside the range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 60
"""So many settled days are looked back on."""
FEWEST = 20
"""With fewer settled days nothing is estimated."""


@dataclass(frozen=True)
class Outlook:
    """What a month may have earned at its end, in fen: `middle`, and a range that eight of ten runs lay in.

    `days_left` trading days are missing; `looked_at` settled days and `runs` runs of as many days stand behind it.
    """

    so_far: int
    days_left: int
    low: int
    middle: int
    high: int
    looked_at: int
    runs: int


def outlook(so_far: int, amounts: Sequence[int], days_left: int) -> Outlook | None:
    """Estimate a month's end from `amounts`, what each settled day earned (fen, the newest last). None: too few days to say.

    A run is compared with a run of the same length, so there must be twice as many days as are left, and at least FEWEST.

    >>> outlook(1000, [10] * 30, 5)
    Outlook(so_far=1000, days_left=5, low=1050, middle=1050, high=1050, looked_at=30, runs=26)
    """
    if days_left == 0:
        return Outlook(so_far, 0, so_far, so_far, so_far, 0, 0)
    lately = list(amounts[-WINDOW:])
    if len(lately) < max(FEWEST, 2 * days_left):
        return None
    sums = sorted(sum(lately[start : start + days_left]) for start in range(len(lately) - days_left + 1))
    last = len(sums) - 1
    return Outlook(so_far, days_left, so_far + sums[last // 10], so_far + sums[last // 2], so_far + sums[last - last // 10], len(lately), len(sums))
