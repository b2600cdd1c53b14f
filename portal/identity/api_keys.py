"""Keys of programs: with one a program speaks for a person, with the rights that he has at that moment and no others.

A key is shown once and kept as a digest. It ends by its day, when it is revoked, and with its person's sign-in.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, or_, select, update

from models import db
from models.api import ApiKey
from models.identity import User, UserState
from portal.actors import Actor
from portal.audit import log
from portal.identity.tokens import digest
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

PREFIX = "jyk_"
"""How a key begins, so that one that lies about is recognised as what it is."""
DAYS = (30, 90, 365)
MOST_LIVE = 10
USED_EVERY = timedelta(minutes=1)
"""How often a key's last use is written down."""


class Caller(NamedTuple):
    """Whose key a program used, and which."""

    user: User
    key_id: int
    stale: bool
    """Whether its last use is to be written down again."""


def make(actor: Actor, moment: datetime, *, name: str, days: int, request_id: str = "") -> tuple[ApiKey, str]:
    """Make a key for the actor and return it with its text, which is shown this once. Raises NotAllowed; Refusal for a name or a
    life that cannot be; Conflict where he has as many as he may."""
    actor.need(Can.API_KEY_OWN)
    name = " ".join(name.split())
    if not name or len(name) > 60 or not name.isprintable():
        raise Refusal("say in at most 60 characters what the key is for")
    if days not in DAYS:
        raise Refusal("a key lives for one of these numbers of days: %(days)s", days=", ".join(map(str, DAYS)))
    if db.session.execute(select(func.count()).where(ApiKey.user_id == actor.user_id, ApiKey.revoked_at.is_(None), ApiKey.expires_at > moment)).scalar_one() >= MOST_LIVE:
        raise Conflict("you have %(most)s keys already: revoke one first", most=MOST_LIVE)
    text = PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        public_id=secrets.token_urlsafe(9), user_id=actor.user_id, name=name, digest=digest(text), tail=text[-4:], created_at=moment, expires_at=moment + timedelta(days=days)
    )
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "api_key.made", "api_key", row.public_id, after={"name": name, "days": days}, request_id=request_id)
    return row, text


def revoke(actor: Actor, moment: datetime, public_id: str, *, request_id: str = "") -> None:
    """End one of the actor's own keys at once. Raises NotFound for another's and a missing one, Conflict where it was ended."""
    row = db.session.execute(select(ApiKey).where(ApiKey.public_id == public_id, ApiKey.user_id == actor.user_id)).scalar_one_or_none()
    if row is None:
        raise NotFound("there is no key of yours with this number")
    if row.revoked_at is not None:
        raise Conflict("this key was revoked already")
    row.revoked_at = moment
    log.write(actor, moment, "api_key.revoked", "api_key", row.public_id, request_id=request_id)


def revoke_all(user_id: int, moment: datetime) -> int:
    """End every key of a user who left, so that none lives again should he ever sign in once more. Returns how many."""
    live = update(ApiKey).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None)).values(revoked_at=moment)
    return int(db.session.execute(live).rowcount)  # type: ignore[attr-defined]


def own(actor: Actor) -> list[ApiKey]:
    """The actor's keys, the newest first."""
    return list(db.session.execute(select(ApiKey).where(ApiKey.user_id == actor.user_id).order_by(ApiKey.id.desc()).limit(100)).scalars())


def caller(text: str, moment: datetime) -> Caller | None:
    """Whose key this is, where it lives and its person may sign in."""
    if not text.startswith(PREFIX) or len(text) > 100:
        return None
    lives = (ApiKey.digest == digest(text), ApiKey.revoked_at.is_(None), ApiKey.expires_at > moment, User.state == UserState.ACTIVE)
    found = db.session.execute(select(User, ApiKey.id, ApiKey.last_used_at).join(ApiKey, ApiKey.user_id == User.id).where(*lives)).one_or_none()
    if found is None:
        return None
    return Caller(found[0], found[1], found[2] is None or found[2] < moment - USED_EVERY)


def touch(key_id: int, moment: datetime) -> None:
    """Write down that a key was used."""
    newer = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < moment)
    db.session.execute(update(ApiKey).where(ApiKey.id == key_id, newer).values(last_used_at=moment), execution_options={"synchronize_session": False})
