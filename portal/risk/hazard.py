"""The model: a client's hazard in each of the next three months, the probability of 90 days composed of them, and the reasons.

Weights are whole millionths, so that a version is the same numbers everywhere: log-odds of month k = intercept k + sum of weight × value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.risk.features import FEATURES, REASONS, Real

MILLION = 1_000_000
MONTHS = 3


@dataclass(frozen=True)
class Weights:
    """A version's numbers: an intercept for each month ahead, and of each feature its weight and the firm's mean; all in millionths."""

    intercepts: tuple[int, ...]
    weights: Mapping[str, int]
    means: Mapping[str, int]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {"intercepts": list(self.intercepts), "weights": dict(self.weights), "means": dict(self.means)}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Weights:
        """From JSON."""
        return cls(tuple(kept["intercepts"]), kept["weights"], kept["means"])

    @property
    def vector(self) -> Real:
        """The weights in the order of FEATURES."""
        return np.array([self.weights.get(name, 0) for name in FEATURES]) / MILLION

    @property
    def middle(self) -> Real:
        """The firm's means in the order of FEATURES."""
        return np.array([self.means.get(name, 0) for name in FEATURES]) / MILLION


# Stated, not learned: half a per cent of clients a month; who stops trading, draws money out, loses much or has lost his person leaves sooner.
PRIORS = Weights(
    (-6_100_000, -6_100_000, -6_100_000),
    {
        "size": -100_000, "idle": 600_000, "slower": 400_000, "missed": 200_000, "withdrawn_30": 1_500_000, "withdrawn_90": 600_000, "deposited_30": -500_000,
        "loss_30": 300_000, "loss_90": 300_000, "downs": 1_000_000, "streak": 300_000, "margin_calls": 400_000, "tenure": -400_000, "by_broker": 200_000,
        "single_contact": 200_000, "silence": 700_000, "reached": -200_000, "fee_level": 200_000, "fee_above": 300_000, "ties": -200_000,
        "event": 1_000_000, "event_broker": 400_000, "event_ties": -500_000, "event_reached": -500_000, "event_tenure": -200_000, "event_fresh": 1_500_000,
    },
    {},
)  # fmt: skip


def probability(weights: Weights, values: Real) -> Real:
    """The probability of leaving within the next three months (90 days)."""
    line = values @ weights.vector
    stays = np.ones(len(values))
    for intercept in weights.intercepts:
        stays = stays * (1 - 1 / (1 + np.exp(-(line + intercept / MILLION))))
    found: Real = 1 - stays
    return found


def follow(weights: Weights, plain: Real, event: Real) -> Real:
    """The probability of going along: what the event adds among those who would have stayed without it."""
    stays, stays_then = 1 - probability(weights, plain), 1 - probability(weights, event)
    found: Real = np.clip(1 - stays_then / np.maximum(stays, 1e-12), 0, 1)
    return found


def millionths(values: Real) -> NDArray[np.int64]:
    """Probabilities as whole parts per million."""
    return np.clip(np.rint(values * MILLION), 0, MILLION).astype(np.int64)


def base(weights: Weights) -> float:
    """The log-odds of the first month for somebody who is like the firm's mean in everything."""
    return float(weights.intercepts[0] / MILLION + weights.middle @ weights.vector)


def reasons(weights: Weights, values: Real) -> tuple[tuple[str, ...], Real]:
    """The reasons, and by client what each adds to `base`, in log-odds; with `base` they sum to the first month's log-odds."""
    names = tuple(dict.fromkeys(REASONS.values()))
    parts = (values - weights.middle) * weights.vector
    summed = np.zeros((len(values), len(names)))
    for place, name in enumerate(FEATURES):
        summed[:, names.index(REASONS[name])] += parts[:, place]
    return names, summed
