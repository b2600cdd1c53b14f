"""A window that follows corrections says what one made anew says, and reads only the days that changed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlalchemy import select

from models import db
from models.rollups import AccountWindow
from portal.jobs.refresh import renew_windows
from portal.settlement import windows
from portal.settlement.windows import Made, Read, corrected, window
from tests import make

Book = dict[date, tuple[dict[int, tuple[int, int, int]], dict[int, tuple[int, int]]]]
"""By day: balances (equity, deposit, withdrawal) and trades (fee, exchange fee) of accounts."""
LAST = date(2026, 6, 30)
BALANCE = {"account_id": pl.Int64, "equity": pl.Int64, "deposit": pl.Int64, "withdrawal": pl.Int64}
TRADE = {"account_id": pl.Int64, "fee": pl.Int64, "exchange_fee": pl.Int64}


def drawn(draw: random.Random) -> tuple[dict[int, tuple[int, int, int]], dict[int, tuple[int, int]]]:
    held = {key: (draw.randrange(10_000), draw.choice((0, 0, 300)), draw.choice((0, 0, 200))) for key in range(1, 6) if draw.random() < 0.8}
    return held, {key: (draw.randrange(50, 90), draw.randrange(40)) for key in held if draw.random() < 0.2}


def reader(book: Book, asked: list[date]) -> Read:
    def read(one: date, with_trades: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        asked.append(one)
        held, traded = book.get(one, ({}, {}))
        rows = [(key, *amounts) for key, amounts in traded.items()] if with_trades else []
        return pl.DataFrame([(key, *amounts) for key, amounts in held.items()], schema=BALANCE, orient="row"), pl.DataFrame(rows, schema=TRADE, orient="row")

    return read


def last_trades(book: Book, day: date, accounts: Sequence[int]) -> pl.DataFrame:
    days = [one for one in sorted(book) if windows.since(day, windows.FEE) <= one <= day]
    found = {key: max((one for one in days if key in book[one][1]), default=None) for key in accounts}
    return pl.DataFrame([(key, one) for key, one in found.items() if one], schema={"account_id": pl.Int64, "traded_on": pl.Date}, orient="row")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(0, 3))
def test_corrected_days_are_taken_out_and_put_in(seed: int, corrections: int, later: int) -> None:
    draw = random.Random(seed)
    book: Book = {LAST - timedelta(days=draw.randrange(1, 400)): drawn(draw) for _ in range(40)} | {LAST: drawn(draw)}
    before = Made(LAST, 1, window(LAST, sorted(book), reader(book, [])))
    new = dict(book)
    inside = [one for one in sorted(book) if one >= windows.since(LAST, windows.FEE)]
    changed = sorted({*draw.sample(inside, min(corrections, len(inside))), *([LAST] if draw.random() < 0.3 else [])})
    missing = LAST - timedelta(days=draw.randrange(1, 300))
    changed = sorted({*changed, missing})  # a day may also come in late
    for one in changed:
        new[one] = drawn(draw)
    asked: list[date] = []
    rows = corrected(before, changed, reader(book, asked), reader(new, asked), lambda accounts: last_trades(new, LAST, accounts))
    assert_frame_equal(rows, window(LAST, sorted(new), reader(new, [])))
    assert sorted(asked) == sorted(changed * 2), "only what changed is read"
    for place in range(later):
        new[LAST + timedelta(days=1 + place * 20)] = drawn(draw)
    day = max(new)
    assert_frame_equal(window(day, sorted(new), reader(new, []), Made(LAST, 2, rows)), window(day, sorted(new), reader(new, [])))


MONDAY, TUESDAY, WEDNESDAY = "2026-01-05", "2026-01-06", "2026-01-07"
CLIENTS = {"10001": ("1000.00", "0.00"), "10002": ("500.00", "0.00"), "10003": ("300.00", "0.00")}


def trade(account: str, fee: str) -> tuple[str, ...]:
    return account, "SHFE", "rb", "3", "96000.00", fee, "4.12"


@pytest.mark.usefixtures("database")
def test_what_is_kept_follows_every_file_that_comes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trade is cancelled, a client vanishes from a day, a day comes in late and the newest one is corrected: each time what is kept is what the days say."""
    whole: list[date] = []
    made_anew = windows.window
    monkeypatch.setattr(windows, "window", lambda day, settled, read, before=None: (whole.append(day) if before is None else None, made_anew(day, settled, read, before))[1])
    make.accepted(make.firm(tmp_path / "firm", accounts=("10001", "10002", "10003")))
    steps = [
        (MONDAY, CLIENTS, [trade("10001", "12.35"), trade("10002", "8.00")]),
        (WEDNESDAY, CLIENTS, [trade("10003", "9.00"), trade("10001", "9.00")]),
        (WEDNESDAY, CLIENTS, [trade("10003", "9.00")]),  # 10001's last trade is Monday's again
        (MONDAY, {name: CLIENTS[name] for name in ("10001", "10002")}, [trade("10001", "20.00")]),
        (TUESDAY, {**CLIENTS, "10001": ("980.00", "0.00")}, [trade("10002", "1.00")]),
        (WEDNESDAY, {"10001": ("980.00", "0.00"), "10002": ("499.00", "0.00")}, []),
    ]
    for place, (day, clients, trades) in enumerate(steps):
        make.accepted(make.day(tmp_path / str(place), day, clients, trades), replace=True)
        assert windows.is_stale()
        renew_windows()
        assert not windows.is_stale()
        count = len(whole)
        assert windows.differences() == []
        assert len(whole) == count + 1, "the control: what is compared with was made anew"
    kept = db.session.execute(select(AccountWindow.trade_date).order_by(AccountWindow.trade_date)).scalars().all()
    assert kept == [date(2026, 1, 5), date(2026, 1, 7)]
    assert len(whole) == 1 + len(steps), "made anew once: when there was none, beside the comparisons"
