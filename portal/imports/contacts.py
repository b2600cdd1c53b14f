"""contacts.csv: who spoke with whom. The same file once more brings nothing; a row that says otherwise of the same contact corrects it.

A contact is known by its account, its staff member and its moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.care import Contact, ContactChannel, ContactOutcome
from models.clients import Account
from models.partners import Staff
from portal import local_day
from portal.audit import log
from portal.bulk import insert_rows
from portal.care.queries import effective
from portal.fields import Expected, Reader, number, prose, word_of
from portal.imports.context import Context, Result, text_of
from portal.imports.received import Received
from portal.imports.steps import Refused, unit
from portal.masters import table
from portal.refusals import Findings
from portal.versions import numbers, table_of

NAME = "contacts.csv"
EXPECTED = "a moment such as 2026-03-31 14:05"
Key = tuple[int, int, datetime]


class Row(NamedTuple):
    """A row as read; its staff and account are ids."""

    line: int
    account_id: int
    staff_id: int
    at: datetime
    channel: str
    outcome: str
    note: str

    @property
    def key(self) -> Key:
        """Which contact it is."""
        return self.account_id, self.staff_id, self.at

    @property
    def said(self) -> tuple[str, str, str]:
        """What it says of the contact."""
        return self.channel, self.outcome, self.note


def moment_in(zone: ZoneInfo) -> Reader:
    """The reader of a moment; one without an offset is of the firm's own clock."""

    def read(value: str) -> datetime:
        try:
            at = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise Expected("bad_moment", EXPECTED) from error
        if len(value.strip()) < 16:
            raise Expected("bad_moment", EXPECTED)
        return at if at.tzinfo else at.replace(tzinfo=zone)

    return read


def import_contacts(file: Received, context: Context, findings: Findings, *, dry_run: bool) -> Result:
    """Record every contact of the file, or refuse the file whole where a row does not hold."""
    result = Result(NAME, file.name)
    got = text_of(file, findings)
    if got is None:
        return result
    rows = _read(got[1], file.name, context, findings)
    result.rows = len(rows)
    try:
        with unit(dry_run):
            if findings.refused:
                raise Refused
            result.counts = _record(rows, context, file.name)
    except Refused:
        return result
    result.state = "posted" if result.counts["new"] or result.counts["changed"] else "unchanged"
    return result


def _read(text: str, file: str, context: Context, findings: Findings) -> list[Row]:
    known = {"account_no": numbers(Account, "account_no"), "staff_no": numbers(Staff, "staff_no")}
    zone = local_day.zone()
    readers: dict[str, Reader] = {
        "account_no": number,
        "staff_no": number,
        "at": moment_in(zone),
        "channel": word_of(ContactChannel),
        "outcome": word_of(ContactOutcome),
        "note": prose,
    }
    rows: list[Row] = []
    seen: dict[Key, int] = {}
    for line, cells in table(text, list(readers), file, findings):
        values = _values(readers, cells, line, file, findings)
        if len(values) < len(cells) or not _hold(values, known, context, (file, line), findings):
            continue
        row = Row(line, known["account_no"][values["account_no"]], known["staff_no"][values["staff_no"]], values["at"], values["channel"], values["outcome"], values["note"])
        if row.key in seen:
            shown = f"{values['account_no']} · {values['staff_no']} · {values['at']:%Y-%m-%d %H:%M}"
            findings.refuse("key_twice", file, line, field="account_no, staff_no, at", found=shown, expected=f"once; it stands on line {seen[row.key]} too")
        seen.setdefault(row.key, line)
        rows.append(row)
    return rows


def _values(readers: Mapping[str, Reader], cells: list[str], line: int, file: str, findings: Findings) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for (name, read), cell in zip(readers.items(), cells, strict=True):
        try:
            values[name] = read(cell)
        except Expected as error:
            findings.refuse(error.code, file, line, field=name, found="…" if name == "note" else cell, expected=error)
    return values


def _hold(values: Mapping[str, Any], known: Mapping[str, Mapping[str, int]], context: Context, place: tuple[str, int], findings: Findings) -> bool:
    """Whether account and staff member are known and the contact has taken place."""
    before = findings.refused
    for name, code, master in (("account_no", "unknown_account", "accounts.csv"), ("staff_no", "unknown_staff", "staff.csv")):
        if values[name] not in known[name]:
            findings.refuse(code, *place, field=name, found=values[name], expected=f"import {master} first")
    if values["at"] > context.moment:
        findings.refuse("contact_ahead", *place, field="at", found=f"{values['at']:%Y-%m-%d %H:%M}", expected="a moment gone by")
    return findings.refused == before


def _record(rows: list[Row], context: Context, file: str) -> dict[str, int]:
    """Write what is new, and a later row for what is said otherwise now."""
    held = _held(rows)
    new = [row for row in rows if row.key not in held]
    changed = [row for row in rows if row.key in held and held[row.key][1] != row.said]
    columns = ("account_id", "staff_id", "at", "channel", "outcome", "note", "recorded_at", "recorded_by_id", "replaces_id")
    written = ((*row.key, *row.said, context.moment, context.actor.user_id, held[row.key][0] if row.key in held else None) for row in (*new, *changed))
    counts = {"new": len(new), "changed": len(changed), "same": len(rows) - len(new) - len(changed)}
    if new or changed:
        insert_rows(table_of(Contact), columns, written)
        log.write(context.actor, context.moment, "import.contacts", "file", NAME, after={"name": file, **counts})
    return counts


def _held(rows: list[Row]) -> dict[Key, tuple[int, tuple[str, str, str]]]:
    """The contacts that count within the file's span of time, by what they are known by."""
    if not rows:
        return {}
    span = Contact.at.between(min(row.at for row in rows), max(row.at for row in rows))
    query = select(Contact.id, Contact.account_id, Contact.staff_id, Contact.at, Contact.channel, Contact.outcome, Contact.note).where(span, effective())
    return {(account, staff, at): (key, (channel, outcome, note)) for key, account, staff, at, channel, outcome, note in db.session.execute(query)}
