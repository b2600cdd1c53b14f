"""The checks of one settled day: what its files say, against itself and against what the portal knows. Pure.

Refusals block the whole day, warnings do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from models.values.money import half_up, yuan
from portal.refusals import Findings, Severity
from portal.settlement.day import AMOUNTS, BALANCES, TRADES, DayInput

NOT_NEGATIVE = ("deposit", "withdrawal", "other_in", "other_out", "margin")
TOTAL_LIMIT = 2**62
"""Sums beyond this would not fit; a firm of such amounts does not exist."""

ACCOUNTS: dict[str, type[pl.DataType]] = {"account_no": pl.String, "account_id": pl.Int64}
LAST: dict[str, type[pl.DataType]] = {"account_id": pl.Int64, "day": pl.Date, "balance": pl.Int64}
NEXT: dict[str, type[pl.DataType]] = {"account_id": pl.Int64, "previous_balance": pl.Int64}


@dataclass
class Known:
    """What the portal knows around a day.

    `last` is each account's last balance before the day, `following` its previous_balance on the next settled day;
    `missing` are the trading days between the previous settled day and this one; `trading` is None where the calendar
    does not know the year.
    """

    accounts: pl.DataFrame
    last: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LAST))
    following: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NEXT))
    previous_day: date | None = None
    next_day: date | None = None
    missing: list[date] = field(default_factory=list)
    trading: bool | None = True
    posted: bool = False


def check_day(day: DayInput, known: Known, findings: Findings, *, balances_given: bool = True) -> None:
    """Add everything that is wrong with a day whose two parts are complete and `identified`.

    `balances_given` is False where the balances are the posted ones and only the trades are new: what was judged when
    they were posted is not judged again.
    """
    assert day.balances is not None
    assert day.trades is not None
    balances, trades = day.balances, day.trades
    _calendar(day, known, findings)
    _accounts(day, balances, trades, findings)
    if not _sums_fit(balances, trades, day, findings):
        return
    _fees(day, balances, trades, findings)
    if balances_given:
        _amounts(day, balances, findings)
        _identities(day, balances, findings)
        _previous(day, balances, known, findings)
        _silent(day, balances, known, findings)
        _following(day, balances, known, findings)
    _worth_knowing(day, balances if balances_given else balances.clear(), trades, findings)


def check_rows(day: DayInput, accounts: pl.DataFrame, findings: Findings) -> None:
    """Add what is wrong with single rows of a day that is refused already, so that all of it is named at once."""
    balances = day.balances if day.balances is not None else pl.DataFrame(schema=BALANCES)
    trades = day.trades if day.trades is not None else pl.DataFrame(schema=TRADES)
    unknown, strange = (frame.join(accounts, on="account_no", how="anti") for frame in (balances, _lines(trades)))
    _unknown(day, unknown, strange, findings)
    _amounts(day, balances, findings)
    if not day.balance_identity_checked:
        _identities(day, balances, findings)


def _amounts(day: DayInput, balances: pl.DataFrame, findings: Findings) -> None:
    for name in NOT_NEGATIVE:
        _each(balances.filter(pl.col(name) < 0), "negative_amount", day.balance_file, name, name, "0 or more", findings)


def _calendar(day: DayInput, known: Known, findings: Findings) -> None:
    file = day.balance_file or day.trade_file
    if known.trading is None:
        findings.refuse("unknown_calendar_year", file, field="trade_date", found=day.trade_date.year, expected="a year of the trading calendar")
    elif not known.trading:
        findings.warn("not_trading_day", file, field="trade_date", found=day.trade_date, expected="a trading day")
    if known.missing and not known.posted:
        findings.warn("days_missing", file, field="trade_date", found=_days(known.missing), expected="every trading day after the last settled one")


def _unknown(day: DayInput, balances: pl.DataFrame, lines: pl.DataFrame, findings: Findings) -> None:
    for frame, file in ((balances, day.balance_file), (lines, day.trade_file)):
        _each(frame, "unknown_account", file, "account_no", "account_no", "import accounts.csv first", findings)


def _lines(trades: pl.DataFrame) -> pl.DataFrame:
    return trades.select(pl.exclude("lines"), line=pl.col("lines").list.first())


def _accounts(day: DayInput, balances: pl.DataFrame, trades: pl.DataFrame, findings: Findings) -> None:
    nobody = pl.col("account_id") < 0
    lines = _lines(trades)
    _unknown(day, balances.filter(nobody), lines.filter(nobody), findings)
    bare = lines.join(balances, on="account_id", how="anti").filter(~nobody)
    _each(bare, "trade_without_balance", day.trade_file, "account_no", "account_no", "a balance row of this account on this day", findings)


def _sums_fit(balances: pl.DataFrame, trades: pl.DataFrame, day: DayInput, findings: Findings) -> bool:
    """Whether every total fits a whole number of 64 bits."""
    parts = ((balances, AMOUNTS), (trades, ("turnover", "fee", "exchange_fee", "lots")))
    total = sum(int(size or 0) for frame, names in parts for size in frame.select(pl.col(names).abs().cast(pl.Int128).sum()).row(0))
    if total >= TOTAL_LIMIT:
        findings.refuse("totals_too_large", day.balance_file or day.trade_file, found=total, expected=f"less than {TOTAL_LIMIT}")
    return total < TOTAL_LIMIT


def _fees(day: DayInput, balances: pl.DataFrame, trades: pl.DataFrame, findings: Findings) -> None:
    """fee = Σ fee of the account's trades of the day."""
    sums = trades.group_by("account_id").agg(pl.col("fee").sum().alias("sum"), pl.col("lines").list.first().min().alias("trade_line"))
    joined = balances.select("account_id", "account_no", "fee", "line").join(sums, on="account_id", how="left").with_columns(pl.col("sum").fill_null(0))
    wrong = joined.filter(pl.col("fee") != pl.col("sum")).sort("line", "account_no")
    file = day.balance_file or day.trade_file
    for account, fee, line, total, trade_line in wrong.drop("account_id").iter_rows():
        findings.refuse("fee_identity", file, line or trade_line, field="fee", found=f"{account}: {yuan(fee)}", expected=f"{yuan(total)}, the sum of its trades")


def _identities(day: DayInput, balances: pl.DataFrame, findings: Findings) -> None:
    total = pl.sum_horizontal("previous_balance", "deposit", "other_in", "realized_pnl", "mtm_pnl", "premium") - pl.sum_horizontal("withdrawal", "other_out", "fee")
    wrong = balances.with_columns(total.alias("total")).filter(pl.col("balance") != pl.col("total"))
    for account, found, expected, line in wrong.select("account_no", "balance", "total", "line").iter_rows():
        if day.balance_identity_checked and account in day.lenient_identity_accounts:
            continue  # the warning was given by the files' own fields
        severity = Severity.WARNING if account in day.lenient_identity_accounts else Severity.REFUSAL
        _say(findings, severity)("balance_identity", day.balance_file, line, field="balance", found=f"{account}: {yuan(found)}", expected=yuan(expected))
    wrong = balances.filter(pl.col("available") != pl.col("equity") - pl.col("margin"))
    for account, found, equity, margin, line in wrong.select("account_no", "available", "equity", "margin", "line").iter_rows():
        findings.refuse("available_identity", day.balance_file, line, field="available", found=f"{account}: {yuan(found)}", expected=yuan(equity - margin))


def _previous(day: DayInput, balances: pl.DataFrame, known: Known, findings: Findings) -> None:
    """previous_balance = the balance of the previous settled day. A day missing in between, or an account silent on days
    in between, makes the difference a warning; an account's first row is free."""
    last = known.last.rename({"balance": "held"})
    joined = balances.select("account_id", "account_no", "previous_balance", "line").join(last, on="account_id").filter(pl.col("previous_balance") != pl.col("held"))
    for account, given, line, on, held in joined.sort("line").select("account_no", "previous_balance", "line", "day", "held").iter_rows():
        found, expected = f"{account}: {yuan(given)}", f"{yuan(held)}, its balance of {on}"
        place = {"file": day.balance_file, "line": line, "field": "previous_balance"}
        if known.missing:
            findings.warn("previous_balance_gap", **place, found=found, expected=f"{expected}; missing: {_days(known.missing)}")
        elif on != known.previous_day:
            findings.warn("previous_balance_silent", **place, found=found, expected=expected)
        else:
            findings.refuse("previous_balance", **place, found=found, expected=expected)


def _silent(day: DayInput, balances: pl.DataFrame, known: Known, findings: Findings) -> None:
    if known.previous_day is None:
        return
    gone = known.last.filter(pl.col("day") == known.previous_day).join(balances, on="account_id", how="anti").join(known.accounts, on="account_id")
    for account in gone["account_no"].sort():
        findings.warn("silent_account", day.balance_file, field="account_no", found=account, expected=f"a row, as on {known.previous_day}")


def _following(day: DayInput, balances: pl.DataFrame, known: Known, findings: Findings) -> None:
    """A past day whose balance is no longer what the next settled day began with: that day needs its correction too."""
    joined = balances.select("account_id", "account_no", "balance", "line").join(known.following, on="account_id").filter(pl.col("balance") != pl.col("previous_balance"))
    for account, found, line, expected in joined.drop("account_id").sort("line").iter_rows():
        begins = f"{yuan(expected)}, with which {known.next_day} begins"
        findings.warn("next_day_differs", day.balance_file, line, field="balance", found=f"{account}: {yuan(found)}", expected=begins)


def _worth_knowing(day: DayInput, balances: pl.DataFrame, trades: pl.DataFrame, findings: Findings) -> None:
    for account, equity, line in balances.filter(pl.col("equity") < 0).select("account_no", "equity", "line").iter_rows():
        findings.warn("negative_equity", day.balance_file, line, field="equity", found=f"{account}: {yuan(equity)}", expected="0 or more")
    risky = balances.filter((pl.col("equity") > 0) & (pl.col("margin") > pl.col("equity")))
    for account, equity, margin, line in risky.select("account_no", "equity", "margin", "line").iter_rows():
        findings.warn("risk_over_100", day.balance_file, line, field="margin", found=f"{account}: {yuan(half_up(margin * 10_000, equity))} %", expected="at most 100 %")
    negative = trades.filter(pl.col("fee") < pl.col("exchange_fee"))
    for account, product, fee, exchange_fee, lines in negative.select("account_no", "product", "fee", "exchange_fee", "lines").iter_rows():
        line = lines[0] if lines else None
        findings.warn("negative_retained_fee", day.trade_file, line, field="exchange_fee", found=f"{account} {product}: {yuan(fee - exchange_fee)}", expected="0 or more")


def _each(frame: pl.DataFrame, code: str, file: str, name: str, column: str, expected: str, findings: Findings) -> None:
    for value, line in frame.select(column, "line").iter_rows():
        findings.refuse(code, file, line, field=name, found=yuan(value) if isinstance(value, int) else value, expected=expected)


def _say(findings: Findings, severity: Severity) -> Callable[..., None]:
    return findings.refuse if severity == Severity.REFUSAL else findings.warn


def _days(days: list[date]) -> str:
    return ", ".join(map(str, days[:30])) + (f" … ({len(days)})" if len(days) > 30 else "")
