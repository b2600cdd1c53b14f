"""What the exchanges charge: from the dated table, exactly, or from the back office's list, which wins; never taken as 0."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from portal.refusals import Findings
from portal.settlement.exchange_fees import _rates_of
from tests.rooms.settlement.at_notation import built, cusfund, file, fill, refusals, table, warnings

BALANCE = file("cusfund", cusfund("1", "10.000", "10.000"))
HEAD = "交易统计表\n交易日期：2026-01-05 至 2026-01-05\n\n交易日,投资者代码,交 易 所,合约,产品,手续费,上交手续费,留存手续费,总成交量,平今量,成交额\n"
FILLS = "交易日,投资者代码,交易所,合约,买卖,开平,投保,成交手数,成交价格,成交金额,手续费,交易所手续费\n"


def fees(
    *fills: str, rates: tuple[str, ...], lists: tuple[tuple[str, bytes], ...] = ()
) -> tuple[dict[str, int], list[tuple[str, str, int | None, str]], list[tuple[str, int | None]]]:
    day, findings, _ = built(BALANCE, file("trddata", *fills), rates=rates, lists=lists)
    assert day is not None
    assert day.trades is not None
    found = dict(day.trades.select(pl.col("exchange") + "." + pl.col("product"), "exchange_fee").rows())
    return found, refusals(findings), warnings(findings)


@pytest.mark.parametrize(
    ("fills", "expected"),
    [
        (["B 开 3 m2605"], 450),  # 3 lots at 1.50
        (["B 开 5 m2605", "S 平今 2 m2605"], 750 + 100),
        (["B 开 5 m2605", "S 平 8 m2605"], 750 + 5 * 50 + 3 * 150),  # five of the eight are close-today
        (["B 开 5 m2605", "S 平昨 5 m2605"], 750 + 750),
        (["B 开 5 m2605", "S 强平 5 m2605"], 750 + 250),
    ],
)
def test_rates_by_lot(fills: list[str], expected: int) -> None:
    assert fees(*(fill("1", words, "90000.000", "0.000") for words in fills), rates=("DCE m 0 1.5 0 1.5 0 0.5",))[0] == {"DCE.m": expected}


def test_a_split_fill_divides_its_turnover_by_lots_and_is_rounded_once() -> None:
    # 7 lots, 3 of them close-today: 100.03 × 3/7 × 0.0002 + 100.03 × 4/7 × 0.0001 = 0.0142900 yuan; each part alone would round to 0.01 + 0.01.
    opened, closed = fill("1", "B O 3 rb2605", "0.000", "0.000", exchange="S"), fill("1", "S C 7 rb2605", "100.030", "0.000", exchange="S")
    assert fees(opened, closed, rates=("SHFE rb 0 0 0.0001 0 0.0002 0",))[0] == {"SHFE.rb": 1}
    assert fees(opened, closed, rates=("SHFE rb 0 0 0.00015 0 0.0002 0",))[0] == {"SHFE.rb": 2}


def test_both_parts_are_added_and_rounded_half_up_per_fill() -> None:
    # 50.00 × 0.0001 = 0.005 → 0.01 for each fill
    same = [fill("1", "B O 1 rb2605", "50.000", "0.000", exchange="S") for _ in range(3)]
    assert fees(*same, rates=("SHFE rb 0.0001 0 0 0 0 0",))[0] == {"SHFE.rb": 3}
    assert fees(*same, rates=("SHFE rb 0.0001 0.004 0 0 0 0",))[0] == {"SHFE.rb": 3}
    assert fees(*same, rates=("SHFE rb 0.0001 0.01 0 0 0 0",))[0] == {"SHFE.rb": 6}


def test_a_turnover_that_passes_64_bits_with_its_rate_stays_exact() -> None:
    huge = fill("1", "B O 999999999 rb2605", "9999999999999.990", "0.000", exchange="S")
    assert fees(huge, rates=("SHFE rb 0.12345678 0 0 0 0 0",))[0] == {"SHFE.rb": (999999999999999 * 12345678 * 2 + 10**8) // (2 * 10**8)}


def test_an_instrument_wins_over_its_product_and_case_does_not_matter() -> None:
    fills = [fill("1", f"B O 1 {name}", "1.000", "0.000") for name in ("m2605", "m2609", "m2605-C-3000")]
    assert fees(*fills, rates=("dce M 0 1 0 1 0 1", "DCE M2605 0 7 0 7 0 7", "DCE m_O 0 0.2 0 0 0 0"))[0] == {"DCE.m": 800, "DCE.m_o": 20}


def test_a_fill_without_a_rate_is_refused_by_name_each() -> None:
    fills = [fill("1", "B O 1 m2605", "1.000", "0.000"), fill("1", "B O 1 c2605", "1.000", "0.000"), fill("1", "B O 1 m2609", "1.000", "0.000")]
    found = fees(*fills, rates=("DCE c 0 0 0 0 0 0", "SHFE m 0 1 0 1 0 1"))
    assert found[1] == [("no_exchange_fee", "0199trddata20260105.txt", line, "3") for line in (1, 3)]


def test_the_rate_of_the_day_counts() -> None:
    fills = pl.DataFrame({"exchange": ["DCE"], "instrument": ["m2605"], "product": ["m"]})
    old, new = table("DCE m 0 1 0 1 0 1"), table("DCE m 0 2 0 2 0 2")
    dated = pl.concat([old.with_columns(pl.lit(date(2026, 1, 5)).alias("valid_to")), new.with_columns(pl.lit(date(2026, 1, 5)).alias("valid_from"))])
    for day, expected in ((date(2026, 1, 4), 1), (date(2026, 1, 5), 2)):
        assert _rates_of(fills, dated, day, Findings())["open_by_lot"].to_list() == [expected * 10**8]


M_TABLE = ("DCE m 0 1 0 1 0 1",)
TWO_FILLS = (fill("1", "B O 2 m2605", "60000.000", "0.000"), fill("1", "S T 1 m2605", "30000.000", "0.000"))


def test_the_list_wins_and_a_difference_from_the_table_is_a_warning() -> None:
    row = '20260105,\t1,大商所,m2605,m,0.00,"2.50",-2.50,3,1,"+90,000.00"\n合计,,,,,0.00,2.50,-2.50,3,1,"90,000.00"\n共 1条\n'
    found, refused, warned = fees(*TWO_FILLS, rates=M_TABLE, lists=(("交易统计表.csv", (HEAD + row).encode("gb18030")),))
    assert (found, refused, warned) == ({"DCE.m": 250}, [], [("fee_not_as_table", 5)])


def test_the_list_serves_where_the_table_has_nothing() -> None:
    row = "20260105,1,DCE,M2605,m,0.00,2.50,-2.50,3,1,90000.00\n"
    assert fees(*TWO_FILLS, rates=(), lists=(("x.csv", (HEAD + row).encode()),)) == ({"DCE.m": 250}, [], [])


def test_a_list_of_fills_is_summed_and_the_statistics_win_over_it() -> None:
    details = FILLS + "2026-01-05,'1,大商所,m2605,买,开,投机,2,3000,60000.00,0.00,1.005\n2026-01-05,'1,大商所,m2605,卖,平今,投机,1,3000,30000.00,0.00,1.005\n"
    found, refused, warned = fees(*TWO_FILLS, rates=(), lists=(("成交明细.csv", details.encode("gb18030")),))
    assert (found, refused, warned) == ({"DCE.m": 201}, [], [])
    row = "20260105,1,DCE,m2605,m,0.00,2.50,-2.50,3,1,90000.00\n"
    found, refused, warned = fees(*TWO_FILLS, rates=(), lists=(("成交明细.csv", details.encode("gb18030")), ("统计.csv", (HEAD + row).encode())))
    assert (found, refused, warned) == ({"DCE.m": 250}, [], [("lists_disagree", 2)])


@pytest.mark.parametrize(
    ("row", "refused", "warned"),
    [
        ("20260105,1,DCE,m2605,m,1.00,2.00,-2.00,3,1,90000.00", "retained_identity", ""),
        ("2026-01,1,DCE,m2605,m,0.00,2.00,-2.00,3,1,90000.00", "not_one_day", ""),
        ("20260105,1,上交所,m2605,m,0.00,2.00,-2.00,3,1,90000.00", "unknown_word", ""),
        ("20260105,1,DCE,m2605,m,0.00,,-2.00,3,1,90000.00", "bad_amount", ""),
        ("20260105,1,DCE,m2605,m,0.00,2.00,-2.00,3.5,1,90000.00", "bad_lots", ""),
        ("20260105,1,DCE,m2605,m,0.00,2.00,-2.00,4,1,90000.00", "", "list_differs"),
        ("20260105,1,DCE,m2605,m,0.00,3.00,-3.00,3,2,90000.00", "", "list_differs"),
        ("20260105,1,DCE,m2605,m,0.00,3.00,-3.00,3,1,90000.01", "", "list_differs"),
        ("20260105,1,DCE,m2605,m,0.01,3.00,-2.99,3,1,90000.00", "", "list_differs"),
        ("20260105,2,DCE,m2605,m,0.00,3.00,-3.00,3,1,90000.00", "", "list_without_fills"),
        ("20260106,1,DCE,m2605,m,0.00,3.00,-3.00,3,1,90000.00", "", "nothing_of_day"),
    ],
)
def test_what_a_list_may_not_say(row: str, refused: str, warned: str) -> None:
    _, refusals_, warnings_ = fees(*TWO_FILLS, rates=M_TABLE, lists=(("x.csv", (HEAD + row + "\n").encode()),))
    assert {code for code, *_ in refusals_} == ({refused} if refused else set())
    assert not warned or warned in {code for code, _ in warnings_}


def test_a_row_of_a_longer_period_that_is_not_of_one_day_is_refused() -> None:
    month = HEAD.replace("至 2026-01-05", "至 2026-01-31")
    row = "20260105,1,DCE,m2605,m,0.00,{fee},-{fee},{lots},1,90000.00\n"
    same = month + row.format(fee="3.00", lots=3)
    more = month + row.format(fee="9.00", lots=9)
    assert fees(*TWO_FILLS, rates=M_TABLE, lists=(("x.csv", same.encode()),))[1] == []
    assert fees(*TWO_FILLS, rates=M_TABLE, lists=(("x.csv", more.encode()),))[1] == [("not_one_day", "x.csv", 5, "总成交量")]


def test_a_contract_in_two_lists_is_refused() -> None:
    text = (HEAD + "20260105,1,DCE,m2605,m,0.00,3.00,-3.00,3,1,90000.00\n").encode()
    assert fees(*TWO_FILLS, rates=M_TABLE, lists=(("x.csv", text), ("y.csv", text)))[1] == [("list_twice", "y.csv", 5, "合约")]
