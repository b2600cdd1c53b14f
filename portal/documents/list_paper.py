"""A list on paper: A4 with its columns as wide as what stands in them, to be printed, signed and filed. What is said elsewhere comes in; nothing is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from portal.documents.apart import pressed_apart
from portal.documents.glyphs import breakable, shown, width
from portal.documents.list_widths import INSET, MARGIN, laid_out
from portal.refusals import Refusal
from portal.web.exports import Cell, amount
from portal.web.formats import moment_text, number_text

TEMPLATE = "list.typ"
CELLS = 50_000
"""Cells of the longest list on paper. Measured by tests.bench.paper: 5,000 rows of ten columns take 6 to 11 seconds, 0.7 GB and 126 pages."""
CELLS_AT_ONCE = 6_000
"""Cells that are set while the reader waits: 600 rows of ten columns take a second, also on a busy machine."""
ROWS = 5_000
"""Rows of the longest list on paper, however few its columns: nobody signs more than a hundred pages."""
_WHOLE = re.compile(r"-?\d+")
_TALL = 24
"""Lines of a row that stays together; a page flipped has room for thirty of the largest letters below its head."""


@dataclass(frozen=True)
class Head:
    """A column: its key, its name, whether the screen shows numbers there, and whether those are money."""

    key: str
    label: str
    number: bool = False
    money: bool = False


@dataclass(frozen=True)
class ListPaper:
    """A list in one language. `number` is that of the audit log, `marks` say where the file comes from, `totals` are the sums of some columns by
    their key: fen under money. Moments are shown in `zone`."""

    language: str
    title: str
    number: str
    made: datetime
    marks: Sequence[str]
    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    totals: Mapping[str, int | None]
    zone: ZoneInfo


def most_rows(columns: int) -> int:
    """How many rows of so many columns fit on paper."""
    return min(ROWS, CELLS // max(1, columns))


def rows_at_once(columns: int) -> int:
    """How many rows of so many columns are set while the reader waits."""
    return CELLS_AT_ONCE // max(1, columns)


def too_long(found: int, columns: int) -> Refusal:
    """What is said where a list is too long for paper."""
    return Refusal(
        "this list has %(found)s rows; on paper %(most)s rows of %(columns)s columns fit: narrow it, choose fewer columns, or take CSV or XLSX",
        found=number_text(found),
        most=number_text(most_rows(columns)),
        columns=columns,
    )


def list_pdf(paper: ListPaper, look: Callable[[], None] = lambda: None) -> bytes:
    """The bytes of a list's PDF, in the language of the context; `look` may raise to stop. Raises Refusal where the columns are too wide for a page."""
    columns = [_column(head, [row[place] for row in paper.rows], paper) for place, head in enumerate(paper.heads)]
    layout = laid_out([(column.label, [*column.texts, *([column.total] if column.total else [])], column.number) for column in columns])
    rooms = [(wide - 2 * INSET) / layout.size for wide in layout.widths]
    texts = [column.texts if column.number else [breakable(text, room) for text in column.texts] for column, room in zip(columns, rooms, strict=True)]
    moment = paper.made.astimezone(UTC)
    content = {
        "language": paper.language,
        "brand": _("Juyuan"),
        "title": shown(paper.title),
        "number": paper.number,
        "made": [moment.year, moment.month, moment.day],
        "marks": [shown(mark) for mark in paper.marks],
        "flipped": layout.flipped,
        "size": layout.size,
        "margin": MARGIN,
        "inset": INSET,
        "whole": not any(_is_tall(text, room) for column, room in zip(columns, rooms, strict=True) if not column.number for text in set(column.texts)),
        "columns": [{"label": breakable(column.label, room), "number": column.number, "width": wide} for column, room, wide in zip(columns, rooms, layout.widths, strict=True)],
        "rows": list(zip(*texts, strict=True)),
        "totals": _totals(columns) if paper.rows else None,
        "signatures": [_("Handled by") + "  /  " + _("Date"), _("Approved by") + "  /  " + _("Date")],
        "words": {
            "number": f"{_('No.')} {paper.number}",
            "page": _("Page {page} of {pages}"),
            "empty": _("No rows"),
            "totals": _("The last row adds up all rows of this list."),
        },
    }
    return pressed_apart(TEMPLATE, content, int(moment.timestamp()), look)


def _is_tall(text: str, room: float) -> bool:
    """Whether a text takes so many lines that its row must be allowed to go on on the next page."""
    return len(text) > _TALL and sum(1 + width(line) // (room * 0.8) for line in text.split("\n")) > _TALL


@dataclass(frozen=True)
class _Column:
    label: str
    number: bool
    texts: list[str]
    total: str


def _column(head: Head, cells: Sequence[Cell], paper: ListPaper) -> _Column:
    """A column as it is printed. Amounts say their unit in the heading, numbers stand to the right."""
    held = [cell for cell in cells if cell is not None]
    in_fen = head.key.endswith("_fen")
    exact = bool(held) and all(isinstance(cell, Decimal) for cell in held)
    yuan = head.money or in_fen or (exact and "%" not in head.label and "％" not in head.label)
    number = head.number or (bool(held) and all(isinstance(cell, int | Decimal) and not isinstance(cell, bool) for cell in held))

    def text(cell: Cell) -> str:
        if in_fen and (isinstance(cell, int) or (isinstance(cell, str) and _WHOLE.fullmatch(cell))):
            cell = amount(int(cell))
        return shown(_text(cell, head.number, paper.zone))

    total = paper.totals.get(head.key)
    summed: Cell = (amount(total) if yuan else total) if total is not None else None
    label = _("%(label)s (yuan)", label=head.label) if yuan else head.label
    return _Column(shown(label), number, [text(cell) for cell in cells], _text(summed, True, paper.zone) if head.key in paper.totals else "")


def _text(cell: Cell, counted: bool, zone: ZoneInfo) -> str:
    """A cell as a reader sees it. What is not known is a dash; a number that is no count (a year, a line) has no commas."""
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return str(_("yes") if cell else _("no"))
    if isinstance(cell, datetime):
        return moment_text(cell, zone) if cell.tzinfo is not None else cell.isoformat(sep=" ", timespec="minutes")
    if isinstance(cell, Decimal):
        return f"{cell:,f}"
    if isinstance(cell, int):
        return number_text(cell) if counted else str(cell)
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _totals(columns: Sequence[_Column]) -> list[str] | None:
    """The row that adds up, or None where nothing is; the first column says what it is where it has no sum itself."""
    if not any(column.total for column in columns):
        return None
    return [column.total or (_("Total") if place == 0 else "") for place, column in enumerate(columns)]
