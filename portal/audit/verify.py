"""Does the audit log in the database hold, alone and against the heads that were kept outside?"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from models import db
from models.audit import AuditEntry, AuditHead
from portal.audit.log import canonical
from portal.audit.verify_export import Head, Verdict, check

_ENTRY = AuditEntry.__table__
_CHUNK = 5_000


def verify(heads: Sequence[Head] = ()) -> Verdict:
    """Check every line in the database, its head row, and the heads given. Streams: memory does not grow with the log."""
    with _snapshot() as connection:
        end = connection.execute(select(AuditHead.seq, AuditHead.hash)).one()
        with closing(_records(connection)) as records:
            verdict = check(records, heads)
    if verdict.holds and (verdict.lines, verdict.last_hash) != (end.seq, end.hash):
        why = f"the log ends with line {verdict.lines} ({verdict.last_hash[:12]}…), but the head row says with line {end.seq} ({end.hash[:12]}…)"
        return replace(verdict, bad_seq=min(verdict.lines, end.seq) + (verdict.lines != end.seq), why=why)
    return verdict


def export(path: Path) -> int:
    """Write the log to a file, one line of JSON each, as `verify_export.py` reads it. Returns how many lines.

    The file appears complete or not at all.
    """
    count, beside = 0, path.with_name(path.name + ".part")
    with _snapshot() as connection, beside.open("w", encoding="utf-8", newline="\n") as file:
        for record in _records(connection):
            file.write(canonical(record) + "\n")
            count += 1
    os.replace(beside, path)
    return count


@contextmanager
def _snapshot() -> Iterator[Connection]:
    """A connection that sees the database as it is at one moment, beside the session."""
    level = {"isolation_level": "REPEATABLE READ"} if db.engine.dialect.name == "postgresql" else {}
    with db.engine.connect().execution_options(**level) as connection:
        yield connection


def _records(connection: Connection) -> Generator[dict[str, Any]]:
    with connection.execution_options(yield_per=_CHUNK).execute(select(_ENTRY).order_by(_ENTRY.c.seq)) as lines:
        for rows in lines.partitions():
            yield from map(_record, rows)


def _record(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    seq, at, actor_id, actor, action, subject_type, subject_key, before, after, reason, request_id, previous_hash, own_hash = row
    return {
        "seq": seq,
        "at": at.isoformat(timespec="microseconds"),
        "actor_id": actor_id,
        "actor": actor,
        "action": action,
        "subject_type": subject_type,
        "subject_key": subject_key,
        "before": before,
        "after": after,
        "reason": reason,
        "request_id": request_id,
        "previous_hash": previous_hash,
        "hash": own_hash,
    }
