"""After each settled day, and whenever somebody asks: what the invitations of plans in waves have changed so far."""

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
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.refusals import Refusal
from portal.risk import effects
from portal.transaction import transaction

WAVES = "club.waves"
"""The kind of the job. Arguments: `until`, the settled day, and `plan`, one plan's number where one was asked for; else all that are due."""


@handler(WAVES)
def waves_job(work: Work) -> dict[str, Any]:
    """Compare and keep. It can be stopped while days are read: nothing is kept then."""
    until, plan = date.fromisoformat(work.arguments["until"]), work.arguments["plan"]
    staggered = import_string("portal.risk.staggered")  # brings the statistics library: loaded when such a job runs, not with every worker
    found = {number: staggered.effect(number, until, work.progress) for number in ([int(plan)] if plan else effects.plans_due(until))}
    with transaction():
        for number, result in found.items():
            effects.keep_plan(db.session.get_one(ClubWavePlan, number), result, until, actor=work.actor, moment=clock.now())
    return {"plans": len(found)}


def is_due(moment: datetime) -> bool:
    """Whether a settled day stands as of which plans are to be looked at, and nobody asked for it yet."""
    day = last_settled_day()
    if day is None or not effects.plans_due(day):
        return False
    return all(arguments["until"] != str(day) or arguments["plan"] for arguments in asked.arguments(WAVES))


def ask(actor: Actor, moment: datetime) -> Job:
    """Ask for all plans that are due, inside the open transaction."""
    return enqueue(actor, moment, WAVES, {"until": str(last_settled_day()), "plan": None})


def ask_for(plan_id: int, actor: Actor, moment: datetime) -> Job:
    """Ask for a plan. Raises Refusal where no settled day stands."""
    day = last_settled_day()
    if day is None:
        raise Refusal("no settled day stands: there is nothing to compare by")
    return enqueue(actor, moment, WAVES, {"until": str(day), "plan": plan_id})
