"""Statements as they come: a real one against another project's parse of it, made ones against what is known of them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from portal.settlement.ctp.statement import parse_statement, recognises
from tests.rooms.settlement.ctp_notation import FILES, NEW, OLD, REAL, page, read, replaced

SUMMARY = {
    "bf": "previous_balance",
    "im": "initial_margin",
    "dw": "deposit_withdrawal",
    "cf": "balance",
    "realized": "realized_pnl",
    "pledge": "pledge",
    "mtm": "mtm_pnl",
    "equity": "equity",
    "exercise": "exercise_pnl",
    "fxocc": "fx_pledge_occupied",
    "fee": "fee",
    "margin": "margin",
    "exfee": "exercise_fee",
    "dmargin": "delivery_margin",
    "dfee": "delivery_fee",
    "mvl": "long_option_value",
    "newfx": "fx_pledge_in",
    "mvs": "short_option_value",
    "fxred": "fx_pledge_out",
    "mve": "market_value_equity",
    "chgpledge": "pledge_change",
    "avail": "available",
    "prem_in": "premium_received",
    "prem_out": "premium_paid",
    "call": "margin_call",
    "dpl": "delivery_pnl",
    "chgfx": "fx_pledge_change",
}
ROWS = {
    "funds": {"deposit": "deposit", "withdrawal": "withdrawal", "type": "kind", "note": "note"},
    "trades": {
        "exchange": "exchange",
        "product": "product",
        "instrument": "instrument",
        "side": "side",
        "oc": "offset",
        "price": "price",
        "lots": "lots",
        "turnover": "turnover",
        "fee": "fee",
        "pnl": "realized_pnl",
        "premium": "premium",
        "trade_no": "trade_no",
    },
    "closed": {"instrument": "instrument", "opened": "opened", "side": "side", "lots": "lots", "pnl": "realized_pnl"},
    "detail": {"instrument": "instrument", "opened": "opened", "side": "side", "lots": "lots", "margin": "margin", "mtm": "mtm_pnl", "floating": "floating_pnl"},
    "positions": {"instrument": "instrument", "long": "long_lots", "short": "short_lots", "margin": "margin", "mtm": "mtm_pnl"},
}


@pytest.mark.parametrize("name", [NEW, OLD])
def test_a_made_statement_of_either_layout_says_what_is_known_of_it(name: str) -> None:
    truth = json.loads((FILES / "truth.json").read_text(encoding="utf-8"))[name]
    statement, findings = parse_statement(name, (FILES / name).read_bytes())
    assert findings.listed == []
    assert statement is not None
    assert (statement.account_no, str(statement.first_day), statement.daily) == (truth["account"], truth["date"], True)
    assert [block.currency for block in statement.blocks] == truth["currency_blocks"]
    [block] = statement.blocks
    assert {name: block[field] for name, field in SUMMARY.items()} | {"risk": block.risk_degree} == truth["summary"]
    for table, fields in ROWS.items():
        rows = [{key: value if isinstance(value := getattr(row, field), int) else str(value) for key, field in fields.items()} for row in getattr(statement, table)]
        assert rows == truth[table], table


TRADE = ("ExchangeID", "InstrumentID", "Price", "Volume", "Turnover", "TradeID", "AccountID")
DETAIL = ("ExchangeID", "InstrumentID", "Volume", "OpenPrice", "LastSettlementPrice", "SettlementPrice", "Margin")
POSITION = ("InstrumentID", "LongFrozen", "AvgBuyPrice", "ShortFrozen", "AvgSellPrice", "PreSettlementPrice", "SettlementPrice", "UseMargin")


def _theirs(row: dict[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    """Their row in our units: amounts in fen, prices in thousandths."""
    units = {"Turnover": 100, "Margin": 100, "UseMargin": 100}
    return tuple(row[name] * units.get(name, 1000 if "Price" in name else 1) for name in names)


def test_the_real_statement_says_what_another_project_read_in_it() -> None:
    parsed = json.loads((FILES / REAL.replace(".gb18030.txt", ".parsed.json")).read_text(encoding="utf-8"), parse_float=Decimal)
    statement, findings = read(page(REAL))
    assert findings.listed == []
    assert statement is not None
    assert (statement.account_no, statement.client_name) == (parsed["UserID"], "client name")
    assert [(row.exchange, row.instrument, row.price, row.lots, row.turnover, row.trade_no, row.account_no) for row in statement.trades] == [
        _theirs(row, TRADE) for row in parsed["Transactions"]
    ]
    sides, offsets = {"0": "B", "1": "S"}, {"0": "开", "1": "平", "3": "平今"}
    assert [(f"{row.day:%Y%m%d}", row.side, row.offset) for row in statement.trades] == [
        (row["TradeDate"], sides[row["Direction"]], offsets[row["OffsetFlag"]]) for row in parsed["Transactions"]
    ]
    assert [(row.exchange, row.instrument, row.lots, row.open_price, row.previous_settlement, row.settlement, row.margin) for row in statement.detail] == [
        _theirs(row, DETAIL) for row in parsed["PositionsDetail"]
    ]
    assert [(f"{row.opened:%Y%m%d}", row.side) for row in statement.detail] == [(row["OpenDate"], sides[row["Direction"]]) for row in parsed["PositionsDetail"]]
    assert [
        (row.instrument, row.long_lots, row.long_price, row.short_lots, row.short_price, row.previous_settlement, row.settlement, row.margin) for row in statement.positions
    ] == [_theirs(row, POSITION) for row in parsed["Positions"]]
    assert (statement.blocks[0].risk_degree, statement.blocks[0]["equity"]) == (172, 999885859)


def test_line_ends_and_encodings_make_no_difference() -> None:
    text = page(NEW)
    assert "\r\n" in text
    unix = text.replace("\r\n", "\n")
    expected = read(text)
    assert expected[0] is not None
    assert read(unix) == expected
    assert read(text, encoding="utf-8") == expected
    assert read(unix, encoding="utf-8-sig") == expected


def test_a_notice_may_speak_of_labels_and_tables_before_the_first_block() -> None:
    text = page(NEW)
    notice = "尊敬的客户：\r\n期初结存 Balance b/f：1.00  手 续 费 Commission：2.00\r\n成交记录 Transaction Record 以交易所为准，"
    notice += "资金状况 Account Summary Currency：USD 仅供参考。\r\n\r\n"
    noticed = replaced(text, "\r\n\r\n        资金状况", f"\r\n\r\n{notice}        资金状况")
    before, findings = read(text)
    after, noticed_findings = read(noticed)
    assert before is not None
    assert after is not None
    assert noticed_findings.listed == findings.listed == []
    assert (after.blocks[0].amounts, len(after.trades)) == (before.blocks[0].amounts, len(before.trades))


def test_labels_are_known_by_their_english_part_in_any_case() -> None:
    text = page(NEW)
    for old, new in (
        ("期初结存 Balance b/f：", "期 初 结 存  BALANCE  B/F："),
        ("出 入 金 Deposit/Withdrawal：   ", "存取合计 deposit/withdrawal：："),
        ("客户权益 Client Equity：", "客户权益 Client Equity：："),
        ("手 续 费 Commission：", "手续费Commission:"),
        ("交易结算单", "交易核算单"),
    ):
        text = replaced(text, old, new)
    statement, findings = read(text)
    assert findings.listed == []
    assert statement is not None


def test_a_statement_is_recognised_by_its_bytes() -> None:
    for name in (REAL, NEW, OLD):
        head = (FILES / name).read_bytes()[:4096]
        assert recognises("x.bin", head)
        assert recognises("x.bin", head.decode("gb18030", "ignore").encode())
    assert not recognises("0199cusfund20260331.txt", b"2026-03-31@1001@1.000@")
    assert not recognises("交易结算单.xlsx", b"PK\x03\x04 Settlement Statement")
