"""The sheets of an investor statement of the market monitor: a workbook's cells to labels and tables. Nothing is checked here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from portal.settlement.workbooks import Unreadable, read_cells

Grid = list[list[str]]

_NUMBER = re.compile(r"-?\d+\.0", re.ASCII)
_TOTALS = ("合计", "总计")


@dataclass
class Sheet:
    """A table on a sheet: where each head stands, its rows by line, and its total row where there is one. Lines count from 1."""

    name: str
    line: int
    heads: dict[str, int]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    total: tuple[int, list[str]] | None = None


def read_workbook(data: bytes) -> dict[str, Grid] | None:
    """Every sheet's cells as text, by the sheet's name; None where the bytes are no workbook."""
    try:
        return {name: [[cell_text(cell) for cell in row] for row in rows] for name, rows in read_cells(data)}
    except Unreadable:
        return None


def cell_text(cell: object) -> str:
    """A cell as text. A number is written with the fewest digits that name it, which are those that were typed."""
    if isinstance(cell, bool) or cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, (int, float)):
        text = repr(cell)
        return text.removesuffix(".0") if _NUMBER.fullmatch(text) else text
    return str(cell).strip().lstrip("'").strip()


def squeeze(text: str) -> str:
    """A label without blanks and colons, with half-width brackets."""
    return re.sub(r"[\s：:]+", "", text).replace("（", "(").replace("）", ")")


def labelled(grid: Grid, labels: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    """For each label, the value to its right wherever it stands: the next cell that is not blank, unless that is a label too."""
    found: dict[str, list[tuple[int, str]]] = {}
    for line, row in enumerate(grid, 1):
        for index, cell in enumerate(row):
            label = squeeze(cell)
            if label in labels:
                value = next((other for other in row[index + 1 :] if other), "")
                found.setdefault(label, []).append((line, "" if squeeze(value) in labels else value))
    return found


def table(name: str, grid: Grid, needed: Sequence[str]) -> Sheet | None:
    """The table on a sheet whose head row holds all the needed heads; None where no row does. It ends with its total row."""
    for line, row in enumerate(grid, 1):
        heads = {squeeze(cell): index for index, cell in reversed(list(enumerate(row))) if cell}
        if all(head in heads for head in needed):
            return _fill(Sheet(name, line, heads), grid)
    return None


def _fill(sheet: Sheet, grid: Grid) -> Sheet:
    for line, row in enumerate(grid[sheet.line :], sheet.line + 1):
        first = squeeze(next((cell for cell in row if cell), ""))
        if first.startswith(_TOTALS):
            sheet.total = (line, row)
            break
        if first:
            sheet.rows.append((line, row))
    return sheet
