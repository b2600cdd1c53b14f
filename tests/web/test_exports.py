"""A list that leaves the portal as a file must not run anything where it is opened, and must not change a number."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from portal.web.exports import amount, csv_lines, defused, write_xlsx

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example","click")',
    "=IMPORTXML(CONCAT(A1:A9),1)",
    '=DDE("cmd","/C calc","x")',
    "+1+1",
    "+cmd|' /C calc'!A0",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "@A1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=1+1",
    " =1+1",
    "   @A1",
    "\u3000=1+1",
    "\xa0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\x0b=1+1",
    "\x1f=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    "\tplain",
    "=" + "A" * 5000,
    " " * 500 + "=1+1",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_in_a_name_stays_text(text: str) -> None:
    assert len(FORMULAS) == 30
    assert defused(text) == "'" + text
    row = next(csv.reader(io.StringIO(b"".join(csv_lines([], [[text]])).decode("utf-8-sig").split("\r\n", 1)[1], newline="")))
    assert row[0].startswith("'")


@pytest.mark.parametrize("text", ["张三", "O'Neil", "12-34", "a=b", "", "1+1", "上海(浦东)", "138****8000"])
def test_an_ordinary_name_is_not_touched(text: str) -> None:
    assert defused(text) == text


def test_a_negative_amount_stays_a_number() -> None:
    written = b"".join(csv_lines(["Account", "Amount"], [["880089181", amount(-123450)], ["880089182", amount(5)], ["880089183", None]]))
    assert written.startswith(b"\xef\xbb\xbf")
    assert written.decode("utf-8-sig") == "Account,Amount\r\n880089181,-1234.50\r\n880089182,0.05\r\n880089183,\r\n"


def test_amounts_are_exact_up_to_the_largest() -> None:
    assert str(amount(999_999_999_999_999)) == "9999999999999.99"
    assert b"-9999999999999.99" in b"".join(csv_lines([], [[amount(-999_999_999_999_999)]]))


def test_many_rows_come_in_pieces() -> None:
    pieces = list(csv_lines(["n"], ([number] for number in range(5000))))
    assert len(pieces) > 3
    assert b"".join(pieces).count(b"\r\n") == 5001


def test_a_workbook_keeps_text_as_text_and_amounts_as_numbers() -> None:
    target = io.BytesIO()
    row = ["=1+1", "0012", amount(-123450), 7, date(2026, 11, 20), datetime(2026, 11, 20, 10, 5, tzinfo=UTC), True, None]
    assert write_xlsx(target, "居间/明细", ["a", "b", "c", "d", "e", "f", "g", "h"], [row, ["http://evil.example"]]) == 2
    book = CalamineWorkbook.from_filelike(io.BytesIO(target.getvalue()))
    assert book.sheet_names == ["居间·明细"]
    first = book.get_sheet_by_index(0).to_python()[1]
    assert first[:4] == ["=1+1", "0012", -1234.5, 7]
    assert first[4] == date(2026, 11, 20)
    assert Decimal(str(first[2])) == Decimal("-1234.50")
