"""Whenever somebody asks: what the invitations of a plan in waves have changed so far."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from werkzeug.utils import import_string

from models import db
from models.club_waves import ClubWavePlan
from models.jobs import Job
from portal import clock
from portal.actors import Actor
from portal.commission.queries import last_settled_day
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.refusals import Refusal
from portal.risk import effects
from portal.transaction import transaction

WAVES = "club.waves"
"""The kind of the job. Arguments: `until`, the settled day, and `plan`, its number."""


@handler(WAVES)
def waves_job(work: Work) -> dict[str, Any]:
    """Compare and keep. It can be stopped while days are read: nothing is kept then."""
    until, number = date.fromisoformat(work.arguments["until"]), int(work.arguments["plan"])
    staggered = import_string("portal.risk.staggered")  # brings the statistics library: loaded when such a job runs, not with every worker
    found = staggered.effect(number, until, work.progress)
    with transaction():
        effects.keep_plan(db.session.get_one(ClubWavePlan, number), found, until, actor=work.actor, moment=clock.now())
    return {"periods": len(found["periods"])}


def ask_for(plan_id: int, actor: Actor, moment: datetime) -> Job:
    """Ask for a plan. Raises Refusal where no settled day stands."""
    day = last_settled_day()
    if day is None:
        raise Refusal("no settled day stands: there is nothing to compare by")
    return enqueue(actor, moment, WAVES, {"until": str(day), "plan": plan_id})
