"""Every night, and whenever somebody asks: all clients are scored as of the last settled day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.jobs import Job
from models.risk import RiskRun
from portal import clock, local_day
from portal.actors import Actor
from portal.commission.queries import last_settled_day
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.risk import scoring
from portal.transaction import transaction

SCORE = "risk.score"
"""The kind of the job. Its argument `on` is the day; once more is the same as once."""


@handler(SCORE)
def score_job(work: Work) -> dict[str, Any]:
    """Score and keep. It can be stopped while days are read: nothing is kept then."""
    on = date.fromisoformat(work.arguments["on"])
    version, rows = scoring.scores(on, local_day.zone(), work.progress)
    with transaction():
        run = scoring.keep(on, version, rows, actor=work.actor, moment=clock.now())
        return {"run": run.id, "accounts": rows.height, "model": version}


def is_due(moment: datetime) -> bool:
    """Whether a settled day stands that was not scored, and nobody asked for it yet."""
    day = last_settled_day()
    if day is None or db.session.execute(select(RiskRun.id).where(RiskRun.on_day == day).limit(1)).first():
        return False
    return all(arguments["on"] != str(day) for arguments in asked.arguments(SCORE))


def ask_to_score(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, SCORE, {"on": str(last_settled_day())})
