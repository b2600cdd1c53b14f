"""A document described once: its head, its sections, who signs. Every form (page, PDF, XLSX, CSV) is written from this.

A cell keeps its kind: an amount is `Fen`, so that a spreadsheet gets a number and a page its text, and both are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from models.values.money import half_up
from portal.web.exports import Cell as Plain
from portal.web.exports import amount
from portal.web.formats import number_text, yuan_text


@dataclass(frozen=True)
class Fen:
    """An amount in whole fen."""

    value: int


@dataclass(frozen=True)
class Share:
    """A ratio in hundredths of a per cent."""

    value: int


Cell = str | int | Fen | Share | date | None


def text_of(cell: Cell) -> str:
    """A cell as a reader sees it; unknown is a dash, never 0.

    >>> text_of(Fen(-123450)), text_of(Share(6325)), text_of(None), text_of(1200)
    ('-¥1,234.50', '63.25 %', '–', '1,200')
    """
    if cell is None:
        return "–"
    if isinstance(cell, Fen):
        return yuan_text(cell.value)
    if isinstance(cell, Share):
        return f"{yuan_text(cell.value, unit=False)} %"
    return number_text(cell) if isinstance(cell, int) else str(cell)


def plain_of(cell: Cell) -> Plain:
    """A cell as a spreadsheet keeps it: an amount as an exact number of yuan, a ratio as a number of per cent."""
    return amount(cell.value) if isinstance(cell, Fen | Share) else cell


def ratio(part: int, whole: int) -> Share | None:
    """part ÷ whole in hundredths of a per cent, halves away from zero; unknown where the whole is not above 0."""
    return Share(half_up(part * 10_000, whole)) if whole > 0 else None


@dataclass(frozen=True)
class Column:
    """A column of a table and whether it holds numbers."""

    label: str
    number: bool = False


@dataclass(frozen=True)
class Section:
    """A table under a title. `sums` are the places of rows that add others up; `notes` stand under it."""

    title: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    sums: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paper:
    """A document in one language. `number` names it, `digest` is that of the data behind it, `made` the moment those stood."""

    name: str
    language: str
    title: str
    number: str
    digest: str
    made: datetime
    head: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    signatures: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    picture: tuple[str, str] | None = None
    """A drawing (SVG) that stands beside the head, and what it says to who cannot see it."""

    def amounts(self) -> Iterator[str]:
        """Every amount and ratio as a reader sees it, in order."""
        for section in self.sections:
            for row in section.rows:
                yield from (text_of(cell) for cell in row if isinstance(cell, Fen | Share))


def sheet_rows(section: Section) -> Iterator[tuple[Plain, ...]]:
    """A section's rows as a spreadsheet keeps them."""
    for row in section.rows:
        yield tuple(plain_of(cell) for cell in row)
