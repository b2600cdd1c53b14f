"""Sending what other systems are to be told: claim, hand over, write down how it went. No lock is held while anybody is spoken to, and each
endpoint has a lane of its own: one that answers slowly, or never, holds up no other."""

from __future__ import annotations

import logging
import random
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from functools import partial

from flask import current_app
from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.gateways.webhooks import carrier
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.keys import keyring
from portal.notices.kinds import N_
from portal.transaction import transaction
from portal.webhooks import deliveries, signatures
from portal.webhooks.carrying import Answer, Carrier
from portal.webhooks.deliveries import Taken

LOG = logging.getLogger("portal.webhooks")
SEND = "webhooks.send"
"""The kind of the job. It has no arguments."""
LANES = 8
"""So many endpoints are spoken to at once."""
LONG_ENOUGH = 120.0
"""Seconds after which a run ends, so that other jobs have their turn; what is left is asked for again."""


@handler(SEND)
def send_job(work: Work) -> dict[str, int]:
    """Send what is due; once more is the same as once."""
    return send_due(carrier(), partial(work.progress, N_("Telling other systems")))


def send_due(carries: Carrier, said: partial[None] | None = None, seconds: float = LONG_ENOUGH) -> dict[str, int]:
    """Send everything that is due, of each endpoint one after the other. Returns how many deliveries came to which state."""
    counts: dict[str, int] = {}
    until = time.monotonic() + seconds
    busy: dict[Future[Answer], Taken] = {}
    with ThreadPoolExecutor(LANES, thread_name_prefix="webhook") as lanes:
        while True:
            if time.monotonic() < until:
                busy |= {lanes.submit(carry, taken, carries): taken for taken in _claimed(busy)}
            if not busy:
                return counts
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                state = _written(busy.pop(future), future.result())
                counts[state] = counts.get(state, 0) + 1
            if said is not None:
                said(sum(counts.values()))


def carry(taken: Taken, carries: Carrier) -> Answer:
    """Sign one delivery and hand it over. Touches no database: it runs in a lane."""
    if taken.why_not:
        return Answer(0, failure=taken.why_not)
    moment = int(clock.now().timestamp())
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Juyuan-Webhooks/1",
        "Juyuan-Event": taken.event,
        "Juyuan-Attempt": str(taken.attempt),
        signatures.HEADER: signatures.header(taken.body, taken.secrets, moment),
    }
    try:
        return carries.post(taken.url, headers, taken.body)
    except Exception:  # what nobody thought of must not lose what other lanes were answered
        LOG.exception("delivery %s could not be carried", taken.id)
        return Answer(0, failure="fault")


def _claimed(busy: dict[Future[Answer], Taken]) -> list[Taken]:
    free = LANES - len(busy)
    if not free:
        return []
    with transaction():
        return deliveries.claim(clock.now(), free, [taken.endpoint_id for taken in busy.values()], keyring(), current_app.config["PORTAL"].base_url)


def _written(taken: Taken, answer: Answer) -> str:
    with transaction():
        state = deliveries.ended(taken, answer, clock.now(), random.random(), TERMINAL)  # noqa: S311 - it only spreads
    return state.value if state is not None else "taken over"


def is_due(moment: datetime) -> bool:
    """Whether something is to be sent and nobody is at it."""
    return not asked.waits(SEND) and deliveries.is_due(moment)


def ask_to_send(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, SEND, {})


def ask_at_once(moment: datetime) -> Job | None:
    """Ask for the job inside the open transaction, where none waits: so that what somebody just asked for goes out at once."""
    if db.session.execute(select(Job.id).where(Job.kind == SEND, Job.state == JobState.WAITING).limit(1)).first():
        return None
    return enqueue(TERMINAL, moment, SEND, {})
