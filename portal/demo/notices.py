"""People of the demonstration firm have read most of what they were told: the bell counts what is new, not a year of work."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update

from models import db
from models.notices import Notice

UNREAD = 6
"""So many of a person's newest notices are unread at most."""


def read_most(moment: datetime) -> int:
    """Mark all but each person's newest notices as read. Returns how many that were. Verb: runs inside a transaction."""
    place = func.row_number().over(partition_by=Notice.user_id, order_by=Notice.id.desc()).label("place")
    told = select(Notice.id, place).subquery()
    older = select(told.c.id).where(told.c.place > UNREAD)
    done = db.session.execute(update(Notice).where(Notice.id.in_(older), Notice.read_at.is_(None)).values(read_at=moment), execution_options={"synchronize_session": False})
    return int(done.rowcount)  # type: ignore[attr-defined]
