"""Once a day: traces of signing in whose time is over are deleted (portal/identity/retention.py says after how long)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from models.jobs import Job
from portal import clock
from portal.actors import Actor
from portal.club import evenings
from portal.identity.retention import forget_old
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.leads import sent_forms
from portal.notices import sending
from portal.transaction import transaction

TIDY = "identity.tidy"
"""The kind of the job. It has no arguments."""
EVERY = timedelta(days=1)


@handler(TIDY)
def tidy_job(work: Work) -> dict[str, Any]:
    """Delete what is old enough; once more is the same as once."""
    with transaction():
        return forget_old(work.actor, clock.now()) | {
            "forms": sent_forms.forget_old(clock.now()),
            "messages": sending.forget_old(clock.now()),
            "feedback": evenings.forget_words(clock.now()),
        }


def is_due(moment: datetime) -> bool:
    """Whether the job was not asked for within the last day."""
    return not asked.within(TIDY, EVERY, moment)


def ask_to_tidy(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, TIDY, {})
