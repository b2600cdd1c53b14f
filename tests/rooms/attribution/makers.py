"""Objects of the attribution desk for the permission matrix."""

from __future__ import annotations

import secrets

from models import db
from models.identity import User
from models.jobs import Job, JobState
from portal import clock
from portal.actors import actor_of
from portal.pages.attribution.work import COMPARE
from portal.permissions import Can
from portal.transaction import transaction
from tests.matrix import Which, maker


@maker("public_id", "attribution.comparing")
def public_id(user: User | None, which: Which) -> str:
    """A comparison of one's own, or the machine's. To who sees the imports no job is foreign."""
    if which == "missing":
        return secrets.token_urlsafe(16)
    own = user is not None and (which == "own" or actor_of(user).may(Can.IMPORT_SEE))
    asked = {"before": 0, "after": 1, "first": "2026-03", "last": "2026-03"}
    with transaction():
        job = Job(public_id=secrets.token_urlsafe(16), kind=COMPARE, state=JobState.WAITING, asked_at=clock.now(), step="", arguments=asked)
        job.asked_by_id = user.id if user is not None and own else None
        db.session.add(job)
        db.session.flush()
        return job.public_id
