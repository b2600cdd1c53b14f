"""Points at the door: what an approved rule sets off, and what the clock does: who came, whose friend became a client, what expired."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import current_app

from models import db
from models.audit import Approval
from models.jobs import Job
from models.values.calendar import Month
from portal import clock, local_day
from portal.actors import TERMINAL, Actor
from portal.audit import approvals
from portal.club import point_awards, point_rules, points
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.transaction import transaction

POINTS = "club.points_daily"
"""The kind of the job. It has no arguments."""
FRIENDS = timedelta(days=40)
EVERY = timedelta(days=1)


def trading_allowed() -> bool:
    """Whether the rule set lets points be earned by trading."""
    return bool(current_app.config["PORTAL"].allow_trading_points)


@handler(POINTS)
def daily_job(work: Work) -> dict[str, int]:
    """Do what is due; once more is the same as once."""
    return daily()


def daily() -> dict[str, int]:
    """Write down what expired, thank for friends, and, where the rule set allows it, count last month's trading."""
    with transaction():
        moment = clock.now()
        thanked = point_awards.referred(point_awards.friends_since(moment - FRIENDS), actor=TERMINAL, moment=moment)
    if trading_allowed():
        with transaction():
            point_awards.traded(Month.of(local_day.day_of(moment)).plus(-1), actor=TERMINAL, moment=moment)
    expired = 0
    while people := _read(points.due_to_expire):
        with transaction():
            expired += points.expire(people, actor=TERMINAL, moment=clock.now())
    return {"thanked": thanked, "expired": expired}


def _read(of: Callable[[datetime], list[str]]) -> list[str]:
    found = of(clock.now())
    db.session.rollback()
    return found


def is_due(moment: datetime) -> bool:
    """Whether nobody asked for the job within the last day."""
    return not asked.within(POINTS, EVERY, moment)


def ask_for_points(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, POINTS, {})


def _effect(approval: Approval, approver: Actor, moment: datetime) -> None:
    point_rules.let_through(approval, approver, moment, trading_allowed=trading_allowed())


approvals.register(point_rules.KIND, Can.APPROVAL_DECIDE, _effect, label=N_("Rule by which points are earned"))
approvals.register(point_rules.AGAIN, Can.APPROVAL_DECIDE, _effect, label=N_("Rule that reads trading: third person"))
