"""Asking for work, and asking it to stop."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from models import db
from models.jobs import Job, JobState, JobUpload
from portal.actors import Actor
from portal.audit import log
from portal.gateways.wakeups import bell
from portal.jobs.handlers import handler_of
from portal.refusals import Conflict, Refusal
from portal.transaction import afterwards


def enqueue(actor: Actor, moment: datetime, kind: str, arguments: Mapping[str, Any], uploads: Iterable[tuple[str, bytes]] = ()) -> Job:
    """Ask for a job inside the open transaction: it begins once that is committed.

    `arguments` are plain JSON without phone or ID numbers (they outlive the job); `uploads` are names and contents, deleted
    when the job has ended. Who may ask is for the caller to check. Raises Refusal for a kind without a handler.
    """
    if handler_of(kind) is None:
        raise Refusal("nobody knows how to do a job of the kind %(kind)s", kind=kind)
    job = Job(
        public_id=secrets.token_urlsafe(16),
        kind=kind,
        state=JobState.WAITING,
        asked_by_id=actor.user_id,
        asked_at=moment,
        attempts=0,
        cancel_asked=False,
        step="",
        done=0,
        total=0,
        arguments=dict(arguments),
    )
    db.session.add(job)
    db.session.flush()
    for name, content in uploads:
        db.session.add(JobUpload(job_id=job.id, name=name[:400], payload=zlib.compress(content, 1)))
        db.session.flush()
    log.write(actor, moment, "job.asked", "job", job.public_id, after={"kind": kind})
    afterwards(bell().ring)
    return job


def ask_to_cancel(job_id: int, actor: Actor, moment: datetime) -> None:
    """Stop a job: one that waits ends at once, one that runs at its next step. Raises Conflict where it has ended already."""
    waiting = update(Job).where(Job.id == job_id, Job.state == JobState.WAITING).values(state=JobState.CANCELLED, finished_at=moment)
    if db.session.execute(waiting.returning(Job.id)).scalar_one_or_none() is not None:
        drop_uploads(job_id)
    else:
        running = update(Job).where(Job.id == job_id, Job.state == JobState.RUNNING).values(cancel_asked=True)
        if db.session.execute(running.returning(Job.id)).scalar_one_or_none() is None:
            raise Conflict("this job has ended already")
    public_id = db.session.execute(select(Job.public_id).where(Job.id == job_id)).scalar_one()
    log.write(actor, moment, "job.cancel_asked", "job", public_id)


def drop_uploads(job_id: int) -> None:
    """Delete the files that were handed to a job that has ended."""
    db.session.execute(delete(JobUpload).where(JobUpload.job_id == job_id))
