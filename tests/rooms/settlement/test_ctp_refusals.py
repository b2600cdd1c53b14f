"""What cannot be read for certain is refused by name, and nothing is guessed."""

from __future__ import annotations

import re

import pytest

from portal.refusals import Severity
from portal.settlement.ctp.statement import parse_statement
from portal.settlement.ctp.tables import product_of
from portal.settlement.ctp.wording import SENTENCES
from tests.rooms.settlement.ctp_notation import FILES, NEW, OLD, REAL, codes, page, read, replaced


def test_bytes_of_no_encoding_are_refused_with_their_offset() -> None:
    data = (FILES / OLD).read_bytes()
    offset = data.index("卖|投".encode("gb18030"))
    statement, findings = parse_statement(OLD, data[: offset + 1])
    assert statement is None
    assert [(finding.code, finding.field) for finding in findings.listed] == [("encoding", f"byte {offset}")]


def test_a_page_without_account_summary_is_refused() -> None:
    assert codes("") == {"no_account_summary", "date_missing"}
    assert "no_account_summary" in codes(page(NEW).replace("资金状况", "资金").replace("Account Summary", "Summary"))


@pytest.mark.parametrize("name", [REAL, NEW, OLD])
def test_a_page_cut_at_any_line_is_refused(name: str) -> None:
    lines = page(name).split("\n")
    last = max(index for index, line in enumerate(lines) if line.startswith("|共"))
    assert codes("\n".join(lines[: last + 1])) == set()
    for kept in range(last):
        assert codes("\n".join(lines[: kept + 1])), kept


def test_a_page_cut_at_any_byte_of_a_table_is_refused() -> None:
    data = (FILES / REAL).read_bytes()
    end = data.rindex(b"|")
    for kept in [*range(end - 700, end, 11), *range(0, end, 311)]:
        assert parse_statement(REAL, data[:kept])[1].refused, kept


HEADS = [
    ("成交记录", "成交额", "手续费"),
    ("成交记录", "手数", "成交价"),
    ("成交记录", "手续费", "平仓盈亏"),
    ("成交记录", "买/卖", "开平"),
    ("平仓明细", "手数", "平仓盈亏"),
    ("持仓明细", "盯市盈亏", "保证金"),
    ("持仓汇总", "持仓盯市盈亏", "保证金占用"),
    ("出入金明细", "入金", "出金"),
]


def with_swapped_heads(title: str, one: str, other: str) -> str:
    """The page with two heads of a table swapped, in Chinese and in English, over cells left where they are."""
    text = page(NEW)
    start = text.index(title + " ")
    chinese = text.index("|", start)
    english = text.index("|", text.index("\n", chinese))
    end = text.index("\n", english)
    head = [line.split("|") for line in text[chinese:end].split("\n")]
    names = [cell.strip() for cell in head[0]]
    a, b = names.index(one), names.index(other)
    for cells in head:
        cells[a], cells[b] = cells[b], cells[a]
    return text[:chinese] + "\n".join("|".join(cells) for cells in head) + text[end:]


@pytest.mark.parametrize(("title", "one", "other"), HEADS)
def test_swapped_heads_do_not_fit_the_data(title: str, one: str, other: str) -> None:
    assert codes(with_swapped_heads(title, one, other))


def test_lots_that_two_tables_count_differently_are_a_warning() -> None:
    swapped = with_swapped_heads("持仓汇总", "买持", "卖持")
    assert (codes(swapped), codes(swapped, Severity.WARNING)) == (set(), {"lots_differ"})
    found = [(finding.field, finding.found, finding.expected) for finding in read(swapped)[1].listed]
    assert found[:2] == [("持仓汇总 AP605 B", "13", "3 (持仓明细)"), ("持仓汇总 AP605 S", "3", "13 (持仓明细)")]
    text = page(NEW)
    start, end = (text.rindex("\n", 0, text.index(title)) for title in ("平仓明细 Position Closed", "持仓明细 Positions Detail"))
    cut_out = text[:start] + text[end:]
    assert (codes(cut_out), codes(cut_out, Severity.WARNING)) == ({"I7"}, {"lots_differ"})


def test_heads_that_contradict_each_other_or_are_missing_are_refused() -> None:
    text = page(REAL)
    assert codes(replaced(text, "|   Fee    |", "| Turnover |")) >= {"heads_disagree"}
    assert codes(text.replace("|  手续费  |  平仓盈亏  |", "|  杂  费  |  平仓盈亏  |").replace("|   Fee    |", "|  Other   |")) == {"column_missing"}
    assert codes(replaced(replaced(text, "|   成交额   |", "|   手续费   |"), "|  Turnover  |", "|    Fee     |")) == {"column_twice", "column_missing"}
    assert codes(replaced(text, "|   成交额   |       开平", "|       开平")) == {"heads_unequal"}


def test_an_unknown_column_table_or_label_is_passed_over_with_a_warning() -> None:
    text = page(REAL)
    assert codes(text.replace("投资单元", "席位").replace("InvestUnit", "Seat"), Severity.WARNING) == {"column_unknown"}
    assert codes(text.replace("持仓汇总 Positions", "组合 Combinations"), Severity.WARNING) >= {"table_unknown"}
    labelled = replaced(text, "应追加资金 Margin Call", "别的金额 Something")
    assert (codes(labelled), codes(labelled, Severity.WARNING)) == (set(), {"label_unknown"})


def test_a_row_of_another_account_is_a_warning() -> None:
    text = replaced(page(REAL), "76886             |123456        |", "76886             |123457        |")
    assert (codes(text), codes(text, Severity.WARNING)) == (set(), {"account_differs"})


@pytest.mark.parametrize("label", ["期初结存 Balance b/f", "手 续 费 Commission", "风 险 度 Risk Degree", "可用资金 Fund Avail.", "权利金支出 Premium paid"])
def test_a_label_that_an_identity_needs_is_missed(label: str) -> None:
    assert codes(replaced(page(NEW), label, "某某 Other")) == {"label_missing"}


def test_a_label_that_stands_twice_is_refused() -> None:
    assert codes(replaced(page(NEW), "基础保证金 Initial Margin", "期初结存 Balance b/f")) == {"label_twice"}


@pytest.mark.parametrize("number", ["", "8340599", "8340599.3", "+8340599.32", "8,340,599.32", "8340599.321", "NaN", "８３４", "1e6", "8340599.32x", "--"])
def test_what_is_no_amount_is_refused(number: str) -> None:
    text = page(NEW)
    found = codes(replaced(text, "8340599.32", number))
    assert found == ({"I1"} if number in ("8340599", "8340599.3") else {"not_a_number"})


def test_cells_of_another_kind_are_refused() -> None:
    text = page(REAL)
    for old, new, code in (
        ("|     4|   296760.00|", "|   4.5|   296760.00|", "not_a_number"),
        ("|     4|   296760.00|", "|    -4|   296760.00|", "not_a_number"),
        ("|  4946.000|     4|", "|  4946.0001|     4|", "not_a_number"),
        ("|   卖|投机        |  4946.000|", "|   空|投机        |  4946.000|", "not_known"),
        ("|平今                |", "|换月                |", "not_known"),
        ("|     4|   296760.00|平今", "|     4|   296760.00|    |平今", "cells"),
        ("76886             |123456        |", "76886             |123456", "row_cut"),
    ):
        assert code in codes(replaced(text, old, new)), new
    assert codes(
        text.replace(
            "上期所  |9999203177 |白银              |     ag2306     |   卖|投机        |  4946",
            "北交所  |9999203177 |白银              |     ag2306     |   卖|投机        |  4946",
        )
    ) == {"not_known"}
    assert codes(re.sub(r"日期 Date：\d+", "日期 Date：20230230", text)) == {"not_a_date"}
    assert codes(re.sub(r"日期 Date：\d+", "日期 Date：20230215-20230201", text)) == {"not_a_date"}
    assert codes(re.sub(r"日期 Date：\d+", "", text)) == {"date_missing"}
    assert codes(text.replace("币种：人民币", "").replace("Currency：CNY", "")) == {"currency_missing"}


def test_every_finding_has_a_sentence() -> None:
    broken = page(NEW).replace("0", "1")
    assert read(broken)[1].listed
    assert {finding.code for finding in read(broken)[1].listed} <= SENTENCES.keys()


@pytest.mark.parametrize(
    ("instrument", "exchange", "product"),
    [("rb2605", "SHFE", "rb"), ("m2605-C-3000", "DCE", "m_o"), ("SR605C5800", "CZCE", "SR_o"), ("IO2605-C-4500", "CFFEX", "IO"), ("SC", "INE", "SC"), ("2605", "SHFE", "")],
)
def test_products_are_the_leading_letters_and_options_are_told_apart(instrument: str, exchange: str, product: str) -> None:
    assert product_of(instrument, exchange) == product
