"""平今: which lots of a close count as close-today. Each row is a fill in file order and the lots expected."""

from __future__ import annotations

import random

import polars as pl
import pytest

from portal.settlement.close_today import close_today_lots

FLAGS = {"O": "open", "C": "close", "T": "close_today", "Y": "close_yesterday"}


def lots_of(*fills: str) -> list[int]:
    """`B O 5` or, for another account, instrument or exchange, `B O 5 a m2605 DCE`."""
    rows = [[*fill.split(), *["a", "m2605", "DCE"][max(0, len(fill.split()) - 3) :]] for fill in fills]
    frame = pl.DataFrame(
        [(account, exchange, instrument, side, FLAGS[flag], int(lots)) for side, flag, lots, account, instrument, exchange in rows],
        schema={"account_no": pl.String, "exchange": pl.String, "instrument": pl.String, "side": pl.String, "open_close": pl.String, "lots": pl.Int64},
        orient="row",
    )
    return close_today_lots(frame).to_list()


@pytest.mark.parametrize(
    ("fills", "expected"),
    [
        (["B O 5", "S C 3"], [0, 3]),
        (["B O 5", "S C 8"], [0, 5]),
        (["S C 8", "B O 5"], [0, 0]),
        (["B O 5", "S T 3", "S C 4"], [0, 3, 2]),
        (["B O 5", "S Y 3", "S C 4"], [0, 0, 4]),
        (["S T 3"], [3]),
        (["S T 9", "B O 5", "S C 5"], [9, 0, 5]),
        (["B O 5", "S C 3", "B O 2", "S C 6"], [0, 3, 0, 4]),
        (["B O 5", "B C 3"], [0, 0]),
        (["S O 4", "B C 3"], [0, 3]),
        (["B O 5", "S C 3 b"], [0, 0]),
        (["B O 5", "S C 3 a m2609"], [0, 0]),
        (["B O 5", "S C 5", "S C 5"], [0, 5, 0]),
        ([], []),
    ],
)
def test_a_close_counts_up_to_the_lots_opened_before_it(fills: list[str], expected: list[int]) -> None:
    assert lots_of(*fills) == expected


def walked(fills: list[str]) -> list[int]:
    """The same by hand, one fill after the other."""
    left: dict[tuple[str, bool], int] = {}
    result = []
    for fill in fills:
        side, flag, lots, account = fill.split()
        position = (account, (side == "B") == (flag == "O"))
        held, count = left.get(position, 0), int(lots)
        result.append({"O": 0, "Y": 0, "T": count, "C": min(count, held)}[flag])
        left[position] = {"O": held + count, "Y": held}.get(flag, max(0, held - count))
    return result


def test_the_columns_agree_with_a_walk_by_hand() -> None:
    chance = random.Random(2026)
    for _ in range(200):
        fills = [f"{chance.choice('BS')} {chance.choice('OOCCTY')} {chance.randint(1, 9)} {chance.choice('ab')}" for _ in range(chance.randint(1, 25))]
        assert lots_of(*fills) == walked(fills), fills
