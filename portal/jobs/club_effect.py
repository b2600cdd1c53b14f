"""After each settled day, and whenever somebody asks: what became of those who were invited to events, and of those held out, or of others who were alike."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from werkzeug.utils import import_string

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

EFFECT = "club.effect"
"""The kind of the job. Arguments: `until`, the settled day, and `event`, one event's number where one was asked for; else all that are due."""


@handler(EFFECT)
def effect_job(work: Work) -> dict[str, Any]:
    """Compare and keep. It can be stopped while days are read: nothing is kept then."""
    until, event = date.fromisoformat(work.arguments["until"]), work.arguments["event"]
    invited, matched = (import_string(f"portal.risk.{name}") for name in ("invited", "matched"))  # bring the statistics library: loaded when such a job runs, not with every worker
    numbers = [int(event)] if event else effects.due(until)
    found = matched.beside(invited.effects(numbers, until, work.progress), numbers, until, work.progress)
    with transaction():
        return {"events": effects.keep(found, until, actor=work.actor, moment=clock.now())}


def is_due(moment: datetime) -> bool:
    """Whether a settled day stands as of which events are to be looked at, and nobody asked for it yet."""
    day = last_settled_day()
    if day is None or not effects.due(day):
        return False
    return all(arguments["until"] != str(day) or arguments["event"] for arguments in asked.arguments(EFFECT))


def ask(actor: Actor, moment: datetime) -> Job:
    """Ask for all events that are due, inside the open transaction."""
    return enqueue(actor, moment, EFFECT, {"until": str(last_settled_day()), "event": None})


def ask_for(event_id: int, actor: Actor, moment: datetime) -> Job:
    """Ask for one event. Raises Refusal where no settled day stands."""
    day = last_settled_day()
    if day is None:
        raise Refusal("no settled day stands: there is nothing to compare by")
    return enqueue(actor, moment, EFFECT, {"until": str(day), "event": event_id})
