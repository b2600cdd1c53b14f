"""Signed-in devices: one row each, found by the digest of a random token and ended by writing a moment into the row.

A session ends by itself after two idle hours and after twelve hours in all. Between password and second factor it lives
for ten minutes and opens nothing else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ScalarSelect, Select, bindparam, select, update

from models import db
from models.identity import Role, User, UserRole, UserSession, UserState
from portal.identity.tokens import digest
from portal.refusals import NotFound

IDLE = timedelta(hours=2)
WHOLE = timedelta(hours=12)
HALF_SIGNED_IN = timedelta(minutes=10)
FRESH = timedelta(minutes=30)
SEEN_EVERY = timedelta(minutes=1)
"""How often a session's last use is written down."""


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


@dataclass(frozen=True)
class Signed:
    """Whose session a token is and how it stands: plain values, which outlive a rollback."""

    session_id: int
    last_seen_at: datetime
    fresh_at: datetime | None
    second_factor_at: datetime | None
    user_id: int
    public_id: str
    email: str
    name: str
    locale: str
    theme: str
    rises: str
    broker_no: str | None
    client_no: str | None
    staff_no: str | None
    branch_no: str | None
    demo: bool
    visitor: bool
    totp_confirmed_at: datetime | None
    roles: tuple[Role, ...]
    asked: tuple[Any, ...] = ()
    """What was asked besides."""

    def is_stale(self, moment: datetime) -> bool:
        """Whether the session's last use should be written down again."""
        return moment - self.last_seen_at > SEEN_EVERY

    def is_fresh(self, moment: datetime) -> bool:
        """Whether the password was given lately."""
        return self.fresh_at is not None and moment - self.fresh_at <= FRESH


_SESSION, _USER, _ROLE = UserSession.__table__.c, User.__table__.c, UserRole.__table__.c
_OF_SESSION = ("last_seen_at", "fresh_at", "second_factor_at")
_OF_USER = ("public_id", "email", "name", "locale", "theme", "rises", "broker_no", "client_no", "staff_no", "branch_no", "demo", "visitor", "totp_confirmed_at")
_LIVE = (
    select(
        _SESSION.id.label("session_id"),
        *(_SESSION[name] for name in _OF_SESSION),
        _USER.id.label("user_id"),
        *(_USER[name] for name in _OF_USER),
        _ROLE.role,
    )
    .select_from(UserSession.__table__.join(User.__table__, _USER.id == _SESSION.user_id).outerjoin(UserRole.__table__, _ROLE.user_id == _USER.id))
    .where(
        _SESSION.token_digest == bindparam("digest"),
        _SESSION.ended_at.is_(None),
        _SESSION.expires_at > bindparam("moment"),
        _SESSION.last_seen_at > bindparam("used_since"),
        _USER.state == UserState.ACTIVE,
    )
    .order_by(_ROLE.role)
)
"""Asked at every request: built once, and read as columns, a row for each role."""


_KNOWN = ("session_id", *_OF_SESSION, "user_id", *_OF_USER)


@cache
def _live_and(also: tuple[ScalarSelect[Any], ...]) -> Select[*tuple[Any, ...]]:
    return _LIVE.add_columns(*also)


def live(token: str, moment: datetime, also: tuple[ScalarSelect[Any], ...] = (), **given: object) -> Signed | None:
    """The session of a token and its user, where both still count at this moment. `also` is asked in the same question, which every page
    begins with: it may speak of the User's columns, `given` are its parameters, and its values come back as `asked`."""
    rows = db.session.execute(_live_and(also), {"digest": digest(token), "moment": moment, "used_since": moment - IDLE, **given}).all()
    if not rows:
        return None
    first, role = rows[0], len(_KNOWN)
    return Signed(**dict(zip(_KNOWN, first[:role], strict=True)), roles=tuple(Role(row[role]) for row in rows if row[role] is not None), asked=tuple(first[role + 1 :]))


def touch(session_id: int, moment: datetime) -> None:
    """Write down that a session was used. It never wakes one that has ended."""
    db.session.execute(update(UserSession).where(UserSession.id == session_id, UserSession.ended_at.is_(None)).values(last_seen_at=moment))


def renew(session_id: int, moment: datetime) -> str:
    """The password was given again: write it down. The session goes on under a new token; the old one is dead."""
    token = secrets.token_urlsafe(32)
    db.session.execute(update(UserSession).where(UserSession.id == session_id, UserSession.ended_at.is_(None)).values(fresh_at=moment, token_digest=digest(token)))
    return token


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
