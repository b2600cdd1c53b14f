"""From what the firm's clients do on average to one client's chance, reason by reason: the same numbers as a score's drivers, as a bridge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

from portal.risk.hazard import MILLION, Weights

FAR = 60.0
"""Log-odds beyond which a chance is 0 or 1 in millionths."""
THOUSAND = 1000


class Step(NamedTuple):
    """A reason and by how much it moves the chance of leaving within 90 days (parts per million)."""

    name: str
    change: int


class Bridge(NamedTuple):
    """Where it begins (`base`, ppm), the reasons in order of their weight, and where it ends (ppm): the score as it is kept."""

    base: int
    steps: tuple[Step, ...]
    chance: int


def chance_at(intercepts: Sequence[int], shift: float) -> float:
    """The chance of leaving in the months ahead where `shift` is added to each month's log-odds."""
    stays = 1.0
    for intercept in intercepts:
        stays *= 1 - _logistic(intercept / MILLION + shift)
    return 1 - stays


def bridge(weights: Weights, drivers: Sequence[Sequence[Any]], probability: int) -> Bridge:
    """The bridge of a kept score: `drivers` as RiskScore keeps them, `probability` in ppm.

    Where it begins is found from where it ends, so that the steps add up to the score exactly."""
    total = sum(int(size) for _name, size, _value in drivers) / THOUSAND
    target = min(max(probability, 1), MILLION - 1) / MILLION
    shift: float = import_module("scipy.optimize").brentq(lambda at: chance_at(weights.intercepts, at) - target, -FAR, FAR, xtol=1e-10) - total
    base = at = round(chance_at(weights.intercepts, shift) * MILLION)
    steps = []
    for name, size, _value in drivers:
        shift += int(size) / THOUSAND
        reached = round(chance_at(weights.intercepts, shift) * MILLION)
        steps.append(Step(str(name), reached - at))
        at = reached
    if steps:
        steps[-1] = Step(steps[-1].name, steps[-1].change + probability - at)
    return Bridge(base if steps else probability, tuple(steps), probability)


def _logistic(log_odds: float) -> float:
    from_zero = min(max(log_odds, -FAR * 10), FAR * 10)
    return 1 / (1 + math.exp(-from_zero))
