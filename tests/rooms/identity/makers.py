"""Objects of identity for the permission matrix."""

from __future__ import annotations

import secrets

from flask import current_app

from models import db
from models.identity import LinkPurpose, Role, User
from portal import clock
from portal.actors import TERMINAL
from portal.identity import sessions, verbs
from portal.transaction import transaction
from tests.matrix import Which, maker


def _newcomer() -> User:
    return verbs.add_user(email=f"{secrets.token_hex(6)}@firm.example", name="Newcomer", roles=[Role.BROKER], actor=TERMINAL, moment=clock.now())


@maker("user_public_id")
def user_public_id(user: User | None, which: Which) -> str:
    """Any user is one's own to those who see all users."""
    if which == "missing":
        return secrets.token_hex(8)
    with transaction():
        return str(_newcomer().public_id)


@maker("session_id")
def session_id(user: User | None, which: Which) -> str:
    """A second device of one's own, or somebody else's."""
    if which == "missing":
        return "987654321"
    user_id = user.id if user else None
    with transaction():
        owner = db.session.get(User, user_id) if which == "own" and user_id else _newcomer()
        assert owner is not None
        row, _ = sessions.begin(user=owner, moment=clock.now(), user_agent="", address="", whole=True)
        return str(row.id)


def _token(which: Which, right: LinkPurpose, other: LinkPurpose) -> str:
    if which == "missing":
        return secrets.token_urlsafe(32)
    with transaction():
        return verbs.issue_link(user=_newcomer(), purpose=right if which == "own" else other, secret=str(current_app.secret_key), actor=TERMINAL, moment=clock.now())


@maker("token", "identity.invite")
def invitation(user: User | None, which: Which) -> str:
    """An invitation; foreign is a link for another purpose."""
    return _token(which, LinkPurpose.INVITE, LinkPurpose.RESET)


@maker("token", "identity.reset")
def reset(user: User | None, which: Which) -> str:
    """A reset; foreign is a link for another purpose."""
    return _token(which, LinkPurpose.RESET, LinkPurpose.INVITE)
