"""What being invited changed, by intention to treat: everybody counts on the side that the lot gave him, whether or not he came. Pure.

Shares are compared by Newcombe's interval (two Wilson intervals joined, his method 10), means by Welch's t, both of scipy; several lists of an
event are joined by the same rule that joins two intervals (MOVER: Zou and Donner 2008). Amounts are so skewed that Welch's interval is somewhat
narrow at these sizes: a difference of means is told only where drawing the sides anew, many times over, agrees (a permutation test).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest, permutation_test, ttest_ind

from portal.risk.comparing import Difference
from portal.risk.features import Real

LEVEL = 0.95
DRAWS, DOUBT, SEED = 1_999, 0.05, 20
"""How often the sides are drawn anew, how often chance may bring as much, and the seed by which the same data gets the same answer."""


def shares(stayed: int, invited: int, stayed_held: int, held: int) -> Difference:
    """The share of each side that did something (stayed), compared.

    >>> shares(56, 70, 48, 80).value
    0.2...
    """
    if not invited or not held:
        return Difference(invited, held, stayed / invited if invited else math.nan, stayed_held / held if held else math.nan, None, None)
    of_invited, of_held = stayed / invited, stayed_held / held
    one, other = (binomtest(count, size).proportion_ci(LEVEL, "wilson") for count, size in ((stayed, invited), (stayed_held, held)))
    low = of_invited - of_held - math.hypot(of_invited - one.low, other.high - of_held)
    return Difference(invited, held, of_invited, of_held, float(low), float(of_invited - of_held + math.hypot(one.high - of_invited, of_held - other.low)))


def means(invited: Real, held: Real) -> Difference:
    """The mean of each side, compared; no interval where a side is one client or all of both are alike."""
    sizes = (len(invited), len(held))
    of_invited, of_held = (float(np.mean(side)) if len(side) else math.nan for side in (invited, held))
    if min(sizes) < 2 or not (np.ptp(invited) or np.ptp(held)):
        return Difference(*sizes, of_invited, of_held, None, None)
    found = ttest_ind(invited, held, equal_var=False).confidence_interval(LEVEL)
    agreed = True
    if found.low > 0 or found.high < 0:
        agreed = permutation_test((invited, held), _apart, vectorized=True, n_resamples=DRAWS, rng=SEED).pvalue < DOUBT
    return Difference(*sizes, of_invited, of_held, float(found.low), float(found.high), bool(agreed))


def _apart(one: Real, other: Real, axis: int = 0) -> Any:
    return one.mean(axis=axis) - other.mean(axis=axis)


def joined(parts: Sequence[Difference], weights: Sequence[float]) -> Difference:
    """Differences of several lists as one, each compared within itself and then weighed; lists with nobody on one side say nothing."""
    told = [(part, weight) for part, weight in zip(parts, weights, strict=True) if part.invited and part.held]
    invited, held = sum(part.invited for part, _ in told), sum(part.held for part, _ in told)
    if not told:
        return Difference(sum(part.invited for part in parts), 0, math.nan, math.nan, None, None)
    of_invited, of_held = sum(weight * part.of_invited for part, weight in told), sum(weight * part.of_held for part, weight in told)
    if any(part.low is None for part, _ in told):
        return Difference(invited, held, of_invited, of_held, None, None)
    below = math.hypot(*(weight * (part.value - (part.low or 0)) for part, weight in told))
    above = math.hypot(*(weight * ((part.high or 0) - part.value) for part, weight in told))
    return Difference(invited, held, of_invited, of_held, of_invited - of_held - below, of_invited - of_held + above, all(part.agreed for part, _ in told))


def by_size(parts: Sequence[Difference]) -> Difference:
    """Lists as one, each weighed by its clients on both sides."""
    sizes = [part.invited + part.held if part.invited and part.held else 0 for part in parts]
    return joined(parts, [size / max(1, sum(sizes)) for size in sizes])


def in_all(parts: Sequence[Difference]) -> Difference:
    """What inviting brought in all (not a client): each list's difference of means times its invited clients."""
    return joined(parts, [part.invited for part in parts])
