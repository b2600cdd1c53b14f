"""How good probabilities were against what happened: pure numbers, each to be shown beside the naive rule and the base rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from portal.risk.features import Real
from portal.risk.interval import interval_of

Said = NDArray[np.bool_]
FEWEST = 10
"""So many clients under one departure, at least, make a what-if that is worth holding against what happened."""


@dataclass(frozen=True)
class Grades:
    """AUC, Brier score, the slope of the calibration (1 is right), and how much more often the riskiest tenth left than all; None: not to be told."""

    auc: float | None
    brier: float
    slope: float | None
    lift: float | None

    def plain(self) -> dict[str, float | None]:
        """As JSON."""
        return asdict(self)


def grades(said: Real, left: Said) -> Grades:
    """The grades of probabilities. Empty input and input of one kind alone have no AUC, slope or lift."""
    told = bool(left.any() and not left.all())
    brier = float(np.mean((said - left) ** 2)) if len(said) else 0.0
    return Grades(float(roc_auc_score(left, said)) if told else None, brier, slope(said, left) if told and len(np.unique(said)) > 2 else None, lift(said, left) if told else None)


def lift(said: Real, left: Said) -> float:
    """The share who left among the likeliest tenth over that of all; those tied at its edge count with their mean."""
    size = max(1, round(len(said) / 10))
    edge = np.sort(said)[-size]
    above, at = said > edge, said == edge
    share = (left[above].sum() + (size - above.sum()) * left[at].mean()) / size
    return float(share / left.mean())


def slope(said: Real, left: Said) -> float | None:
    """The slope of the log-odds of what happened on those of what was said (maximum likelihood); below 1: said too boldly; None where none is
    found. Who only says yes or no has none."""
    chance = np.clip(said, 1e-6, 1 - 1e-6)
    log_odds = np.log(chance / (1 - chance))

    def against(found: Real) -> tuple[float, Real]:
        told = found[0] + found[1] * log_odds
        error = 1 / (1 + np.exp(-told)) - left
        return float(np.mean(np.logaddexp(0, told) - left * told)), np.array([error.mean(), (error * log_odds).mean()])

    best = minimize(against, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[(-50, 50), (-50, 50)])
    return float(best.x[1]) if best.success else None


NAMES = {"model": "model", "naive": "naive rule", "best": "best", "hindsight": "hindsight", "base": "base rate"}


def lines_of(named: Mapping[str, Grades]) -> list[str]:
    """Grades as lines of text, who says it by NAMES."""
    lines = [f"{'':12}{'AUC':>8}{'Brier':>9}{'slope':>8}{'lift':>7}"]
    for name, one in named.items():
        cells = ["–" if value is None else f"{value:.{places}f}" for value, places in ((one.auc, 3), (one.brier, 4), (one.slope, 2), (one.lift, 2))]
        lines.append(f"{NAMES[name]:12}{cells[0]:>8}{cells[1]:>9}{cells[2]:>8}{cells[3]:>7}")
    return lines


def within(chances: Real, left: Said) -> tuple[int, int]:
    """Whether as many of some clients left as the interval said: 1 or 0 of 1; 0 of 0 where they are fewer than FEWEST."""
    if len(chances) < FEWEST:
        return 0, 0
    low, high = interval_of(chances)
    return int(low <= left.sum() <= high), 1
