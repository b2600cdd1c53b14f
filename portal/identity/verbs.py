"""What changes a user. Each verb writes its audit line in the same transaction and ends what must end with it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import email_validator
from email_validator import EmailNotValidError, validate_email

from models import db
from models.identity import LinkPurpose, Role, User, UserRole, UserState
from portal.actors import Actor, actor_of
from portal.audit import log
from portal.identity import api_keys, factors, links, policy, sessions, telling
from portal.identity.queries import normal_email, roles_of, user_by_email
from portal.permissions import Can
from portal.refusals import Conflict, Refusal

if "local" in email_validator.SPECIAL_USE_DOMAIN_NAMES:
    email_validator.SPECIAL_USE_DOMAIN_NAMES.remove("local")  # firms name their own networks so


class WithReason(Protocol):
    """A verb that needs nothing but whom it is done to and why."""

    def __call__(self, *, user: User, reason: str, actor: Actor, moment: datetime, request_id: str = "") -> None: ...


def add_user(
    *,
    email: str,
    name: str,
    roles: Sequence[Role],
    actor: Actor,
    moment: datetime,
    broker_no: str | None = None,
    client_no: str | None = None,
    staff_no: str | None = None,
    branch_no: str | None = None,
    locale: str = "",
    demo_password_hash: str | None = None,
    request_id: str = "",
) -> User:
    """Add a user, who is invited until he has chosen a password; `demo_password_hash` makes him one of a demonstration firm,
    active with a printed password, instead. Raises Conflict where the address has a sign-in already."""
    actor.need(Can.USER_MANAGE)
    policy.check_roles(list(roles))
    numbers = {"broker_no": broker_no or None, "client_no": client_no or None, "staff_no": staff_no or None, "branch_no": branch_no or None}
    columns = {"name": checked_name(name), "locale": locale, **numbers, "password_hash": demo_password_hash, "demo": demo_password_hash is not None}
    user = _visitor(email, moment) or User(public_id=secrets.token_hex(8), email=free_email(email), theme="auto", created_at=moment)
    for column, value in columns.items():
        setattr(user, column, value)
    user.state = UserState.ACTIVE if demo_password_hash else UserState.INVITED
    user.roles = [UserRole(role=role) for role in dict.fromkeys(roles)]
    db.session.add(user)
    db.session.flush()
    _log(actor, moment, "identity.user.added", user, request_id, after=_standing(user))
    return user


def issue_link(*, user: User, purpose: LinkPurpose, secret: str, actor: Actor, moment: datetime, request_id: str = "") -> str:
    """Make a one-time link for a user and return its token. Raises Refusal where he is disabled."""
    actor.need(Can.USER_MANAGE)
    if user.state == UserState.DISABLED:
        raise Refusal("%(who)s is disabled. Enable the sign-in first.", who=user.email)
    token = links.issue(user=user, purpose=purpose, secret=secret, moment=moment)
    _log(actor, moment, f"identity.link.{purpose.value}", user, request_id)
    return token


def choose_password(*, token: str, purpose: LinkPurpose, secret: str, password_hash: str, moment: datetime, request_id: str = "") -> User:
    """Use a link to choose a password. All sessions and other links end; a second factor stays asked for."""
    user = links.use(token=token, purpose=purpose, secret=secret, moment=moment)
    user.password_hash = password_hash
    user.state = UserState.ACTIVE
    links.void(user_id=user.id, moment=moment)
    ended = sessions.end_all(user_id=user.id, why="password changed", moment=moment)
    if purpose == LinkPurpose.RESET:
        telling.told(user, telling.PASSWORD, moment)
    _log(actor_of(user), moment, f"identity.password.by_{purpose.value}", user, request_id, after={"sessions_ended": ended})
    return user


def change_password(*, user: User, password_hash: str, this_session: int, moment: datetime, request_id: str = "") -> str:
    """Change one's own password; every other session ends. Returns the new token of this one."""
    user.password_hash = password_hash
    links.void(user_id=user.id, moment=moment)
    ended = sessions.end_all(user_id=user.id, why="password changed", moment=moment, but=this_session)
    telling.told(user, telling.PASSWORD, moment)
    _log(actor_of(user), moment, "identity.password.changed", user, request_id, after={"sessions_ended": ended})
    return sessions.renew(this_session, moment)


def change_settings(*, user: User, name: str, locale: str, theme: str, rises: str = "", moment: datetime, request_id: str = "") -> None:
    """Change one's own name, language, look, and the colour in which what rises is shown (`red`, `green`, or empty: as is usual)."""
    before = {"locale": user.locale, "theme": user.theme, "rises": user.rises}
    renamed = user.name != name.strip()
    user.name, user.locale, user.theme, user.rises = checked_name(name), locale, theme, rises
    _log(actor_of(user), moment, "identity.settings.changed", user, request_id, before=before, after={"locale": locale, "theme": theme, "rises": rises, "renamed": renamed})


def password_confirmed(*, user: User, until: datetime, moment: datetime, request_id: str = "") -> None:
    """Write down that the password was given again, and until when sensitive steps are open by it."""
    _log(actor_of(user), moment, "identity.password.confirmed", user, request_id, after={"until": until.isoformat(timespec="seconds")})


def disable(*, user: User, reason: str, actor: Actor, moment: datetime, request_id: str = "") -> None:
    """Keep a user out: his sessions and links are dead at once."""
    actor.need(Can.USER_MANAGE)
    _keep_out(user, reason, actor, moment, request_id)


def shut_out(*, user: User, reason: str, actor: Actor, moment: datetime, request_id: str = "") -> None:
    """Keep one of the staff out who left the firm, by whoever records departures: sessions, links and the keys of his programs are dead."""
    actor.need(Can.DEPARTURE_RECORD)
    _keep_out(user, reason, actor, moment, request_id)
    ended = api_keys.revoke_all(user.id, moment)
    if ended:
        _log(actor, moment, "api_key.revoked_all", user, request_id, after={"keys": ended}, reason=reason)


def _keep_out(user: User, reason: str, actor: Actor, moment: datetime, request_id: str) -> None:
    policy.check_not_oneself(actor, user)
    policy.check_administrator_left(user)
    if user.state == UserState.DISABLED:
        raise Conflict("%(who)s is disabled already.", who=user.email)
    before = user.state
    user.state = UserState.DISABLED
    links.void(user_id=user.id, moment=moment)
    ended = sessions.end_all(user_id=user.id, why="disabled", moment=moment)
    _log(actor, moment, "identity.user.disabled", user, request_id, before={"state": before}, after={"state": user.state, "sessions_ended": ended}, reason=reason)


def enable(*, user: User, reason: str, actor: Actor, moment: datetime, request_id: str = "") -> None:
    """Let a disabled user in again, with the password he had; without one he stays invited."""
    actor.need(Can.USER_MANAGE)
    if user.state != UserState.DISABLED:
        raise Conflict("%(who)s is not disabled.", who=user.email)
    user.state = UserState.ACTIVE if user.password_hash else UserState.INVITED
    _log(actor, moment, "identity.user.enabled", user, request_id, before={"state": UserState.DISABLED}, after={"state": user.state}, reason=reason)


def change_roles(
    *,
    user: User,
    roles: Sequence[Role],
    numbers: dict[str, str | None],
    reason: str,
    actor: Actor,
    moment: datetime,
    seen: str | None = None,
    request_id: str = "",
) -> None:
    """Change a user's roles and what he is bound to (`broker_no`, `client_no`, `staff_no`, `branch_no`). His sessions end, and
    links handed out for what he was before are dead. `seen` is the standing that was looked at (`standing_digest`); raises
    Conflict where it is another one by now. The caller holds the user's row (`queries.locked_user`)."""
    actor.need(Can.USER_MANAGE)
    policy.check_not_oneself(actor, user)
    policy.check_roles(list(roles))
    if seen is not None and seen != standing_digest(user):
        raise Conflict("Somebody changed the roles or numbers of %(who)s since you looked; they are now: %(now)s.", who=user.email, now=_standing_in_words(user))
    if Role.ADMIN not in roles:
        policy.check_administrator_left(user)
    before = _standing(user)
    user.roles = [row for row in user.roles if row.role in roles] + [UserRole(role=role) for role in dict.fromkeys(roles) if role not in roles_of(user)]
    user.broker_no, user.client_no = numbers.get("broker_no") or None, numbers.get("client_no") or None
    user.staff_no, user.branch_no = numbers.get("staff_no") or None, numbers.get("branch_no") or None
    links.void(user_id=user.id, moment=moment)
    sessions.end_all(user_id=user.id, why="roles changed", moment=moment)
    _log(actor, moment, "identity.roles.changed", user, request_id, before=before, after=_standing(user), reason=reason)


def end_sessions(*, user: User, actor: Actor, moment: datetime, request_id: str = "") -> int:
    """End all sessions of a user. Returns how many."""
    actor.need(Can.USER_MANAGE)
    ended = sessions.end_all(user_id=user.id, why="ended by an administrator", moment=moment)
    _log(actor, moment, "identity.sessions.ended", user, request_id, after={"sessions_ended": ended})
    return ended


def remove_second_factor(*, user: User, reason: str, actor: Actor, moment: datetime, request_id: str = "") -> None:
    """Take away a lost second factor, after the person's identity was checked. His sessions end."""
    actor.need(Can.USER_MANAGE)
    policy.check_not_oneself(actor, user)
    if not factors.enrolled(user):
        raise Conflict("%(who)s has no second factor.", who=user.email)
    factors.forget(user=user)
    sessions.end_all(user_id=user.id, why="second factor removed", moment=moment)
    telling.told(user, telling.FACTOR_REMOVED, moment, actor)
    _log(actor, moment, "identity.second_factor.removed", user, request_id, reason=reason)


def checked_email(text: str) -> str:
    """An address in its one spelling. Raises Refusal where it is none. Addresses inside a firm's own network count."""
    try:
        found = validate_email(normal_email(text), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise Refusal("%(found)s is not an e-mail address; write it like name@firm.cn.", found=text.strip()[:254] or "—") from None
    return normal_email(found.normalized)


def _visitor(email: str, moment: datetime) -> User | None:
    """Somebody who took seats by his address before he got a sign-in: they stay his, and what his browser could do without it ends."""
    found = user_by_email(email, lock=True)
    if found is None or not found.visitor:
        return None
    found.visitor = False
    sessions.end_all(user_id=found.id, why="has a sign-in now", moment=moment)
    return found


def free_email(text: str) -> str:
    """An address in its one spelling that nobody signs in with. Raises Refusal where it is none, Conflict where it is taken."""
    address = checked_email(text)
    held = user_by_email(address)
    if held is not None and not held.visitor:
        raise Conflict("There is a sign-in with the address %(email)s already.", email=address)
    return address


def checked_name(text: str) -> str:
    """A name without blanks around it. Raises Refusal where there is none."""
    if not text.strip():
        raise Refusal("A user needs a name.")
    return text.strip()[:120]


def standing_digest(user: User) -> str:
    """A digest of a user's roles and numbers: two people who change them at once do not overwrite each other unseen."""
    return hashlib.sha256(log.canonical(_standing(user)).encode()).hexdigest()[:32]


def _standing_in_words(user: User) -> str:
    numbers = (user.broker_no, user.client_no, user.staff_no, user.branch_no)
    return " · ".join(filter(None, (", ".join(sorted(str(row.role) for row in user.roles)), *numbers)))


def _standing(user: User) -> dict[str, object]:
    return {
        "state": str(user.state),
        "roles": sorted(str(row.role) for row in user.roles),
        "broker_no": user.broker_no,
        "client_no": user.client_no,
        "staff_no": user.staff_no,
        "branch_no": user.branch_no,
        "demo": user.demo,
    }


def _log(
    actor: Actor,
    moment: datetime,
    action: str,
    user: User,
    request_id: str,
    *,
    before: object = None,
    after: object = None,
    reason: str = "",
) -> None:
    log.write(actor, moment, action, "user", user.public_id, before=before, after=after, reason=reason, request_id=request_id)
