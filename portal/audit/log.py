"""The audit log: one chained line per change, written in the change's own transaction."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.audit import AuditEntry, AuditHead
from portal.actors import Actor

GENESIS = "0" * 64


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
    head = db.session.execute(select(AuditHead).where(AuditHead.id == 1).with_for_update()).scalar_one()
    entry = AuditEntry(
        seq=head.seq + 1,
        at=moment,
        actor_id=actor.user_id,
        actor_label=actor.label,
        action=action,
        subject_type=subject_type,
        subject_key=subject_key,
        before=before,
        after=after,
        reason=reason,
        request_id=request_id,
        previous_hash=head.hash,
        hash="",
    )
    entry.hash = line_hash(entry_record(entry))
    head.seq, head.hash = entry.seq, entry.hash
    db.session.add(entry)
    db.session.flush()
    return entry


def entry_record(entry: AuditEntry) -> dict[str, Any]:
    """What an entry's hash covers, in the form in which the log is exported."""
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor_id": entry.actor_id,
        "actor": entry.actor_label,
        "action": entry.action,
        "subject_type": entry.subject_type,
        "subject_key": entry.subject_key,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "request_id": entry.request_id,
        "previous_hash": entry.previous_hash,
    }


def line_hash(record: dict[str, Any]) -> str:
    """The SHA-256 of a line's canonical JSON."""
    return hashlib.sha256(json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
