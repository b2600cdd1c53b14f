"""Once a day: what the days decide about leads and claims is written down (portal/leads/tidy.py)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from models.leads import Lead
from portal import clock, local_day
from portal.actors import Actor
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.leads.terms import terms
from portal.leads.tidy import PART, PARTS, Day, announce
from portal.notices.kinds import N_
from portal.transaction import transaction

TIDY = "leads.tidy"
"""The kind of the job. It has no arguments; its result names the day that was tidied for."""
EVERY = timedelta(days=1)


@handler(TIDY)
def tidy_job(work: Work) -> dict[str, Any]:
    """Tidy for today; once more is the same as once."""
    moment = clock.now()
    day = Day(local_day.day_of(moment), work.actor, moment, terms())
    result = dict.fromkeys(PARTS, 0)
    for name, part in PARTS.items():
        done = PART
        while done == PART:  # each part in a transaction of its own, so that others write in between
            work.progress(N_("Tidying up the leads"), sum(result.values()))
            with transaction():
                done = part(day)
            result[name] += done
    with transaction():
        return {**result, "told": announce(day, last_day() or day.today - EVERY), "day": str(day.today)}


def is_due(moment: datetime) -> bool:
    """Whether there are leads, and the job was not asked for on this day of the portal's yet."""
    if asked.today(TIDY, moment):
        return False
    return db.session.execute(select(Lead.id).limit(1)).first() is not None


def ask_to_tidy(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, TIDY, {})


def last_day() -> date | None:
    """The last day that was tidied for."""
    results = db.session.execute(select(Job.result).where(Job.kind == TIDY, Job.state == JobState.DONE).order_by(Job.id.desc()).limit(1)).scalar()
    return date.fromisoformat(results["day"]) if results else None
