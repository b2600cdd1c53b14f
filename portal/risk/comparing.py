"""Two sides compared, and what may be told of it. Pure, and without the libraries that compute it."""

from __future__ import annotations

from dataclasses import dataclass

FEWEST = 20
"""So many clients on each side, at least; with fewer, nothing is told."""


@dataclass(frozen=True)
class Difference:
    """Two sides: how many clients, what is measured of each, and invited less held out with its 95 % interval (None: there is none to be had)."""

    invited: int
    held: int
    of_invited: float
    of_held: float
    low: float | None
    high: float | None
    agreed: bool = True
    """Whether drawing the sides anew agrees that it is no chance."""

    @property
    def value(self) -> float:
        """Invited less held out."""
        return self.of_invited - self.of_held

    @property
    def enough(self) -> bool:
        """Whether both sides have clients enough."""
        return min(self.invited, self.held) >= FEWEST and self.low is not None

    @property
    def tells(self) -> bool:
        """Whether it can be told that there is a difference: clients enough, and an interval with one sign alone."""
        return self.enough and self.agreed and self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def cost_per(cost: int, gained: Difference) -> tuple[float, float, float | None] | None:
    """What one unit of what inviting brought in all cost: least, most and as estimated. None where it cannot be told that it brought anything; a cost has
    no error, so its interval is that of the gain turned over.

    >>> cost_per(1_000, Difference(50, 50, 400.0, 0.0, 200.0, 500.0))
    (2.0, 5.0, 2.5)
    """
    if not gained.tells or gained.low is None or gained.high is None or gained.low <= 0:
        return None
    return cost / gained.high, cost / gained.low, cost / gained.value
