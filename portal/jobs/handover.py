"""On the day from which a handover counts, the managers that were decided for its brokers are written into the firm's books."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.jobs import Job
from portal import clock
from portal.actors import Actor
from portal.handover.broker_verbs import due_rows, write_due
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.local_day import day_of
from portal.transaction import transaction

WRITE = "handover.managers"
"""The kind of the job. It has no arguments."""


@handler(WRITE)
def write_job(work: Work) -> dict[str, Any]:
    """Write what is due; once more is the same as once."""
    with transaction():
        moment = clock.now()
        return {"brokers": write_due(actor=work.actor, moment=moment, today=day_of(moment))}


def is_due(moment: datetime) -> bool:
    """Whether something is due and nobody asked for it yet. What failed is tried again on the next day."""
    return bool(due_rows(day_of(moment))) and not asked.waits(WRITE) and not asked.failed_today(WRITE, moment)


def ask_to_write(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, WRITE, {})
