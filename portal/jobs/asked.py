"""Whether a job was asked for already: what the doors of jobs that come by themselves ask before they ask for another."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from portal.local_day import day_of


def waits(kind: str) -> bool:
    """Whether one of this kind waits or runs."""
    return db.session.execute(select(Job.id).where(Job.kind == kind, Job.state.in_([JobState.WAITING, JobState.RUNNING])).limit(1)).first() is not None


def today(kind: str, moment: datetime) -> bool:
    """Whether one of this kind was asked for on the firm's day of a moment."""
    last = db.session.execute(select(Job.asked_at).where(Job.kind == kind).order_by(Job.id.desc()).limit(1)).scalar()
    return last is not None and day_of(last) >= day_of(moment)


def within(kind: str, span: timedelta, moment: datetime) -> bool:
    """Whether one of this kind was asked for less than so long before a moment."""
    return db.session.execute(select(Job.id).where(Job.kind == kind, Job.asked_at > moment - span).limit(1)).first() is not None
