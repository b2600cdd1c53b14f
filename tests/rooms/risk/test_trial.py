"""Invited beside held out, by numbers worked by hand, by published ones, and by firms that are made with a known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.risk import trial
from portal.risk.comparing import FEWEST, Difference, cost_per


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090), ((6, 7, 2, 7), 0.0582, 0.8062), ((5, 56, 0, 29), -0.0381, 0.1926)],
)
def test_shares_have_the_interval_that_newcombe_published(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    """R. Newcombe, Statistics in Medicine 17 (1998), 873-890, table II, method 10."""
    found = trial.shares(*counts)
    assert (round(found.low or 0, 4), round(found.high or 0, 4)) == (low, high)


def test_means_have_welchs_interval_worked_by_hand() -> None:
    """1, 2, 3 (mean 2, variance 1) beside 0, 0, 4, 4 (mean 2, variance 16/3): standard error sqrt(1/3 + 4/3) = 1.29099, degrees of freedom
    (5/3)^2 / ((1/3)^2/2 + (4/3)^2/3) = 2.7778 / 0.648148 = 4.2857; Student's t at 97.5 % for 4.2857 is 2.7048."""
    found = trial.means(np.array([1.0, 2, 3]), np.array([0.0, 0, 4, 4]))
    assert found.value == 0
    assert found.high == pytest.approx(2.7048 * math.sqrt(5 / 3), abs=2e-3)
    assert found.low == pytest.approx(-2.7048 * math.sqrt(5 / 3), abs=2e-3)


def test_too_few_or_both_signs_tell_nothing() -> None:
    assert not trial.shares(10, 10, 0, FEWEST - 1).enough
    assert not trial.shares(FEWEST - 1, FEWEST - 1, 0, 100).tells
    assert trial.shares(100, 100, 0, FEWEST).tells
    both = trial.shares(90, 100, 88, 100)
    assert both.enough
    assert not both.tells
    assert trial.means(np.zeros(50), np.zeros(50)).low is None
    assert trial.shares(3, 5, 0, 0).low is None


def test_two_lists_are_each_compared_within_themselves() -> None:
    """Few of the first list left and few were held out; of the second both more. Thrown together, the invited would look worse than they are: 95 of 110
    beside 59 of 110. Within the lists there is no difference at all."""
    first, second = trial.shares(90, 100, 9, 10), trial.shares(5, 10, 50, 100)
    assert trial.shares(95, 110, 59, 110).tells
    together = trial.by_size([first, second])
    assert together.value == pytest.approx(0)
    assert not together.tells


def test_one_list_joined_is_itself() -> None:
    one = trial.shares(70, 100, 10, 25)
    together = trial.by_size([one, trial.shares(4, 5, 0, 0)])
    assert (together.invited, together.held) == (100, 25)
    assert (together.low, together.high) == (pytest.approx(one.low), pytest.approx(one.high))


def test_a_yuan_kept_has_a_price_only_where_something_was_kept() -> None:
    """60 invited clients kept 1,000.00 yuan each more (500.00 to 1,500.00): 60,000 yuan for 3,000 are 5 fen a yuan, between 3.3 and 10 fen."""
    told = Difference(60, 30, 100_000, 0, 50_000, 150_000)
    assert cost_per(300_000, trial.in_all([told])) == pytest.approx((300_000 / 9_000_000, 0.1, 0.05))
    assert cost_per(300_000, Difference(60, 30, 100_000, 0, -1, 150_000)) is None
    assert cost_per(300_000, Difference(60, FEWEST - 1, 100_000, 0, 50_000, 150_000)) is None
    assert cost_per(300_000, Difference(60, 30, -100_000, 0, -150_000, -50_000)) is None


@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_the_interval_holds_the_difference_and_turns_with_the_sides(size: int, other: int, data: st.DataObject) -> None:
    stayed, held = data.draw(st.integers(0, size)), data.draw(st.integers(0, other))
    found, turned = trial.shares(stayed, size, held, other), trial.shares(held, other, stayed, size)
    low, high = found.low or 0, found.high or 0
    assert -1 - 1e-9 <= low <= found.value + 1e-9
    assert found.value - 1e-9 <= high <= 1 + 1e-9
    assert high == pytest.approx(-(turned.low or 0))


@pytest.mark.parametrize(("invited", "held"), [(0.9, 0.9), (0.9, 0.75), (0.97, 0.95)])
def test_the_interval_of_shares_holds_the_truth_19_times_in_20(invited: float, held: float) -> None:
    chance = np.random.default_rng(7)
    made = zip(chance.binomial(170, invited, 1_500), chance.binomial(30, held, 1_500), strict=True)
    found = [trial.shares(int(one), 170, int(other), 30) for one, other in made]
    covered = np.mean([(one.low or 0) <= invited - held <= (one.high or 0) for one in found])
    assert 0.935 <= covered <= 0.985


def flows(chance: np.random.Generator, size: int, more: float = 0.0) -> np.ndarray:
    """Three of ten take money out, some of them very much; the others nothing."""
    return -chance.lognormal(9, 1.2, size) * (chance.random(size) < 0.3) + more


def test_where_an_invitation_does_nothing_one_in_twenty_evenings_at_most_is_said_to_help() -> None:
    """Welch's interval alone says so more often, because few clients take out very much: that is why drawing anew must agree."""
    chance = np.random.default_rng(11)
    found = [trial.means(flows(chance, 200), flows(chance, 40)) for _ in range(250)]
    by_welch = np.mean([not (one.low or 0) <= 0 <= (one.high or 0) for one in found])
    assert np.mean([one.tells for one in found]) <= 0.055 < by_welch


def test_a_real_effect_on_money_is_found() -> None:
    chance = np.random.default_rng(12)
    found = [trial.means(flows(chance, 200, more=15_000), flows(chance, 40)) for _ in range(60)]
    assert np.mean([one.tells for one in found]) > 0.8


def made_firm(chance: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clients of whom the keen stay anyway and come to evenings, and the others do neither much; an evening itself changes nothing. Returns who was
    invited, who came, who is still there."""
    keen = chance.random(size) < 0.5
    invited = chance.random(size) < 0.85
    came = invited & (chance.random(size) < np.where(keen, 0.6, 0.1))
    return invited, came, chance.random(size) < np.where(keen, 0.95, 0.7)


def compared(stays: np.ndarray, side: np.ndarray, among: np.ndarray) -> Difference:
    one, other = stays[side & among], stays[~side & among]
    return trial.shares(int(one.sum()), len(one), int(other.sum()), len(other))


def test_control_attendees_beside_absentees_would_praise_an_evening_that_does_nothing() -> None:
    chance, everybody = np.random.default_rng(3), np.ones(400, bool)
    misled = told = 0
    for _ in range(200):
        invited, came, stays = made_firm(chance, 400)
        told += compared(stays, invited, everybody).tells
        misled += compared(stays, came, invited).tells
    assert misled > 180, "comparing who came with who stayed away finds an effect that is none, nearly every time"
    assert told <= 16, "by the side that the lot gave, it is found in hardly one of twenty"
