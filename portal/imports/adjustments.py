"""adjustments.csv: read, put before a second person, and booked when he approved."""

from __future__ import annotations

from datetime import datetime

from models.audit import Approval, ApprovalState
from models.commission import AdjustmentReason
from models.partners import Broker
from models.values.calendar import Month, NotADate
from models.values.money import NotMoney, parse_yuan
from portal.actors import Actor
from portal.audit import approvals
from portal.commission.adjust import Entry, are_new, book, closed_periods, not_booked
from portal.fields import Expected, Reader, number, prose, words
from portal.imports.context import Context, Result, text_of
from portal.imports.masters import SHOWN
from portal.imports.received import Received
from portal.imports.second_person import put, waiting
from portal.imports.steps import Refused, unit
from portal.masters import table
from portal.permissions import Can
from portal.refusals import Findings
from portal.settlement.received import received_before, remember_file
from portal.versions import numbers

ADJUSTMENTS = "import.adjustments"
"""The kind of the approval that books adjustments."""


def period(value: str) -> str:
    """A month."""
    try:
        return str(Month.parse(value))
    except NotADate as error:
        raise Expected("bad_date", str(error)) from error


def amount(value: str) -> int:
    """An amount in yuan, as fen, with its sign."""
    try:
        return parse_yuan(value)
    except NotMoney as error:
        raise Expected("bad_amount", str(error)) from error


COLUMNS: dict[str, Reader] = {"broker_no": number, "period": period, "amount": amount, "reason": words(40, required=False), "note": prose}


def import_adjustments(file: Received, context: Context, findings: Findings, *, dry_run: bool) -> Result:
    """Put the rows that are not booked yet before a second person, or book them where one stands by."""
    result = Result("adjustments.csv", file.name)
    got = text_of(file, findings)
    if got is None:
        return result
    if received_before([file.digest]):
        return Result("adjustments.csv", file.name, "same_bytes")
    lines = read_entries(got[1], file.name, findings)
    result.rows = len(lines)
    try:
        with unit(dry_run):
            _check(lines, file.name, findings)
            if findings.refused:
                raise Refused
            _put([entry for _, entry in lines], file, context, result)
    except Refused:
        result.state = "refused"
    return result


def read_entries(text: str, file: str, findings: Findings) -> list[tuple[int, Entry]]:
    """The rows with their lines. An unknown reason only warns: a second person judges every row."""
    entries: list[tuple[int, Entry]] = []
    for line, row in table(text, list(COLUMNS), file, findings):
        values = {}
        for (name, read), value in zip(COLUMNS.items(), row, strict=True):
            try:
                values[name] = read(value)
            except Expected as error:
                findings.refuse(error.code, file, line, field=name, found=value, expected=error)
        if len(values) < len(row):
            continue
        if values["reason"] not in set(AdjustmentReason):
            findings.warn("unknown_reason", file, line, field="reason", found=values["reason"], expected=" / ".join(AdjustmentReason))
        elif values["reason"] == AdjustmentReason.OTHER and not values["note"].strip():
            findings.warn("other_without_note", file, line, field="note", found="", expected="a note that says why")
        entries.append((line, Entry(**values)))
    return entries


def _check(lines: list[tuple[int, Entry]], file: str, findings: Findings) -> None:
    known, closed = numbers(Broker, "broker_no"), closed_periods({entry.period for _, entry in lines})
    for line, entry in lines:
        if entry.broker_no not in known:
            findings.refuse("unknown_broker", file, line, field="broker_no", found=entry.broker_no, expected="import brokers.csv first")
    for (line, entry), new in zip(lines, are_new([entry for _, entry in lines]), strict=True):
        if new and entry.period in closed:
            findings.refuse("month_closed", file, line, field="period", found=entry.period, expected="a month that is open")


def _put(entries: list[Entry], file: Received, context: Context, result: Result) -> None:
    fresh = not_booked(entries)
    if len(fresh) < len(entries):
        result.detail["notes"] = [f"{len(entries) - len(fresh)} rows were booked before and are left alone"]
    result.counts, result.state = {"new": len(fresh), "same": len(entries) - len(fresh)}, "unchanged"
    if not fresh:
        return
    waits = waiting(ADJUSTMENTS, file.name, file.digest)
    if waits is None or context.approver is not None:
        payload = {"name": file.name, "digest": file.digest, "size": file.size, "rows": [list(entry) for entry in entries]}
        total = sum(entry.amount for entry in fresh)
        preview = {"file": file.name, "digest": file.digest, "count": len(fresh), "amount": total, "rows": [entry._asdict() for entry in fresh[:SHOWN]]}
        waits = put(context, kind=ADJUSTMENTS, subject=file.name, payload=payload, preview=preview)
    result.state = "waiting" if waits.state == ApprovalState.WAITING else "posted"
    result.detail["approval"] = waits.id


def book_approved(approval: Approval, approver: Actor, moment: datetime) -> None:
    """What an approval of adjustments does: it books those rows that are not booked by then."""
    payload = approval.payload
    entries = [Entry(*row) for row in payload["rows"]]
    preparer = Actor(approval.prepared_by_id, approval.prepared_label)
    recording_id, _ = book(entries, approval.id, actor=preparer, moment=moment, note=f"{payload['name']}, approved by {approver.label}")
    remember_file(payload["digest"], payload["name"], payload["size"], "adjustments.csv", recording_id=recording_id)


approvals.register(ADJUSTMENTS, Can.IMPORT_APPROVE, book_approved, label="Adjustments", amounts=("amount",))
