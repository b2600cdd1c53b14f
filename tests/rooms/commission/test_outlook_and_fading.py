"""What a month will come to, whom to call, what changed, what lapses: pure rules, in the trade's own tables."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.columns import OPEN_END
from portal.commission.changes import Moved, Turned, changes
from portal.commission.fading import BOOK_DAY, DAYS, Fading, Reason, Why, fading
from portal.commission.lapses import _covered_until
from portal.commission.outlook import FEWEST, WINDOW, Outlook, outlook

FIRST = date(2026, 1, 5)


def test_a_steady_broker_is_told_one_number() -> None:
    assert outlook(5_000, [100] * 40, 10) == Outlook(5_000, 10, 6_000, 6_000, 6_000, 40, 31)


def test_a_month_that_is_over_has_earned_what_it_earned() -> None:
    assert outlook(777, [], 0) == Outlook(777, 0, 777, 777, 777, 0, 0)


@pytest.mark.parametrize(("days", "left"), [(FEWEST - 1, 1), (30, 16), (0, 5)])
def test_too_few_days_give_no_number(days: int, left: int) -> None:
    assert outlook(0, [100] * days, left) is None


@given(st.lists(st.integers(-(10**6), 10**6), min_size=FEWEST, max_size=120), st.integers(1, 10), st.integers(-(10**9), 10**9))
def test_the_estimate_lies_in_its_range_and_the_range_in_what_happened(amounts: list[int], left: int, so_far: int) -> None:
    found = outlook(so_far, amounts, left)
    assert found is not None
    lately = amounts[-WINDOW:]
    runs = [sum(lately[start : start + left]) for start in range(len(lately) - left + 1)]
    assert min(runs) <= found.low - so_far <= found.middle - so_far <= found.high - so_far <= max(runs)
    inside = sum(found.low <= so_far + run <= found.high for run in runs)
    assert inside * 10 >= len(runs) * 8


def book(**clients: tuple[tuple[int, int, int], tuple[int, int, int]]) -> pl.DataFrame:
    """Two windows of days: client (a1 → account 1) → for each window (equity in yuan, deposits − withdrawals of its first day, lots a day)."""
    rows = []
    for name, windows in clients.items():
        for place, (equity, paid_in, lots) in enumerate(windows):
            for day in range(DAYS):
                on = FIRST + timedelta(days=place * DAYS + day)
                rows.append((int(name[1:]), on, equity * 100, paid_in * 100 if day == 0 else 0, lots, lots * 50))
    return pl.DataFrame(rows, schema=BOOK_DAY, orient="row")


def test_who_fades_is_named_with_the_numbers_that_say_so() -> None:
    found = fading(
        book(
            a1=((100_000, 0, 10), (100_000, 0, 10)),  # steady
            a2=((100_000, 0, 10), (100_000, 0, 5)),  # half the lots
            a3=((100_000, 0, 10), (100_000, 0, 0)),  # silent
            a4=((100_000, 0, 0), (69_000, -31_000, 0)),  # took a third out
            a5=((100_000, 0, 0), (70_000, 0, 0)),  # sank by exactly 30 %
            a6=((9_000, 0, 10), (1_000, -8_000, 0)),  # too small to look at
            a7=((100_000, 0, 10), (100_000, 0, 6)),  # less, but not by half
        )
    )
    assert found == [
        Fading(3, 10_000_000, 10_000, (Reason(Why.SILENT, 20, 0),)),
        Fading(2, 10_000_000, 5_000, (Reason(Why.SLOWED, 200, 100),)),
        Fading(5, 7_000_000, 0, (Reason(Why.SANK, 10_000_000, 7_000_000),)),
        Fading(4, 6_900_000, 0, (Reason(Why.WITHDREW, 10_000_000, 3_100_000), Reason(Why.SANK, 10_000_000, 6_900_000))),
    ]


def test_nobody_is_called_before_there_are_two_windows_of_days() -> None:
    whole = book(a1=((100_000, 0, 10), (100_000, 0, 0)))
    assert fading(whole.filter(pl.col("day") > FIRST)) == []
    assert len(fading(whole)) == 1


def test_a_client_who_came_half_way_is_not_compared() -> None:
    whole = book(a1=((100_000, 0, 10), (100_000, 0, 10)), a2=((100_000, 0, 10), (100_000, 0, 0)))
    assert fading(whole.filter((pl.col("account") == 1) | (pl.col("day") > FIRST + timedelta(days=5)))) == []


def day_of(*rows: tuple[int, int, str, int | None]) -> pl.DataFrame:
    """A day of a book: (account, share, state, equity)."""
    schema = {"account": pl.Int64, "share": pl.Int64, "state": pl.String, "equity": pl.Int64, "paid_in": pl.Int64, "gain": pl.Int64, "fee": pl.Int64}
    return pl.DataFrame([(*row, 1, 2, 3) for row in rows], schema=schema, orient="row")


def test_what_changed_between_two_days() -> None:
    before = day_of((1, 100, "pending", 500), (2, 100, "confirmed", 500), (3, 100, "confirmed", 500), (4, 50, "confirmed", None))
    now = day_of((1, 100, "confirmed", 500), (3, 100, "confirmed", 900), (4, 60, "confirmed", 100), (5, 100, "pending", 7))
    found = changes(before, now)
    assert (found.came, found.went) == ([5], [2])
    assert found.turned == [Turned(1, 100, 100, "pending", "confirmed"), Turned(4, 50, 60, "confirmed", "confirmed")]
    assert found.moved == [Moved(3, 500, 900, 1, 2, 3)]
    assert not found.nothing
    assert changes(now, now).nothing


def test_a_span_that_goes_on_in_another_does_not_lapse() -> None:
    day = date(2026, 3, 10)
    ends, later = date(2026, 4, 1), date(2026, 9, 1)
    assert _covered_until([(FIRST, ends, "a")], day) == (ends, "a")
    assert _covered_until([(FIRST, ends, "a"), (ends, later, "b")], day) == (later, "b")
    assert _covered_until([(FIRST, ends, "a"), (date(2026, 4, 2), later, "b")], day) == (ends, "a")
    assert _covered_until([(FIRST, OPEN_END, "a"), (FIRST, ends, "b")], day) == (OPEN_END, "a")
    assert _covered_until([(later, OPEN_END, "a")], day) == (OPEN_END, "")
