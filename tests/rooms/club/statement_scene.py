"""Statements of the bank as banks give them: a title, headings of their own, a line each, a sum below."""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence

import xlsxwriter
from sqlalchemy import update

from models import db
from models.identity import User
from models.jobs import Job
from portal import clock
from portal.actors import TERMINAL
from portal.imports import parcels
from portal.pages.club_statement import FOR
from portal.transaction import transaction

HEAD = ("序号", "交易日期", "借方发生额", "贷方发生额", "余额", "对方户名", "摘要", "附言", "交易流水号")


def row(serial: str, credit: str, payer: str, remark: str = "", *, day: str = "2026-01-05", debit: str = "") -> tuple[str, ...]:
    """A line as the bank's file has it."""
    return ("1", day, debit, credit, "9,999.00", payer, "转账", remark, serial)


def csv_of(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD, *, above: int = 3, encoding: str = "gb18030") -> bytes:
    """A CSV file with some lines of a title above its headings, and a sum below."""
    quoted = [",".join('"' + cell + '"' for cell in line) for line in (head, *rows)]
    return "\r\n".join([*["账户明细,,"] * above, *quoted, "合计,,,1.00"]).encode(encoding)


def xlsx_of(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD) -> bytes:
    """The same as a workbook."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("明细")
        for place, line in enumerate([("账户明细",), head, *rows]):
            sheet.write_row(place, 0, list(line))
    return out.getvalue()


def handed_in(public_id: str = "", rows: Sequence[Sequence[str]] = ()) -> str:
    """A statement that waits for a decision. Returns its address."""
    with transaction():
        parcel = parcels.begin(TERMINAL, clock.now(), ["statement.csv"])
        parcels.add(parcel.id, "statement.csv", parcels.pack(csv_of(rows or [row(secrets.token_hex(6), "198.00", "王小明")])))
        name = public_id or parcel.public_id
        db.session.execute(update(Job).where(Job.id == parcel.id).values(arguments=dict(FOR), public_id=name))
    return name


def statement_id(user: User | None, which: str) -> str:
    """For the permission matrix: a statement that waits is finance's, whoever handed it in; or there is none."""
    return "nothing" if which == "missing" else handed_in()
