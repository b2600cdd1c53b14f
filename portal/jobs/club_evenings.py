"""What an evening of the club sets off by the clock: a reminder the day before, the question how it was, points for who came, a word to who was not seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from models import db
from models.club import ClubEvent
from models.jobs import Job
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import evenings, no_show_facts, no_shows, point_awards
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.outbox import ask_where_due
from portal.jobs.verbs import enqueue
from portal.transaction import transaction

LOOK = "club.evenings"
"""The kind of the job. It has no arguments."""


@handler(LOOK)
def look_job(work: Work) -> dict[str, int]:
    """Do what is due; once more is the same as once."""
    return look()


def look() -> dict[str, int]:
    """Remind and ask, an event at a time. Returns how many bookings were told what."""
    reminded = asked = missed = 0
    for event_id in _read(evenings.near):
        with transaction():
            reminded += evenings.remind(event_id, actor=TERMINAL, moment=clock.now())
    for event_id in _read(evenings.over):
        with transaction():
            asked += _ask(event_id, clock.now())
    for event_id in _read(no_show_facts.due):
        with transaction():
            missed += no_shows.find(event_id, actor=TERMINAL, moment=clock.now())
    if reminded or asked or missed:
        with transaction():
            ask_where_due(clock.now())
    return {"reminded": reminded, "asked": asked, "missed": missed}


def _ask(event_id: int, moment: datetime) -> int:
    """Ask those who came, and give them what coming earns."""
    came = evenings.ask(event_id, actor=TERMINAL, moment=moment)
    event = db.session.get_one(ClubEvent, event_id)
    point_awards.attended(event, came, evenings.end_of(event_id), actor=TERMINAL, moment=moment)
    return len(came)


def _read(of: Callable[[datetime], list[int]]) -> list[int]:
    found = of(clock.now())
    db.session.rollback()
    return found


def is_due(moment: datetime) -> bool:
    """Whether somebody is to be told something, and nobody is at it."""
    if asked.waits(LOOK):
        return False
    return bool(evenings.near(moment) or evenings.over(moment) or no_show_facts.due(moment))


def ask_to_look(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, LOOK, {})
