"""The staggered invitations, graded on made-up clients whose truth is known: the interval covers it, chance is not taken for an effect, and the naive reading errs."""

from __future__ import annotations

import numpy as np
import pytest

from portal.club.waves import sizes
from portal.risk import wedge
from portal.risk.wedge import Effect, Real, Whole, before_and_after, estimate, invited

CLIENTS, WAVES, TREND = 24, 4, 0.6
DRAWS = 199


def made(generator: np.random.Generator, effect: float, clients: int = CLIENTS) -> tuple[Real, Whole]:
    """Clients of very different sizes, times that go up for all, skewed noise that clings from period to period, and an effect from the wave on."""
    waves = generator.permutation(np.repeat(np.arange(1, WAVES + 1), sizes(clients, WAVES)))
    noise = generator.standard_exponential((clients, WAVES + 1)) - 1
    for period in range(1, WAVES + 1):
        noise[:, period] = 0.5 * noise[:, period - 1] + noise[:, period]
    table = generator.lognormal(1, 1, (clients, 1)) + TREND * np.arange(WAVES + 1)[None, :] + noise + effect * invited(waves, WAVES + 1)
    return table, waves


def many(effect: float, times: int = 400) -> list[tuple[Effect, float]]:
    generator = np.random.default_rng(7)
    found = [made(generator, effect) for _ in range(times)]
    return [(estimate(table, waves, draws=DRAWS), before_and_after(table, waves)) for table, waves in found]


def error(rate: float, times: int) -> float:
    """Three standard errors of a rate that is counted so many times."""
    return 3 * float(np.sqrt(rate * (1 - rate) / times))


def test_a_known_effect_lies_in_the_interval_as_often_as_promised_and_is_not_missed_in_the_middle() -> None:
    told = many(1.5)
    covered = np.mean([one.low <= 1.5 <= one.high for one, _naive in told])
    assert covered >= 0.95 - error(0.95, len(told))
    assert abs(float(np.mean([one.value for one, _naive in told])) - 1.5) < 0.1
    assert np.mean([one.tells for one, _naive in told]) > 0.5, "an effect of this size is seen more often than not"


def test_without_an_effect_chance_is_taken_for_one_no_more_often_than_allowed() -> None:
    told = many(0.0)
    assert np.mean([one.tells for one, _naive in told]) <= 0.05 + error(0.05, len(told))
    assert np.mean([one.chance <= 0.05 for one, _naive in told]) <= 0.05 + error(0.05, len(told))


def test_control_before_and_after_takes_what_the_times_did_for_an_effect() -> None:
    """The reading that the waves are there to avoid: with no effect at all it reports one, and the waves report none."""
    told = many(0.0)
    naive, true = (float(np.mean(values)) for values in zip(*[(after, one.value) for one, after in told], strict=True))
    assert naive > TREND
    assert abs(true) < 0.1


def test_control_without_the_periods_the_estimate_is_the_naive_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: periods are not taken out. The grade above catches it: the estimate is far from the truth."""
    monkeypatch.setattr(wedge, "within", lambda table: table - table.mean(axis=-1, keepdims=True))
    told = many(1.5, 100)
    assert float(np.mean([one.value for one, _naive in told])) - 1.5 > TREND / 2


def test_the_interval_is_the_test_turned_round_and_repeats_itself() -> None:
    """An effect inside the interval is not refuted by the draws, one outside is; and the same data gets the same answer."""
    table, waves = made(np.random.default_rng(3), 1.0)
    found = estimate(table, waves)
    assert estimate(table, waves) == found
    treated = invited(waves, WAVES + 1)
    width = found.high - found.low
    for effect, refuted in ((found.low + width / 100, False), (found.high - width / 100, False), (found.low - width / 50, True), (found.high + width / 50, True)):
        assert (estimate(table - effect * treated, waves).chance <= wedge.DOUBT) is refuted


def test_too_few_to_tell() -> None:
    generator = np.random.default_rng(1)
    table, waves = made(generator, 9.0, clients=4)
    assert not estimate(table, waves).tells
    assert not estimate(table[:1], waves[:1]).enough
    assert not estimate(table, np.ones(4, np.int64)).enough
    assert not estimate(np.zeros((24, 5)), made(generator, 0)[1]).tells
