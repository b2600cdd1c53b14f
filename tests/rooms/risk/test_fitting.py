"""What the model learns from: which months, how freely, and who stands for whom."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from portal.risk import fitting
from portal.risk.features import FEATURES, Frame
from portal.risk.hazard import probability
from portal.risk.panel import Example
from portal.risk.truth_grades import hindsight

FIRST = date(2026, 1, 2)
UNTIL = FIRST + timedelta(days=365)


def weeks(accounts: int, weeks: int, shift: float) -> list[Example]:
    """Clients of whom those with much lost go more often (log-odds -4 + shift × downs a month), at week ends; everything else about them is chance."""
    draw = np.random.default_rng(7)
    values = draw.normal(size=(accounts, len(FEATURES))) * 0.2
    downs = draw.exponential(0.5, accounts)
    values[:, FEATURES.index("downs")] = downs
    chance = 1 / (1 + np.exp(4 - shift * downs))
    months = draw.geometric(chance)
    left = np.where(months < 12, FIRST.toordinal() + months * 30 - draw.integers(0, 30, accounts), 0)
    found = []
    for week in range(weeks):
        on = FIRST + timedelta(days=7 * week)
        here = (left == 0) | (left > on.toordinal())
        people = pl.DataFrame({"account_id": np.flatnonzero(here)})
        found.append(Example(on, Frame(people, values[here]), left[here], np.zeros(int(here.sum()), np.int64)))
    return found


def test_what_drives_leaving_is_learned_and_chance_is_held_small() -> None:
    weights, seen = fitting.fitted(weeks(2500, 12, 1.5), UNTIL)
    assert weights is not None
    assert seen > fitting.ENOUGH
    named = dict(zip(FEATURES, weights.vector, strict=True))
    assert named["downs"] == pytest.approx(1.5, abs=0.3)
    assert max(abs(value) for name, value in named.items() if name != "downs") < 0.5


def test_too_few_losses_teach_nothing() -> None:
    weights, seen = fitting.fitted(weeks(300, 4, 1.0), UNTIL)
    assert weights is None
    assert 0 < seen < fitting.ENOUGH


def test_one_of_many_who_stay_stands_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firm of four times as many accounts as are learned from whole: a quarter of the rows, and nearly the same chances."""
    held = weeks(4000, 5, 1.5)
    whole, _ = fitting.rows_of(held, UNTIL)
    taught, _ = fitting.fitted(held, UNTIL)
    monkeypatch.setattr(fitting, "MANY", 1000)
    thinned, _ = fitting.rows_of(held, UNTIL)
    thin, _ = fitting.fitted(held, UNTIL)
    assert whole is not None
    assert thinned is not None
    assert taught is not None
    assert thin is not None
    assert thinned.left.sum() == whole.left.sum()
    assert len(thinned.left) < 0.6 * len(whole.left)
    assert thinned.weight.sum() == pytest.approx(whole.weight.sum(), rel=0.05)
    one, other = (probability(weights, held[0].frame.values).mean() for weights in (taught, thin))
    assert one == pytest.approx(other, rel=0.05)


def test_a_strength_is_tried_on_months_that_began_after_what_it_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the earlier months and the later ones say opposite things, the most cautious strength wins; where both say the same, a freer one does."""
    rows, _ = fitting.rows_of(weeks(3000, 16, 2.0), UNTIL)
    assert rows is not None
    cut = float(np.quantile(rows.begin, fitting.EARLIER))
    assert rows.part(rows.end <= cut).end.max() <= rows.part(rows.begin >= cut).begin.min()
    free = fitting.strength(rows)
    turned = rows.design.copy()
    turned[rows.begin >= cut] *= -1
    assert fitting.strength(fitting.replace(rows, design=turned)) == min(fitting.STRENGTHS) < free


def test_hindsight_orders_what_it_was_taught_at_least_as_well() -> None:
    held = weeks(2000, 1, 2.0)[0]
    left = held.left > 0
    told = hindsight(held.frame.values, left)
    assert told[left].mean() > told[~left].mean()
    assert hindsight(held.frame.values, np.zeros(len(left), bool)).max() == 0
