"""What being invited changed where everybody is invited in the end, wave by wave in an order drawn by lot (stepped wedge). By intention to treat: a client counts
as invited from the day planned for his wave, whether or not he was reached or came. Pure.

The model has an effect for each client and one for each period, so that what the times did to all of them is taken out; the effect is what is left (in a balanced
panel: both means taken off, then least squares). With few clients no formula of large samples holds, so the interval comes from the lot itself: the order is drawn
anew many times with the same sizes of waves, and the interval holds every effect that such draws do not refute (Fisher; Hayes and Moulton 2017, Hughes et al.
2020). It assumes that an invitation does the same for everybody from his wave on, at once, and that no client's invitation reaches another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

FEWEST, FEWEST_WAVES = 8, 2
"""So many clients and waves, at least; with fewer, nothing is told."""
DRAWS, DOUBT, SEED = 1_999, 0.05, 20
"""How often the order is drawn anew, how often chance may bring as much, and the seed by which the same data gets the same answer."""


@dataclass(frozen=True)
class Effect:
    """What an invitation changed in a period (`value`), with its 95 % interval, and how often chance alone brings as much (`chance`). `enough`: clients and waves
    enough, and an interval that ends somewhere."""

    clients: int
    waves: int
    value: float
    low: float
    high: float
    chance: float

    @property
    def enough(self) -> bool:
        """Whether there is anything to read."""
        return self.clients >= FEWEST and self.waves >= FEWEST_WAVES and bool(np.isfinite([self.value, self.low, self.high]).all())

    @property
    def tells(self) -> bool:
        """Whether it can be told that there is an effect."""
        return self.enough and (self.low > 0 or self.high < 0)


def invited(wave_of: Whole, periods: int) -> Real:
    """Client by period, 1 from the period on that begins with his wave: period 0 is before the first wave (numbered 1).

    >>> invited(np.array([1, 2]), 3).tolist()
    [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]
    """
    return (np.arange(periods)[None, :] >= wave_of[:, None]).astype(np.float64)


def within(table: Real) -> Real:
    """A table without its clients' and its periods' means (and the mean of all once added)."""
    return np.asarray(table - table.mean(axis=-1, keepdims=True) - table.mean(axis=-2, keepdims=True) + table.mean(axis=(-2, -1), keepdims=True))


def estimate(outcomes: Real, wave_of: Whole, *, draws: int = DRAWS, seed: int = SEED) -> Effect:
    """The effect of being invited on an outcome (client by period), from the waves in which they were to be invited."""
    clients, periods = outcomes.shape
    waves = len(np.unique(wave_of))
    if clients < 2 or waves < 2:
        return Effect(clients, waves, *(float("nan"),) * 4)
    treated = within(invited(wave_of, periods))
    whole = float((treated**2).sum())
    value = float((treated * outcomes).sum() / whole)
    generator = np.random.default_rng(seed)
    orders = np.stack([generator.permutation(wave_of) for _ in range(draws)])
    anew = within((np.arange(periods)[None, None, :] >= orders[:, :, None]).astype(np.float64))
    low, high, chance_of = turned(value, np.tensordot(anew, outcomes, 2) / whole, np.tensordot(anew, treated, 2) / whole)
    return Effect(clients, waves, value, low, high, chance_of)


def turned(value: float, a: Real, c: Real) -> tuple[float, float, float]:
    """The test turned round: the least and the greatest effect that draws made anew do not refute, and how often such a draw shows as much as `value`.

    Were b the effect, the outcomes without it would show a - b·c under a draw, and value - b as it was: the draw allows b where its own figure is as large. Both
    sides are straight lines in b, so the span that a draw allows ends where they cross.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (value + a) / (1 + c), (value - a) / (1 - c)
    one, other = (np.where(np.isfinite(ends), ends, sign * np.inf) for ends, sign in ((one, -1), (other, 1)))
    chance = float((1 + (np.abs(a) >= abs(value) - 1e-12).sum()) / (len(a) + 1))
    spare = int(DOUBT * (len(a) + 1))  # so many draws at least must allow an effect for the interval to hold it
    return float(np.sort(np.minimum(one, other))[spare - 1]), float(np.sort(np.maximum(one, other))[-spare]), chance


def before_and_after(outcomes: Real, wave_of: Whole) -> float:
    """What would be read without a lot and without periods: the mean of invited client-periods less that of the others. It takes what the times did for an effect;
    here to be held against the effect."""
    treated = invited(wave_of, outcomes.shape[1]) > 0
    return float(outcomes[treated].mean() - outcomes[~treated].mean())
