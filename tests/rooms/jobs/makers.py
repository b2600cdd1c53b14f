"""Jobs for the permission matrix."""

from __future__ import annotations

import secrets

from models import db
from models.identity import User
from models.jobs import Job, JobState
from portal import clock
from portal.actors import actor_of
from portal.permissions import Can
from portal.transaction import transaction
from tests.matrix import Which, maker


@maker("public_id", "jobs.job")
@maker("public_id", "jobs.cancel")
def public_id(user: User | None, which: Which) -> str:
    """A job of one's own, or the machine's. To who sees the imports no job is foreign."""
    sees_all = user is not None and actor_of(user).may(Can.IMPORT_SEE)
    if which == "missing" or (which == "foreign" and sees_all):
        return secrets.token_urlsafe(16)
    asked_by = user.id if user is not None and which == "own" else None
    with transaction():
        job = Job(public_id=secrets.token_urlsafe(16), kind="test", state=JobState.WAITING, asked_by_id=asked_by, asked_at=clock.now(), step="", arguments={})
        db.session.add(job)
        db.session.flush()
        return job.public_id
