"""Spreadsheets of the back office (.xlsx, .xls, .csv) to rows of text, with limits on what is unpacked."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from portal.packed import BROKEN
from portal.refusals import Findings
from portal.settlement.decoding import decode
from portal.settlement.workbooks import Unreadable, read_cells

UNPACKED_LIMIT = 200 * 1024 * 1024
RATIO_LIMIT = 200
MEMBER_LIMIT = 1000
BINARY_LIMIT = 100 * 1024 * 1024
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

Sheet = list[list[str]]


def sheets(name: str, data: bytes, findings: Findings) -> list[Sheet]:
    """The sheets of a file as rows of text cells. What the bytes are decides, not the name. Empty where the file was refused."""
    if data.startswith(_ZIP):
        return _workbook(name, data, findings) if _fits(name, data, findings) else []
    if data.startswith(_OLE):
        if len(data) > BINARY_LIMIT:
            findings.refuse("too_large", name, found=f"{len(data)} bytes", expected=f"<= {BINARY_LIMIT} bytes")
            return []
        return _workbook(name, data, findings)
    text = decode(data, name, findings)
    if text is None:
        return []
    try:
        return [list(csv.reader(io.StringIO(text, newline="")))]
    except csv.Error as error:
        findings.refuse("unreadable_file", name, found=error, expected="CSV")
        return []


def _fits(name: str, data: bytes, findings: Findings) -> bool:
    """Unpack the archive once, counting: a small file may not grow without bound, whatever its directory says."""
    allowed = min(UNPACKED_LIMIT, len(data) * RATIO_LIMIT)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            declared = sum(member.file_size for member in members)
            unpacked = declared if declared > allowed or len(members) > MEMBER_LIMIT else sum(_counted(archive, member, allowed) for member in members)
    except BROKEN as error:
        findings.refuse("unreadable_file", name, found=error, expected=".xlsx")
        return False
    if unpacked > allowed or len(members) > MEMBER_LIMIT:
        findings.refuse("too_large", name, found=f"{len(members)} / {unpacked} bytes", expected=f"<= {MEMBER_LIMIT} / <= {allowed} bytes")
        return False
    return True


def _counted(archive: zipfile.ZipFile, member: zipfile.ZipInfo, allowed: int) -> int:
    total = 0
    with archive.open(member) as stream:
        while chunk := stream.read(1 << 20):
            total += len(chunk)
            if total > allowed:
                break
    return total


def _workbook(name: str, data: bytes, findings: Findings) -> list[Sheet]:
    try:
        return [_texts(rows) for _, rows in read_cells(data)]
    except Unreadable as error:
        findings.refuse("unreadable_file", name, found=error, expected=".xlsx / .xls")
        return []


def _texts(rows: Iterable[list[Any]]) -> Sheet:
    return [[cell_text(cell) for cell in row] for row in rows]


def cell_text(cell: Any) -> str:
    """A cell as the sheet shows it. A number cell is taken with its 15 significant digits: a sheet keeps no more, the rest is noise of its storage."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == cell.time().min else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        text = f"{cell:.15g}"
        return f"{cell:.0f}" if "e" in text and cell == cell // 1 and abs(cell) < 1e18 else text
    return "" if cell is None else str(cell)
