"""Once a day: who records what is sent to the association is reminded of a report that is due soon or overdue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.jobs import Job
from portal import clock
from portal.actors import Actor
from portal.departures.association_sent import remind
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.local_day import day_of
from portal.transaction import transaction

REMIND = "association.remind"
"""The kind of the job. It has no arguments."""


@handler(REMIND)
def remind_job(work: Work) -> dict[str, Any]:
    """Remind; once more is the same as once."""
    with transaction():
        moment = clock.now()
        return {"told": remind(day_of(moment), work.actor, moment)}


def is_due(moment: datetime) -> bool:
    """Whether nobody asked for the job on the day of this moment."""
    return not asked.today(REMIND, moment)


def ask_to_remind(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, REMIND, {})
