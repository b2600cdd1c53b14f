"""Questions about users. A list begins with what the actor may see."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select

from models import db
from models.identity import Role, SignInAttempt, User, UserRole, UserSession
from portal.actors import Actor
from portal.identity.sessions import IDLE
from portal.permissions import Can, Scope
from portal.refusals import NotFound


def normal_email(text: str) -> str:
    """The one spelling under which an address is kept."""
    return text.strip().lower()


def user_by_email(email: str, *, lock: bool = False) -> User | None:
    """The user with an address, however it is capitalised; locked until the transaction ends where asked."""
    found = select(User).where(User.email == normal_email(email))
    return db.session.execute(found.with_for_update() if lock else found).scalar_one_or_none()


def password_hash_of(email: str) -> str | None:
    """The password hash of the user with an address; None where there is none. One column, so that it takes as long either way."""
    return db.session.execute(select(User.password_hash).where(User.email == normal_email(email))).scalar_one_or_none()


def locked_user(public_id: str) -> User:
    """The user with a public number as he is now, locked until the transaction ends. Raises NotFound."""
    found = select(User).where(User.public_id == public_id).with_for_update().execution_options(populate_existing=True)
    user = db.session.execute(found).scalar_one_or_none()
    if user is None:
        raise NotFound("There is no such user.")
    return user


def user_by_id(user_id: int) -> User:
    """The user with a key. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def users_visible_to(actor: Actor) -> Select[User]:
    """The users whom an actor may see; none where he may see nobody. Lists, exports and look-ups start here. Visitors of the club are none of them."""
    scope = actor.scope(Can.USER_SEE)
    if scope == Scope.ALL:
        return select(User).where(~User.visitor)
    if scope == Scope.BRANCH and actor.branch_no:
        return select(User).where(User.branch_no == actor.branch_no)
    return select(User).where(User.id == (actor.user_id if scope else None))


def visible_user(actor: Actor, public_id: str) -> User:
    """One user whom the actor may see. Raises NotFound, whether there is none or none that he may see."""
    user = db.session.execute(users_visible_to(actor).where(User.public_id == public_id)).scalar_one_or_none()
    if user is None:
        raise NotFound("There is no such user.")
    return user


def spoken_of(text: str) -> ColumnElement[bool]:
    """The users whose address or name holds a text; % and _ are what was typed, not patterns."""
    return or_(User.email.icontains(text, autoescape=True), User.name.icontains(text, autoescape=True))


def in_role(role: str) -> ColumnElement[bool]:
    """The users who hold a role."""
    return User.id.in_(select(UserRole.user_id).where(UserRole.role == role))


def live_sessions(user_ids: Collection[int], moment: datetime) -> list[UserSession]:
    """The sessions of some users that still count, the one used last first."""
    these = select(UserSession).where(UserSession.user_id.in_(user_ids), UserSession.ended_at.is_(None), UserSession.expires_at > moment, UserSession.last_seen_at > moment - IDLE)
    return list(db.session.execute(these.order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())).scalars())


def latest_tries(account_keys: list[str], limit: int = 10) -> list[SignInAttempt]:
    """The latest tries under some account keys (throttle.account_key), newest first."""
    these = select(SignInAttempt).where(SignInAttempt.account_digest.in_(account_keys)).order_by(SignInAttempt.id.desc()).limit(limit)
    return list(db.session.execute(these).scalars())


def roles_of(user: User) -> list[Role]:
    """A user's roles."""
    return [Role(row.role) for row in user.roles]
