"""A statement beside the books: what differs is named with both sides, and the newest version counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from models import db
from models.clients import Account
from models.settlement import Balance, Trade
from portal.refusals import Severity
from portal.settlement.ctp.compare import Books, Traded, compare
from portal.settlement.ctp.facts import Statement
from portal.settlement.ctp.queries import posted_books
from portal.transaction import transaction
from tests.rooms.settlement.ctp_notation import FILES, NEW, OLD, fen_more, page, read, replaced, stated
from tests.rooms.settlement.test_cfmmc_statement import NAME as INVESTOR
from tests.rooms.settlement.test_cfmmc_statement import monitor, workbook

DAY = date(2026, 3, 4)
ACCOUNT = "0087961974"
BOOKS = Books(
    balance=871417780,
    equity=871417780,
    fee=10841,
    deposit=40889289,
    withdrawal=3631600,
    other_in=0,
    other_out=0,
    margin=17187840,
    trades={("CZCE", "AP"): Traded(7, 55927000, 5250), ("GFEX", "lc"): Traded(2, 15790000, 3791), ("CZCE", "SR"): Traded(4, 23376000, 1800)},
)


def statement() -> Statement:
    found, _findings = read(page(NEW))
    assert found is not None
    return found


def test_books_that_say_the_same_find_nothing() -> None:
    assert compare(statement(), BOOKS).listed == []
    assert compare(statement(), replace(BOOKS, deposit=40889000, other_in=289)).listed == []


@pytest.mark.parametrize(
    ("name", "field", "found"),
    [
        ("balance", "期末结存", "8714177.80"),
        ("equity", "客户权益", "8714177.80"),
        ("fee", "手续费", "108.41"),
        ("margin", "保证金占用", "171878.40"),
        ("deposit", "入金", "408892.89"),
        ("withdrawal", "出金", "36316.00"),
    ],
)
def test_a_fen_that_differs_is_a_warning_with_both_sides(name: str, field: str, found: str) -> None:
    books = replace(BOOKS, **{name: getattr(BOOKS, name) + 1})
    [finding] = compare(statement(), books).listed
    assert (finding.severity, finding.code, finding.field, finding.found, finding.expected) == (Severity.WARNING, "books_differ", field, found, fen_more(found))


def test_trades_are_compared_by_exchange_and_product() -> None:
    trades = {**BOOKS.trades, ("CZCE", "AP"): Traded(8, 55927000, 5251), ("SHFE", "rb"): Traded(1, 100, 0)}
    del trades["GFEX", "lc"]
    found = [(finding.field.removeprefix("成交记录 "), finding.found, finding.expected) for finding in compare(statement(), replace(BOOKS, trades=trades)).listed]
    assert found == [
        ("CZCE.AP 手数", "7", "8"),
        ("CZCE.AP 手续费", "52.50", "52.51"),
        ("GFEX.lc 手数", "2", "0"),
        ("GFEX.lc 成交额", "157900.00", "0.00"),
        ("GFEX.lc 手续费", "37.91", "0.00"),
        ("SHFE.rb 手数", "0", "1"),
        ("SHFE.rb 成交额", "0.00", "1.00"),
    ]


def _post(account_no: str, version: int, *, gone: bool = False, balance: int = BOOKS.balance) -> None:
    account = db.session.query(Account).filter_by(account_no=account_no).one_or_none()
    if account is None:
        account = Account(account_no=account_no)
        db.session.add(account)
        db.session.flush()
    key = {"trade_date": DAY, "account_id": account.id, "version": version}
    amounts = {name: getattr(BOOKS, name) for name in ("equity", "fee", "deposit", "withdrawal", "other_in", "other_out", "margin")}
    rest = dict.fromkeys(("previous_balance", "realized_pnl", "mtm_pnl", "premium", "available"), 0)
    db.session.add(Balance(**key, gone=gone, balance=balance, **amounts, **rest))
    for (exchange, product), traded in BOOKS.trades.items():
        db.session.add(Trade(**key, exchange=exchange, product=product, lots=traded.lots, turnover=traded.turnover, fee=traded.fee, exchange_fee=0))


@pytest.mark.usefixtures("database")
def test_the_newest_version_of_the_books_counts() -> None:
    with transaction():
        _post(ACCOUNT, 1, balance=1)
        _post(ACCOUNT, 3)
        _post("87961974", 1, balance=2)
        _post("gone", 1)
        _post("gone", 2, gone=True)
    found = posted_books([(ACCOUNT, DAY), ("gone", DAY), ("unknown", DAY), (ACCOUNT, date(2026, 3, 5))])
    assert found == {(ACCOUNT, DAY): BOOKS}
    assert posted_books([]) == {}


def test_the_terminal_shows_facts_findings_and_the_books(app: Flask) -> None:
    with app.app_context(), transaction():
        _post(ACCOUNT, 1, balance=BOOKS.balance - 5)
    result = app.test_cli_runner().invoke(args=["statements", "check", str(FILES / NEW), str(FILES / OLD)])
    assert result.exit_code == 0, result.output
    assert f"{FILES / NEW}: adds up (0 refusals, 1 warnings)" in result.output
    assert "warning books_differ 11: 期末结存" in result.output
    assert "found 8714177.80, expected 8714177.75" in result.output
    assert "85199303  2026-01-21" in result.output
    assert "equity=20884040.54" in result.output
    assert result.output.count("Not compared") == 1


def test_the_terminal_reads_investor_statements_too(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / INVESTOR
    path.write_bytes(workbook(monitor()))
    result = app.test_cli_runner().invoke(args=["statements", "check", str(path)])
    assert result.exit_code == 0, result.output
    assert "total_pnl=250.00" in result.output


def test_the_terminal_fails_where_one_file_is_refused(app: Flask, tmp_path: Path) -> None:
    broken = tmp_path / "broken.txt"
    broken.write_bytes(stated(page(NEW), "Commission", "108.42").encode("gb18030"))
    unread = tmp_path / "unread.txt"
    unread.write_bytes(replaced(page(NEW), "108.41  保证金", "1O8.41  保证金").encode("gb18030"))
    result = app.test_cli_runner().invoke(args=["statements", "check", str(FILES / NEW), str(broken), str(unread)])
    assert result.exit_code == 1
    assert f"{broken}: refused (2 refusals, 0 warnings)" in result.output
    assert "refusal I7 15: 手续费" in result.output
    assert f"{unread}: refused (1 refusals, 0 warnings)" in result.output
    assert "refusal not_a_number 15: 手续费" in result.output
