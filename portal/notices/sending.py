"""What becomes of a message: a worker claims it, hands it over, and writes down how that went.

Of many workers one gets a message. It may go out twice only where a process dies between handing it over and writing that down:
whoever takes it up later cannot know. Its Message-ID is the same then, so that a mail program shows it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, true, update

from models import db
from models.identity import User, UserState
from models.outbox import MessageChoice, MessageContact, MessageState, MessageStop, MessageWay, OutboxMessage
from portal.actors import Actor
from portal.audit import log
from portal.notices import digest
from portal.notices.kinds import KINDS
from portal.notices.outbox import ALWAYS, digest_of
from portal.notices.quiet import is_quiet, opens
from portal.permissions import Can
from portal.refusals import Conflict, NotFound
from portal.sealing import Keyring, Unreadable

PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8), timedelta(hours=24))
"""How long is waited after each failed try; after the last one nobody tries any more."""
STALE = timedelta(minutes=15)
"""Who has had a message for so long is thought dead."""
KEPT_FOR = timedelta(days=180)
"""So long one can see what was sent."""
OVER = (MessageState.SENT, MessageState.GIVEN_UP, MessageState.KEPT)
TO_DO = (MessageState.WAITING, MessageState.FAILED)


@dataclass(frozen=True)
class Taken:
    """A message that is ours to send: to whom, in which language, what it tells. `attempt` is the fence of who took it."""

    id: int
    attempt: int
    key: str
    way: str
    kind: str
    to: str
    name: str
    locale: str
    who: str
    link: str
    values: Mapping[str, Any]
    about: Mapping[str, Any]
    why_not: str = ""


def due(moment: datetime) -> ColumnElement[bool]:
    """The condition that a message may be taken now: in quiet hours only what is urgent."""
    open_now = OutboxMessage.urgent if is_quiet(moment) else true()
    waits = and_(OutboxMessage.state.in_(TO_DO), OutboxMessage.send_at <= moment, ~OutboxMessage.digest, open_now)
    return or_(waits, and_(OutboxMessage.state == MessageState.SENDING, OutboxMessage.claimed_at <= moment - STALE))


def is_due(moment: datetime) -> bool:
    """Whether something is to be sent."""
    return digest.is_due(moment) or db.session.execute(select(OutboxMessage.id).where(due(moment)).limit(1)).first() is not None


def claim(moment: datetime, most: int, keyring: Keyring) -> list[Taken]:
    """Take the next messages inside the open transaction: nobody else gets them."""
    chosen = select(OutboxMessage.id).where(due(moment)).order_by(OutboxMessage.urgent.desc(), OutboxMessage.id).limit(most)
    ids = list(db.session.execute(chosen.with_for_update(skip_locked=True)).scalars())
    if not ids:
        return []
    mark = update(OutboxMessage).where(OutboxMessage.id.in_(ids)).values(state=MessageState.SENDING, claimed_at=moment, attempts=OutboxMessage.attempts + 1)
    db.session.execute(mark, execution_options={"synchronize_session": False})
    query = select(OutboxMessage, User, MessageContact.phone_sealed).outerjoin(User, User.id == OutboxMessage.user_id).outerjoin(MessageContact, MessageContact.user_id == User.id)
    rows = db.session.execute(query.where(OutboxMessage.id.in_(ids)).order_by(OutboxMessage.id).execution_options(populate_existing=True)).all()
    unwanted, stopped = _unwanted(ids), _stopped([row[0].address for row in rows if row[0].address])
    return [_taken(message, user, phone, message.id in unwanted or digest_of(message.address) in stopped, moment, keyring) for message, user, phone in rows]


def look(message_id: int, keyring: Keyring, moment: datetime) -> tuple[OutboxMessage, Taken]:
    """A message as it would go out now, without taking it. Raises NotFound."""
    query = select(OutboxMessage, User, MessageContact.phone_sealed).outerjoin(User, User.id == OutboxMessage.user_id).outerjoin(MessageContact, MessageContact.user_id == User.id)
    found = db.session.execute(query.where(OutboxMessage.id == message_id)).first()
    if found is None:
        raise NotFound("there is no such message")
    return found[0], _taken(found[0], found[1], found[2], False, moment, keyring)


def _unwanted(ids: list[int]) -> set[int]:
    """Which of the messages their receivers have said no to since they were written."""
    said = (MessageChoice.user_id == OutboxMessage.user_id) & (MessageChoice.way == OutboxMessage.way) & ~MessageChoice.wanted
    rows = db.session.execute(select(OutboxMessage.id, OutboxMessage.kind, MessageChoice.topic).join(MessageChoice, said).where(OutboxMessage.id.in_(ids)))
    return {number for number, kind, topic in rows if kind in KINDS and KINDS[kind].group == topic and topic not in ALWAYS}


def _stopped(addresses: list[str]) -> set[str]:
    digests = {digest_of(address) for address in addresses}
    return set(db.session.execute(select(MessageStop.address_digest).where(MessageStop.address_digest.in_(digests))).scalars()) if digests else set()


def _taken(message: OutboxMessage, user: User | None, phone: str | None, unwanted: bool, moment: datetime, keyring: Keyring) -> Taken:
    why = ""
    if message.until is not None and message.until <= moment:
        why = "too late"
    elif unwanted:
        why = "not wanted any more"
    elif user is not None and user.state == UserState.DISABLED:
        why = "the sign-in is closed"
    elif message.kind not in KINDS:
        why = "a kind that is no more"
    elif message.attempts > len(PAUSES) + 1:
        why = "begun again and again and never ended"
    link, to = message.link, message.address or (user.email if user is not None else "")
    try:
        if message.secret_sealed:
            link = keyring.open(message.secret_sealed, f"outbox_message.secret_sealed:{message.business_key}")
        if message.way == MessageWay.SMS and user is not None:
            to = keyring.open(phone or "", f"message_contact.phone_sealed:{user.public_id}")
    except Unreadable:
        why = "what was sealed does not open"
    who = (message.locale or (user.locale if user else ""), user.public_id if user else "")
    name = user.name if user is not None else ""
    found = (message.business_key, message.way, message.kind, to, name, *who, link, message.values, message.about)
    return Taken(message.id, message.attempts, *found, why_not=why or ("" if to else "no address"))


def ended(taken: Taken, state: MessageState, moment: datetime, why: str = "", *, keep_secret: bool = False) -> None:
    """Write down that a message is over; what only the receiver may know is blanked with it, unless it was never sent and the
    portal is one for development."""
    values: dict[str, Any] = {"state": state, "ended_at": moment, "failure": why[:400], "claimed_at": None}
    _mine(taken, values if keep_secret else values | {"secret_sealed": None})


def failed(taken: Taken, why: str, moment: datetime) -> None:
    """Write down that it did not go out, and when it is tried again."""
    if taken.attempt > len(PAUSES):
        ended(taken, MessageState.GIVEN_UP, moment, why)
        return
    _mine(taken, {"state": MessageState.FAILED, "failure": why[:400], "send_at": moment + PAUSES[taken.attempt - 1], "claimed_at": None})


def _mine(taken: Taken, values: dict[str, Any]) -> None:
    """Write to a message that is still ours."""
    mine = (OutboxMessage.id == taken.id, OutboxMessage.state == MessageState.SENDING, OutboxMessage.attempts == taken.attempt)
    db.session.execute(update(OutboxMessage).where(*mine).values(**values), execution_options={"synchronize_session": False})


def again(message_id: int, *, actor: Actor, moment: datetime) -> None:
    """Try a message again that did not go out. Raises NotAllowed, NotFound; Conflict where it went out, waits anyway, or its time is over."""
    actor.need(Can.OUTBOX_SEND)
    message = db.session.get(OutboxMessage, message_id, with_for_update=True, populate_existing=True)
    if message is None:
        raise NotFound("there is no such message")
    if message.state not in (MessageState.FAILED, MessageState.GIVEN_UP, MessageState.KEPT):
        raise Conflict("this message went out, or is on its way")
    if message.until is not None and message.until <= moment:
        raise Conflict("the time of this message is over: nobody needs it any more")
    if not message.link and not message.secret_sealed and not message.about:
        raise Conflict("its link was taken out when it was given up: make a new one")
    message.state, message.attempts, message.ended_at, message.failure = MessageState.WAITING, 0, None, ""
    message.send_at = moment if message.urgent else opens(moment)
    db.session.flush()
    log.write(actor, moment, "outbox.again", "outbox_message", str(message.id), after={"kind": message.kind})


def forget_old(moment: datetime) -> int:
    """Delete what has been over for half a year. Returns how many."""
    old = delete(OutboxMessage).where(OutboxMessage.state.in_(OVER), OutboxMessage.ended_at < moment - KEPT_FOR)
    return int(db.session.execute(old, execution_options={"synchronize_session": False}).rowcount)  # type: ignore[attr-defined]
