"""Who works on what. A claim is a guarded UPDATE: of many workers one gets the job.

The number of the attempt is the fence: a worker that was thought dead can write nothing more about a job that another one
has taken up since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from models import db
from models.identity import User, UserState
from models.jobs import Job, JobState
from portal.actors import TERMINAL, Actor, actor_of
from portal.audit import log
from portal.jobs.handlers import Work
from portal.jobs.verbs import drop_uploads

ATTEMPTS = 3
"""So many times a job is begun, if workers die over it."""
STALE_AFTER = timedelta(seconds=60)
"""A running job whose worker was silent for so long is taken up by another."""


@dataclass(frozen=True)
class Candidate:
    """A job that waits, or whose worker seems dead (`heartbeat_at` is then its last sign of life)."""

    id: int
    state: str
    heartbeat_at: datetime | None


def candidate(moment: datetime, stale_after: timedelta = STALE_AFTER) -> Candidate | None:
    """The next job to take, without taking it: the oldest that waits or is stale."""
    stale = (Job.state == JobState.RUNNING) & (Job.heartbeat_at < moment - stale_after)
    row = db.session.execute(select(Job.id, Job.state, Job.heartbeat_at).where(or_(Job.state == JobState.WAITING, stale)).order_by(Job.id).limit(1)).one_or_none()
    return Candidate(*row) if row else None


def claim(wanted: Candidate, moment: datetime) -> Work | None:
    """Take a job inside the open transaction. None where another was quicker, it has given a sign of life, or it has been
    begun too often and is failed now."""
    unchanged = Job.heartbeat_at.is_(None) if wanted.heartbeat_at is None else Job.heartbeat_at == wanted.heartbeat_at
    still = (Job.id == wanted.id, Job.state == wanted.state, unchanged)
    if db.session.execute(select(Job.id).where(*still).with_for_update(skip_locked=True)).scalar_one_or_none() is None:
        return None
    job = db.session.execute(
        update(Job)
        .where(*still)
        .values(state=JobState.RUNNING, heartbeat_at=moment, attempts=Job.attempts + 1)
        .returning(Job.id, Job.public_id, Job.kind, Job.arguments, Job.asked_by_id, Job.attempts, Job.cancel_asked, Job.started_at)
    ).one_or_none()
    if job is None:
        return None
    work = Work(job.id, job.public_id, job.kind, job.arguments, TERMINAL, job.attempts)
    if job.started_at is None:
        db.session.execute(update(Job).where(Job.id == job.id).values(started_at=moment))
    if job.cancel_asked:
        end(work, JobState.CANCELLED, None, moment)
        return None
    if job.attempts > ATTEMPTS:
        end(work, JobState.FAILED, {"refused": "the work was begun %(times)s times and never ended", "values": {"times": ATTEMPTS}}, moment)
        return None
    asked_by = _asked_by(job.asked_by_id)
    if asked_by is None:
        end(work, JobState.FAILED, {"refused": "the person who asked for this may not act any more", "values": {}}, moment)
        return None
    work.actor = asked_by
    return work


def _asked_by(user_id: int | None) -> Actor | None:
    """Who asked, with the rights of this moment; None where he may not act any more."""
    if user_id is None:
        return TERMINAL
    user = db.session.get(User, user_id, populate_existing=True)
    return actor_of(user) if user is not None and user.state == UserState.ACTIVE else None


def sign_of_life(work: Work, moment: datetime) -> bool:
    """Write heartbeat and progress inside the open transaction, and learn whether to stop. False where the job is another's."""
    values = {"heartbeat_at": moment, "step": work.step, "done": work.done, "total": work.total}
    cancel_asked = db.session.execute(update(Job).where(*_mine(work)).values(**values).returning(Job.cancel_asked)).scalar_one_or_none()
    if cancel_asked:
        work.cancel.set()
    return cancel_asked is not None


def end(work: Work, state: JobState, result: Any, moment: datetime) -> bool:
    """End a job inside the open transaction, and delete its uploads. False where the job is another's by now."""
    values = {"state": state, "result": result, "finished_at": moment, "heartbeat_at": moment, "step": work.step, "done": work.done, "total": work.total}
    if db.session.execute(update(Job).where(*_mine(work)).values(**values).returning(Job.id)).scalar_one_or_none() is None:
        return False
    drop_uploads(work.job_id)
    log.write(work.actor, moment, f"job.{state.value}", "job", work.public_id, after={"kind": work.kind, "attempt": work.attempt})
    return True


def give_back(work: Work) -> None:
    """Let a job wait again that could not be worked on just now; the attempt counts."""
    db.session.execute(update(Job).where(*_mine(work)).values(state=JobState.WAITING, heartbeat_at=None))


def _mine(work: Work) -> tuple[Any, ...]:
    return Job.id == work.job_id, Job.state == JobState.RUNNING, Job.attempts == work.attempt
