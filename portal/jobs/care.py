"""The clock work of care: once a day the plays that are on set their tasks, and new clients of brokers get somebody who calls them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from models.jobs import Job
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.care import playing, return_visits
from portal.commission.queries import last_settled_day
from portal.disputes.queries import due_from
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.law import jurisdiction
from portal.jobs.verbs import enqueue
from portal.local_day import day_of
from portal.rules import book
from portal.rules.breaches import CALL_CODE, CALL_DAYS, CallDue
from portal.transaction import transaction

PLAYS = "care.plays"
"""The kind of the job. It has no arguments."""
EVERY = timedelta(days=1)


@handler(PLAYS)
def plays_job(work: Work) -> dict[str, int]:
    """Set what is due; once more is the same as once."""
    with transaction():
        moment = clock.now()
        told = playing.run(day_of(moment), last_settled_day() or date.min, TERMINAL, moment)
        return told | return_visits.run(day_of(moment), call_due_by(), TERMINAL, moment)


def call_due() -> CallDue:
    """Within how many trading days a confirmation call is due, by the rule that holds today."""
    return CallDue(int(book.parameter(jurisdiction(), CALL_CODE, "trading_days", day_of(clock.now()), CALL_DAYS)))


def call_due_by() -> Callable[[date], date]:
    """From the first day of an attribution to the day by which its client is called; weekdays count beyond what the calendar knows."""
    rule = call_due()
    return lambda since: rule.after(since) or due_from(since, rule.days)


def is_due(moment: datetime) -> bool:
    """Whether a play is on or a new client waits for his call, and nobody asked for the job within the last day."""
    return not asked.within(PLAYS, EVERY, moment) and (bool(playing.plays_on(day_of(moment))) or return_visits.anybody_waits(day_of(moment)))


def ask_for_plays(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, PLAYS, {})
