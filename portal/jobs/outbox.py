"""Sending what waits in the outbox: claim a part, hand it over, write down how it went. No lock is held while a server is spoken to."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import datetime

from flask import current_app
from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from models.outbox import MessageState, MessageWay
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.documents.letters import as_mail, as_text
from portal.gateways.mail import mailer
from portal.gateways.sms import texter
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.keys import keyring
from portal.notices import digest, sending
from portal.notices.carriers import Mail, Mailer, Post, Rejected, Texter, Undelivered
from portal.notices.sending import Taken
from portal.transaction import transaction

LOG = logging.getLogger("portal.outbox")
SEND = "notices.send"
"""The kind of the job. It has no arguments."""
PART = 20


@handler(SEND)
def send_job(work: Work) -> dict[str, int]:
    """Send what is due; once more is the same as once."""
    return send_due(mailer(), texter())


def send_due(mails: Mailer | None, texts: Texter | None) -> dict[str, int]:
    """Put the mails of the day together, and send everything that is due, part by part. Returns how many messages came to which state."""
    with transaction():
        digest.gather(clock.now())
    counts: dict[str, int] = {}
    with ExitStack() as open_ways:
        post = open_ways.enter_context(mails.post()) if mails is not None else None
        while part := _claimed():
            for taken in part:
                state = _sent(taken, post, texts)
                counts[state] = counts.get(state, 0) + 1
    return counts


def _claimed() -> list[Taken]:
    with transaction():
        return sending.claim(clock.now(), PART, keyring())


def _sent(taken: Taken, post: Post | None, texts: Texter | None) -> str:
    """Hand one message over, and write down how that went."""
    if taken.why_not:
        return _ended(taken, MessageState.GIVEN_UP, taken.why_not)
    by_mail = taken.way == MessageWay.MAIL
    if (post if by_mail else texts) is None:
        return _ended(taken, MessageState.KEPT, "nothing is set up to send it")
    try:
        worded = _worded(taken)
    except Exception as error:  # one that cannot be worded must not keep the others of its part from going out
        LOG.exception("message %s cannot be worded", taken.id)
        return _failed(taken, type(error).__name__)
    try:
        if post is not None and isinstance(worded, Mail):
            post.send(worded)
        elif texts is not None:
            texts.send(taken.to, str(worded), taken.key)
    except Rejected as error:
        return _ended(taken, MessageState.GIVEN_UP, str(error))
    except Undelivered as error:
        LOG.warning("message %s did not go out: %s", taken.id, type(error.__cause__).__name__)
        return _failed(taken, str(error))
    return _ended(taken, MessageState.SENT)


def _worded(taken: Taken) -> Mail | str:
    """Word a message, and let go of the snapshot before anybody is spoken to."""
    try:
        return as_mail(taken) if taken.way == MessageWay.MAIL else as_text(taken)
    finally:
        db.session.rollback()


def _failed(taken: Taken, why: str) -> str:
    with transaction():
        sending.failed(taken, why, clock.now())
    return MessageState.FAILED.value


def _ended(taken: Taken, state: MessageState, why: str = "") -> str:
    keep = state == MessageState.KEPT and current_app.config["PORTAL"].shows_outbox
    with transaction():
        sending.ended(taken, state, clock.now(), why, keep_secret=keep)
    return state.value


def is_due(moment: datetime) -> bool:
    """Whether something is to be sent and nobody is at it."""
    if asked.waits(SEND):
        return False
    return sending.is_due(moment)


def ask_to_send(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, SEND, {})


def ask_where_due(moment: datetime) -> Job | None:
    """Ask for the job inside the open transaction, where there is something to send and none waits: so that what was just written goes
    out at once, and a job that got lost is asked for again."""
    if not sending.is_due(moment) or db.session.execute(select(Job.id).where(Job.kind == SEND, Job.state == JobState.WAITING).limit(1)).first():
        return None
    return enqueue(TERMINAL, moment, SEND, {})
