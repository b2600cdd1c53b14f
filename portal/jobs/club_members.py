"""Jobs of membership: what the clock decided is told, and once a month the tiers follow the equity."""

from __future__ import annotations

from datetime import datetime

from models.jobs import Job
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import equity_tiers, lapsing
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.local_day import day_of
from portal.transaction import transaction

LAPSES = "club.lapses"
"""The kind of the job that tells who is to renew and who has lapsed."""
TIERS = "club.tiers"
"""The kind of the job that lets the tiers follow the equity of the month before."""


@handler(LAPSES)
def lapses_job(work: Work) -> dict[str, int]:
    """Tell people; once more is the same as once."""
    moment = clock.now()
    found = {"reminded": 0, "lapsed": 0}
    while lapsing.is_due(day_of(moment)):
        with transaction():
            for name, count in lapsing.tidy(day_of(moment), actor=TERMINAL, moment=moment).items():
                found[name] += count
    return found


@handler(TIERS)
def tiers_job(work: Work) -> dict[str, int]:
    """Let the tiers follow the equity, once for each month."""
    moment = clock.now()
    if not equity_tiers.is_due(day_of(moment)):
        return {}
    with transaction():
        return equity_tiers.apply(equity_tiers.moves(day_of(moment)), actor=TERMINAL, moment=moment)


def ask_for_lapses(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, LAPSES, {})


def lapses_are_due(moment: datetime) -> bool:
    """Whether somebody is to be told, and nobody is at it."""
    return not asked.waits(LAPSES) and lapsing.is_due(day_of(moment))


def ask_for_tiers(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, TIERS, {})


def tiers_are_due(moment: datetime) -> bool:
    """Whether the month before is settled to its end and its tiers were not applied, and nobody is at it."""
    return not asked.waits(TIERS) and equity_tiers.is_due(day_of(moment))
