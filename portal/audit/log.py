"""The audit log: one chained line per change, written in the change's own transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select

from models import db
from models.audit import AuditEntry, AuditHead
from portal import rehearsal
from portal.actors import Actor

GENESIS = "0" * 64
CHUNK = 2_000


@dataclass(frozen=True)
class Line:
    """What one line says, beside who and when."""

    action: str
    subject_type: str
    subject_key: str
    before: Any = None
    after: Any = None
    reason: str = ""


def write(
    actor: Actor,
    moment: datetime,
    action: str,
    subject_type: str,
    subject_key: str,
    *,
    before: Any = None,
    after: Any = None,
    reason: str = "",
    request_id: str = "",
) -> AuditEntry:
    """Append a line to the log inside the open transaction and return it.

    `before` and `after` hold ids, codes and amounts, never names, phone or ID numbers: the log outlives erasure.
    """
    if rehearsal.number() is not None:
        return AuditEntry(action=action, subject_type=subject_type, subject_key=subject_key)  # said to nobody, and the head stays free
    head = _head()
    row = _row(head, actor, moment, Line(action, subject_type, subject_key, before, after, reason), request_id)
    entry = AuditEntry(**row)
    db.session.add(entry)
    db.session.flush()
    return entry


def write_many(actor: Actor, moment: datetime, lines: Iterable[Line], *, request_id: str = "") -> int:
    """Append many lines of one actor and moment, with one lock and in bulk. Returns how many."""
    if rehearsal.number() is not None:
        return sum(1 for _ in lines)
    head, count, rows = _head(), 0, []
    for line in lines:
        rows.append(_row(head, actor, moment, line, request_id))
        count += 1
        if len(rows) == CHUNK:
            db.session.execute(insert(AuditEntry), rows)
            rows = []
    if rows:
        db.session.execute(insert(AuditEntry), rows)
    db.session.flush()
    return count


def entry_record(entry: AuditEntry) -> dict[str, Any]:
    """What an entry's hash covers, in the form in which the log is exported."""
    return _record({name: getattr(entry, name) for name in _COVERED})


def line_hash(record: dict[str, Any]) -> str:
    """The SHA-256 of a line's canonical JSON."""
    return hashlib.sha256(canonical(record).encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks. Raises ValueError for NaN and infinities, TypeError for what JSON cannot say."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


_COVERED = tuple(column.name for column in AuditEntry.__table__.columns if column.name != "hash")


def _record(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it is hashed and exported: the moment as text, the actor's label under `actor`."""
    record = row | {"at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"), "actor": row["actor_label"]}
    del record["actor_label"]
    return record


def _head() -> AuditHead:
    """The end of the chain, locked until the transaction ends; a transaction that holds it does not ask again."""
    session = db.session()
    held = session.info.get("audit_head")
    # A savepoint that is rolled back gives up the locks taken in it, so inside one the lock is taken anew.
    if held and held[0] is session.get_transaction() and not session.in_nested_transaction():
        head: AuditHead = held[1]
        return head
    head = session.execute(select(AuditHead).where(AuditHead.id == 1).with_for_update().execution_options(populate_existing=True)).scalar_one()
    if not session.in_nested_transaction():
        session.info["audit_head"] = (session.get_transaction(), head)
    return head


def _row(head: AuditHead, actor: Actor, moment: datetime, line: Line, request_id: str) -> dict[str, Any]:
    """The next line after `head`, which moves on to it."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs its time zone: {moment!r}")
    row: dict[str, Any] = {
        "seq": head.seq + 1,
        "at": moment.astimezone(UTC),
        "actor_id": actor.user_id,
        "actor_label": actor.label,
        "action": line.action,
        "subject_type": line.subject_type,
        "subject_key": line.subject_key,
        # As JSON gives them back: keys that are numbers would sort differently when the line is checked.
        "before": json.loads(canonical(line.before)),
        "after": json.loads(canonical(line.after)),
        "reason": line.reason,
        "request_id": request_id,
        "previous_hash": head.hash,
    }
    row["hash"] = line_hash(_record(row))
    head.seq, head.hash = row["seq"], row["hash"]
    return row
