"""What accounts came to over the last days: a window that grew day by day is the one that is added up at once."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from portal.settlement.windows import WINDOW, Made, since, window

START = date(2025, 1, 1)
BALANCES = {"account_id": pl.Int64, "equity": pl.Int64, "deposit": pl.Int64, "withdrawal": pl.Int64}
TRADES = {"account_id": pl.Int64, "fee": pl.Int64, "exchange_fee": pl.Int64}
fen = st.integers(-1000, 1000)
held = st.dictionaries(st.integers(1, 4), st.tuples(fen, fen, fen), max_size=4)
traded = st.lists(st.tuples(st.integers(1, 4), fen, fen), max_size=4)
firm = st.dictionaries(st.integers(0, 500), st.tuples(held, traded), min_size=1, max_size=14)
"""By days after START: balances by account (equity, deposit, withdrawal), and trades (account, fee, exchange fee)."""


def by_hand(days: dict[date, tuple], day: date) -> list[tuple]:
    """The same, account by account and day by day."""
    rows = []
    for account in range(1, 5):
        equities = {one: balances[account] for one, (balances, _) in days.items() if since(day, 90) <= one <= day and account in balances}
        fees = [(one, fee - charged) for one, (_, trades) in days.items() if since(day, 365) <= one <= day for who, fee, charged in trades if who == account]
        if equities or fees:
            paid = [(one, deposit - withdrawal) for one, (_, deposit, withdrawal) in equities.items()]
            month = sum(amount for one, amount in paid if one >= since(day, 30))
            total, whole = sum(row[0] for row in equities.values()), sum(amount for _, amount in paid)
            last = max((one for one, _ in fees), default=None)
            rows.append((account, equities.get(day, (0,))[0], total, len(equities), month, whole, sum(fee for _, fee in fees), last))
    return rows


@given(firm)
def test_a_window_that_grew_is_the_one_added_up_at_once(books: dict[int, tuple]) -> None:
    days = {START + timedelta(days=place): book for place, book in sorted(books.items())}

    def read(one: date, with_trades: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        balances, trades = days[one]
        rows = [(account, *amounts) for account, amounts in balances.items()]
        return pl.DataFrame(rows, schema=BALANCES, orient="row"), pl.DataFrame(trades if with_trades else [], schema=TRADES, orient="row")

    grown: Made | None = None
    for day in days:
        rows = window(day, list(days), read, grown)
        assert rows.schema == WINDOW
        assert rows.rows() == window(day, list(days), read).rows() == by_hand(days, day)
        grown = Made(day, 0, rows)
