"""Settled days: posted whole or not at all, corrected by versions, read back as known at a recording."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.settlement import Balance, DaySegment, SettlementDay, SettlementDayFile, Trade
from models.values.calendar import Month
from portal.audit.recordings import last_recording_id
from portal.refusals import Findings
from portal.settlement import day
from portal.settlement.day_checks import ACCOUNTS, Known, check_day
from portal.settlement.facts import day_frames, month_days, settled_days
from tests import make

pytestmark = pytest.mark.usefixtures("database")

MONDAY, TUESDAY, WEDNESDAY = "2026-01-05", "2026-01-06", "2026-01-07"
TRADES = [("10001", "SHFE", "rb", "3", "96000.00", "12.35", "4.12"), ("10001", "DCE", "m", "1", "30000.00", "1.00", "0.50")]


@pytest.fixture
def folder(app: Flask, tmp_path: Path) -> Path:
    make.settled(app, tmp_path / "firm")
    return tmp_path / "days"


def monday(folder: Path) -> Path:
    return make.day(folder, MONDAY, {"10001": ("1000.00", "10.00"), "10002": ("500.00", "-3.21")}, TRADES)


def rows(model: type) -> int:
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()


def equity(on: str, known: int | None = None) -> list[int]:
    return day_frames(date.fromisoformat(on), known)[0]["equity"].to_list()


def test_a_day_is_posted_with_its_rows_columns_and_totals(folder: Path) -> None:
    outcome = make.accepted(monday(folder))
    assert outcome.summary["days"] == {"posted": [MONDAY]}
    posted = db.session.scalars(select(SettlementDay)).one()
    assert (posted.version, posted.accounts, posted.trades, posted.fee, posted.retained_fee) == (1, 2, 2, 1335, 873)
    assert posted.equity == 100_000 + 1000 - 1335 + 50_000 - 321
    assert (rows(Balance), rows(Trade), rows(DaySegment), rows(SettlementDayFile)) == (2, 2, 2, 2)
    balances, trades = day_frames(date(2026, 1, 5))
    stored = [tuple(row) for row in db.session.execute(select(Balance.account_id, Balance.equity).order_by(Balance.account_id))]
    assert stored == list(balances.select("account_id", "equity").iter_rows())
    assert trades.select("product", "fee", "lines").rows() == [("m", 100, [3]), ("rb", 1235, [2])]
    assert balances["line"].to_list() == [2, 3]


def test_the_same_day_again_changes_nothing(folder: Path) -> None:
    make.accepted(monday(folder))
    assert make.accepted(folder).summary["days"] == {"same_bytes": [MONDAY]}
    path = folder / f"balances-{MONDAY}.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert make.accepted(folder).summary["days"] == {"unchanged": [MONDAY]}
    assert rows(SettlementDay) == 1


def test_a_correction_is_a_version_of_what_changed_and_the_old_one_stays(folder: Path) -> None:
    make.accepted(monday(folder))
    known = last_recording_id()
    make.day(folder, MONDAY, {"10001": ("1000.00", "10.00"), "10002": ("500.00", "7.00")}, TRADES)
    outcome = make.accepted(folder)
    assert outcome.summary["days"] == {"corrected": [MONDAY]}
    detail = outcome.summary["details"][MONDAY]
    assert (detail["accounts_changed"], detail["equity"]) == (1, [149_344, 150_365])
    assert equity(MONDAY, known) == [99_665, 49_679]
    assert equity(MONDAY) == [99_665, 50_700]
    assert rows(Balance) == 3


def test_an_account_that_vanished_is_gone_and_its_trades_with_it(folder: Path) -> None:
    make.accepted(monday(folder))
    known = last_recording_id()
    make.accepted(make.day(folder, MONDAY, {"10002": ("500.00", "-3.21")}))
    balances, trades = day_frames(date(2026, 1, 5))
    assert (balances.height, trades.height) == (1, 0)
    assert [frame.height for frame in day_frames(date(2026, 1, 5), known)] == [2, 2]
    assert make.accepted(monday(folder / "again")).summary["days"] == {"same_bytes": [MONDAY]}


def test_trades_alone_correct_a_posted_day(folder: Path) -> None:
    make.accepted(monday(folder))
    path = make.edit(folder / f"trades-{MONDAY}.csv", "12.35,4.12", "12.35,2.12")
    make.accepted(path)
    balances, trades = day_frames(date(2026, 1, 5))
    assert (balances.height, trades["exchange_fee"].to_list()) == (2, [50, 212])
    assert balances["version"].to_list() == [2, 1]


def test_trades_without_balances_are_refused(folder: Path) -> None:
    monday(folder)
    assert make.found(make.imported(folder / f"trades-{MONDAY}.csv"), "no_balances").file == f"trades-{MONDAY}.csv"


def test_one_bad_row_and_nothing_is_posted(folder: Path) -> None:
    monday(folder)
    make.edit(folder / f"trades-{MONDAY}.csv", "SHFE", "NYSE")
    refused = make.found(make.imported(folder), "unknown_word")
    assert (refused.file, refused.line, refused.field, refused.found) == (f"trades-{MONDAY}.csv", 2, "exchange", "NYSE")
    assert (rows(SettlementDay), rows(Balance), rows(Trade)) == (0, 0, 0)


BALANCE_FAULTS = [
    ("10002,500.00", "10002,500.001", "bad_amount", 3, "previous_balance", "at most 2 decimals (a third must be 0)"),
    ("10002,500.00", "10002,5e2", "bad_amount", 3, "previous_balance", "an amount in yuan such as 1234.50"),
    ("10002,500.00", "10002,５00.00", "bad_amount", 3, "previous_balance", "an amount in yuan such as 1234.50"),
    ("10002,500.00", "10002,20000000000000.00", "bad_amount", 3, "previous_balance", "an amount below 10,000,000,000,000 yuan"),
    ("2026-01-05,10002", "2026-01-06,10002", "wrong_day", 3, "trade_date", "2026-01-05"),
    (",10002,", ", 10002,", "bad_account_no", 3, "account_no", "an account number without blanks around it"),
    (",10002,", ",10009,", "unknown_account", 3, "account_no", "import accounts.csv first"),
    (",10002,", ",10001,", "key_twice", 3, "account_no", "once; it stands on line 2 too"),
    ("10002,500.00,0.00,0.00,", "10002,500.00,-1.00,-1.00,", "negative_amount", 3, "deposit", "0 or more"),
    ("10002,500.00", "10002,500.01", "balance_identity", 3, "balance", "496.80"),
    ("496.79,0.00,496.79", "496.79,1.00,496.79", "available_identity", 3, "available", "495.79"),
    ("0.00,496.79", "0.00,496.79,1", "wrong_columns", 3, "", "15"),
    ("previous_balance", "previous", "missing_column", 1, "previous_balance", "previous_balance"),
]


@pytest.mark.parametrize(("old", "new", "code", "line", "field", "expected"), BALANCE_FAULTS, ids=[f"{row[2]}-{row[1]}" for row in BALANCE_FAULTS])
def test_what_is_wrong_with_a_balance_is_named(folder: Path, old: str, new: str, code: str, line: int, field: str, expected: str) -> None:
    monday(folder)
    make.edit(folder / f"balances-{MONDAY}.csv", old, new)
    outcome = make.imported(folder)
    refused = [item for item in outcome.findings.listed if item.code == code]
    assert refused, make.codes(outcome)
    assert (refused[0].file, refused[0].line, refused[0].field, refused[0].expected) == (f"balances-{MONDAY}.csv", line, field, expected)
    assert outcome.summary["days"] == {"refused": [MONDAY]}
    assert rows(Balance) == 0


TRADE_FAULTS = [
    (",3,", ",3.0,", "bad_lots", 2, "lots"),
    (",3,", ",-3,", "bad_lots", 2, "lots"),
    (",rb,", ",,", "bad_product", 2, "product"),
    ("DCE,m", "shfe,RB", "key_twice", 3, "account_no, exchange, product"),
    ("12.35,", "12.3x,", "bad_amount", 2, "fee"),
    ("12.35,", "12.36,", "fee_identity", 2, "fee"),
    ("10001,DCE", "10009,DCE", "unknown_account", 3, "account_no"),
]


@pytest.mark.parametrize(("old", "new", "code", "line", "field"), TRADE_FAULTS, ids=[f"{row[2]}-{row[1]}" for row in TRADE_FAULTS])
def test_what_is_wrong_with_a_trade_is_named(folder: Path, old: str, new: str, code: str, line: int, field: str) -> None:
    monday(folder)
    make.edit(folder / f"trades-{MONDAY}.csv", old, new)
    refused = [item for item in make.imported(folder).findings.listed if item.code == code]
    assert [(item.line, item.field) for item in refused] == [(line, field)]
    assert rows(Trade) == 0


def test_a_trade_needs_the_account_s_balance_row(folder: Path) -> None:
    make.day(folder, MONDAY, {"10002": ("500.00", "0.00")}, TRADES)
    outcome = make.imported(folder)
    assert make.codes(outcome) == ["trade_without_balance", "trade_without_balance"]


def test_superseded_bytes_stay_received_also_where_a_file_has_no_rows(folder: Path) -> None:
    first = make.day(folder, MONDAY, {"10001": ("1000.00", "0.00")})
    make.accepted(first)
    make.accepted(monday(folder / "second"))
    assert make.accepted(first).summary["days"] == {"same_bytes": [MONDAY]}


def test_a_trades_file_that_lost_its_rows_is_looked_at_beside_balances_that_came_before(folder: Path) -> None:
    free = [("10001", "SHFE", "rb", "3", "100000.00", "0.00", "0.00")]
    first = make.day(folder, MONDAY, {"10001": ("1000.00", "0.00")}, free)
    make.accepted(first)
    make.write(folder, f"trades-{MONDAY}", [], make.TRADE)
    assert make.accepted(first).summary["days"] == {"corrected": [MONDAY]}
    assert make.accepted(first).summary["days"] == {"same_bytes": [MONDAY]}


def test_a_trades_file_that_lost_rows_with_fees_is_refused_not_passed_over(folder: Path) -> None:
    make.accepted(monday(folder))
    make.write(folder, f"trades-{MONDAY}", [], make.TRADE)
    assert "fee_identity" in make.codes(make.imported(folder))


def test_quoted_fields_read_the_same(folder: Path) -> None:
    monday(folder)
    path = folder / f"balances-{MONDAY}.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("10002", '"10002"'), encoding="utf-8")
    make.accepted(folder)
    assert day_frames(date(2026, 1, 5))[0]["line"].to_list() == [2, 3]


def test_a_day_begins_where_the_last_one_ended(folder: Path) -> None:
    make.accepted(monday(folder))
    make.day(folder, TUESDAY, {"10001": ("996.65", "0.00"), "10002": ("496.78", "0.00")})
    refused = make.found(make.imported(folder), "previous_balance")
    assert (refused.line, refused.found, refused.expected) == (3, "10002: 496.78", "496.79, its balance of 2026-01-05")
    make.accepted(make.day(folder, TUESDAY, {"10001": ("996.65", "0.00"), "10002": ("496.79", "0.00")}))


def test_a_missing_day_is_named_and_makes_the_difference_a_warning(folder: Path) -> None:
    make.accepted(monday(folder))
    outcome = make.accepted(make.day(folder, WEDNESDAY, {"10001": ("996.65", "0.00"), "10002": ("1.00", "0.00")}))
    assert make.found(outcome, "days_missing").found == TUESDAY
    assert make.found(outcome, "previous_balance_gap").expected == f"496.79, its balance of {MONDAY}; missing: {TUESDAY}"


def test_a_silent_account_s_last_row_counts_as_a_warning(folder: Path) -> None:
    make.accepted(monday(folder))
    silent = make.accepted(make.day(folder, TUESDAY, {"10001": ("996.65", "0.00")}))
    assert make.found(silent, "silent_account").found == "10002"
    back = make.accepted(make.day(folder, WEDNESDAY, {"10001": ("996.65", "0.00"), "10002": ("1.00", "0.00")}))
    assert make.found(back, "previous_balance_silent").expected == f"496.79, its balance of {MONDAY}"


def test_a_corrected_past_day_names_the_next_day_it_no_longer_fits(folder: Path) -> None:
    make.accepted(monday(folder))
    make.accepted(make.day(folder, TUESDAY, {"10001": ("996.65", "0.00"), "10002": ("496.79", "0.00")}))
    outcome = make.accepted(make.day(folder / "fixed", MONDAY, {"10001": ("1000.00", "10.00"), "10002": ("500.00", "0.00")}, TRADES))
    assert make.found(outcome, "next_day_differs").expected == f"496.79, with which {TUESDAY} begins"


def test_warnings_do_not_block(folder: Path) -> None:
    make.day(folder, MONDAY, {"10001": ("1.00", "-5.00"), "10002": ("100.00", "0.00")}, [("10002", "SHFE", "rb", "1", "1.00", "1.00", "2.00")])
    make.edit(folder / f"balances-{MONDAY}.csv", "99.00,99.00,0.00,99.00", "99.00,99.00,100.00,-1.00")
    assert sorted(make.codes(make.accepted(folder))) == ["negative_equity", "negative_retained_fee", "risk_over_100"]


def test_the_calendar_is_asked(folder: Path) -> None:
    holiday = make.accepted(make.day(folder, "2026-01-01", {"10001": ("1.00", "0.00")}))
    assert make.codes(holiday) == ["not_trading_day"]
    unknown = make.imported(make.day(folder / "far", "2099-01-05", {"10001": ("1.00", "0.00")}))
    assert make.codes(unknown) == ["unknown_calendar_year"]
    (folder / "balances-2026-02-30.csv").write_text("x", encoding="utf-8")
    assert make.found(make.imported(folder), "bad_file_date").file == "balances-2026-02-30.csv"


def test_days_are_posted_in_their_order_whatever_the_order_of_the_paths(folder: Path) -> None:
    monday(folder)
    make.day(folder, TUESDAY, {"10001": ("996.65", "0.00"), "10002": ("496.79", "0.00")})
    make.accepted(*sorted(folder.iterdir(), reverse=True))
    assert settled_days(date(2026, 1, 1), date(2026, 1, 31)) == month_days(Month(2026, 1)) == [date(2026, 1, 5), date(2026, 1, 6)]


def test_a_day_without_trades_and_a_file_of_another_day_with_the_same_bytes(folder: Path) -> None:
    make.accepted(make.day(folder, MONDAY, {"10001": ("1.00", "0.00")}))
    assert make.accepted(make.day(folder, TUESDAY, {"10001": ("1.00", "0.00")})).summary["days"] == {"same_bytes": [MONDAY], "posted": [TUESDAY]}


def test_totals_that_do_not_fit_are_refused() -> None:
    amounts = {name: 0 for name in day.BALANCES if name not in ("account_no", "line")} | {"equity": 9 * 10**14, "available": 9 * 10**14}
    many = pl.DataFrame([{"account_no": str(number), **amounts, "line": number} for number in range(6000)], schema=day.BALANCES)
    findings = Findings()
    given = day.DayInput(date(2026, 1, 5), many, pl.DataFrame(schema=day.TRADES), balance_file="b.csv")
    accounts = many.select("account_no", account_id=1 + pl.col("line").cast(pl.Int64)).cast(ACCOUNTS)
    check_day(day.identified(given, accounts), Known(accounts), findings)
    assert [item.code for item in findings.listed] == ["totals_too_large"]
