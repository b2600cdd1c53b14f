"""How unevenly a sum is spread over those who hold it: what the largest hold, the Herfindahl-Hirschman index, the Lorenz curve.

Pure arithmetic on whole numbers: nothing here asks the database or knows the web.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LARGEST = (1, 5, 10)
"""Of how many of the largest the share is told."""


@dataclass(frozen=True)
class Concentration:
    """How unevenly a sum is spread. Shares are hundredths of a per cent, rounded down; `index` is the Herfindahl-Hirschman index (0 to 10,000).

    `curve` holds the share (hundredths of a per cent) of the smallest 0, 5, 10 … 100 % of the holders: the Lorenz curve. `held` is what the
    largest hold, in the unit of the amounts.
    """

    total: int
    holders: int
    top: dict[int, int]
    index: int
    curve: list[int]
    held: dict[int, int]

    @property
    def evenly(self) -> int:
        """Of how many equal holders this index would be."""
        return as_of_equals(self.index)

    @property
    def grade(self) -> str:
        """`low`, `middle` or `high`: below 1,000, below 1,800, and above."""
        return grade_of(self.index)


def as_of_equals(index: int) -> int:
    """Of how many equal holders an index would be; 0 for nobody."""
    return max(1, round(10_000 / index)) if index else 0


def grade_of(index: int) -> str:
    """`low`, `middle` or `high`: below 1,000, below 1,800, and above (the marks that competition authorities use)."""
    return "low" if index < 1_000 else "middle" if index < 1_800 else "high"


def concentration(values: Sequence[int]) -> Concentration | None:
    """The concentration of amounts; what is not above 0 holds nothing. None where nothing is held."""
    held = sorted((value for value in values if value > 0), reverse=True)
    total = sum(held)
    if not total:
        return None
    largest = {count: sum(held[:count]) for count in LARGEST}
    top = {count: value * 10_000 // total for count, value in largest.items()}
    index = (sum(value * value for value in held) * 10_000 * 2 + total * total) // (total * total * 2)
    rising, curve = held[::-1], []
    sums = [0]
    for value in rising:
        sums.append(sums[-1] + value)
    for step in range(21):
        curve.append(sums[len(rising) * step // 20] * 10_000 // total)
    return Concentration(total, len(held), top, index, curve, largest)
