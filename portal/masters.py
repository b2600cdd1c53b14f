"""Master files: one description of a file gives its reading, its refusals and the rows that are asserted from it.

A room declares its files with `MasterFile`; reading a file never stops at the first fault.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.assertions import Asserted
from portal.fields import Expected, Reader, normal_phone, span_text
from portal.refusals import Findings
from portal.rows import Row, places_of
from portal.sealing import Keyring, normal_id_no
from portal.versions import Sealed

NORMALISED: dict[str, Callable[[str], str]] = {"id_no": normal_id_no, "phone": normal_phone}
"""Fields that are kept sealed, and how they are looked up."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""A line of a text with its end. Found one by one: a file of 300,000 accounts is not copied to be read."""


@dataclass(frozen=True)
class Numbered:
    """Things known by a number, such as accounts, and the file that brings them."""

    model: type[Any]
    column: str
    file: str


@dataclass(frozen=True)
class Field:
    """A column of a file; where it names something numbered, `refers` says what and `to` which column keeps its id."""

    name: str
    read: Reader
    to: str = ""
    refers: Numbered | None = None

    @property
    def target(self) -> str:
        """The column of the table."""
        return self.to or self.name


@dataclass(frozen=True, slots=True)
class Line:
    """A row as read: its line in the file (None where it has none), and its values by the file's column names."""

    number: int | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class MasterFile:
    """A master file. `key` says which rows are about the same thing; `brings` what it introduces; a `dated` file holds
    all rows there are, so that a row missing from it was taken out; `sealed_about` names the number that seals are bound to."""

    name: str
    model: type[Asserted]
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    dated: bool = False
    brings: Numbered | None = None
    sealed_about: str = ""
    checks: tuple[Callable[[list[Line], str, Findings], None], ...] = ()
    read: Callable[[MasterFile, str, str, Findings], list[Line]] | None = None

    @property
    def columns(self) -> list[str]:
        """The file's columns in their order."""
        return [field.name for field in self.fields]


def read_lines(spec: MasterFile, text: str, file: str, findings: Findings) -> list[Line]:
    """The rows of a file; every fault is added to `findings`."""
    lines = spec.read(spec, text, file, findings) if spec.read else list(_rows(spec, text, file, findings))
    _refuse_twice(spec, lines, file, findings)
    if spec.dated:
        for line in lines:
            if line.values["valid_from"] >= line.values["valid_to"]:
                findings.refuse(
                    "empty_span",
                    file,
                    line.number,
                    field="valid_to",
                    found=span_text(line.values["valid_from"], line.values["valid_to"]),
                    expected="valid_to later than valid_from",
                )
    for check in spec.checks:
        check(lines, file, findings)
    return lines


def table(text: str, wanted: list[str], file: str, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """The line number and fields of each row of a CSV text, in the order of `wanted`; header faults give no rows."""
    source = csv.reader((found.group() for found in _LINE.finditer(text)), strict=True)
    header: list[str] | None = None
    order: list[int] = []
    end = 0
    while True:
        start = end + 1
        try:
            row = next(source)
        except StopIteration:
            break
        except csv.Error as error:
            findings.refuse("bad_csv", file, start, found=error, expected="fields between commas, quotes in pairs")
            return
        end = source.line_num
        if header is None:
            header = row
            if not header_holds(header, wanted, file, findings):
                return
            order = [header.index(name) for name in wanted]
        elif not row:
            continue
        elif len(row) != len(header):
            findings.refuse("wrong_columns", file, start, found=len(row), expected=len(header))
        else:
            yield start, [row[place] for place in order]
    if header is None:
        findings.refuse("empty_file", file, 1, expected=",".join(wanted))


def header_holds(header: list[str], wanted: list[str], file: str, findings: Findings) -> bool:
    """Whether a header has exactly the wanted columns, in any order."""
    for name in header:
        if name not in wanted:
            findings.refuse("unknown_column", file, 1, field=name, found=name, expected=",".join(wanted))
    for name in wanted:
        if header.count(name) > 1:
            findings.refuse("column_twice", file, 1, field=name, found=name, expected="each column once")
        elif name not in header:
            findings.refuse("missing_column", file, 1, field=name, expected=name)
    return sorted(header) == sorted(wanted)


def to_rows(spec: MasterFile, lines: list[Line], ids: Mapping[type[Any], dict[str, int]], keyring: Keyring) -> Iterator[Row]:
    """The rows to assert: numbers become ids, phone and ID numbers are to be sealed and get their blind index."""
    places = places_of(name for field in spec.fields for name in _targets(field))
    table = spec.model.__tablename__  # type: ignore[attr-defined]
    for line in lines:
        row: list[Any] = []
        for field in spec.fields:
            value = line.values[field.name]
            if field.refers is not None:
                row.append(ids[field.refers.model][value] if value else None)
            elif field.name in NORMALISED:
                row.append(Sealed(value, f"{table}.{field.name}_sealed", line.values[spec.sealed_about]))
                row.append(keyring.blind_index(NORMALISED[field.name](value)))
            else:
                row.append(value)
        yield Row(places, row)


def _targets(field: Field) -> tuple[str, ...]:
    """The columns of the table that a column of the file fills."""
    return (f"{field.name}_sealed", f"{field.name}_index") if field.name in NORMALISED else (field.target,)


def _rows(spec: MasterFile, text: str, file: str, findings: Findings) -> Iterator[Line]:
    places = places_of(spec.columns)
    for number, row in table(text, spec.columns, file, findings):
        values: list[Any] = []
        for field, value in zip(spec.fields, row, strict=True):
            try:
                values.append(field.read(value))
            except Expected as error:
                findings.refuse(error.code, file, number, field=field.name, found=_shown(field.name, value), expected=error)
        if len(values) == len(row):
            yield Line(number, Row(places, values))


def _refuse_twice(spec: MasterFile, lines: list[Line], file: str, findings: Findings) -> None:
    seen: dict[tuple[Any, ...], int | None] = {}
    for line in lines:
        key = tuple(normal_id_no(line.values[name]) if name == "id_no" else line.values[name] for name in spec.key)
        if key in seen:
            shown = " · ".join(_shown(name, str(line.values[name])) for name in spec.key)
            findings.refuse("key_twice", file, line.number, field=", ".join(spec.key), found=shown, expected=f"once; it stands on line {seen[key]} too")
        else:
            seen[key] = line.number


def _shown(name: str, value: str) -> str:
    """A value as a finding may show it: findings are kept, so they hold no phone or ID number."""
    return "…" if name in NORMALISED and value else value
