"""Every night, and whenever somebody asks: what speaks for somebody's leaving, as of the last settled day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.departure_signals import SignalRun
from models.jobs import Job
from portal import clock, local_day
from portal.actors import Actor
from portal.commission.queries import last_settled_day
from portal.departures import signals
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.transaction import transaction

SIGNALS = "departures.signals"
"""The kind of the job. Its argument `on` is the day; once more is the same as once."""


@handler(SIGNALS)
def signals_job(work: Work) -> dict[str, Any]:
    """Work the signals out and keep them. It can be stopped while days are read: nothing is kept then."""
    on = date.fromisoformat(work.arguments["on"])
    persons, found = signals.raised(on, local_day.zone(), work.progress)
    with transaction():
        run = signals.keep(on, persons, found, actor=work.actor, moment=clock.now())
        return {"run": run.id, "persons": persons, "signals": len(found)}


def is_due(moment: datetime) -> bool:
    """Whether a settled day stands as of which nobody was looked at, and nobody asked for it yet."""
    day = last_settled_day()
    if day is None or db.session.execute(select(SignalRun.id).where(SignalRun.on_day == day).limit(1)).first():
        return False
    return all(arguments["on"] != str(day) for arguments in asked.arguments(SIGNALS))


def ask(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, SIGNALS, {"on": str(last_settled_day())})
