"""Who stands out, by the written rule: tables of months and brokers, and the edges of each bound."""

from __future__ import annotations

import pytest

from portal.commission.outliers import Outlier, against_himself, in_the_firm, median, spread

YUAN = 100
STEADY = [10_000 * YUAN, 10_400 * YUAN, 9_600 * YUAN, 10_200 * YUAN, 9_900 * YUAN]


@pytest.mark.parametrize(
    ("earned", "history", "found"),
    [
        (10_100 * YUAN, STEADY, None),
        (20_000 * YUAN, STEADY, Outlier(2_000_000, 1_000_000, 200, 5)),
        (0, STEADY, Outlier(0, 1_000_000, 200, 5)),
        (20_000 * YUAN, STEADY[:2], None),
        (499 * YUAN, [0, 0, 0], None),
        (500 * YUAN, [0, 0, 0], Outlier(50_000, 0, 50, 3)),
        (11_749 * YUAN, [10_000 * YUAN] * 3, None),
        (11_751 * YUAN, [10_000 * YUAN] * 3, Outlier(1_175_100, 1_000_000, 35, 3)),
    ],
    ids=["usual", "twice", "nothing", "too few months", "too little", "little but from nothing", "just inside 3.5 times", "just outside"],
)
def test_against_himself(earned: int, history: list[int], found: Outlier | None) -> None:
    assert against_himself(earned, history) == found


def test_only_the_last_twelve_months_count() -> None:
    assert against_himself(10_000 * YUAN, [10_000 * YUAN] * 12 + [0] * 40) is None


def test_in_the_firm_it_takes_eight_brokers_and_some_fee() -> None:
    retained = dict.fromkeys(range(9), 10_000 * YUAN)
    earned = {**dict.fromkeys(range(8), 5_000 * YUAN), 8: 9_000 * YUAN}
    assert in_the_firm(earned, retained) == {8: Outlier(9_000, 5_000, 400, 9)}
    assert in_the_firm(earned, {broker: fee for broker, fee in retained.items() if broker > 1}) == {}
    assert in_the_firm({**earned, 9: 1}, {**retained, 9: 999 * YUAN}) == {8: Outlier(9_000, 5_000, 400, 9)}
    assert 8 not in in_the_firm({**earned, 8: 0}, retained), "who earns nothing has a flag of his own"


def test_the_middle_and_the_spread_are_whole_numbers() -> None:
    assert median([3, 1]) == 2
    assert median([-4, -1]) == -3
    assert spread([7, 7, 7], 5) == 5
