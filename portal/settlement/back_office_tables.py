"""Tables of the back office: which one a sheet holds, its columns by name, its rows that are data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from portal.refusals import Findings
from portal.settlement.at_values import CNY, CURRENCIES, EXCHANGES, known
from portal.settlement.back_office_cells import Sheet, sheets
from portal.settlement.screening import Check, screen

HEADER_ROWS = 10
_BLANKS = re.compile(r"[\s\u3000\u200b\ufeff]+")
_PERIOD = re.compile(r"(\d{4})[-/年]?(\d{2})[-/月]?(\d{2})日?\s*(?:至|到|[-~—–－]+)\s*(\d{4})[-/年]?(\d{2})[-/月]?(\d{2})")
_NO_DATA = r"^(合计|小计|总计|共[0-9]+条)"
_AMOUNT = r"^[+-]?([0-9]{1,13}|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]{1,3}0*)?$"
_DAY = r"^([0-9]{4})-?([0-9]{2})-?([0-9]{2})$"


@dataclass(frozen=True)
class Table:
    """One of the lists: the column that tells it, the columns it must have, those it may have, and which of them are what."""

    title: str
    mark: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    amounts: tuple[str, ...]
    lots: tuple[str, ...] = ()


_WHO = ("交易日", "投资者代码")
_MONEY = ("上日结存", "入金", "出金", "平仓盈亏", "持仓盈亏", "手续费", "上交手续费", "保证金", "当日结存")
BALANCE_LIST = Table("资金对账表", "投资者权益", (*_WHO, "可用资金", "投资者权益"), (*_MONEY, "币种"), ("可用资金", "投资者权益", *_MONEY))
FEE_LIST = Table(
    "交易统计表",
    "上交手续费",
    (*_WHO, "交易所", "合约", "手续费", "上交手续费", "留存手续费", "总成交量", "平今量", "成交额"),
    ("币种",),
    ("手续费", "上交手续费", "留存手续费", "成交额"),
    ("总成交量", "平今量"),
)
FILL_LIST = Table(
    "成交明细", "交易所手续费", (*_WHO, "交易所", "合约", "成交手数", "成交金额", "手续费", "交易所手续费"), ("币种",), ("成交金额", "手续费", "交易所手续费"), ("成交手数",)
)
TABLES = (BALANCE_LIST, FILL_LIST, FEE_LIST)
BALANCE_COLUMNS = {
    "上日结存": "previous_balance",
    "入金": "deposit",
    "出金": "withdrawal",
    "平仓盈亏": "realized_pnl",
    "持仓盈亏": "mtm_pnl",
    "手续费": "fee",
    "上交手续费": "exchange_fee",
    "保证金": "margin",
    "当日结存": "balance",
    "投资者权益": "equity",
    "可用资金": "available",
}
"""The columns of the 资金对账表, and what the books call them."""
WITH_OTHER_MONEY = {"deposit": "other_in", "withdrawal": "other_out"}
"""A list may count rebates, interest and declaration fees among the money in and out, or not: neither is a difference."""


@dataclass
class Sheets:
    """The rows of one kind of list from however many files: text columns by name, `day`, `account_no`, amounts in thousandths (`_t`), `line`, `file_no`.

    `longer_than_a_day` are the files whose stated period is more than one day.
    """

    table: Table
    files: list[str]
    frame: pl.DataFrame
    longer_than_a_day: list[int]


def read_lists(files: Sequence[tuple[str, bytes]], findings: Findings) -> dict[str, Sheets]:
    """Read the lists, by title. Refused: no header among the first 10 rows, a missing column by name, what is no date, amount or lots."""
    names = [name for name, _ in files]
    found: dict[str, Sheets] = {}
    for number, (name, data) in enumerate(files):
        before, any_header = findings.refused, False
        for sheet in sheets(name, data, findings):
            header = _header(sheet)
            if header is None:
                continue
            any_header = True
            table, at = header
            frame = _rows(table, sheet, at, name, findings)
            if frame is None:
                continue
            kind = found.setdefault(table.title, Sheets(table, names, pl.DataFrame(), []))
            frame = screen(_typed(table, frame.with_columns(pl.lit(number, pl.UInt32).alias("file_no"))), names, _checks(table, frame.columns), findings)
            kind.frame = pl.concat([kind.frame, frame.filter(pl.col("currency_code") == CNY)], how="diagonal")
            if _longer_than_a_day(sheet[:at]):
                kind.longer_than_a_day.append(number)
        if not any_header and findings.refused == before:
            findings.refuse("no_header", name, found="", expected=" / ".join(f"{table.title}: {' '.join(table.required)}" for table in TABLES))
    return found


def _squeezed(cell: str) -> str:
    return _BLANKS.sub("", cell)


def _header(sheet: Sheet) -> tuple[Table, int] | None:
    for at, row in enumerate(sheet[:HEADER_ROWS]):
        cells = {_squeezed(cell) for cell in row}
        if "投资者代码" not in cells:
            continue
        for table in TABLES:
            if table.mark in cells:
                return table, at
    return None


def _rows(table: Table, sheet: Sheet, at: int, name: str, findings: Findings) -> pl.DataFrame | None:
    """The rows below the header that are data, as text; None where a column is missing or stands twice."""
    header = [_squeezed(cell) for cell in sheet[at]]
    wanted = [column for column in (*table.required, *table.optional) if column in header]
    missing = [column for column in table.required if column not in header]
    twice = [column for column in wanted if header.count(column) > 1]
    for column in (*missing, *twice):
        findings.refuse("missing_column" if column in missing else "column_twice", name, at + 1, field=column, found=" ".join(header), expected=column)
    if missing or twice:
        return None
    places = [header.index(column) for column in wanted]
    width = max(places) + 1
    body = [[*row, *[""] * (width - len(row))] if len(row) < width else row for row in sheet[at + 1 :]]
    frame = pl.DataFrame({column: [row[place] for row in body] for column, place in zip(wanted, places, strict=True)}, schema=dict.fromkeys(wanted, pl.String))
    first = pl.Series("first", [next((cell for cell in row if cell.strip()), "") for row in body], dtype=pl.String)
    frame = frame.with_columns(first, pl.int_range(at + 2, at + 2 + pl.len(), dtype=pl.UInt32).alias("line"))
    return _data_only(frame)


def _data_only(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out totals, counts, rows without a code and repeated page heads; clean the account's text."""
    account = pl.col("投资者代码").str.replace_all(r"""[\s'"=\x{3000}]""", "").str.replace(r"\.0+$", "")
    total = pl.any_horizontal(pl.col(name).str.replace_all(r"\s", "").str.contains(_NO_DATA) for name in ("first", "交易日", "投资者代码"))
    cleaned = frame.with_columns(total.alias("total"), account.alias("account_no"))
    return cleaned.filter(~pl.col("total") & ~pl.col("account_no").is_in(["", "投资者代码"])).drop("total", "first")


def _typed(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Text to dates, thousandths, lots and codes; null where the text is something else, or empty."""
    day = pl.col("交易日").str.strip_chars(" \t'").str.replace(_DAY, "$1-$2-$3").str.to_date("%Y-%m-%d", strict=False)
    numbers = [_number(name).alias(f"{name}_t") for name in (*table.amounts, *table.lots) if name in frame.columns]
    currency = pl.col("币种").str.strip_chars() if "币种" in frame.columns else pl.lit(CNY)
    frame = frame.with_columns(day.alias("day"), *numbers, currency.replace("", CNY).alias("currency"))
    frame = frame.with_columns(known("currency", CURRENCIES).alias("currency_code"))
    if "交易所" in frame.columns:
        frame = frame.with_columns(pl.col("交易所").str.strip_chars()).with_columns(known("交易所", EXCHANGES).alias("exchange"))
        frame = frame.with_columns(pl.col("合约").str.strip_chars().str.to_lowercase().alias("contract"))
    return frame


def _number(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars(" \t'\u3000")
    plain = pl.when(text.str.contains(_AMOUNT)).then(text.str.replace_all(",", "", literal=True).str.strip_prefix("+"))
    return plain.cast(pl.Decimal(18, 3), strict=False).to_physical().cast(pl.Int64)


def _checks(table: Table, columns: Sequence[str]) -> list[Check]:
    checks = [
        Check("not_one_day", pl.col("day").is_null(), "交易日", "交易日", "20260105 / 2026-01-05"),
        Check("unknown_word", pl.col("currency_code").is_null(), "币种", "currency", "CNY RMB 人民币 / ISO 4217"),
    ]
    for name in (*table.amounts, *table.lots):
        if name in columns:
            empty = (pl.col(name).str.strip_chars() == "") if name in table.optional else pl.lit(False)
            checks.append(Check("bad_amount", pl.col(f"{name}_t").is_null() & ~empty, name, name, "1,234.50"))
    checks += [Check("bad_lots", (pl.col(f"{name}_t") % 1000 != 0) | (pl.col(f"{name}_t") < 0), name, name, "3") for name in table.lots]
    if "交易所" in columns:
        checks.append(Check("unknown_word", pl.col("exchange").is_null(), "交易所", "交易所", " ".join(EXCHANGES)))
        checks.append(Check("blank", pl.col("contract") == "", "合约", "", "rb2605"))
    if table is FEE_LIST:
        kept = pl.col("手续费_t") - pl.col("上交手续费_t") != pl.col("留存手续费_t")
        checks.append(Check("retained_identity", kept, "留存手续费", "留存手续费", lambda row: f"{row['手续费']} - {row['上交手续费']}"))
    return checks


def _longer_than_a_day(rows: Sheet) -> bool:
    for row in rows:
        found = _PERIOD.search(" ".join(row))
        if found:
            return found.groups()[:3] != found.groups()[3:]
    return False
