"""A paper as a spreadsheet with a sheet for each section, or as CSV with one section after the other."""

from __future__ import annotations

import io
from collections.abc import Iterator

from flask_babel import gettext as _

from portal.documents.paper import Paper, plain_of, sheet_rows
from portal.web.exports import Cell, csv_lines, write_sheets


def xlsx_of(paper: Paper) -> bytes:
    """The bytes of a workbook: a sheet that says what it is, then a sheet for each section that has rows."""
    about: list[tuple[Cell, ...]] = [(_("Document"), paper.title), (_("No."), paper.number), *paper.head, (_("Digest (SHA-256)"), paper.digest)]
    sheets: list[tuple[str, tuple[str, ...], Iterator[tuple[Cell, ...]]]] = [(_("About"), (_("What"), _("Value")), iter(about))]
    sheets += [(section.title, tuple(column.label for column in section.columns), sheet_rows(section)) for section in paper.sections if section.rows]
    target = io.BytesIO()
    write_sheets(target, sheets, paper.made)
    return target.getvalue()


def csv_of(paper: Paper) -> bytes:
    """The bytes of a CSV file: each row begins with its section's title; the width is that of the widest section."""
    width = max(len(section.columns) for section in paper.sections)

    def rows() -> Iterator[tuple[Cell, ...]]:
        for section in paper.sections:
            yield (section.title, *(column.label for column in section.columns), *[""] * (width - len(section.columns)))
            for row in section.rows:
                yield (section.title, *(plain_of(cell) for cell in row), *[""] * (width - len(row)))

    return b"".join(csv_lines((paper.title, paper.number, paper.digest, *[""] * (width - 2)), rows()))
