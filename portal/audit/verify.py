"""Does the audit log in the database hold, alone and against the heads that were kept outside?"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from json.encoder import encode_basestring as quoted
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Text, select, type_coerce

from models import db
from models.audit import AuditEntry, AuditHead
from portal.audit.log import canonical
from portal.audit.verify_export import DIGEST, GENESIS, Head, Record, Verdict, check

_ENTRY = AuditEntry.__table__
_CHUNK = 5_000
_AS_KEPT = [type_coerce(column, Text) if column.name in {"before", "after"} else column for column in _ENTRY.columns]
_SEAMS = (',"at":"', ',"previous_hash":"')
"""What stands in a line after `after` and after `before`: kept text that holds one might lend its end to its neighbour."""


def verify(heads: Sequence[Head] = ()) -> Verdict:
    """Check every line in the database, its head row, and the heads given. Streams: memory does not grow with the log."""
    with _snapshot() as connection:
        end = connection.execute(select(AuditHead.seq, AuditHead.hash)).one()
        with closing(_rows(connection, *_AS_KEPT)) as rows:
            verdict = check(map(_checked, rows), heads)
    if verdict.holds and (verdict.lines, verdict.last_hash) != (end.seq, end.hash):
        why = f"the log ends with line {verdict.lines} ({verdict.last_hash[:12]}…), but the head row says with line {end.seq} ({end.hash[:12]}…)"
        return replace(verdict, bad_seq=min(verdict.lines, end.seq) + (verdict.lines != end.seq), why=why)
    return verdict


def verify_newest(heads: Sequence[Head], most: int) -> Verdict:
    """Check the newest lines alone, their head row, and the newest heads: for a page, which cannot wait for all. Reads `most` lines and `most` heads."""
    end = db.session.execute(select(AuditHead.seq, AuditHead.hash).where(AuditHead.id == 1)).one()
    heads, start = heads[-most:], max(0, end.seq - most)
    rows = iter(db.session.execute(select(*_AS_KEPT).where(_ENTRY.c.seq.between(max(start, 1), end.seq)).order_by(_ENTRY.c.seq)))
    before = next(rows, None) if start else None
    after = (start, before[-1] if before is not None else GENESIS)
    verdict = check(map(_checked, rows), [head for head in heads if head.seq > start], after=after)
    if verdict.holds and (verdict.lines, verdict.last_hash) != (end.seq, end.hash):
        return replace(verdict, bad_seq=min(verdict.lines, end.seq), why=f"the log ends with line {verdict.lines}, but the head row says with line {end.seq}")
    earlier = {head.seq: head for head in heads if 0 < head.seq <= start}
    kept = {row.seq: row.hash for row in db.session.execute(select(AuditEntry.seq, AuditEntry.hash).where(AuditEntry.seq.in_(earlier)))} if earlier else {}
    wrong = next((head for seq, head in earlier.items() if kept.get(seq) != head.hash), None)
    if verdict.holds and wrong is not None:
        return replace(verdict, bad_seq=wrong.seq, why=f"not the line that {wrong.source} knows")
    return replace(verdict, heads=len({head.seq for head in heads}))


def export(path: Path) -> int:
    """Write the log to a file, one line of JSON each, as `verify_export.py` reads it. Returns how many lines.

    The file appears complete or not at all.
    """
    count, beside = 0, path.with_name(path.name + ".part")
    with _snapshot() as connection, beside.open("w", encoding="utf-8", newline="\n") as file:
        for row in _rows(connection, *_ENTRY.columns):
            file.write(canonical(_record(row)) + "\n")
            count += 1
    os.replace(beside, path)
    return count


@contextmanager
def _snapshot() -> Iterator[Connection]:
    """A connection that sees the database as it is at one moment, beside the session."""
    level = {"isolation_level": "REPEATABLE READ"} if db.engine.dialect.name == "postgresql" else {}
    with db.engine.connect().execution_options(**level) as connection:
        yield connection


def _rows(connection: Connection, *columns: Any) -> Generator[Row[*tuple[Any, ...]]]:
    with connection.execution_options(yield_per=_CHUNK).execute(select(*columns).order_by(_ENTRY.c.seq)) as lines:
        for rows in lines.partitions():
            yield from rows


def _checked(row: Row[*tuple[Any, ...]]) -> Record:
    """A line for the check. `before` and `after` are kept as they were hashed, so they are neither read nor written anew
    unless the line does not agree that way."""
    seq, at, actor_id, actor, action, subject_type, subject_key, before, after, reason, request_id, previous_hash, own_hash = row
    before, after = ("null" if kept is None else kept for kept in (before, after))
    if not any(seam in before or seam in after for seam in _SEAMS):
        line = (
            f'{{"action":{quoted(action)},"actor":{quoted(actor)},"actor_id":{"null" if actor_id is None else actor_id},"after":{after},'
            f'"at":"{at.isoformat(timespec="microseconds")}","before":{before},"previous_hash":{quoted(previous_hash)},"reason":{quoted(reason)},'
            f'"request_id":{quoted(request_id)},"seq":{seq},"subject_key":{quoted(subject_key)},"subject_type":{quoted(subject_type)}}}'
        )
        if hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest() == own_hash:
            return {"seq": seq, "previous_hash": previous_hash, "hash": own_hash, DIGEST: own_hash}
    try:
        return _record(row) | {"before": json.loads(before), "after": json.loads(after)}
    except ValueError:
        return {"seq": seq, "previous_hash": previous_hash, "hash": own_hash, DIGEST: "not JSON"}


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
