"""Lines of the firm's daily files to columns of text: decoded, split, of the right length, of the day, by currency."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from portal.refusals import Findings
from portal.settlement.at_files import Layout
from portal.settlement.at_values import CNY, CURRENCIES, known
from portal.settlement.day import OTHER_CURRENCY
from portal.settlement.decoding import utf8
from portal.settlement.screening import Check, Row, screen

ACCOUNT = r"""^[^\s'"&,@]{1,32}$"""

_WHOLE_LINE = b"\x01"
"""A separator that no line has, to read lines whole."""


@dataclass
class Rows:
    """The rows of one kind of a day, of however many files.

    `frame` has the used fields as text, `file_no` (which of `files`) and `line`, CNY rows only, in file order.
    `complete` is False where lines could not be read at all, so that nothing may be concluded from what is missing.
    `spoiled` are accounts of rows that were refused: their sums are not known.
    """

    layout: Layout
    files: list[str]
    frame: pl.DataFrame
    other_currency: pl.DataFrame
    complete: bool = True
    spoiled: set[str] = field(default_factory=set)

    def screen(self, checks: Sequence[Check], findings: Findings) -> None:
        """Report the rows that fail a check and go on without those that are refused."""
        before = self.frame
        self.frame = screen(before, self.files, checks, findings)
        if self.frame.height < before.height:
            gone = before.join(self.frame.select("file_no", "line"), on=["file_no", "line"], how="anti")
            self.spoiled.update(gone["account_no"].to_list())


def read_rows(layout: Layout, files: Sequence[tuple[str, bytes]], trade_date: date, findings: Findings) -> Rows:
    """Read the files of one kind. Refused: undecodable bytes, a wrong number of fields, another day, a malformed account, an unknown currency."""
    names = [name for name, _ in files]
    empty = pl.DataFrame(schema=dict.fromkeys(layout.used, pl.String) | {"line": pl.UInt32, "file_no": pl.UInt32}).drop("day", "currency")
    rows = Rows(layout, names, empty, pl.DataFrame(schema=OTHER_CURRENCY))
    frames, others = [rows.frame], [rows.other_currency]
    for number, (name, data) in enumerate(files):
        body = utf8(data, name, findings)
        lines = _lines(layout, name, body, findings) if body is not None else None
        rows.complete = rows.complete and lines is not None and lines.complete
        if lines is None:
            continue
        rows.frame = _coded(layout, lines).with_columns(pl.lit(number, pl.UInt32).alias("file_no"))
        rows.screen(_common_checks(layout, trade_date), findings)
        foreign = rows.frame.filter(pl.col("code") != CNY)
        others.append(_kept(layout, foreign, lines))
        frames.append((rows.frame.filter(pl.col("code") == CNY) if foreign.height else rows.frame).select(empty.columns))
    rows.frame, rows.other_currency = pl.concat(frames), pl.concat(others)
    return rows


@dataclass
class _Lines:
    """The lines of a file that have a right number of fields, as UTF-8; `numbers` are their line numbers, None where none was left out."""

    body: bytes
    numbers: list[int] | None
    complete: bool


def _lines(layout: Layout, name: str, body: bytes, findings: Findings) -> _Lines:
    """Count the fields of every line. Blank lines say nothing; every other line has one of the layout's numbers of fields."""
    allowed = {count - 1 for count in layout.counts}
    if not body or (_WHOLE_LINE not in body and _joints(body) <= allowed):
        return _Lines(body, None, True)
    complete, kept, numbers = True, [], []
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.count(b"@") in allowed:
            kept.append(line)
            numbers.append(number)
        elif line.strip():
            complete = False
            findings.refuse("wrong_columns", name, number, found=line.count(b"@") + 1, expected=" / ".join(map(str, layout.counts)))
    return _Lines(b"\n".join(kept), numbers, complete)


def _joints(body: bytes) -> set[int]:
    """How many joints the lines have."""
    lines = pl.scan_csv(io.BytesIO(body), separator=_WHOLE_LINE.decode(), has_header=False, quote_char=None, schema={"line": pl.String}, empty_string_is_null=False)
    return set(lines.select(pl.col("line").str.count_matches("@", literal=True).unique()).collect().to_series().to_list())


def _split(layout: Layout, lines: _Lines) -> pl.DataFrame:
    """The used fields of the lines as text columns, and each row's line number."""
    if not lines.body:
        return pl.DataFrame(schema=dict.fromkeys(layout.used, pl.String) | {"line": pl.UInt32})
    scan = pl.scan_csv(
        io.BytesIO(lines.body),
        separator="@",
        has_header=False,
        quote_char=None,
        schema={field.name: pl.String for field in layout.fields[: min(layout.counts)]},
        truncate_ragged_lines=True,
        extra_columns="ignore",
        empty_string_is_null=False,
    )
    frame = scan.select(layout.used).collect()
    numbers = pl.int_range(1, frame.height + 1, dtype=pl.UInt32, eager=True) if lines.numbers is None else pl.Series(lines.numbers, dtype=pl.UInt32)
    return frame.with_columns(numbers.alias("line"))


def _coded(layout: Layout, lines: _Lines) -> pl.DataFrame:
    """The rows with the code of their currency, and their place among the lines."""
    return _split(layout, lines).with_columns(known("currency", CURRENCIES).alias("code"), pl.int_range(pl.len()).alias("index"))


def _common_checks(layout: Layout, trade_date: date) -> list[Check]:
    """What every row of every kind must have."""
    return [
        Check("wrong_day", pl.col("day") != trade_date.isoformat(), layout.label("day"), "day", trade_date.isoformat()),
        Check("bad_account_no", ~pl.col("account_no").str.contains(ACCOUNT), layout.label("account_no"), "account_no", "80000007"),
        Check("unknown_word", pl.col("code").is_null(), layout.label("currency"), "currency", "CNY RMB 人民币 / ISO 4217"),
    ]


def _kept(layout: Layout, foreign: pl.DataFrame, lines: _Lines) -> pl.DataFrame:
    """Rows in another currency, whole but for what is withheld."""
    texts = lines.body.decode().split("\n") if foreign.height else []
    rows = []
    for account_no, code, line, index in foreign.select("account_no", "code", "line", "index").iter_rows():
        values = zip(layout.fields, texts[index].split("@"), strict=False)
        content = {field.name: plain(value) for field, value in values if field.name not in layout.withheld}
        rows.append((account_no, code, layout.kind, line, json.dumps(content, ensure_ascii=False)))
    return pl.DataFrame(rows, schema=OTHER_CURRENCY, orient="row")


def plain(text: str) -> str:
    """A text field as it was meant: a literal @ stands in the file as `&at;`."""
    return text.replace("&at;", "@")


def once(rows: Rows, row: Row) -> str:
    """What was expected of a key that stands twice; the row has the first place as first_file_no and first_line."""
    return f"once; it stands on line {row['first_line']} of {rows.files[row['first_file_no']]} too"
