"""Every month the model learns anew and is held against what happened; and whenever somebody asks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from werkzeug.utils import import_string

from models import db
from models.jobs import Job
from models.settlement import SettlementDay
from portal import clock, local_day
from portal.actors import Actor
from portal.commission.queries import last_settled_day
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.transaction import transaction

CHECK = "risk.check"
"""The kind of the job. Arguments: `first` and `last`, between which month ends are graded, and `learn`: whether the model learns anew first."""
EVERY = timedelta(days=30)
YEAR = timedelta(days=365)


def _heavy(name: str) -> Any:
    """A module that brings the statistics libraries: loaded when such a job runs, not with every worker."""
    return import_string(f"portal.risk.{name}")


@handler(CHECK)
def check_job(work: Work) -> dict[str, Any]:
    """Learn where asked, then hold the scores of past month ends against what happened. It can be stopped: nothing is kept then."""
    fitting, backtest = _heavy("fitting"), _heavy("backtest")
    zone = local_day.zone()
    first, last = (date.fromisoformat(work.arguments[name]) for name in ("first", "last"))
    said: dict[str, Any] = {}
    if work.arguments["learn"]:
        weights, seen = fitting.learned(first_day(), last, zone, work.progress)
        said["losses"] = seen
        if weights is not None:
            with transaction():
                said["model"] = fitting.keep(weights, last, seen, actor=work.actor, moment=clock.now()).version
    found = backtest.backtest(first, last, zone, work.progress)
    with transaction():
        kept = backtest.keep(found, first, last, actor=work.actor, moment=clock.now())
        return {**said, "backtest": kept.id, "clients": found.clients, "left": found.left}


def first_day() -> date:
    """The first settled day."""
    return db.session.execute(select(func.min(SettlementDay.trade_date))).scalar_one()


def is_due(moment: datetime) -> bool:
    """Whether the last settled day is a month after the one of the last check, and enough days stand to tell anything."""
    day = last_settled_day()
    if day is None or day - first_day() < YEAR / 2:
        return False
    asked = db.session.execute(select(Job.arguments).where(Job.kind == CHECK)).scalars()
    return all(date.fromisoformat(arguments["last"]) + EVERY <= day for arguments in asked)


def ask_to_check(actor: Actor, moment: datetime) -> Job:
    """Ask for it inside the open transaction: the model learns, and the last year is held against what happened."""
    last = last_settled_day()
    assert last is not None
    return enqueue(actor, moment, CHECK, {"first": str(last - YEAR), "last": str(last), "learn": True})
