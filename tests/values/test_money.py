"""Money adds up: rounding, splitting and reading amounts."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values import money, rates
from models.values.money import NotMoney, half_up, parse_yuan, split, yuan
from models.values.rates import SHARE_WHOLE


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(money).failed == 0
    assert doctest.testmod(rates).failed == 0


def test_the_worked_examples_of_the_rules() -> None:
    assert split(823, [700_000, 200_000], SHARE_WHOLE) == [576, 165, 82]
    assert split(-823, [700_000, 200_000], SHARE_WHOLE) == [-576, -165, -82]
    assert half_up(576 * 9328 * 5, 10_000 * 10) == 269
    assert half_up(3 * 333_333 * 50, SHARE_WHOLE) == 50


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, SHARE_WHOLE), max_size=6))
def test_parts_add_up_and_none_is_a_fen_off_its_share(total: int, shares: list[int]) -> None:
    if sum(shares) > SHARE_WHOLE:
        with pytest.raises(ValueError, match="shares"):
            split(total, shares, SHARE_WHOLE)
        return
    parts = split(total, shares, SHARE_WHOLE)
    assert sum(parts) == total
    for part, share in zip(parts, shares, strict=False):
        assert abs(part * SHARE_WHOLE - total * share) < SHARE_WHOLE


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_half_up_is_nearest_and_symmetric(numerator: int, denominator: int) -> None:
    rounded = half_up(numerator, denominator)
    assert abs(2 * (rounded * denominator - numerator)) <= denominator
    assert half_up(-numerator, denominator) == -rounded


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_an_amount_written_is_read_back(fen: int) -> None:
    assert parse_yuan(yuan(fen)) == fen


@pytest.mark.parametrize("text", ["", " ", "NaN", "Infinity", "1E3", "1_0", "１２", "12,50", "1.234", "--1", "+1", ".5", "1.", "0x10", "1.0000", "−1", "10000000000000"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(NotMoney):
        parse_yuan(text)
