"""The tables: heads to columns, cells to typed rows, and the total row, read from the right."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from models.values.money import NotMoney, parse_thousandths, parse_yuan
from portal.refusals import Findings
from portal.settlement.ctp.columns import LENIENT, TABLES, Column, Kind, Table
from portal.settlement.ctp.facts import Row, Total
from portal.settlement.ctp.layout import Section, chinese, english, parse_compact_day, squeeze

SIDES = {"买": "B", "卖": "S", "buy": "B", "sell": "S", "b": "B", "s": "S"}
OFFSETS = ("开", "平", "平今", "平昨", "强平", "强减", "本地强平")
EXCHANGES = {"上期所": "SHFE", "郑商所": "CZCE", "大商所": "DCE", "中金所": "CFFEX", "能源中心": "INE", "上期能源": "INE", "广期所": "GFEX"}
EXCHANGES |= {code.casefold(): code for code in ("SHFE", "CZCE", "DCE", "CFFEX", "INE", "GFEX")}

Value = str | int | date | None
NUMBERS = (Kind.FEN, Kind.PRICE, Kind.LOTS)

_COUNT = re.compile(r"共(\d+)条", re.ASCII)
_LOTS = re.compile(r"\d{1,12}", re.ASCII)
_OPTION = re.compile(r"([A-Za-z]+)\d+-?[CP]-?\d+(?:\.\d+)?", re.ASCII)
_LETTERS = re.compile(r"[A-Za-z]+", re.ASCII)

WORDS: dict[Kind, tuple[Callable[[str], Value], str]] = {
    Kind.TEXT: (str, ""),
    Kind.INSTRUMENT: (lambda cell: cell if _LETTERS.match(cell) else None, "rb2605"),
    Kind.DAY: (parse_compact_day, "20260331"),
    Kind.LOTS: (lambda cell: int(cell) if _LOTS.fullmatch(cell) else None, "3"),
    Kind.SIDE: (lambda cell: SIDES.get(squeeze(cell)), "买, 卖"),
    Kind.OFFSET: (lambda cell: squeeze(cell) if squeeze(cell) in OFFSETS else None, ", ".join(OFFSETS)),
    Kind.EXCHANGE: (lambda cell: EXCHANGES.get(squeeze(cell)), ", ".join(EXCHANGES)),
}
"""How a cell that is no amount is read, and what is expected of it."""


@dataclass
class Read:
    """What was read of all tables."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {table.name: [] for table in TABLES})
    totals: list[Total] = field(default_factory=list)
    lenient: list[str] = field(default_factory=list)


def table_of(title: str) -> Table | str | None:
    """The table that a title names, by its English part, else by its Chinese one; the Chinese name of a lenient one."""
    latin, han = english(title), chinese(title)
    for table in TABLES:
        if latin in table.english:
            return table
    for name, beginnings in LENIENT.items():
        if name in han or latin.startswith(beginnings):
            return name
    return next((table for table in TABLES if han == table.chinese), None)


def product_of(instrument: str, exchange: str) -> str:
    """The product of an instrument: its leading letters, an option's with _o except on CFFEX (rb2605 → rb, m2605-C-3000 → m_o); empty where it has none."""
    option = _OPTION.fullmatch(instrument)
    if option:
        return option[1] if exchange == "CFFEX" else f"{option[1]}_o"
    found = _LETTERS.match(instrument)
    return found[0] if found else ""


def read_cell(cell: str, kind: Kind) -> tuple[Value, str]:
    """A cell's value by its kind, None where it is none; and what was expected."""
    if kind in (Kind.FEN, Kind.PRICE):
        try:
            return (parse_yuan(cell) if kind is Kind.FEN else parse_thousandths(cell)), ""
        except NotMoney as error:
            return None, str(error)
    reader, expected = WORDS[kind]
    return reader(cell), expected


def read_table(file: str, section: Section, read: Read, findings: Findings) -> None:
    """Read one table into `read`; what does not fit is a refusal, a table of another name a warning."""
    table = table_of(section.title)
    if isinstance(table, str):
        read.lenient.append(table)
    elif table is None:
        findings.warn("table_unknown", file, section.line, field=section.title)
    else:
        _Reader(file, section, table, findings).read(read)


@dataclass
class _Reader:
    """Reads one table of a file; what does not fit goes to `findings`."""

    file: str
    section: Section
    table: Table
    findings: Findings
    columns: list[Column | None] = field(default_factory=list)

    def read(self, read: Read) -> None:
        """Read heads, rows and the total row."""
        for line in self.section.broken:
            self.refuse("row_cut", line, expected="|")
        if not self._heads():
            return
        rows: list[Row] = []
        last = self.section.rows[-1:]
        count = _COUNT.fullmatch(squeeze(last[0][1][0])) if last else None
        for line, cells in self.section.rows[:-1] if count else self.section.rows:
            row = self._row(line, cells)
            if row is not None:
                rows.append(row)
        read.rows[self.table.name].extend(rows)
        if count is None:
            self.refuse("total_missing", last[0][0] if last else self.section.line, expected="共 N条")
        elif (total := self._total(*last[0], int(count[1]), rows)) is not None:
            read.totals.append(total)

    def refuse(self, code: str, line: int, *, column: str = "", found: object = "", expected: object = "") -> None:
        """Refuse something in this table; the finding names the table, and the column where there is one."""
        self.findings.refuse(code, self.file, line, field=f"{self.table.chinese}.{column}" if column else self.table.chinese, found=found, expected=expected)

    def _heads(self) -> bool:
        """Find the column of each cell by the heads above it; False where the heads do not fit the table."""
        refused, line, heads = self.findings.refused, self.section.line, self.section.heads
        if not heads or len({len(head) for head in heads}) != 1:
            self.refuse("heads_unequal", line, found=[len(head) for head in heads], expected="one head for each column")
            return False
        for texts in zip(*heads, strict=True):
            named = {column.name: column for text in texts if (column := self._named(text))}
            if len(named) > 1:
                self.refuse("heads_disagree", line, found=" / ".join(texts), expected=" / ".join(next(iter(named.values())).heads))
            elif not named:
                self.findings.warn("column_unknown", self.file, line, field=self.table.chinese, found=" / ".join(texts))
            self.columns.append(next(iter(named.values()), None))
        for column in self.table.columns:
            if self.columns.count(column) > 1:
                self.refuse("column_twice", line, column=column.heads[0], found=self.columns.count(column), expected=1)
            elif column.needed and column not in self.columns:
                self.refuse("column_missing", line, column=column.heads[0], expected=column.heads[0])
        return self.findings.refused == refused

    def _named(self, head: str) -> Column | None:
        return next((column for column in self.table.columns if squeeze(head) in column.heads), None)

    def _row(self, line: int, cells: list[str]) -> Row | None:
        if len(cells) != len(self.columns):
            self.refuse("cells", line, found=len(cells), expected=len(self.columns))
            return None
        values: dict[str, object] = {"line": line}
        for cell, column in zip(cells, self.columns, strict=True):
            if column and not column.skip:
                values[column.name] = self._value(line, cell, column)
        if None in values.values():
            return None
        if self.table.name == "trades":
            values["product"] = product_of(str(values["instrument"]), str(values["exchange"]))
        return self.table.row(**values)

    def _value(self, line: int, cell: str, column: Column) -> Value:
        value, expected = read_cell(cell, column.kind)
        if value is None:
            self.refuse("not_a_number" if column.kind in NUMBERS else "not_known", line, column=column.heads[0], found=cell, expected=expected)
        return value

    def _total(self, line: int, cells: list[str], count: int, rows: list[Row]) -> Total | None:
        """The total row. In 成交记录 合约 and 买/卖 stand as one cell, so cells are counted from the right."""
        if not len(self.columns) - 1 <= len(cells) <= len(self.columns):
            self.refuse("cells", line, column="共 N条", found=len(cells), expected=len(self.columns))
            return None
        printed: dict[str, int | None] = {}
        heads: dict[str, str] = {}
        for cell, column in zip(reversed(cells[1:]), reversed(self.columns), strict=False):
            if column and column.summed:
                value = self._value(line, cell, column) if cell else None
                printed[column.name], heads[column.name] = value if isinstance(value, int) else None, column.heads[0]
            elif cell:
                self.refuse("total_shifted", line, column="共 N条", found=cell)
        return Total(self.table.name, line, count, printed, heads, tuple(rows))
