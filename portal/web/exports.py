"""Lists as files: CSV that opens in a spreadsheet without running anything, and XLSX.

A cell is text, a whole number, an amount (Decimal, from `amount`), a day, a moment, a yes/no, or None. Text that a
spreadsheet would take for a formula is defused; numbers are never touched, so a negative amount stays a number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

Cell = str | int | Decimal | date | datetime | bool | None
Mark = Callable[[], Sequence[str]]

_STARTS = tuple("=+-@\t\r\n＝＋－＠")
"""What makes a spreadsheet read on as a formula (the full-width signs do so in East Asian settings) or break a cell."""
_BATCH = 1000


def amount(fen: int | None) -> Decimal | None:
    """Fen as an exact amount in yuan with two decimals; None stays unknown.

    >>> amount(-123450)
    Decimal('-1234.50')
    """
    return None if fen is None else Decimal(fen).scaleb(-2)


def defused(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would run it: also after blanks and unseen characters.

    >>> defused("=1+1"), defused("  @SUM(A1)"), defused("张三")
    ("'=1+1", "'  @SUM(A1)", '张三')
    """
    for index, letter in enumerate(text):
        if letter in _STARTS:
            return "'" + text
        if not (letter.isspace() or not letter.isprintable()):
            break
        if index > 200:
            return "'" + text
    return text


def csv_lines(headers: Sequence[str], rows: Iterable[Sequence[Cell]], *, mark: Callable[[], Sequence[str]] | None = None) -> Iterator[bytes]:
    """A CSV file piece by piece (UTF-8 with its mark, which spreadsheets on Windows need); rows may be endless.

    `mark` is asked after the last row for lines that say where the file comes from; each begins with `# `.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([defused(header) for header in headers])
    yield b"\xef\xbb\xbf"
    for number, row in enumerate(rows, start=1):
        writer.writerow([_plain(cell) for cell in row])
        if number % _BATCH == 0:
            yield _taken(buffer)
    for line in mark() if mark else ():
        writer.writerow(["# " + line])
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return defused(cell.replace("\x00", ""))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return str(cell)


def write_xlsx(target: Path | io.BytesIO, sheet: str, headers: Sequence[str], rows: Iterable[Sequence[Cell]], *, mark: Mark | None = None) -> int:
    """Write one sheet row by row and return how many rows it has. Text stays text, whatever it begins with.

    `mark` is asked after the last row for lines that say where the file comes from: they stand in a sheet of their own.
    """
    return write_sheets(target, [(sheet, headers, rows)], mark=mark)


def write_sheets(
    target: Path | io.BytesIO, sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Cell]]]], made: datetime | None = None, *, mark: Mark | None = None
) -> int:
    """Write sheets (name, headers, rows) row by row and return how many rows they have. With `made`, the same rows give the same bytes."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(target if isinstance(target, io.BytesIO) else str(target), options)
    if made is not None:
        book.set_properties({"created": made.replace(tzinfo=None)})
    bold = book.add_format({"bold": True, "bottom": 1})
    shapes = {
        Decimal: book.add_format({"num_format": "#,##0.00"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    count = sum(_write_sheet(book.add_worksheet(_sheet_name(name)), headers, rows, bold, shapes) for name, headers, rows in sheets)
    if mark:
        _mark(book, mark())
    book.close()
    return count


def _write_sheet(page: Any, headers: Sequence[str], rows: Iterable[Sequence[Cell]], bold: Any, shapes: dict[type, Any]) -> int:
    page.freeze_panes(1, 0)
    for column, header in enumerate(headers):
        page.set_column(column, column, max(12, min(40, 2 * len(header) + 2)))
        page.write_string(0, column, header, bold)
    count = 0
    for count, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            _put(page, count, column, cell, shapes)
    return count


def _mark(book: Any, lines: Sequence[str]) -> None:
    beside = book.add_worksheet("#")
    beside.set_column(0, 0, 100)
    for row, line in enumerate(lines):
        beside.write_string(row, 0, line)
    book.set_properties({"comments": "\n".join(lines)})


def _put(page: Any, row: int, column: int, cell: Cell, shapes: dict[type, Any]) -> None:
    if cell is None:
        return
    if isinstance(cell, str):
        page.write_string(row, column, cell.replace("\x00", "")[:32_767])
    elif isinstance(cell, bool):
        page.write_boolean(row, column, cell)
    elif isinstance(cell, datetime):
        page.write_datetime(row, column, cell.replace(tzinfo=None), shapes[datetime])
    elif isinstance(cell, date):
        page.write_datetime(row, column, cell, shapes[date])
    elif not -(10**15) < cell < 10**15:
        page.write_string(row, column, str(cell))  # a spreadsheet keeps 15 digits
    else:
        page.write_number(row, column, cell, shapes.get(type(cell)))


def _sheet_name(name: str) -> str:
    clean = "".join("·" if letter in "[]:*?/\\'" else letter for letter in name).strip() or "1"
    return clean[:31]
