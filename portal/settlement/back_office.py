"""What the back office's lists add to a day: the exchange fees, and a second opinion on balances, fees, turnover and lots.

A difference is a warning that shows both values; a list alone never posts a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from models.values.money import yuan
from portal.refusals import Findings, Severity
from portal.settlement.at_values import half_up
from portal.settlement.back_office_tables import BALANCE_COLUMNS, BALANCE_LIST, FEE_LIST, FILL_LIST, WITH_OTHER_MONEY, Sheets, read_lists
from portal.settlement.exchange_fees import CONTRACT_KEY, OfficialFees
from portal.settlement.screening import Check, Row, Words, screen


def list_days(name: str, data: bytes, findings: Findings | None = None) -> set[date]:
    """The trade dates that a list speaks of: empty where it cannot be read; `findings` say why."""
    found = read_lists([(name, data)], Findings() if findings is None else findings)
    return {day for sheets in found.values() for day in sheets.frame["day"].unique().to_list()} if found else set()


def lists_of_day(files: Sequence[tuple[str, bytes]], trade_date: date, findings: Findings) -> dict[str, Sheets]:
    """The rows of one trade date, by list title; a file without any is a warning."""
    found = read_lists(files, findings)
    seen: set[int] = set()
    for sheets in found.values():
        sheets.frame = sheets.frame.filter(pl.col("day") == trade_date) if sheets.frame.width else sheets.frame
        seen.update(sheets.frame["file_no"].unique().to_list() if sheets.frame.width else [])
    broken = {finding.file for finding in findings.listed}
    for number, (name, _) in enumerate(files):
        if number not in seen and name not in broken:
            findings.warn("nothing_of_day", name, found="", expected=trade_date.isoformat())
    return {title: sheets for title, sheets in found.items() if not sheets.frame.is_empty()}


def official_fees(lists: Mapping[str, Sheets], fills: pl.DataFrame, findings: Findings) -> OfficialFees | None:
    """The exchange fees per account, exchange and contract, checked against the fills; the 交易统计表 wins over the 成交明细."""
    parts = []
    for title, lots, turnover, fee in ((FEE_LIST.title, "总成交量", "成交额", "上交手续费"), (FILL_LIST.title, "成交手数", "成交金额", "交易所手续费")):
        if title in lists:
            summed = _by_contract(lists[title], lots, turnover, fee, findings)
            _compare_contracts(lists[title], summed, fills, findings)
            parts.append(summed.select(*CONTRACT_KEY, "exchange_fee", "line", "file_no"))
    if not parts:
        return None
    files = next(iter(lists.values())).files
    if len(parts) == 2:
        both = parts[1].join(parts[0], on=CONTRACT_KEY, suffix="_listed")
        other = Check(
            "lists_disagree", pl.col("exchange_fee") != pl.col("exchange_fee_listed"), FEE_LIST.title, _money("exchange_fee"), _yuan("exchange_fee_listed"), Severity.WARNING
        )
        screen(both, files, [other], findings)
    return OfficialFees(pl.concat(parts).unique(CONTRACT_KEY, keep="first", maintain_order=True), files)


def _by_contract(sheets: Sheets, lots: str, turnover: str, fee: str, findings: Findings) -> pl.DataFrame:
    """Sums per contract, fees rounded half-up to the fen once. A contract in two files of the same kind is refused: one of them would count twice."""
    keyed = sheets.frame.with_columns(pl.col("file_no").first().over(CONTRACT_KEY).alias("first_file"))
    again = Check("list_twice", pl.col("file_no") != pl.col("first_file"), "合约", "合约", lambda row: sheets.files[row["first_file"]])
    keyed = screen(keyed, sheets.files, [again], findings)
    today = pl.col("平今量_t").sum() // 1000 if "平今量_t" in keyed.columns else pl.lit(None, pl.Int64)
    sums = [
        (pl.col(f"{lots}_t").sum() // 1000).alias("listed_lots"),
        today.alias("listed_today"),
        half_up(pl.col(f"{turnover}_t").sum(), 10).alias("listed_turnover"),
        half_up(pl.col("手续费_t").sum(), 10).alias("listed_fee"),
        half_up(pl.col(f"{fee}_t").sum(), 10).alias("exchange_fee"),
        (pl.col(f"{fee}_t").sum() % 10 != 0).alias("finer"),
        pl.col("line", "file_no").first(),
    ]
    summed = keyed.group_by(CONTRACT_KEY, maintain_order=True).agg(sums)
    screen(summed, sheets.files, [Check("fee_not_whole_fen", pl.col("finer"), fee, _money("exchange_fee"), "", Severity.WARNING)], findings)
    return summed


def _compare_contracts(sheets: Sheets, summed: pl.DataFrame, fills: pl.DataFrame, findings: Findings) -> None:
    """Lots, close-today lots, turnover and fee against the fills. Other lots in a list over several days: its rows are not of one trade date, refused."""
    own = (
        fills.with_columns(pl.col("instrument").str.to_lowercase().alias("contract"))
        .group_by(CONTRACT_KEY)
        .agg(pl.col("lots", "close_today", "turnover").sum(), half_up(pl.col("fee_t").sum(), 10).alias("fee"))
    )
    joined = summed.join(own, on=CONTRACT_KEY, how="left", maintain_order="left")
    several = pl.col("file_no").is_in(sheets.longer_than_a_day)
    other_lots = pl.col("listed_lots") != pl.col("lots")
    who = _who
    warning = Severity.WARNING
    checks = [
        Check("list_without_fills", pl.col("lots").is_null(), "合约", who, "", warning),
        Check("not_one_day", several & other_lots, "总成交量", lambda row: f"{who(row)} {row['listed_lots']}", lambda row: row["lots"]),
        Check("list_differs", other_lots & ~several, "总成交量", lambda row: f"{who(row)} {row['listed_lots']}", lambda row: row["lots"], warning),
        Check("list_differs", pl.col("listed_today") != pl.col("close_today"), "平今量", lambda row: f"{who(row)} {row['listed_today']}", lambda row: row["close_today"], warning),
        Check("list_differs", pl.col("listed_turnover") != pl.col("turnover"), "成交额", _money("listed_turnover"), _yuan("turnover"), warning),
        Check("list_differs", pl.col("listed_fee") != pl.col("fee"), "手续费", _money("listed_fee"), _yuan("fee"), warning),
    ]
    screen(joined, sheets.files, checks, findings)
    silent = own.join(summed, on=CONTRACT_KEY, how="anti").height
    if silent:
        findings.warn("list_lacks_rows", ", ".join(sheets.files[number] for number in summed["file_no"].unique().sort()), found=silent, expected=0)


def compare_balances(lists: Mapping[str, Sheets], balances: pl.DataFrame, trades: pl.DataFrame, findings: Findings) -> None:
    """Every amount of the 资金对账表 against the day's balances: account, column, both values."""
    sheets = lists.get(BALANCE_LIST.title)
    if sheets is None:
        return
    fees = trades.group_by("account_no").agg(pl.col("exchange_fee").sum())
    own = balances.drop("line").join(fees, on="account_no", how="left").with_columns(pl.col("exchange_fee").fill_null(0))
    joined = sheets.frame.join(own, on="account_no", how="left", maintain_order="left")
    checks = [Check("list_without_balance", pl.col("equity").is_null(), "投资者代码", "account_no", "", Severity.WARNING)]
    for column, name in BALANCE_COLUMNS.items():
        if f"{column}_t" in joined.columns:
            differs = pl.col(f"{column}_t") != pl.col(name) * 10
            if name in WITH_OTHER_MONEY:
                differs &= pl.col(f"{column}_t") != (pl.col(name) + pl.col(WITH_OTHER_MONEY[name])) * 10
            checks.append(Check("list_differs", differs, column, _listed(column), _yuan(name), Severity.WARNING))
    screen(joined, sheets.files, checks, findings)
    silent = balances.join(sheets.frame, on="account_no", how="anti").height
    if silent:
        findings.warn("list_lacks_rows", ", ".join(sheets.files[number] for number in sheets.frame["file_no"].unique().sort()), found=silent, expected=0)


def _who(row: Row) -> str:
    return " ".join(str(row[name]) for name in CONTRACT_KEY)


def _money(name: str) -> Words:
    return lambda row: f"{_who(row)} {yuan(row[name])}"


def _yuan(name: str) -> Words:
    return lambda row: yuan(row[name])


def _listed(column: str) -> Words:
    return lambda row: f"{row['account_no']} {row[column].strip()}"
