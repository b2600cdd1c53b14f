"""Signed-in devices: one row each, found by the digest of a random token and ended by writing a moment into the row.

A session ends by itself after two idle hours and after twelve hours in all. Between password and second factor it lives
for ten minutes and opens nothing else.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update

from models import db
from models.identity import User, UserSession, UserState
from portal.refusals import NotFound

IDLE = timedelta(hours=2)
WHOLE = timedelta(hours=12)
HALF_SIGNED_IN = timedelta(minutes=10)
FRESH = timedelta(minutes=30)
SEEN_EVERY = timedelta(minutes=1)
"""How often a session's last use is written down."""


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(*, user: User, moment: datetime, user_agent: str, address: str, whole: bool) -> tuple[UserSession, str]:
    """Open a session for a user whose password was right and return it with its token. `whole`: no second factor is missing."""
    token = secrets.token_urlsafe(32)
    row = UserSession(
        token_digest=digest(token),
        user_id=user.id,
        created_at=moment,
        last_seen_at=moment,
        expires_at=moment + (WHOLE if whole else HALF_SIGNED_IN),
        ended_why="",
        fresh_at=moment,
        user_agent=user_agent[:300],
        address=address[:64],
    )
    db.session.add(row)
    db.session.flush()
    return row, token


def complete(*, row: UserSession, moment: datetime) -> str:
    """The second factor was right: the session counts in full from now on, under a new token."""
    token = secrets.token_urlsafe(32)
    row.token_digest = digest(token)
    row.second_factor_at = moment
    row.fresh_at = moment
    row.last_seen_at = moment
    row.expires_at = moment + WHOLE
    db.session.flush()
    return token


def live(token: str, moment: datetime) -> tuple[UserSession, User] | None:
    """The session of a token and its user, where both still count at this moment."""
    found = db.session.execute(
        select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.token_digest == digest(token),
            UserSession.ended_at.is_(None),
            UserSession.expires_at > moment,
            UserSession.last_seen_at > moment - IDLE,
            User.state == UserState.ACTIVE,
        )
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def is_stale(row: UserSession, moment: datetime) -> bool:
    """Whether the session's last use should be written down again."""
    return moment - row.last_seen_at > SEEN_EVERY


def is_fresh(row: UserSession, moment: datetime) -> bool:
    """Whether the password was given lately."""
    return row.fresh_at is not None and moment - row.fresh_at <= FRESH


def touch(session_id: int, moment: datetime) -> None:
    """Write down that a session was used. It never wakes one that has ended."""
    db.session.execute(update(UserSession).where(UserSession.id == session_id, UserSession.ended_at.is_(None)).values(last_seen_at=moment))


def refresh(session_id: int, moment: datetime) -> None:
    """Write down that the password was given again."""
    db.session.execute(update(UserSession).where(UserSession.id == session_id).values(fresh_at=moment))


def end(*, session_id: int, user_id: int, why: str, moment: datetime) -> None:
    """End one session of a user. Raises NotFound where he has no such session."""
    ended = db.session.execute(
        update(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id, UserSession.ended_at.is_(None)).values(ended_at=moment, ended_why=why)
    )
    if not ended.rowcount:  # type: ignore[attr-defined]
        raise NotFound("There is no such session, or it has ended already.")


def end_all(*, user_id: int, why: str, moment: datetime, but: int | None = None) -> int:
    """End a user's sessions, except one where it is named. Returns how many."""
    these = update(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None), UserSession.id != (but or 0))
    return int(db.session.execute(these.values(ended_at=moment, ended_why=why)).rowcount)  # type: ignore[attr-defined]
