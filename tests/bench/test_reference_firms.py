"""The reference firms: the same every time, true to the files' identities, of the sizes that the budgets name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from models.values.rates import SHARE_WHOLE
from portal.settlement.day import BALANCES, TRADES, DayInput
from tests.bench import floor, product
from tests.bench.make_firm import DAYS, SIZES, day, masters
from tests.bench.make_masters import attribution_places, upline_places
from tests.bench.write_files import write_cfmmc_day, write_day


def parts(made: DayInput) -> tuple[pl.DataFrame, pl.DataFrame]:
    assert made.balances is not None
    assert made.trades is not None
    return made.balances, made.trades


def test_a_day_is_a_function_of_its_number() -> None:
    later, first = day("XS", 7), day("XS", 0)
    assert parts(day("XS", 7))[0].equals(parts(later)[0])
    assert parts(day("XS", 7))[1].equals(parts(later)[1])
    assert not parts(first)[1].equals(parts(later)[1])


@pytest.mark.parametrize("size", ["XS", "S"])
def test_every_identity_holds(size: str) -> None:
    before, _ = parts(day(size, 3))
    balances, trades = parts(day(size, 4))
    ins = pl.sum_horizontal("previous_balance", "deposit", "other_in", "realized_pnl", "mtm_pnl", "premium")
    assert balances.filter(pl.col("balance") != ins - pl.sum_horizontal("withdrawal", "other_out", "fee")).is_empty()
    assert balances.filter(pl.col("available") != pl.col("equity") - pl.col("margin")).is_empty()
    assert balances["previous_balance"].equals(before["balance"], check_names=False)
    fees = balances.join(trades.group_by("account_no").agg(pl.col("fee").sum().alias("traded")), on="account_no", how="left")
    assert fees.filter(pl.col("fee") != pl.col("traded").fill_null(0)).is_empty()
    assert not trades.select("account_no", "exchange", "product").is_duplicated().any()
    assert dict(balances.schema) == dict(pl.Schema(BALANCES))
    assert dict(trades.schema) == dict(pl.Schema(TRADES))


def test_a_middle_firm_is_as_large_as_the_budgets_say() -> None:
    balances, trades = parts(day("S", 0))
    made = masters("S")
    assert (balances.height, made["brokers"].height, len(DAYS)) == (20_000, 400, 22)
    assert 0.33 < trades["account_no"].n_unique() / balances.height < 0.37
    assert 2.9 < trades.height / trades["account_no"].n_unique() < 3.1
    owners = attribution_places(SIZES["S"])
    shared = owners.filter(pl.col("share") < SHARE_WHOLE)["key"].n_unique()
    moved = owners.filter(pl.col("valid_to") != "").height
    assert 0.04 < shared / balances.height < 0.06
    assert 0.015 < moved / balances.height < 0.025
    assert upline_places(SIZES["S"])["depth"].max() == 3


def test_shares_never_pass_the_whole() -> None:
    owners = attribution_places(SIZES["S"])
    for settled in (DAYS[0], DAYS[10], DAYS[-1]):
        there = owners.filter((pl.col("valid_from") <= str(settled)) & ((pl.col("valid_to") == "") | (pl.col("valid_to") > str(settled))))
        assert there.group_by("key").agg(pl.col("share").sum())["share"].max() == SHARE_WHOLE
        assert not there.select("key", "place").is_duplicated().any()


def test_the_floor_reads_back_what_was_made(tmp_path: Path) -> None:
    balances, trades = parts(day("XS", 2))
    paths = write_day("XS", 2, tmp_path)
    assert floor.parsed(paths[0]).drop("trade_date").equals(balances.drop("line"))
    assert floor.parsed(paths[1]).drop("trade_date").equals(trades.drop("lines"))


def test_the_monitors_files_hold_the_same_day(tmp_path: Path) -> None:
    balances, trades = parts(day("XS", 2))
    funds, changes, fills, held = (pl.read_csv(path, separator="@", has_header=False, infer_schema=False) for path in write_cfmmc_day("XS", 2, tmp_path))
    assert (funds.width, changes.width, fills.width, held.width) == (21, 12, 21, 16 + 1)

    def fen(frame: pl.DataFrame, place: int) -> int:
        return int(frame.to_series(place).str.replace(".", "", literal=True).cast(pl.Int64).sum())

    assert fen(funds, 8) == balances["balance"].sum()
    assert fen(funds, 10) == balances["realized_pnl"].sum() + balances["mtm_pnl"].sum()
    assert fen(changes, 2) == balances["deposit"].sum() - balances["withdrawal"].sum()
    assert fen(fills, 13) == trades["fee"].sum()
    assert fen(fills, 11) == balances["realized_pnl"].sum()
    assert fen(held, 6) == balances["margin"].sum()


@pytest.fixture(scope="module")
def priced() -> tuple[int, int]:
    _, lines, amount = floor.price_month("XS")
    return lines, amount


@pytest.fixture(scope="module")
def portal_with_the_month() -> Iterator[product.Product]:
    with product.opened("XS", "") as firm:
        firm.import_paths([path for index in range(len(DAYS)) for path in firm.day_files(index)])
        yield firm


def test_floor_and_portal_come_to_the_same_lines_and_fen(priced: tuple[int, int], portal_with_the_month: product.Product) -> None:
    """Two programs that share nothing but the rules price the same month."""
    _, lines, earned = product.preview(portal_with_the_month)
    assert (lines, earned) == priced
