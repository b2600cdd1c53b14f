"""The steps of an import: one per master file and one per day. A step reads outside the transaction and posts inside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from models import db
from models.audit import ApprovalState
from portal.imports.context import Context, Result, text_of
from portal.imports.masters import MasterInput, assert_master, compared, lines_of, vanished_rows
from portal.imports.received import Received
from portal.imports.second_person import replacement
from portal.masters import Line, MasterFile
from portal.refusals import Findings
from portal.settlement.received import received_before
from portal.transaction import transaction


class Refused(Exception):
    """The step found something to refuse: its transaction is rolled back."""


@contextmanager
def unit(dry_run: bool) -> Iterator[None]:
    """The transaction of one step; in a dry run a savepoint of the one transaction that is rolled back at the end."""
    if dry_run:
        with db.session.begin_nested():
            yield
    else:
        with transaction():
            yield


def import_master(spec: MasterFile, file: Received, context: Context, findings: Findings, *, dry_run: bool) -> Result:
    """Import one master file whole, or refuse it whole."""
    result = Result(spec.name, file.name)
    got = text_of(file, findings)
    if got is None:
        return result
    if received_before([file.digest]):
        return Result(spec.name, file.name, "same_bytes")
    given = MasterInput(spec, file.name, file.digest, len(got[0]), got[1])
    lines = lines_of(given, findings)
    result.rows = len(lines)
    try:
        with unit(dry_run):
            _assert(given, lines, context, findings, result)
            if findings.refused:
                raise Refused
    except Refused:
        result.state, result.counts = "refused", {}
    return result


def _assert(given: MasterInput, lines: list[Line], context: Context, findings: Findings, result: Result) -> None:
    found = compared(given, lines, context, findings)
    if found is None:
        return
    gone = vanished_rows(given.spec, found)
    result.counts = {**found.counts, "vanished": len(gone)}
    result.state = "posted" if found.new or found.changed or gone else "unchanged"
    if gone and not context.replace:
        for row in gone:
            findings.refuse("silent_deletion", given.name, None, field=", ".join(given.spec.key), found=row, expected="the row, or a replacement approved by a second person")
    elif gone:
        approval = replacement(given, found, gone, context)
        if approval.state == ApprovalState.WAITING:
            result.state, result.detail = "waiting", {"approval": approval.id}
    else:
        assert_master(given, found, len(lines), context, replace=False)
