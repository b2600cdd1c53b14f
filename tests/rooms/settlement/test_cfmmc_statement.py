"""Investor statements of the market monitor: workbooks made as the monitor makes them, and every fen in them held to account."""

from __future__ import annotations

import copy
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from portal.refusals import Findings, Severity
from portal.settlement.cfmmc_statement import parse_investor_statement, recognises
from portal.settlement.ctp.compare import Books, Traded, compare
from portal.settlement.ctp.facts import Statement
from portal.settlement.ctp.wording import SENTENCES

NAME = "0010088_2026-03-04.xls"
FILES = Path(__file__).parents[2] / "files" / "cfmmc"
Sheets = dict[str, list[list[Any]]]


def monitor(*, by_trade: bool = False) -> Sheets:
    """A day with two fills, one of them closing; labels in columns A and F, their values in C and H."""
    results = [["平仓盈亏", None, -270.0], ["浮动盈亏", None, 520.0]] if by_trade else [["当日盈亏", None, 250.0]]
    left = [["上日结存", None, 100000.0], ["当日存取合计", None, "1,000.00"], *results, ["当日总权利金", None, 0], ["当日手续费", None, 52.5]]
    left.append(["当日结存", None, 100677.5 if by_trade else 101197.5])
    right = [["客户权益", None, 101197.5], ["实有货币资金", None, 101197.5], ["非货币充抵金额", None, 0], ["货币充抵金额", None, 0], ["冻结资金", None, 0]]
    right += [["保证金占用", None, 9574.0], ["可用资金", None, 91623.5], ["风险度", None, "9.46%"], ["追加保证金", None, 0]]
    left += [[None, None, None]] * (len(right) - len(left))
    first = [
        ["客户交易结算日报(逐笔对冲)" if by_trade else "客户交易结算日报(逐日盯市)"],
        ["基本资料"],
        ["客户期货期权内部资金账户", None, "0010088", None, None, "客户名称", None, "某某"],
        [None, None, None, None, None, "交易日期", None, "2026-03-04"],
        ["期货期权账户资金状况"],
        *[[*a, None, None, *b] for a, b in zip(left, right, strict=True)],
    ]
    head = [["成交明细"], [], ["合约", "成交序号", "成交时间", "买/卖", "投机（一般）/套保/套利", "成交价", "手数", "成交额", "开/平", "手续费", "平仓盈亏", "实际成交日期"]]
    trades = [
        ["AP605", "00028906", "09:01:02", " 买", "投机", 8035.0, 1, 80350.0, "平", 7.5, -270.0, "2026-03-04"],
        ["AP605", "00029432", "09:03:02", " 卖", "投机", 7982.0, 6, 478920.0, "开", 45.0, "--", "2026-03-04"],
        ["合计", None, None, None, None, None, 7, 559270.0, None, 52.5, -270.0, None],
    ]
    closed = [
        ["合约", "成交序号", "买/卖", "成交价", "开仓价", "手数", "昨结算价", "平仓盈亏", "原成交序号"],
        ["AP605", "00028906", "买", 8035.0, 8036.0, 1, 8008.0, -270.0, "00000001"],
        ["合计", None, None, None, None, 1, None, -270.0, None],
    ]
    detail = [
        ["合约", "成交序号", "买持仓", "买入价", "卖持仓", "卖出价", "昨结算价", "今结算价", "持仓盈亏"],
        ["AP605", "00029432", 0, "--", 6, 7982.0, 8008.0, 7978.0, 520.0],
        ["合计", None, 0, None, 6, None, None, None, 520.0],
    ]
    products = [["品种", "手数", "成交额", "手续费", "平仓盈亏"], ["AP", 7, 559270.0, 52.5, -270.0], ["合计", 7, 559270.0, 52.5, -270.0]]
    return {"客户交易结算日报": first, "成交明细": [*head, *trades], "平仓明细": closed, "持仓明细": detail, "品种汇总": products}


def workbook(sheets: Sheets) -> bytes:
    """The sheets as a workbook's bytes."""
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for index, row in enumerate(rows):
            sheet.write_row(index, 0, row)
    book.close()
    return stream.getvalue()


def read(sheets: Sheets) -> tuple[Statement | None, Findings]:
    """Write and parse a workbook."""
    return parse_investor_statement(NAME, workbook(sheets))


def codes(sheets: Sheets, severity: Severity = Severity.REFUSAL) -> set[str]:
    """The codes of what a workbook is refused (or warned) for."""
    found = read(sheets)[1].listed
    assert {finding.code for finding in found} <= SENTENCES.keys()
    return {finding.code for finding in found if finding.severity is severity}


@pytest.mark.parametrize("by_trade", [False, True])
def test_both_bases_add_up_and_equity_is_the_same(by_trade: bool) -> None:
    statement, findings = read(monitor(by_trade=by_trade))
    assert findings.listed == []
    assert statement is not None
    [block] = statement.blocks
    assert (statement.account_no, str(statement.first_day), statement.client_name, statement.by_trade) == ("0010088", "2026-03-04", "某某", by_trade)
    assert (block["equity"], block["margin"], block["fee"], block["deposit_withdrawal"], block.risk_degree) == (10119750, 957400, 5250, 100000, 946)
    trades = [(row.exchange, row.product, row.side, row.offset, row.price, row.lots, row.turnover, row.fee, row.realized_pnl, row.trade_no) for row in statement.trades]
    assert trades == [
        ("CZCE", "AP", "B", "平", 8035000, 1, 8035000, 750, -27000, "00028906"),
        ("CZCE", "AP", "S", "开", 7982000, 6, 47892000, 4500, 0, "00029432"),
    ]
    assert [(row.instrument, row.side, row.lots, row.realized_pnl) for row in statement.closed] == [("AP605", "B", 1, -27000)]
    assert [(row.instrument, row.side, row.lots, row.mtm_pnl, row.open_price) for row in statement.detail] == [("AP605", "S", 6, 52000, 7982000)]


@pytest.mark.parametrize("by_trade", [False, True])
def test_a_fen_anywhere_is_found(by_trade: bool) -> None:
    sheets = monitor(by_trade=by_trade)
    labels = {"上日结存": "I1", "当日存取合计": "I1", "当日手续费": "I1", "当日结存": "I1", "当日总权利金": "I1", "客户权益": "I2", "可用资金": "I4", "保证金占用": "I4"}
    labels |= {"平仓盈亏": "I1", "浮动盈亏": "I2"} if by_trade else {"当日盈亏": "I1"}
    for label, code in labels.items():
        changed = copy.deepcopy(sheets)
        row, index = next((row, row.index(label) + 2) for row in changed["客户交易结算日报"] if label in row)
        row[index] = round(float(str(row[index]).replace(",", "")) + 0.01, 2)
        assert code in codes(changed, Severity.WARNING if code in ("I2", "I4") else Severity.REFUSAL), label
    for name, head in (("成交明细", "成交额"), ("成交明细", "手续费"), ("成交明细", "成交价"), ("成交明细", "平仓盈亏"), ("平仓明细", "平仓盈亏"), ("品种汇总", "手续费")):
        changed = copy.deepcopy(sheets)
        top = next(index for index, row in enumerate(changed[name]) if head in row)
        changed[name][top + 1][changed[name][top].index(head)] += 0.01
        assert codes(changed) & {"I7", "I10"}, (name, head)


def test_the_risk_degree_is_checked() -> None:
    sheets = monitor()
    row = next(row for row in sheets["客户交易结算日报"] if "风险度" in row)
    row[-1] = "9.47%"
    assert codes(sheets) == {"I5"}


def test_columns_are_found_by_name_and_what_is_missing_is_named() -> None:
    sheets = monitor()
    turned = copy.deepcopy(sheets)
    turned["品种汇总"] = [[row[0], *row[:0:-1]] for row in turned["品种汇总"]]
    turned["平仓明细"] = [[None, *row] for row in turned["平仓明细"]]
    assert codes(turned) == set()
    assert codes({name: rows for name, rows in sheets.items() if name != "客户交易结算日报"}) == {"table_missing"}
    for name, head in (("成交明细", "手续费"), ("持仓明细", "卖持仓")):
        changed = copy.deepcopy(sheets)
        top = next(row for row in changed[name] if head in row)
        top[top.index(head)] = "别的"
        assert "column_missing" in codes(changed)
    first = copy.deepcopy(sheets)
    first["客户交易结算日报"] = [row for row in first["客户交易结算日报"] if "上日结存" not in row]
    assert codes(first) == {"label_missing"}
    cut = copy.deepcopy(sheets)
    del cut["成交明细"][-1]
    assert codes(cut) == {"total_missing"}


def test_cells_that_are_no_numbers_or_words_are_refused() -> None:
    for head, value, code in (("手续费", "7.505", "not_a_number"), ("手数", 1.5, "not_a_number"), ("买/卖", "空", "not_known"), ("开/平", "换", "not_known")):
        sheets = monitor()
        top = next(index for index, row in enumerate(sheets["成交明细"]) if head in row)
        sheets["成交明细"][top + 1][sheets["成交明细"][top].index(head)] = value
        assert code in codes(sheets), head
    _statement, findings = parse_investor_statement(NAME, b"PK\x03\x04 nothing")
    assert [finding.code for finding in findings.listed] == ["workbook"]


def test_the_books_of_the_day_are_compared_on_the_amounts_that_both_have() -> None:
    for by_trade in (False, True):
        statement, _findings = read(monitor(by_trade=by_trade))
        assert statement is not None
        books = Books(10119750, 10119750, 5250, 150000, 50000, 0, 0, 957400, {("CZCE", "AP"): Traded(7, 55927000, 5250)})
        assert compare(statement, books).listed == []
        differing = Books(10119751, 10119750, 5250, 150001, 50000, 0, 0, 957400, books.trades)
        assert [finding.field for finding in compare(statement, differing).listed] == (["出入金"] if by_trade else ["出入金", "期末结存"])


def test_a_workbook_is_recognised_by_its_name_and_first_bytes() -> None:
    data = workbook(monitor())
    assert recognises(NAME, data[:8])
    assert recognises("00123_2026-03-04.xlsx", data[:8])
    assert not recognises("balances.xlsx", data[:8])
    assert not recognises(NAME, b"text")


@pytest.mark.parametrize("by_trade", [False, True])
def test_a_true_old_workbook_reads_like_a_new_one(by_trade: bool) -> None:
    """tests/files/cfmmc/README.md says how the files were made."""
    data = (FILES / ("0010088_2026-03-04_by_trade.xls" if by_trade else NAME)).read_bytes()
    assert data.startswith(b"\xd0\xcf\x11\xe0"), "an OLE container, no zip under an old name"
    assert recognises(NAME, data[:4096])
    statement, findings = parse_investor_statement(NAME, data)
    expected, others = read(monitor(by_trade=by_trade))
    assert statement == expected
    assert findings.listed == others.listed == []


def test_an_old_workbook_cut_short_is_refused() -> None:
    data = (FILES / NAME).read_bytes()
    for length in (100, 600, len(data) // 2):
        statement, findings = parse_investor_statement(NAME, data[:length])
        assert statement is None
        assert findings.refused
