"""How much goes with somebody: the expected equity and an interval around it. Pure.

Each account is taken to go along or to stay whole, independently of the others, with its own chance. So the interval says what chance alone
does; an offer that draws all of them at once makes it wider, and that is said where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DRAWS = 4_000
SEED = 20_260_401
"""The draws are the same each time: the same question has the same answer."""
MANY = 400
"""From so many accounts on the sum is as good as normal, and nothing is drawn."""
Z80 = 1.281552
"""Of the normal distribution between the tenth and the ninetieth per cent."""
PPM = 1_000_000


@dataclass(frozen=True)
class Stake:
    """Amounts in fen: what is exposed, what is expected to go, and between which amounts it lies in 80 of 100 cases."""

    exposed: int
    expected: int
    low: int
    high: int


def stake(equities: list[int], chances: list[int]) -> Stake:
    """What is at stake; `chances` in parts per million beside each equity (fen). A negative equity takes nothing along."""
    amounts = [max(one, 0) for one in equities]
    expected = sum(amount * chance // PPM for amount, chance in zip(amounts, chances, strict=True))
    low, high = _interval(np.array(amounts, dtype=np.float64), np.array(chances, dtype=np.float64) / PPM)
    return Stake(sum(equities), expected, min(low, expected), max(high, expected))


def _interval(amounts: np.ndarray, chances: np.ndarray) -> tuple[int, int]:
    if not amounts.size:
        return 0, 0
    if amounts.size >= MANY:
        middle, spread = float(amounts @ chances), float(np.sqrt((amounts**2) @ (chances * (1 - chances))))
        return max(0, round(middle - Z80 * spread)), min(round(float(amounts.sum())), round(middle + Z80 * spread))
    drawn = np.random.default_rng(SEED).random((DRAWS, amounts.size)) < chances
    low, high = np.quantile(drawn @ amounts, [0.1, 0.9], method="nearest")
    return round(float(low)), round(float(high))
