"""What being invited changed where nobody was held out by lot: each invited client beside one who was not invited and was like him in the time before (matched
pairs, and the difference of what changed in both). Pure, and computed by scipy.

Pairs are made within a class (same tier, same size), among neighbours of whom no fact differs by more than a caliper; which of them go together is the
assignment that is closest in all. What still differs within pairs is taken out by least squares (Rubin 1973, Abadie and Imbens 2011). Each partner is used once, so
that a pair counts as one (Abadie and Spiess 2022). The interval comes from the pairs: were the two of a pair alike but for chance, either could have been the invited
one, so the sides of pairs are swapped at random many times, and the interval holds every effect that such swaps do not refute.

This is no lot: it takes out what was known and matched, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

from portal.risk.wedge import DRAWS, SEED, Real, Whole, turned

FEWEST = 20
"""So many pairs, at least; with fewer, nothing is told."""
CALIPER = 0.5
"""How far a fact of two clients of a pair may be apart: in standard deviations of that fact."""
NEAREST = 24
"""Among so many neighbours a client's partner is looked for."""
UNLIKE = 0.25
"""Where the means of a fact are further apart than so many standard deviations after matching, the sides are not alike (Rubin 2001)."""
AT_ONCE = 2_000_000
"""Swaps that are drawn at once, so that memory stays the same however many pairs there are."""


@dataclass(frozen=True)
class Change:
    """How two sides of pairs changed: the mean change of each, the invited one's less the other's (`value`, what still differed taken out) with its 95 %
    interval, and how often chance alone brings as much."""

    pairs: int
    of_invited: float
    of_others: float
    value: float
    low: float
    high: float
    chance: float

    @property
    def enough(self) -> bool:
        """Whether there is anything to read."""
        return self.pairs >= FEWEST and bool(np.isfinite([self.value, self.low, self.high]).all())

    @property
    def tells(self) -> bool:
        """Whether it can be told that there is a difference."""
        return self.enough and (self.low > 0 or self.high < 0)


def spreads(invited: Real, others: Real) -> Real:
    """By fact the standard deviation that both sides have before matching, in which all distances are measured; 1 where nothing varies."""
    found = np.sqrt((invited.var(axis=0) + others.var(axis=0)) / 2)
    return np.where(found > 1e-12, found, 1.0)


def apart(invited: Real, others: Real, spread: Real) -> Real:
    """By fact how far the means of the sides are apart, in standard deviations (standardised difference)."""
    found: Real = (invited.mean(axis=0) - others.mean(axis=0)) / spread
    return found


def paired(invited: Real, others: Real, class_of: Whole, class_of_others: Whole) -> Whole:
    """The pairs, a row each: the place of an invited client and that of his partner. `invited`, `others`: client by fact; only clients of one class go together."""
    if not len(invited) or not len(others):
        return np.zeros((0, 2), np.int64)
    spread, found = spreads(invited, others), [np.zeros((0, 2), np.int64)]
    for key in np.intersect1d(class_of, class_of_others):
        mine, theirs = np.flatnonzero(class_of == key), np.flatnonzero(class_of_others == key)
        one, other = _assigned(invited[mine] / spread, others[theirs] / spread)
        found.append(np.column_stack([mine[one], theirs[other]]))
    joined = np.concatenate(found)
    return joined[np.argsort(joined[:, 0], kind="stable")]


def _assigned(mine: Real, theirs: Real) -> tuple[Whole, Whole]:
    """The closest assignment within one class. Each client may also go without a partner, which costs more than any pair, so that an assignment always exists."""
    size, facts = mine.shape
    near, place = cKDTree(theirs).query(mine, k=min(NEAREST, len(theirs)), p=np.inf, distance_upper_bound=CALIPER)
    near, place = near.reshape(size, -1), place.reshape(size, -1)
    row, column = np.nonzero(np.isfinite(near))
    partner = place[row, column]
    cost = 1 + ((mine[row] - theirs[partner]) ** 2).sum(axis=1)
    alone = np.full(size, 1 + 2 * facts * CALIPER**2)
    rows, columns = np.concatenate([row, np.arange(size)]), np.concatenate([partner, len(theirs) + np.arange(size)])
    one, other = min_weight_full_bipartite_matching(csr_matrix((np.concatenate([cost, alone]), (rows, columns)), shape=(size, len(theirs) + size)))
    found = other < len(theirs)
    return one[found], other[found]


def change(invited: Real, others: Real, gaps: Real, *, draws: int = DRAWS, seed: int = SEED) -> Change:
    """How much more the invited of pairs changed than their partners. `invited`, `others`: what changed, by pair; `gaps`: by pair and fact how far the two were
    apart before (standard deviations)."""
    pairs, facts = gaps.shape
    nothing = float("nan")
    mine, theirs = (float(side.mean()) if pairs else nothing for side in (invited, others))
    if pairs < facts + 3:
        return Change(pairs, mine, theirs, nothing, nothing, nothing, nothing)
    design = np.column_stack([np.ones(pairs), gaps])
    differ = invited - others
    by = np.linalg.lstsq(design, differ, rcond=None)[0]
    left = differ - design @ by
    # Fitting makes what is left too small, and its own doubt belongs to the interval: both are put back.
    wider = np.sqrt(pairs / max(1, pairs - facts - 1) * pairs * np.linalg.pinv(design.T @ design)[0, 0])
    shown = by[0] + left * wider
    swaps = _swapped(shown, draws, seed)
    low, high, chance = turned(float(by[0]), swaps[0], swaps[1])
    return Change(pairs, mine, theirs, float(by[0]), low, high, chance)


def _swapped(differ: Real, draws: int, seed: int) -> tuple[Real, Real]:
    """By draw the mean of the pairs' differences after swapping some pairs' sides at random, and the mean of the swaps' signs."""
    generator, parts = np.random.default_rng(seed), []
    step = max(1, AT_ONCE // max(1, len(differ)))
    for first in range(0, draws, step):
        signs = generator.integers(0, 2, (min(step, draws - first), len(differ)), dtype=np.int8) * 2.0 - 1
        parts.append((signs @ differ / len(differ), signs.mean(axis=1)))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
