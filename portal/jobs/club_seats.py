"""The job of the waitlists: what the clock has decided is written down, seats are drawn by lot, and what came free is offered to who is next."""

from __future__ import annotations

from datetime import datetime

from models import db
from models.jobs import Job
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import lot, waitlist
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.transaction import transaction

SEATS = "club.seats"
"""The kind of the job that passes offers on."""


@handler(SEATS)
def seats_job(work: Work) -> dict[str, int]:
    """Each event in a transaction of its own, so that nobody who signs up waits for all of them; once more is the same as once."""
    return {"done": pass_on()}


def pass_on() -> int:
    """The work itself. Returns how much there was to do."""
    done = 0
    for number in _of(lot.due(clock.now())):
        with transaction():
            done += lot.draw(number, actor=TERMINAL, moment=clock.now())
    numbers = _of(waitlist.due(clock.now()))
    for number in numbers:
        with transaction():
            done += waitlist.tidy(number, actor=TERMINAL, moment=clock.now())
    return done


def ask_to_pass_on(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, SEATS, {})


def is_due(moment: datetime) -> bool:
    """Whether there is something to write down or to offer, and nobody is at it."""
    if asked.waits(SEATS):
        return False
    return bool(lot.due(moment) or waitlist.due(moment))


def _of(numbers: list[int]) -> list[int]:
    """What was read, with the snapshot let go of: what follows opens transactions of its own."""
    db.session.rollback()
    return numbers
