"""The job that makes new names findable; a worker asks for it whenever something is known that cannot be found yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from portal.actors import Actor
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.keys import keyring
from portal.search import index
from portal.transaction import transaction

CATCH_UP = "search.catch_up"
"""The kind of the job. It has no arguments."""


@handler(CATCH_UP)
def catch_up_job(work: Work) -> dict[str, Any]:
    """Make everything findable that is known, in transactions of moderate size; once more is the same as once."""
    steps = 0
    while one_step():
        steps += 1
        work.progress("Making names findable", steps)
    return {"steps": steps}


def one_step() -> bool:
    """One transaction of it. False where nothing was left to do."""
    with transaction():
        return index.catch_up_step(keyring())


def ask_to_catch_up(actor: Actor, moment: datetime) -> Job | None:
    """Ask for the job inside the open transaction; where one waits already, that one will do."""
    waits = select(Job.id).where(Job.kind == CATCH_UP, Job.state == JobState.WAITING).limit(1)
    return None if db.session.execute(waits).first() else enqueue(actor, moment, CATCH_UP, {})
