"""Steps of knowledge: every transaction that changes what the firm believes takes the next number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, true

from models import db
from models.audit import KnowledgeClock, Recording
from portal import rehearsal
from portal.actors import Actor


def open_recording(actor: Actor, moment: datetime, kind: str, note: str = "") -> Recording:
    """Take the next recording inside the open transaction, and hold the clock until it ends.

    The clock's row is locked, so recordings are numbered in the order of their commits and "as known at N" is exact.
    """
    if rehearsal.number() is not None:
        return _rehearsed(actor, moment, kind, note)
    clock = db.session.execute(select(KnowledgeClock).where(KnowledgeClock.id == 1).with_for_update()).scalar_one()
    recording = Recording(id=clock.last_recording_id + 1, recorded_at=moment, actor_id=actor.user_id, actor_label=actor.label, kind=kind, note=note)
    clock.last_recording_id = recording.id
    db.session.add(recording)
    db.session.flush()
    return recording


def hold_clock() -> None:
    """Hold the clock until the open transaction ends: what is believed stays as it is for whoever decides by it and then records.

    Taken before every other lock (rows, then the end of the log), so that nobody waits for somebody who waits for him. SQLite's
    write lock does so already; in a rehearsal there is nobody else."""
    if rehearsal.number() is None:
        db.session.execute(select(KnowledgeClock.last_recording_id).where(KnowledgeClock.id == 1).with_for_update())


def _rehearsed(actor: Actor, moment: datetime, kind: str, note: str) -> Recording:
    recording = Recording(id=rehearsal.next_number(), recorded_at=moment, actor_id=actor.user_id, actor_label=actor.label, kind=kind, note=note)
    db.session.add(recording)
    db.session.flush()
    return recording


LAST = select(KnowledgeClock.__table__.c.last_recording_id)
"""The number of the newest committed step of knowledge, as a question to ask among others."""


def last_recording_id(*, real: bool = False) -> int:
    """The number of the newest committed step of knowledge; 0 in an empty portal. In a rehearsal that of its own last one,
    unless the `real` one is asked for."""
    rehearsed = None if real else rehearsal.number()
    if rehearsed is not None:
        return rehearsed
    found: int = db.session.execute(LAST).scalar_one()
    return found


def known_at(moment: datetime) -> int:
    """The number of the last step recorded at or before a moment. Steps count in their order: one that was written down later, of an earlier moment, is
    known no sooner than those before it."""
    later: int | None = db.session.execute(select(func.min(Recording.id)).where(Recording.recorded_at > moment)).scalar()
    before = true() if later is None else Recording.id < later
    return db.session.execute(select(func.coalesce(func.max(Recording.id), 0)).where(before)).scalar_one()
