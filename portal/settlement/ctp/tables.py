"""The tables: heads to columns, cells to typed rows, and the total row, read from the right."""

from __future__ import annotations

import re
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

_COUNT = re.compile(r"共(\d+)条", re.ASCII)
_LOTS = re.compile(r"\d{1,12}", re.ASCII)
_OPTION = re.compile(r"([A-Za-z]+)\d+-?[CP]-?\d+(?:\.\d+)?", re.ASCII)
_LETTERS = re.compile(r"[A-Za-z]+", re.ASCII)


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


def read_table(file: str, section: Section, read: Read, findings: Findings) -> None:
    """Read one table into `read`; what does not fit is a refusal, a table of another name a warning."""
    table = table_of(section.title)
    if isinstance(table, str):
        read.lenient.append(table)
        return
    if table is None:
        findings.warn("table_unknown", file, section.line, field=section.title)
        return
    for line in section.broken:
        findings.refuse("row_cut", file, line, field=table.chinese, expected="|")
    columns = _columns(file, section, table, findings)
    if columns is None:
        return
    rows: list[Row] = []
    for index, (line, cells) in enumerate(section.rows):
        count = _COUNT.fullmatch(squeeze(cells[0]))
        if count and index == len(section.rows) - 1:
            _total(file, line, cells, table, columns, int(count[1]), rows, read, findings)
            break
        row = _row(file, line, cells, table, columns, findings)
        if row is not None:
            rows.append(row)
    else:
        last = section.rows[-1][0] if section.rows else section.line
        findings.refuse("total_missing", file, last, field=table.chinese, expected="共 N条")
    read.rows[table.name].extend(rows)


def _columns(file: str, section: Section, table: Table, findings: Findings) -> list[Column | None] | None:
    """The column of each cell, by the heads above it; None where the heads do not fit the table."""
    refused = findings.refused
    if not section.heads or len({len(head) for head in section.heads}) != 1:
        findings.refuse("heads_unequal", file, section.line, field=table.chinese, found=[len(head) for head in section.heads], expected="1 = 1")
        return None
    columns: list[Column | None] = []
    for texts in zip(*section.heads, strict=True):
        named = {column.name: column for text in texts if (column := _column(table, text))}
        if len(named) > 1:
            findings.refuse("heads_disagree", file, section.line, field=table.chinese, found=" / ".join(texts), expected=" / ".join(next(iter(named.values())).heads))
        elif not named:
            findings.warn("column_unknown", file, section.line, field=table.chinese, found=" / ".join(texts))
        columns.append(next(iter(named.values()), None))
    known = [column for column in columns if column]
    for column in table.columns:
        if known.count(column) > 1:
            findings.refuse("column_twice", file, section.line, field=_caption(table, column), found=known.count(column), expected=1)
        elif column.needed and column not in known:
            findings.refuse("column_missing", file, section.line, field=_caption(table, column), expected=column.heads[0])
    return None if findings.refused > refused else columns


def _column(table: Table, head: str) -> Column | None:
    text = squeeze(head)
    return next((column for column in table.columns if text in column.heads), None)


def _row(file: str, line: int, cells: list[str], table: Table, columns: list[Column | None], findings: Findings) -> Row | None:
    if len(cells) != len(columns):
        findings.refuse("cells", file, line, field=table.chinese, found=len(cells), expected=len(columns))
        return None
    values: dict[str, object] = {"line": line}
    for cell, column in zip(cells, columns, strict=True):
        if column and not column.skip:
            values[column.name] = _value(file, line, cell, table, column, findings)
    if None in values.values():
        return None
    if table.name == "trades":
        values["product"] = product_of(str(values["instrument"]), str(values["exchange"]))
    return table.row(**values)


def _value(file: str, line: int, cell: str, table: Table, column: Column, findings: Findings) -> str | int | date | None:
    """A cell's value; None, and a refusal, where it is none of its kind."""
    value, expected = read_cell(cell, column.kind)
    if value is None:
        findings.refuse(
            "not_a_number" if column.kind in (Kind.FEN, Kind.PRICE, Kind.LOTS) else "not_known", file, line, field=_caption(table, column), found=cell, expected=expected
        )
        return None
    return value


def read_cell(cell: str, kind: Kind) -> tuple[str | int | date | None, str]:
    """A cell's value by its kind, None where it is none; and what was expected."""
    match kind:
        case Kind.TEXT:
            return cell, ""
        case Kind.INSTRUMENT:
            return cell if _LETTERS.match(cell) else None, "rb2605"
        case Kind.DAY:
            return parse_compact_day(cell), "20260331"
        case Kind.LOTS:
            return int(cell) if _LOTS.fullmatch(cell) else None, "3"
        case Kind.SIDE:
            return SIDES.get(squeeze(cell)), "买, 卖"
        case Kind.OFFSET:
            return squeeze(cell) if squeeze(cell) in OFFSETS else None, ", ".join(OFFSETS)
        case Kind.EXCHANGE:
            return EXCHANGES.get(squeeze(cell)), ", ".join(EXCHANGES)
    try:
        return (parse_yuan(cell) if kind is Kind.FEN else parse_thousandths(cell)), ""
    except NotMoney as error:
        return None, str(error)


def _total(file: str, line: int, cells: list[str], table: Table, columns: list[Column | None], count: int, rows: list[Row], read: Read, findings: Findings) -> None:
    """Take the total row. In 成交记录 合约 and 买/卖 stand as one cell, so cells are counted from the right."""
    if not len(columns) - 1 <= len(cells) <= len(columns):
        findings.refuse("cells", file, line, field=f"{table.chinese} 共 N条", found=len(cells), expected=len(columns))
        return
    printed: dict[str, int | None] = {}
    heads: dict[str, str] = {}
    for cell, column in zip(reversed(cells[1:]), reversed(columns), strict=False):
        if column and column.summed:
            printed[column.name], heads[column.name] = _sum(file, line, cell, table, column, findings), column.heads[0]
        elif cell:
            findings.refuse("total_shifted", file, line, field=f"{table.chinese} 共 N条", found=cell, expected="")
    read.totals.append(Total(table.name, line, count, printed, heads, tuple(rows)))


def _sum(file: str, line: int, cell: str, table: Table, column: Column, findings: Findings) -> int | None:
    value = _value(file, line, cell, table, column, findings) if cell else None
    return value if isinstance(value, int) else None


def _caption(table: Table, column: Column) -> str:
    return f"{table.chinese}.{column.heads[0]}"
