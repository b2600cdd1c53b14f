"""Broken spreadsheets of the back office beside a good day: heads, cells, days, sums, and workbooks that are none."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import xlsxwriter

from tests.corpus.at_cases import broken
from tests.corpus.cases import SEE, Case, put
from tests.corpus.firm import ACCOUNTS, NEXT

Rows = list[list[Any]]
DAY = NEXT.replace("-", "")
LIST = "list.xlsx"
HEAD = ["交易日", "投资者代码", "投资者名称", "交 易 所", "合约", "产品", "手续费", "上交手续费", "留存手续费", "总成交量", "平今量", "成交额"]


def fees() -> Rows:
    """The day's fees by contract, as the fee table has them."""
    first, second, third, _ = ACCOUNTS
    rows = [
        [first, "上期所", "rb2610", "20.03", "6.40", "13.63", "2", "0", "64,000.00"],
        [first, "大商所", "m2605-C-3000", "3.50", "0.50", "3.00", "1", "0", "120.00"],
        [second, "中金所", "IF2603", "99.99", "27.14", "72.85", "1", "0", "1,180,000.00"],
        [third, "上期所", "rb2610", "10.50", "3.20", "7.30", "1", "0", "32,000.00"],
    ]
    listed = [[DAY, account, "某某", exchange, contract, contract[:2], *rest] for account, exchange, contract, *rest in rows]
    return [["交易统计表"], [f"交易日期：{NEXT} 至 {NEXT}"], HEAD, *listed, ["", "合计", *[""] * 9, "1"], ["共 4条"]]


def workbook(rows: Rows) -> bytes:
    """The rows as a workbook of one sheet."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return stream.getvalue()


def edited(line: int, column: str, value: Any) -> bytes:
    """The list with another value in one cell; lines count from 1, the head is line 3."""
    rows = fees()
    rows[line - 1][HEAD.index(column)] = value
    return workbook(rows)


def rows(edit: Callable[[Rows], Rows]) -> bytes:
    return workbook(edit(fees()))


def columns(edit: Callable[[list[Any]], list[Any]]) -> bytes:
    """Every row of the table edited in the same way."""
    return workbook([edit(row) if len(row) == len(HEAD) else row for row in fees()])


def without(name: str) -> bytes:
    """The list without one of its columns."""
    at = HEAD.index(name)
    return columns(lambda row: [*row[:at], *row[at + 1 :]])


def far_out() -> bytes:
    """Five kilobytes that name a cell in the last corner of the sheet."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(fees()):
        sheet.write_row(number, 0, row)
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    return stream.getvalue()


def part(name: str, edit: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part of its archive changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(fees()))) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for member in before.namelist():
            data = before.read(member)
            after.writestr(member, edit(data) if member == name else data)
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def case(name: str, data: bytes, outcome: str = SEE, *, file: str = LIST, posted: bool = False) -> Case:
    """The good day in its four files, and this list beside it."""
    return Case(f"a list: {name}", "nothing", broken(put(file, data)), outcome, posted=posted)


CASES = [
    case("as it should be", workbook(fees()), "", posted=True),
    case("as text in GB18030", "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in fees()).encode("gb18030"), "", file="list.csv", posted=True),
    *(case(f"{column} {value}", edited(4, column, value)) for column in ("上交手续费", "成交额") for value in ("", "x", "NaN", "1e3", "６.40", "−6.40", "1,23.00")),
    *(case(f"上交手续费 {value}", edited(4, "上交手续费", value)) for value in ("6.405", "=1+1")),
    *(case(f"成交额 {value}", edited(4, "成交额", value), posted=True) for value in ("6.405", "=1+1")),
    *(case(f"lots {value!r}", edited(4, "总成交量", value)) for value in ("1.5", "-1", "", "x")),
    case("lots of another number", edited(4, "总成交量", "3"), posted=True),
    case("a number with noise of its storage", edited(4, "上交手续费", 6.4000000000000004), "", posted=True),
    case("a fee of another sum", edited(4, "手续费", "20.04")),
    case(
        "another exchange fee than the table's wins",
        rows(lambda rows: [[*row[:7], "6.41", "13.62", *row[9:]] if row[4:5] == ["rb2610"] and row[9] == "2" else row for row in rows]),
        posted=True,
    ),
    case("retained fee off by a fen", edited(4, "留存手续费", "13.64")),
    case("an account it does not know", edited(4, "投资者代码", "99999999"), posted=True),
    case(
        "an account with a tab, an apostrophe and a decimal", rows(lambda rows: [[row[0], f"'{row[1]}.0\t", *row[2:]] if row[0] == DAY else row for row in rows]), "", posted=True
    ),
    case("an account as a number", edited(4, "投资者代码", float(ACCOUNTS[0])), "", posted=True),
    case("an account without its leading zeros", edited(6, "投资者代码", ACCOUNTS[1].lstrip("0")), posted=True),
    case("an unknown exchange", edited(4, "交 易 所", "纽约")),
    case("a contract of no fill", edited(4, "合约", "rb2611"), posted=True),
    case("a contract of no shape", edited(4, "合约", "螺纹"), posted=True),
    case("a day of another form", edited(4, "交易日", "3.2.2026")),
    case("another day in one row", edited(4, "交易日", "20260202"), posted=True),
    case("a row twice", rows(lambda rows: [*rows[:4], rows[3], *rows[4:]]), posted=True),
    case("a row missing", rows(lambda rows: [*rows[:3], *rows[4:]]), posted=True),
    case("the head again in the middle", rows(lambda rows: [*rows[:5], HEAD, *rows[5:]]), "", posted=True),
    case("a period of a month", rows(lambda rows: [rows[0], ["交易日期：2026-02-01 至 2026-02-28"], *rows[2:]]), posted=True),
    case("no head", rows(lambda rows: [*rows[:2], *rows[3:]]), posted=True),
    case("a head below row ten", rows(lambda rows: [*[["x"]] * 10, *rows]), posted=True),
    *(case(f"a column missing: {name}", without(name), posted=True) for name in ("投资者代码", "合约", "平今量", "成交额")),
    case("a column twice", columns(lambda row: [*row, row[7]]), posted=True),
    case("columns in the opposite order", columns(lambda row: row[::-1]), "", posted=True),
    case("a cell in the last corner of the sheet", far_out(), posted=True),
    case("a workbook without its sheet", part(SHEET, lambda data: b""), posted=True),
    case("a sheet cut short", part(SHEET, lambda data: data[: len(data) // 2]), posted=True),
    case("entities that multiply", part(SHEET, lambda data: data.replace(b"<worksheet", ENTITIES + b"<worksheet", 1)), "", posted=True),
    case("a workbook cut short", workbook(fees())[:-200], posted=True),
    case("an old workbook of noise", OLE + bytes(range(256)) * 20, file="list.xls", posted=True),
    case("an old workbook cut to its mark", OLE, file="list.xls", posted=True),
    case("text under the name of a workbook", b"hello", file="list.xls", posted=True),
]
