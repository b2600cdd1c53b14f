"""Lists of the back office: any of the three file forms, columns by name, limits on what is unpacked, a second opinion on balances."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from portal.refusals import Findings
from portal.settlement import back_office_cells
from portal.settlement.back_office import list_days
from portal.settlement.back_office_tables import read_lists
from tests.rooms.settlement.at_notation import built, cusfund, file, fundchg, refusals, warnings

FILES = Path(__file__).parents[2] / "files" / "at_firm"
HEAD = ["交易日", "投资者代码", "投资者 名称", "上日结存", "入金", "出金", "平仓盈亏", "持仓盈亏", "手续费", "上交手续费", "保证金", "当日结存", "投资者权益", "可用资金"]
ROW = ["20260105", "'080000021", "", "100.00", "1,000.00", "0.00", "0.00", "0.00", "0.00", "0.00", "0.00", "1,100.00", "+1,100.00", "1100.000"]


def sheet(*rows: list[Any]) -> bytes:
    """The rows as an .xlsx; a date becomes a date cell, a number a number cell."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"default_date_format": "yyyy-mm-dd"})
    page = book.add_worksheet("资金")
    for at, row in enumerate(rows):
        page.write_row(at, 0, row)
    book.close()
    return target.getvalue()


def spoilt(data: bytes) -> bytes:
    """An archive whose first member's packed bytes are not what they were."""
    start = 30 + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
    return data[:start] + b"\xff" * 20 + data[start + 20 :]


def text(*rows: list[str]) -> bytes:
    return "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode("gb18030")


def compared(data: bytes, name: str = "x.csv") -> tuple[list[Any], list[Any]]:
    day = [file("cusfund", cusfund("080000021", "100.000", "1100.000")), file("fundchg", fundchg("080000021", "1000.000"))]
    _, findings, _ = built(*day, lists=((name, data),))
    return refusals(findings), warnings(findings)


@pytest.mark.parametrize(
    "data",
    [
        text(["资金对账表", "", "日期 2026-01-05"], HEAD, ROW, HEAD, ["合计", *ROW[1:]], ["", "合 计", *ROW[2:]], ["共 1条"], ["20260105", "", *ROW[2:]]),
        text(*[["x"]] * 9, HEAD, ["2026-01-05", "\t080000021", *ROW[2:]]),
        sheet(["资金对账表"], [], HEAD, [date(2026, 1, 5), "080000021", "", 100, 1000.0, 0, 0, 0, 0, 0, 0, 1100, 1100.0, 1100]),
        sheet(HEAD, [20260105, "080000021.0", "", "100.00", 1000, "", 0, 0, 0, 0, 0, 1100, 1100, 1100]),
    ],
)
def test_a_list_that_says_the_same_says_nothing(data: bytes) -> None:
    assert compared(data) == ([], [])


@pytest.mark.parametrize("column", range(3, 14))
def test_every_amount_is_compared(column: int) -> None:
    row = [*ROW[:column], "7.77", *ROW[column + 1 :]]
    assert compared(text(HEAD, row)) == ([], [("list_differs", 2)])


def test_accounts_of_one_side_only() -> None:
    assert compared(text(HEAD, ["20260105", "9", *ROW[2:]])) == ([], [("list_without_balance", 2), ("list_lacks_rows", None)])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (text(["a", "b"], ["1", "2"]), "no_header"),
        (text(*[["x"]] * 10, HEAD, ROW), "no_header"),
        (text(HEAD[:-1], ROW[:-1]), "missing_column"),
        (text([*HEAD, "可用 资金"], [*ROW, "1"]), "column_twice"),
        (text(HEAD, ["5.1.2026", *ROW[1:]]), "not_one_day"),
        (text(HEAD, [*ROW[:-1], "1,23.00"]), "bad_amount"),
        (text(HEAD, [*ROW[:-1], ""]), "bad_amount"),
        (b"PK\x03\x04 no archive", "unreadable_file"),
        (b"\xd0\xcf\x11\xe0 no book", "unreadable_file"),
        (b"\xff\xff\xff", "bad_encoding"),
        (sheet(HEAD, ROW)[:-200], "unreadable_file"),
        (spoilt(sheet(HEAD, ROW)), "unreadable_file"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused(data: bytes, code: str) -> None:
    assert [found[0] for found in compared(data)[0]] == [code]


def bomb(size: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * size)
    return target.getvalue()


def test_a_small_file_may_not_unpack_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [found[0] for found in compared(bomb(5_000_000))[0]] == ["too_large"]
    monkeypatch.setattr(back_office_cells, "UNPACKED_LIMIT", 1000)
    assert [found[0] for found in compared(sheet(HEAD, ROW))[0]] == ["too_large"]


def test_a_directory_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(bomb(5_000_000))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + offset
        data[at : at + 4] = (1000).to_bytes(4, "little")
    assert [found[0] for found in compared(bytes(data))[0]] == ["unreadable_file"]


def test_an_old_workbook_is_read() -> None:
    found = read_lists([("交易统计表.xls", (FILES / "fee_list.xls").read_bytes())], findings := Findings())
    assert findings.listed == []
    assert found["交易统计表"].frame.select("account_no", "exchange", "contract", "上交手续费_t").rows() == [("080000021", "DCE", "m2605", 2500)]


def test_the_days_of_a_list() -> None:
    assert list_days("x.csv", text(HEAD, ROW, ["2026-01-06", *ROW[1:]])) == {date(2026, 1, 5), date(2026, 1, 6)}
    assert list_days("x.csv", b"nothing") == set()


def test_a_list_alone_posts_no_day() -> None:
    day, findings, _ = built(whole=False, lists=(("x.csv", text(HEAD, ROW)),))
    assert day is None
    assert [found[0] for found in refusals(findings)] == ["back_office_only"]


def test_money_that_is_not_the_clients_may_stand_in_the_list_or_not() -> None:
    day = [file("cusfund", cusfund("080000021", "100.000", "1100.000")), file("fundchg", fundchg("080000021", "990.000"), fundchg("080000021", "10.000", "利息返还"))]
    for amount, expected in (("1,000.00", []), ("990.00", []), ("10.00", [("list_differs", 2)])):
        _, findings, _ = built(*day, lists=(("x.csv", text(HEAD, [*ROW[:4], amount, *ROW[5:]])),))
        assert warnings(findings) == expected
