"""The clock work of the law: the books are held against the rules again when something changed, and at least once a day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from portal import clock
from portal.actors import Actor
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.keys import keyring
from portal.local_day import day_of
from portal.rules import recheck
from portal.transaction import transaction

RECHECK = "rules.recheck"
"""The kind of the job. It has no arguments."""


def jurisdiction() -> str:
    """The rule set that the settings name."""
    return str(current_app.config["PORTAL"].jurisdiction)


@handler(RECHECK)
def recheck_job(work: Work) -> dict[str, Any]:
    """Hold all books against the rules of today; once more is the same as once."""
    moment = clock.now()
    seen = recheck.look(day_of(moment), jurisdiction(), keyring())
    with transaction():
        check = recheck.keep(seen, work.actor, moment)
        return {"standing": check.standing, "appeared": check.appeared, "gone": check.gone}


def recheck_is_due(moment: datetime) -> bool:
    """Whether the books, the rules or the day changed since, and nobody has asked for the job yet."""
    return not _waits() and recheck.is_due(day_of(moment), jurisdiction())


def ask_to_recheck(actor: Actor, moment: datetime) -> Job | None:
    """Ask for the job inside the open transaction; where one waits already, that one will do."""
    return None if _waits() else enqueue(actor, moment, RECHECK, {})


def _waits() -> bool:
    return db.session.execute(select(Job.id).where(Job.kind == RECHECK, Job.state == JobState.WAITING).limit(1)).first() is not None
