"""A statement of the bank as it gives it (银行流水): CSV or workbook, with its own headings somewhere below a title, to lines of what came in.

Every bank names its columns in its own way; the heading row is found by them. What cannot be read is said with its line, what was found there
and what was expected, and nothing of such a line is guessed. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from models.values.money import parse_yuan
from portal.club.bank_in import LONGEST, MOST, Incoming
from portal.fields import one_line
from portal.refusals import Findings, Refusal
from portal.settlement.back_office_cells import Sheet, sheets

HEADER_ROWS, MOST_LINES = 30, 500
"""So far down a heading may stand; so many incoming lines are taken at a time."""
NAMES = {
    "serial": (
        "交易流水号",
        "银行流水号",
        "流水号",
        "交易流水",
        "交易序号",
        "账户明细编号-交易流水号",
        "核心流水号",
        "凭证号",
        "serial",
        "serial no",
        "transaction id",
        "reference no",
    ),
    "received_on": ("交易日期", "入账日期", "记账日期", "到账日期", "交易时间", "记账时间", "日期", "date", "value date", "booking date"),
    "credit": ("贷方发生额", "贷方金额", "贷方发生额(收入)", "收入金额", "转入金额", "贷方", "收入", "credit", "credit amount", "amount in"),
    "debit": ("借方发生额", "借方金额", "借方发生额(支取)", "支出金额", "转出金额", "借方", "支出", "debit", "debit amount", "amount out"),
    "amount": ("交易金额", "发生额", "金额", "amount"),
    "way": ("借贷标志", "借贷方向", "借贷", "收支类型", "收/支", "交易方向", "direction", "dr/cr"),
    "payer": ("对方户名", "对方账户名称", "对方名称", "对方账户名", "付款人名称", "付款方户名", "付款人", "payer", "counterparty", "counterparty name"),
    "remark": ("摘要", "附言", "用途", "备注", "交易附言", "交易摘要", "客户附言", "remark", "memo", "purpose"),
}
"""The columns, and what banks call them; of one that stands under several names the first is taken, but of the words on a transfer all."""
INCOMING = frozenset({"贷", "贷方", "收", "收入", "转入", "来账", "c", "cr", "credit", "in", "+"})
OUTGOING = frozenset({"借", "借方", "支", "付", "支出", "转出", "往账", "d", "dr", "debit", "out", "-"})
_BLANKS = re.compile(r"[\s\u3000\u200b\ufeff]+")
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T日].*)?$|(\d{4})(\d{2})(\d{2})\d{6}$")
_FOOT = re.compile(r"(合计|小计|总计|共\d+[条笔]|期末|期初|total)", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """Why a line is not taken: its place, the column, what stood there; `code` says what was expected and what to do (club_statement_words)."""

    line: int
    column: str
    code: str
    found: str


@dataclass
class Statement:
    """What a statement holds: lines of what came in with the row where they stand, lines that are refused, how many went out."""

    lines: list[tuple[int, Incoming]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    outgoing: int = 0


def read(name: str, data: bytes, today: date) -> Statement:
    """Read a statement. Raises Refusal where it cannot be opened, has no heading that names the columns, or too many lines."""
    findings = Findings()
    for sheet in sheets(name, data, findings):
        header = _header(sheet)
        if header is not None:
            found = _lines(sheet, *header, today)
            if len(found.lines) > MOST_LINES:
                raise Refusal("this statement has more than %(most)s incoming lines: take it in parts", most=MOST_LINES)
            return found
    if findings.refused:
        raise Refusal("this file cannot be read: hand in the bank’s own CSV or Excel file, without a password")
    raise Refusal("no line of this file names the columns: a serial number (流水号), a day (交易日期), what came in (贷方发生额) and the payer (对方户名)")


def _squeezed(cell: str) -> str:
    return _BLANKS.sub("", cell).replace("（", "(").replace("）", ")").replace("(元)", "").casefold()


_KNOWN = {_squeezed(name): column for column, names in NAMES.items() for name in names}


def _header(sheet: Sheet) -> tuple[int, dict[str, list[int]]] | None:
    """The row of headings, and the places of each column by the order in which its names are preferred."""
    for at, row in enumerate(sheet[:HEADER_ROWS]):
        cells = [_squeezed(cell) for cell in row]
        places: dict[str, list[int]] = {column: [cells.index(one) for one in map(_squeezed, names) if one in cells] for column, names in NAMES.items()}
        if places["serial"] and places["received_on"] and places["payer"] and (places["credit"] or (places["amount"] and places["way"])):
            return at, places
    return None


def _lines(sheet: Sheet, at: int, places: dict[str, list[int]], today: date) -> Statement:
    found, seen = Statement(), set[str]()
    for line, row in enumerate(sheet[at + 1 :], start=at + 2):
        cells = {column: [row[place].strip() if place < len(row) else "" for place in spots] for column, spots in places.items()}
        if not any(cell.strip() for cell in row) or _FOOT.match(_squeezed(next(cell for cell in row if cell.strip()))):
            continue
        one = _line(line, cells, today)
        if one is None:
            found.outgoing += 1
        elif isinstance(one, Fault):
            found.faults.append(one)
        elif one.serial in seen:
            found.faults.append(Fault(line, "serial", "twice", one.serial))
        else:
            seen.add(one.serial)
            found.lines.append((line, one))
    return found


def _line(line: int, cells: dict[str, list[str]], today: date) -> Incoming | Fault | None:
    """What came in by a row; None where money went out."""
    text = {column: (spots[0] if spots else "") for column, spots in cells.items()}
    amount = _came_in(line, text)
    if amount is None or isinstance(amount, Fault):
        return amount
    day = _day(text["received_on"])
    if day is None:
        return Fault(line, "received_on", "day", text["received_on"][:60])
    if day > today:
        return Fault(line, "received_on", "future", text["received_on"][:60])
    words = {"serial": text["serial"], "payer": text["payer"], "remark": " ".join(dict.fromkeys(one for one in cells["remark"] if one))}
    kept = {column: one_line(said) for column, said in words.items()}
    return _wrong(line, kept) or Incoming(kept["serial"], day, amount, kept["payer"], kept["remark"][: LONGEST["remark"]])


def _wrong(line: int, kept: dict[str, str]) -> Fault | None:
    """What is wrong with the number or the name of a line; words that are too long are cut, as the bank cuts them."""
    for column in ("serial", "payer"):
        if not kept[column] or len(kept[column]) > LONGEST[column]:
            return Fault(line, column, "long" if kept[column] else "empty", kept[column][:60])
    return Fault(line, "serial", "rounded", kept["serial"]) if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", kept["serial"]) else None


def _came_in(line: int, text: dict[str, str]) -> int | Fault | None:
    """The amount (fen) that came in; None where it went out, or nothing moved."""
    way = text["way"].casefold()
    if way in OUTGOING:
        return None
    column = "credit" if text["credit"] else "amount"
    if column == "amount" and way not in INCOMING:
        if way or not text["debit"]:
            return Fault(line, "way" if way else "credit", "way" if way else "amount", text["way"][:60] if way else "")
        return None
    fen = _fen(text[column])
    if fen is None:
        return Fault(line, column, "amount", text[column][:60])
    if fen <= 0:
        return None
    return fen if fen <= MOST else Fault(line, column, "amount", text[column][:60])


def _fen(text: str) -> int | None:
    try:
        return parse_yuan(re.sub(r"[,，\s¥￥元]|RMB|CNY", "", text) or "0")
    except ValueError:
        return None


def _day(text: str) -> date | None:
    found = _DAY.match(text.strip())
    if not found:
        return None
    try:
        return date(*(int(part) for part in found.groups() if part is not None))
    except ValueError:
        return None


def columns_named(columns: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """What a statement may call its columns, for the page that asks for one."""
    return [(column, NAMES[column]) for column in columns]
