"""Whether a job was asked for already: what the doors of jobs that come by themselves ask before they ask for another."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from portal.local_day import day_of


def waits(kind: str) -> bool:
    """Whether one of this kind waits or runs."""
    return db.session.execute(select(Job.id).where(Job.kind == kind, Job.state.in_([JobState.WAITING, JobState.RUNNING])).limit(1)).first() is not None


def arguments(kind: str) -> list[dict[str, Any]]:
    """What those of this kind were asked for that wait, run or failed: for jobs about one thing, of which a failed one is not asked for again."""
    query = select(Job.arguments).where(Job.kind == kind, Job.state.in_([JobState.WAITING, JobState.RUNNING, JobState.FAILED]))
    return list(db.session.execute(query).scalars())


def failed_today(kind: str, moment: datetime) -> bool:
    """Whether the newest of this kind failed on the firm's day of a moment: it is asked for again on the next."""
    last = db.session.execute(select(Job.asked_at, Job.state).where(Job.kind == kind).order_by(Job.id.desc()).limit(1)).first()
    return last is not None and last.state == JobState.FAILED and day_of(last.asked_at) >= day_of(moment)


def today(kind: str, moment: datetime) -> bool:
    """Whether one of this kind was asked for on the firm's day of a moment."""
    last = db.session.execute(select(Job.asked_at).where(Job.kind == kind).order_by(Job.id.desc()).limit(1)).scalar()
    return last is not None and day_of(last) >= day_of(moment)


def within(kind: str, span: timedelta, moment: datetime) -> bool:
    """Whether one of this kind was asked for less than so long before a moment."""
    return db.session.execute(select(Job.id).where(Job.kind == kind, Job.asked_at > moment - span).limit(1)).first() is not None
