"""The job that makes ordered lists when they are due: with the rights that their person holds then, and not at all where he lost them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from models.jobs import Job
from models.schedules import ExportSchedule, ExportSending, Outcome
from portal import clock, local_day
from portal.actors import Actor, actor_of
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.lists import making, schedules
from portal.notices.outbox import Letter
from portal.notices.verbs import tell
from portal.refusals import NotAllowed, NotFound, Refusal
from portal.transaction import transaction

SCHEDULED = "list.scheduled"
"""The kind of the job. It has no arguments."""
EARLIEST_HOUR = 8
"""No list comes earlier in the day: files of the night before are in by then."""


@handler(SCHEDULED)
def scheduled_job(work: Work) -> dict[str, Any]:
    """Make every list that is due and tell its person. Once more is the same as once."""
    with transaction():
        numbers = schedules.begin(local_day.today(), clock.now())
    counts = dict.fromkeys(Outcome, 0)
    for done, number in enumerate(numbers):
        work.progress("Writing the ordered lists", done, len(numbers))
        counts[_send(number, work.actor)] += 1
    return {outcome.value: count for outcome, count in counts.items() if count}


def _send(number: int, worker: Actor) -> Outcome:
    """Make one list and tell its person, or write down why not."""
    sending, order, user = schedules.sending_of(number)
    person = actor_of(user)
    if not schedules.may_sign_in(user):
        return _stopped(order, sending, "the sign-in is closed", worker)
    try:
        with force_locale(order.locale):
            made = making.make(making.ordered(person, order.address, order.form, order.columns), person, clock.now())
    except (NotAllowed, NotFound) as refusal:
        return _stopped(order, sending, "the list may not be seen any more", worker, detail=str(refusal))
    except Refusal as refusal:
        with force_locale(order.locale):
            why = _(refusal.message, **refusal.values)
        with transaction():
            schedules.settle(number, Outcome.FAILED, clock.now(), why=why[:300])
        return Outcome.FAILED
    link, rows, title, until, export_no = f"/exports/{made.public_id}", made.rows, order.title, made.expires_at, made.public_id
    with transaction():
        if schedules.settle(number, Outcome.SENT, clock.now(), export_no=export_no, rows=rows):
            tell([user.id], schedules.READY, link, {"title": title, "rows": rows}, actor=worker, moment=clock.now(), letter=Letter(key=f"order{number}", until=until))
    return Outcome.SENT


def _stopped(order: ExportSchedule, sending: ExportSending, why: str, worker: Actor, detail: str = "") -> Outcome:
    """The order ends with this time, and its person is told where he may still sign in."""
    number, order_id = sending.id, order.id
    with transaction():
        moment = clock.now()
        if schedules.settle(number, Outcome.STOPPED, moment, why=detail[:300] or why):
            _sending, kept, user = schedules.sending_of(number)
            if kept.id == order_id and kept.ended_at is None:
                schedules.stop(kept, why, actor=worker, moment=moment)
            tell([user.id], schedules.STOPPED, "/orders", {"title": kept.title, "why": why}, actor=worker, moment=moment)
    return Outcome.STOPPED


def is_due(moment: datetime) -> bool:
    """Whether an ordered list is due by the firm's clock, and no job works on them already."""
    here = moment.astimezone(local_day.zone())
    return here.hour >= EARLIEST_HOUR and schedules.is_due(here.date()) and not asked.waits(SCHEDULED) and not asked.failed_today(SCHEDULED, moment)


def ask(actor: Actor, moment: datetime) -> Job | None:
    """Ask for the job inside the open transaction; where one waits already, that one will do."""
    return None if asked.waits(SCHEDULED) else enqueue(actor, moment, SCHEDULED, {})
