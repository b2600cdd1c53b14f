"""Notices for the permission matrix."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from models import db
from models.identity import Role, User
from models.notices import Notice
from models.outbox import MessageState, OutboxMessage
from portal import clock
from portal.actors import TERMINAL
from portal.identity import verbs as identity
from portal.keys import secret
from portal.notices import choices, outbox
from portal.notices.kinds import KINDS, Group
from portal.notices.outbox import Guest, Letter
from portal.transaction import transaction
from tests.matrix import Which, maker
from tests.rooms.club.scene import event_of


@maker("notice_id")
def notice_id(user: User | None, which: Which) -> str:
    """Something that one was told oneself, or that somebody else was."""
    if which == "missing":
        return "987654321"
    user_id = user.id if user and which == "own" else None
    with transaction():
        moment = clock.now()
        if user_id is None:
            user_id = identity.add_user(email=f"told-{moment.timestamp()}@firm.example", name="Told", roles=[Role.BROKER], actor=TERMINAL, moment=moment).id
        notice = Notice(user_id=user_id, kind="plan.activated", link="/me", values={}, at=moment, actor_label="test")
        db.session.add(notice)
        db.session.flush()
        return str(notice.id)


@maker("unsubscribe_token")
def unsubscribe_token(user: User | None, which: Which) -> str:
    """A link that ends mails works for whoever holds it: there is none of somebody else's, only one that was not made here."""
    return choices.link_token(secret(), choices.stopper("guest@example.com"), Group.CLUB) if which == "own" else f"no-{which}"


@maker("message_kind")
def message_kind(user: User | None, which: Which) -> str:
    """A kind of mail: the firm's, whoever looks; or none."""
    return "nothing" if which == "missing" else "statement.published"


@maker("message_id")
def message_id(user: User | None, which: Which) -> str:
    """A mail that did not go out: to oneself, or to a guest."""
    if which == "missing":
        return "987654321"
    number = event_of(f"e{secrets.token_hex(6)}")
    with transaction():
        moment = clock.now()
        key = Letter(f"{which}{secrets.token_hex(6)}", {"calendar": number})
        if user is not None and which == "own":
            outbox.write([(user.id, "/me", {"title": "x"})], KINDS["club.seat_granted"], key, moment)
        else:
            outbox.write_to_guests([Guest("guest@example.com", "en", "/events/x", {"title": "x"})], KINDS["club.seat_granted"], key, moment)
        newest = select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(1)
        message = db.session.execute(newest).scalar_one()
        message.state = MessageState.GIVEN_UP
        return str(message.id)


@maker("place")
def place(user: User | None, which: Which) -> str:
    """The first file of a mail; another's mail hides its files."""
    return "0"
