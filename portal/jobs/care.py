"""The clock work of care: once a day the plays that are on set their tasks."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select

from models import db
from models.jobs import Job
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.care import playing
from portal.commission.queries import last_settled_day
from portal.jobs.handlers import Work, handler
from portal.jobs.law import today
from portal.jobs.verbs import enqueue
from portal.transaction import transaction

PLAYS = "care.plays"
"""The kind of the job. It has no arguments."""
EVERY = timedelta(days=1)


@handler(PLAYS)
def plays_job(work: Work) -> dict[str, int]:
    """Set what is due; once more is the same as once."""
    with transaction():
        moment = clock.now()
        return playing.run(today(moment), last_settled_day() or date.min, TERMINAL, moment)


def is_due(moment: datetime) -> bool:
    """Whether a play is on and nobody asked for the job within the last day."""
    asked = db.session.execute(select(Job.id).where(Job.kind == PLAYS, Job.asked_at > moment - EVERY).limit(1)).first()
    return asked is None and bool(playing.plays_on(today(moment)))


def ask_for_plays(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, PLAYS, {})
