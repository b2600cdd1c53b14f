"""The engine's arithmetic over frames against the plain values, and tiers against fractions: equal to the last fen."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.values.money import half_up, split
from models.values.rates import RATE_UNIT, SHARE_WHOLE
from portal.commission import price, tiers
from portal.commission.attribute import split_amounts
from portal.commission.terms import Terms, Tiers
from portal.commission.tiers import result_of
from tests.profiles import PROFILE

YUAN = RATE_UNIT
"""One yuan, or one lot, as a measure is counted."""
FEN = RATE_UNIT // 100

Fact = tuple[int, list[int]]


@st.composite
def shares(draw: st.DrawFn) -> list[int]:
    """Shares of one account that do not pass the whole."""
    left, found = SHARE_WHOLE, []
    for _ in range(draw(st.integers(1, 6))):
        share = draw(st.one_of(st.integers(0, left), st.sampled_from([0, 1, 333_333, 333_334, 500_000, SHARE_WHOLE]).filter(lambda share, left=left: share <= left)))
        found.append(share)
        left -= share
    return found


AMOUNTS = st.one_of(st.integers(-100, 100), st.integers(-(10**15), 10**15), st.sampled_from([0, 1, -1, SHARE_WHOLE // 2, -(10**17) + 1, 10**17 + 1]))
FACTS = st.lists(st.tuples(AMOUNTS, shares()), min_size=1, max_size=6)


def split_by_frame(facts: list[Fact], order: list[int]) -> list[list[int]]:
    """The parts by the engine, by fact and broker; `order` shuffles the rows."""
    rows = [(fact, b, share, len(parts), amount) for fact, (amount, parts) in enumerate(facts) for b, share in enumerate(parts)]
    rows = [row for _, row in sorted(zip(order * len(rows), rows, strict=False), key=lambda pair: pair[0])]
    schema = {"account": pl.Int32, "b": pl.Int32, "share": pl.Int64, "owners": pl.UInt16, "amount": pl.Int64}
    found = split_amounts(pl.DataFrame(rows, schema=schema, orient="row"), "amount", ["account"])
    parts = {(row["account"], row["b"]): row["part"] for row in found.iter_rows(named=True)}
    assert len(parts) == found.height == len(rows)
    return [[parts[fact, b] for b in range(len(shared))] for fact, (_, shared) in enumerate(facts)]


@PROFILE
@given(FACTS, st.lists(st.integers(0, 9), min_size=5, max_size=5))
@example([(1, [500_000]), (-1, [500_000]), (1, [500_000, 500_000]), (-1, [333_333, 333_333, 333_334]), (2, [250_000, 250_000, 500_000])], [3, 1, 4, 1, 5])
def test_a_fact_is_split_over_frames_as_the_rule_splits_it(facts: list[Fact], order: list[int]) -> None:
    assert split_by_frame(facts, order) == [split(amount, parts, SHARE_WHOLE)[:-1] for amount, parts in facts]


WIDE = st.integers(-(2**124), 2**124)
"""Numerators as wide as the products of amounts, shares and rates ever get, and more."""


@st.composite
def quotients(draw: st.DrawFn) -> tuple[int, int]:
    """A numerator and a denominator whose quotient fits 64 bits; often exactly between two wholes."""
    below = draw(st.one_of(st.integers(1, 100), st.integers(1, 10**30), st.sampled_from([SHARE_WHOLE * FEN, SHARE_WHOLE * RATE_UNIT, RATE_UNIT**2])))
    if draw(st.booleans()):
        above = draw(WIDE)
        return (above, below) if abs(above) < below * 2**62 else (above % below, below)
    whole = draw(st.integers(-min(2**61, 2**122 // below), min(2**61, 2**122 // below)))
    return whole * below + draw(st.sampled_from([0, 1, -1, below // 2, below // 2 + 1, -(below // 2), -(below // 2) - 1])), below


def rounded_by_frame(pairs: list[tuple[int, int]]) -> list[int]:
    """The engine's rounding of a column of quotients."""
    frame = pl.DataFrame({"above": [above for above, _ in pairs], "below": [below for _, below in pairs]}, schema={"above": pl.Int128, "below": pl.Int128})
    return frame.select(price.half_up(pl.col("above"), pl.col("below")).alias("rounded"))["rounded"].to_list()


@PROFILE
@given(st.lists(quotients(), min_size=1, max_size=20))
@example([(5, 2), (-5, 2), (1, 2), (-1, 2), (0, 7)])
def test_a_column_is_rounded_as_a_number_is(pairs: list[tuple[int, int]]) -> None:
    assert rounded_by_frame(pairs) == [half_up(above, below) for above, below in pairs]


@PROFILE
@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=20), st.integers(1, 2**61))
def test_a_column_is_rounded_by_one_denominator(above: list[int], below: int) -> None:
    frame = pl.DataFrame({"above": above}, schema={"above": pl.Int128})
    found = frame.select(price.half_up(pl.col("above"), below).alias("rounded"))["rounded"].to_list()
    assert found == [half_up(one, below) for one in above]


UNITS = {"retained_fee": FEN, "average_equity": FEN, "lots": RATE_UNIT // SHARE_WHOLE}
"""What one of the smallest units that are summed is in a measure: a fen, or a millionth of a lot."""


@st.composite
def tier_terms(draw: st.DrawFn, mode: str) -> tuple[Terms, int, int]:
    """Terms with tiers, a number of days, and a sum whose measure lies at random or on, just below or just above a threshold."""
    fen = st.integers(0, 10**6).map(lambda amount: amount * FEN)
    thresholds = sorted(draw(st.sets(st.one_of(st.sampled_from([0, YUAN, 30 * YUAN, 30 * YUAN + 1]), fen, st.integers(0, 10**14)), min_size=1, max_size=5)))
    rates = draw(st.lists(st.one_of(st.integers(0, RATE_UNIT), st.sampled_from([40_000_000, 33_333_333, 1])), min_size=len(thresholds), max_size=len(thresholds)))
    measure = "retained_fee" if mode == "marginal" else draw(st.sampled_from(list(UNITS)))
    made = Tiers(measure, mode, tuple(zip(thresholds, rates, strict=True)))
    kept = draw(st.one_of(st.sampled_from([RATE_UNIT, RATE_UNIT - 6_720_000, 0]), st.integers(0, RATE_UNIT)))
    days = draw(st.integers(1, 23)) if measure == "average_equity" else 20
    met = st.sampled_from(thresholds).map(lambda threshold: threshold // UNITS[measure] * (days if measure == "average_equity" else 1))
    summed = draw(st.one_of(st.tuples(met, st.integers(-2, 2)).map(sum), st.integers(-(10**9), 10**9)))
    return Terms(kept, tiers=made), summed, days


def naive_measure(of: Tiers, summed: int, days: int) -> Fraction:
    """The measure in yuan or lots; the mean equity is whole fen, what is left over is dropped."""
    if of.measure == "lots":
        return Fraction(summed, SHARE_WHOLE)
    return Fraction(floor(Fraction(summed, days)) if of.measure == "average_equity" else summed, 100)


def naive_half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2)) if value >= 0 else -floor(-value + Fraction(1, 2))


def naive_marginal(of: Tiers, kept: int, yuan: Fraction) -> int:
    """T in fen: each slice of the measure in yuan times its rate, less deductions, rounded once."""
    starts = [Fraction(threshold, YUAN) for threshold, _ in of.steps]
    ends: list[Fraction | None] = [*starts[1:], None]
    total = Fraction(0)
    for (_, rate), start, end in zip(of.steps, starts, ends, strict=True):
        upper = yuan if end is None or yuan < end else end
        if upper > start:
            total += (upper - start) * Fraction(rate, RATE_UNIT)
    return naive_half_up(total * Fraction(kept, RATE_UNIT) * 100)


@PROFILE
@given(tier_terms("marginal"))
@example((Terms(RATE_UNIT, tiers=Tiers("retained_fee", "marginal", ((0, 40_000_000), (30 * YUAN, 55_000_000)))), 3_000, 20))
def test_marginal_tiers_add_up_slice_by_slice(drawn: tuple[Terms, int, int]) -> None:
    terms, summed, days = drawn
    assert terms.tiers is not None
    result = result_of(terms, summed, 1, days)
    yuan = naive_measure(terms.tiers, summed, days)
    reached = yuan > 0 and yuan >= Fraction(terms.tiers.steps[0][0], YUAN)
    assert result.below_first == (not reached)
    assert result.total == (naive_marginal(terms.tiers, terms.kept, yuan) if reached else 0)
    assert Fraction(result.above, result.below) == (Fraction(result.total, summed) if reached else 0)


@PROFILE
@given(tier_terms("whole"))
@example((Terms(RATE_UNIT, tiers=Tiers("lots", "whole", ((0, 40_000_000), (30 * YUAN, 55_000_000)))), 30 * SHARE_WHOLE, 20))
def test_a_whole_rate_is_that_of_the_last_threshold_reached(drawn: tuple[Terms, int, int]) -> None:
    terms, summed, days = drawn
    assert terms.tiers is not None
    result = result_of(terms, summed, 1, days)
    measure = naive_measure(terms.tiers, summed, days)
    reached = [rate for threshold, rate in terms.tiers.steps if Fraction(threshold, YUAN) <= measure] if measure > 0 else []
    assert result.below_first == (not reached)
    assert Fraction(result.above, result.below) == (Fraction(terms.kept, RATE_UNIT) * Fraction(reached[-1], RATE_UNIT) if reached else 0)


class TestControls:
    """Planted faults that the properties must find."""

    def test_half_to_even_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def half_even(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
            return (numerator.cast(pl.Float64) / denominator).round(mode="half_to_even").cast(pl.Int64)

        monkeypatch.setattr(price, "half_up", half_even)
        with pytest.raises(AssertionError):
            test_a_column_is_rounded_as_a_number_is()

    def test_a_threshold_that_must_be_passed_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        true = tiers.measured

        def passed(kind: str, summed: int, days: int) -> int:
            return true(kind, summed, days) - 1

        monkeypatch.setattr(tiers, "measured", passed)
        with pytest.raises(AssertionError):
            test_a_whole_rate_is_that_of_the_last_threshold_reached()

    def test_a_fen_left_over_that_always_goes_to_the_first_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def first(total: int, parts: list[int], whole: int) -> list[int]:
            floors = [abs(total) * part // whole for part in parts]
            floors[0] += abs(total) - sum(floors) - abs(total) * (whole - sum(parts)) // whole
            return [part if total >= 0 else -part for part in floors] + [0]

        monkeypatch.setitem(globals(), "split", first)
        with pytest.raises(AssertionError):
            test_a_fact_is_split_over_frames_as_the_rule_splits_it()
