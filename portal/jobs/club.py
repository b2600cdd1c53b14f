"""Jobs of the club: money that is to move, holds that ran out, and bookings of an event that was called off."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from models import db
from models.club import Booking, BookingState
from models.club_money import Payment
from models.jobs import Job
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import bank_orders, calling_off, payments
from portal.gateways.stripe import till
from portal.jobs import asked, club_bank, club_paying
from portal.jobs.club_paying import MONEY
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.notices.kinds import N_
from portal.transaction import transaction

CALL_OFF = "club.call_off"
"""The kind of the job that ends the bookings of an event; its argument is the event's number."""
RECONCILE = "club.reconcile"
"""The kind of the job that holds the books against Stripe's."""

OFTEN, DAILY, STUCK = timedelta(minutes=15), timedelta(days=1), timedelta(minutes=30)


@handler(MONEY)
def money_job(work: Work) -> dict[str, int]:
    """Close pages, send refunds; once more is the same as once."""
    return club_paying.tidy(till())


@handler(CALL_OFF)
def call_off_job(work: Work) -> dict[str, int]:
    """End every booking of the event and send its money back, in parts; after a crash it goes on with those that are left."""
    event_id, done, part = int(work.arguments["event_id"]), 0, 1
    while part:
        work.progress(N_("Ending the bookings"), done)
        with transaction():
            part = calling_off.end_part(event_id, actor=TERMINAL, moment=clock.now())
        done += part
    gateway = till()
    if gateway is not None:
        club_paying.tidy(gateway)
    return calling_off.summary(event_id)


@handler(RECONCILE)
def reconcile_job(work: Work) -> dict[str, Any]:
    """Hold the books against Stripe's, and transfers, payments and what goes back against each other."""
    found = club_bank.compare()
    gateway = till()
    return {**(club_paying.reconcile(gateway) if gateway is not None else {}), **found}


def ask_to_tidy(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, MONEY, {})


def is_due(moment: datetime) -> bool:
    """Whether a hold ran out that nobody has written down, or money is to move, and nobody is at it."""
    if asked.waits(MONEY):
        return False
    over = select(Booking.id).where(Booking.state == BookingState.HELD, Booking.hold_until <= moment).limit(1)
    return db.session.execute(over).first() is not None or bank_orders.work_is_due(moment) or (till() is not None and club_paying.work_is_due(moment))


def ask_to_reconcile(actor: Actor, moment: datetime) -> Job:
    """Ask for the comparison inside the open transaction."""
    return enqueue(actor, moment, RECONCILE, {})


def reconcile_is_due(moment: datetime) -> bool:
    """Whether a try to be paid came to nothing for half an hour, at most four times an hour; and once a day where anybody paid lately."""
    last = db.session.execute(select(func.max(Job.asked_at)).where(Job.kind == RECONCILE)).scalar()
    if last is not None and last > moment - OFTEN:
        return False
    if till() is not None and payments.to_look_at(moment, STUCK, 1):
        return True
    lately = select(Payment.id).where(Payment.created_at > moment - 2 * DAILY).limit(1)
    return (last is None or last <= moment - DAILY) and db.session.execute(lately).first() is not None
