"""From a file's bytes to a statement that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from portal.refusals import Findings
from portal.settlement.ctp.facts import Block, Statement
from portal.settlement.ctp.identities import check
from portal.settlement.ctp.labels import read_block
from portal.settlement.ctp.layout import NotText, client, decode, is_account_summary, is_statement, parse_compact_day, period, sections
from portal.settlement.ctp.multipliers import shipped_multipliers
from portal.settlement.ctp.tables import Read, read_table

SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def recognises(name: str, head: bytes) -> bool:
    """Whether a file looks like a CTP settlement statement, by its first bytes (4 KiB are plenty); names say nothing here."""
    return not head.startswith(SPREADSHEETS) and is_statement(head)


def parse_statement(name: str, data: bytes, *, multipliers: Mapping[str, Fraction] | None = None) -> tuple[Statement | None, Findings]:
    """Read a daily or monthly statement in either layout and check that it adds up.

    Returns None where something could not be read for certain. A statement that was read but breaks an identity is
    returned all the same, so that it can be shown: `findings.refused` says whether it may be relied on.
    `multipliers` (product to units per lot) are the shipped ones unless given.
    """
    findings = Findings()
    try:
        lines = decode(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except NotText as error:
        findings.refuse("encoding", name, field=f"byte {error.offset}", found=error.found, expected="UTF-8, GB18030")
        return None, findings
    statement = _read(name, lines, findings)
    if statement is None or findings.refused:
        return None, findings
    findings.extend(check(statement, shipped_multipliers() if multipliers is None else multipliers))
    return statement, findings


def _read(name: str, lines: list[str], findings: Findings) -> Statement | None:
    blocks: list[Block | None] = []
    read = Read()
    for section in sections(lines):
        if is_account_summary(section.title) and not section.heads:
            blocks.append(read_block(name, section, findings))
        else:
            read_table(name, section, read, findings)
    if not blocks:
        findings.refuse("no_account_summary", name, field="资金状况", expected="资金状况 Account Summary")
    span = _span(name, lines, findings)
    client_no, client_name = client(lines)
    known = [block for block in blocks if block is not None]
    account_no = next((block.account_no for block in known if block.account_no and block.currency == "CNY"), "") or client_no
    if blocks and not account_no:
        findings.refuse("account_missing", name, field="客户号", expected="客户号 Client ID：…")
    currencies = [block.currency for block in known]
    for currency in {currency for currency in currencies if currencies.count(currency) > 1}:
        findings.refuse("currency_twice", name, field="币种", found=currency)
    if span is None or findings.refused:
        return None
    rows: dict[str, Any] = {table: tuple(found) for table, found in read.rows.items()}
    return Statement(name, account_no, client_no, client_name, span[0], span[1], tuple(known), totals=tuple(read.totals), lenient_tables=tuple(read.lenient), **rows)


def _span(name: str, lines: list[str], findings: Findings) -> tuple[date, date] | None:
    found = period(lines)
    if found is None:
        findings.refuse("date_missing", name, field="日期", expected="日期 Date：YYYYMMDD")
        return None
    line, first, last = found
    first_day, last_day = parse_compact_day(first), parse_compact_day(last)
    if first_day is None or last_day is None or first_day > last_day:
        findings.refuse("not_a_date", name, line, field="日期", found=first if first == last else f"{first}-{last}", expected="20260331, 20260301-20260331")
        return None
    return first_day, last_day
