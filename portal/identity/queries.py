"""Questions about users. A list begins with what the actor may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select

from models import db
from models.identity import Role, SignInAttempt, User, UserRole, UserSession
from portal.actors import Actor
from portal.identity.sessions import IDLE
from portal.permissions import Can, Scope
from portal.refusals import NotFound

SORTS: dict[str, ColumnElement[object]] = {"email": User.email, "name": User.name, "state": User.state, "created": User.created_at}  # type: ignore[dict-item]


def normal_email(text: str) -> str:
    """The one spelling under which an address is kept."""
    return text.strip().lower()


def user_by_email(email: str) -> User | None:
    """The user with an address, however it is capitalised."""
    return db.session.execute(select(User).where(User.email == normal_email(email))).scalar_one_or_none()


def user_by_id(user_id: int) -> User:
    """The user with a key. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def users_visible_to(actor: Actor) -> Select[User]:
    """The users whom an actor may see; none where he may see nobody. Lists, exports and look-ups start here."""
    scope = actor.scope(Can.USER_SEE)
    if scope == Scope.ALL:
        return select(User)
    if scope == Scope.BRANCH and actor.branch_no:
        return select(User).where(User.branch_no == actor.branch_no)
    return select(User).where(User.id == (actor.user_id if scope else None))


def visible_user(actor: Actor, public_id: str) -> User:
    """One user whom the actor may see. Raises NotFound, whether there is none or none that he may see."""
    user = db.session.execute(users_visible_to(actor).where(User.public_id == public_id)).scalar_one_or_none()
    if user is None:
        raise NotFound("There is no such user.")
    return user


@dataclass(frozen=True)
class UserFilter:
    """What a list of users is narrowed to; empty means all."""

    q: str = ""
    role: str = ""
    state: str = ""
    sort: str = "email"


def users_listed(actor: Actor, wanted: UserFilter) -> Select[User]:
    """The users of a list, in a stable order. `sort` is a column of SORTS, with a minus in front for descending."""
    found = users_visible_to(actor)
    if wanted.q:
        # Only the address and the name are searched; % and _ are what was typed, not patterns.
        found = found.where(or_(User.email.icontains(wanted.q, autoescape=True), User.name.icontains(wanted.q, autoescape=True)))
    if wanted.role:
        found = found.where(User.id.in_(select(UserRole.user_id).where(UserRole.role == wanted.role)))
    if wanted.state:
        found = found.where(User.state == wanted.state)
    column = SORTS.get(wanted.sort.removeprefix("-"), User.email)
    return found.order_by(column.desc() if wanted.sort.startswith("-") else column, User.id)


def fetched(found: Select[User], *, offset: int, limit: int | None) -> list[User]:
    """One page of a list; all of it without a limit."""
    return list(db.session.execute(found.offset(offset).limit(limit)).scalars())


def counted(found: Select[User]) -> int:
    """How many users a list has in all."""
    return int(db.session.execute(select(func.count()).select_from(found.order_by(None).subquery())).scalar_one())


def live_sessions(user_id: int, moment: datetime) -> list[UserSession]:
    """A user's sessions that still count, the one used last first."""
    these = select(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None), UserSession.expires_at > moment, UserSession.last_seen_at > moment - IDLE)
    return list(db.session.execute(these.order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())).scalars())


def latest_tries(account_keys: list[str], limit: int = 10) -> list[SignInAttempt]:
    """The latest tries under some account keys (throttle.account_key), newest first."""
    these = select(SignInAttempt).where(SignInAttempt.account_digest.in_(account_keys)).order_by(SignInAttempt.id.desc()).limit(limit)
    return list(db.session.execute(these).scalars())


def roles_of(user: User) -> list[Role]:
    """A user's roles."""
    return [Role(row.role) for row in user.roles]
