"""The clock work of cases: once a day those are closed whose time to appeal is over, and both sides are told.

The days are trading days, written into the case when it was decided; what may be released follows them and not this job, so a day
on which nobody works changes nothing for anybody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.jobs import Job
from portal import clock, local_day
from portal.actors import Actor
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.local_day import day_of
from portal.notices.kinds import N_
from portal.refusals import Conflict, NotFound
from portal.transaction import transaction
from portal.transfers import cases
from portal.transfers.case_queries import appeal_over

CLOSE = "transfers.close"
"""The kind of the job. It has no arguments."""


@handler(CLOSE)
def close_job(work: Work) -> dict[str, Any]:
    """Close what is over, each case in a transaction of its own: broken off and begun again, it goes on where it stood. A case that
    somebody closes at the same moment is his."""
    over, closed = appeal_over(day_of(clock.now())), 0
    for place, public_id in enumerate(over):
        work.progress(N_("Closing cases"), place, len(over))
        try:
            with transaction():
                zone = local_day.zone()
                cases.step(public_id, "close", cases.Said(), actor=work.actor, moment=clock.now(), zone=zone)
        except (Conflict, NotFound):
            continue
        closed += 1
    return {"closed": closed}


def is_due(moment: datetime) -> bool:
    """Whether a case is over, and the job was not asked for on the day of this moment yet."""
    return not asked.today(CLOSE, moment) and bool(appeal_over(day_of(moment)))


def ask_to_close(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, CLOSE, {})
