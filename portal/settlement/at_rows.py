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
from portal.settlement.decoding import decode
from portal.settlement.screening import Check, screen

ACCOUNT = r"""^[^\s'"&,@]{1,32}$"""


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
    empty = pl.DataFrame(schema={name: pl.String for name in layout.used} | {"line": pl.UInt32, "file_no": pl.UInt32}).drop("day", "currency")
    rows = Rows(layout, names, empty, pl.DataFrame(schema=OTHER_CURRENCY))
    frames, others = [rows.frame], [rows.other_currency]
    for number, (name, data) in enumerate(files):
        text = decode(data, name, findings)
        lines = _lines(layout, name, text, findings) if text is not None else None
        rows.complete = rows.complete and lines is not None and lines.complete
        if lines is None:
            continue
        rows.frame = _coded(layout, lines).with_columns(pl.lit(number, pl.UInt32).alias("file_no"))
        rows.screen(_common_checks(layout, trade_date), findings)
        foreign = rows.frame.filter(pl.col("code") != CNY)
        others.append(pl.DataFrame([_kept(layout, row, lines) for row in foreign.iter_rows(named=True)], schema=OTHER_CURRENCY, orient="row"))
        frames.append((rows.frame.filter(pl.col("code") == CNY) if foreign.height else rows.frame).select(empty.columns))
    rows.frame, rows.other_currency = pl.concat(frames), pl.concat(others)
    return rows


@dataclass
class _Lines:
    """The lines of a file that have a right number of fields; `numbers` are their line numbers, None where none was left out."""

    texts: list[str]
    numbers: list[int] | None
    complete: bool

    def number(self, index: int) -> int:
        return self.numbers[index] if self.numbers is not None else index + 1


def _lines(layout: Layout, name: str, text: str, findings: Findings) -> _Lines:
    """Cut a text into lines. Blank lines say nothing; every other line has one of the layout's numbers of fields."""
    texts = text.split("\n")
    if texts and not texts[-1]:
        texts.pop()
    joints = [line.count("@") for line in texts]
    allowed = {count - 1 for count in layout.counts}
    if set(joints) <= allowed:
        return _Lines(texts, None, True)
    complete, kept, numbers = True, [], []
    for number, (line, found) in enumerate(zip(texts, joints, strict=True), start=1):
        if found in allowed:
            kept.append(line)
            numbers.append(number)
        elif line.strip():
            complete = False
            findings.refuse("field_count", name, number, found=found + 1, expected=" / ".join(map(str, layout.counts)))
    return _Lines(kept, numbers, complete)


def _split(layout: Layout, lines: _Lines) -> pl.DataFrame:
    """The used fields of the lines as text columns, and each row's line number."""
    if not lines.texts:
        return pl.DataFrame(schema={name: pl.String for name in layout.used} | {"line": pl.UInt32})
    scan = pl.scan_csv(
        io.BytesIO("\n".join(lines.texts).encode()),
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
        Check("bad_account", ~pl.col("account_no").str.contains(ACCOUNT), layout.label("account_no"), "account_no", "80000007"),
        Check("unknown_value", pl.col("code").is_null(), layout.label("currency"), "currency", "CNY RMB 人民币 / ISO 4217"),
    ]


def _kept(layout: Layout, row: dict[str, object], lines: _Lines) -> tuple[object, ...]:
    index = row["index"]
    assert isinstance(index, int)
    values = lines.texts[index].split("@")
    content = {name.name: plain(value) for name, value in zip(layout.fields, values, strict=False) if name.name not in layout.withheld}
    return (row["account_no"], row["code"], layout.kind, row["line"], json.dumps(content, ensure_ascii=False))


def plain(text: str) -> str:
    """A text field as it was meant: a literal @ stands in the file as `&at;`."""
    return text.replace("&at;", "@")
