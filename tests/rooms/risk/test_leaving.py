"""The walk over all accounts says of each what the rule says of it alone."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from portal.risk.leaving import Walk
from portal.risk.outcomes import Day, outcome

FIRST = date(2025, 3, 3)


@st.composite
def lives(draw: st.DrawFn) -> list[dict[int, tuple[int, int, bool]]]:
    """Days of one account by number: equity, net deposit (fen), traded. Settled days lie one to three days apart; on some it is not there."""
    count = draw(st.integers(1, 140))
    steps = st.tuples(st.sampled_from([0, 50_000, 99_999, 100_000, 400_000, 1_000_000]), st.sampled_from([0, 0, 0, -800_000, -400_000, -90_000, 60_000, 500_000]), st.booleans())
    calm = draw(st.integers(0, 100))
    held: dict[int, tuple[int, int, bool]] = {}
    for number in range(count):
        one = draw(steps) if draw(st.integers(0, 100)) >= calm else (draw(st.sampled_from([50_000, 500_000])), 0, False)
        if draw(st.integers(0, 20)):
            held[number] = one
    return [held]


@given(st.lists(lives(), min_size=1, max_size=4), st.integers(1, 3), st.integers(0, 90), st.sampled_from([None, 10, 200]))
def test_the_walk_equals_the_rule(several: list[list[dict[int, tuple[int, int, bool]]]], apart: int, later: int, closes: int | None) -> None:
    accounts = [life[0] for life in several]
    ids = np.array([7 + 3 * place for place in range(len(accounts))], np.int64)
    days = [FIRST + timedelta(days=apart * number) for number in range(140)]
    last = max((max(held, default=0) for held in accounts), default=0)
    until, walk = days[last] + timedelta(days=later), Walk(ids)
    for number in range(last + 1):
        rows = [(int(one), *held[number]) for one, held in zip(ids, accounts, strict=True) if number in held]
        schema = {"account_id": pl.Int64, "equity": pl.Int64, "net": pl.Int64, "traded": pl.Boolean}
        frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(deposit=pl.col("net").clip(0), withdrawal=(-pl.col("net")).clip(0))
        walk.add(days[number], frame, frame.filter("traded"))
    closed_on = None if closes is None else days[0] + timedelta(days=closes)
    found = walk.leavings(until, np.full(len(ids), 0 if closed_on is None else closed_on.toordinal()))
    for place, held in enumerate(accounts):
        alone = outcome([Day(days[number], *one) for number, one in sorted(held.items())], closed_on, until)
        told = (alone.on.toordinal() if alone.on else 0, alone.open_from.toordinal() if alone.open_from else 0)
        assert (int(found.left[place]), int(found.open_from[place])) == told
