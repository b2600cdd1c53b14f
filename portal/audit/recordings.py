"""Steps of knowledge: every transaction that changes what the firm believes takes the next number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from models import db
from models.audit import KnowledgeClock, Recording
from portal.actors import Actor


def open_recording(actor: Actor, moment: datetime, kind: str, note: str = "") -> Recording:
    """Take the next recording inside the open transaction, and hold the clock until it ends.

    The clock's row is locked, so recordings are numbered in the order of their commits and "as known at N" is exact.
    """
    clock = db.session.execute(select(KnowledgeClock).where(KnowledgeClock.id == 1).with_for_update()).scalar_one()
    recording = Recording(id=clock.last_recording_id + 1, recorded_at=moment, actor_id=actor.user_id, actor_label=actor.label, kind=kind, note=note)
    clock.last_recording_id = recording.id
    db.session.add(recording)
    db.session.flush()
    return recording


def last_recording_id() -> int:
    """The number of the newest committed step of knowledge; 0 in an empty portal."""
    return db.session.execute(select(KnowledgeClock.last_recording_id)).scalar_one()


def known_at(moment: datetime) -> int:
    """The number of the last step recorded at or before a moment."""
    return db.session.execute(select(func.coalesce(func.max(Recording.id), 0)).where(Recording.recorded_at <= moment)).scalar_one()
