"""The bank's answer to a payment run (代发结果): CSV or workbook, with its own headings somewhere below a title, to what became of each payment.

A line is found by the reference that the firm's file gave it. What cannot be read is said with its line, what was found and what was
expected; a line whose payment the bank still works on is left alone. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from models.values.money import NotMoney, parse_yuan
from portal.commission.payout_settling import SERIAL_LONGEST, WHY_SHORTEST, Answer
from portal.fields import one_line
from portal.refusals import Findings, Refusal
from portal.settlement.back_office_cells import Sheet, sheets

HEADER_ROWS, MOST_LINES = 30, 20_000
NAMES = {
    "reference": ("付款编号", "业务参考号", "客户参考号", "企业流水号", "客户流水号", "参考号", "reference", "payment reference", "customer reference"),
    "result": ("处理结果", "交易状态", "交易结果", "处理状态", "状态", "结果", "result", "status"),
    "paid_on": ("付款日期", "交易日期", "处理日期", "完成日期", "日期", "date", "value date", "paid on"),
    "serial": ("银行流水号", "交易流水号", "流水号", "回单号", "bank reference", "serial", "transaction id"),
    "amount": ("金额", "付款金额", "交易金额", "amount"),
    "why": ("失败原因", "退票原因", "错误信息", "原因", "备注", "摘要", "reason", "message", "remark"),
}
"""The columns, and what banks call them; of one that stands under several names the first is taken."""
PAID = frozenset({"成功", "交易成功", "处理成功", "付款成功", "已支付", "已付款", "已完成", "success", "successful", "paid", "completed", "ok"})
FAILED = frozenset({"失败", "交易失败", "处理失败", "付款失败", "退票", "已退票", "退回", "已退回", "拒绝", "failed", "returned", "rejected", "refused"})
PENDING = frozenset({"", "处理中", "已受理", "pending", "processing", "accepted"})
_BLANKS = re.compile(r"[\s\u3000\u200b\ufeff]+")
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T].*)?$")


@dataclass(frozen=True)
class Fault:
    """Why a line is not taken: its place, the column, what stood there; `code` says what was expected and what to do (payout_words)."""

    line: int
    column: str
    code: str
    found: str


@dataclass
class Answers:
    """What the bank's answer holds: answers with their line, lines that are refused, how many the bank still works on, how many are settled already."""

    lines: list[tuple[int, Answer]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pending: int = 0
    known: int = 0


@dataclass(frozen=True)
class Sent:
    """A payment of the run, as it was handed to the bank: its amount in fen, and whether it is still open."""

    amount: int
    open: bool


def read(name: str, data: bytes, sent: Mapping[str, Sent], today: date) -> Answers:
    """Read an answer to payments that were sent, by reference. Raises Refusal where it cannot be opened or has no heading that names the columns."""
    findings = Findings()
    for sheet in sheets(name, data, findings):
        header = _header(sheet)
        if header is not None:
            return _lines(sheet, *header, sent, today)
    if findings.refused:
        raise Refusal("this file cannot be read: hand in the bank’s own CSV or Excel file, without a password")
    raise Refusal("no line of this file names the columns: the payment’s reference (付款编号), the result (处理结果), the day (付款日期)")


def _squeezed(cell: str) -> str:
    return _BLANKS.sub("", cell).replace("(元)", "").replace("（元）", "").casefold()


def _header(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    for at, row in enumerate(sheet[:HEADER_ROWS]):
        cells = [_squeezed(cell) for cell in row]
        places = {column: next((cells.index(_squeezed(one)) for one in names if _squeezed(one) in cells), -1) for column, names in NAMES.items()}
        if places["reference"] >= 0 and places["result"] >= 0:
            return at, places
    return None


def _lines(sheet: Sheet, at: int, places: Mapping[str, int], sent: Mapping[str, Sent], today: date) -> Answers:
    found, seen = Answers(), set[str]()
    if len(sheet) - at > MOST_LINES:
        raise Refusal("this answer has more than %(most)s lines: take it in parts", most=MOST_LINES)
    for line, row in enumerate(sheet[at + 1 :], start=at + 2):
        cells = {column: row[place].strip() if 0 <= place < len(row) else "" for column, place in places.items()}
        if not cells["reference"]:
            continue  # a sum, a blank, words below the table
        one = _line(line, cells, sent, today)
        if cells["reference"] in seen:
            found.faults.append(Fault(line, "reference", "twice", cells["reference"][:60]))
        elif isinstance(one, Fault):
            found.faults.append(one)
        elif one is None:
            found.pending += 1
        elif not sent[one.reference].open:
            found.known += 1
        else:
            found.lines.append((line, one))
        seen.add(cells["reference"])
    return found


def _line(line: int, cells: Mapping[str, str], sent: Mapping[str, Sent], today: date) -> Answer | Fault | None:
    """What became of a payment; None where the bank still works on it."""
    reference, result = cells["reference"], _squeezed(cells["result"])
    if reference not in sent:
        return Fault(line, "reference", "unknown", reference[:60])
    if cells["amount"] and _fen(cells["amount"]) != sent[reference].amount:
        return Fault(line, "amount", "other_amount", cells["amount"][:60])
    if result in PAID:
        return _paid(line, cells, today)
    if result in FAILED:
        return Answer(reference, None, "", _said(cells))
    return None if result in PENDING else Fault(line, "result", "result", cells["result"][:60])


def _said(cells: Mapping[str, str]) -> str:
    """Why the bank did not pay, in its own words; where it gives none, its result stands for them."""
    why = one_line(cells["why"])[:400]
    return why if len(why) >= WHY_SHORTEST else f"{cells['result']} {why}".strip().ljust(WHY_SHORTEST, ".")


def _paid(line: int, cells: Mapping[str, str], today: date) -> Answer | Fault:
    day = _day(cells["paid_on"])
    if day is None or day > today:
        return Fault(line, "paid_on", "day" if day is None else "future", cells["paid_on"][:60])
    serial = one_line(cells["serial"])
    if not 0 < len(serial) <= SERIAL_LONGEST:
        return Fault(line, "serial", "serial", serial[:60])
    return Answer(cells["reference"], day, serial)


def _fen(text: str) -> int | None:
    try:
        return parse_yuan(re.sub(r"[,，\s¥￥元]|RMB|CNY", "", text))
    except NotMoney:
        return None


def _day(text: str) -> date | None:
    found = _DAY.match(text.strip())
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None
