"""What a person finds in his inbox about his own sign-in: who took it over would have left these traces, and he can say that it was not him."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from models import db
from models.identity import SignInAttempt, User, UserSession
from portal.actors import Actor, actor_of
from portal.identity.throttle import PER_ACCOUNT, Outcome
from portal.notices.kinds import N_, Group, register
from portal.notices.verbs import tell

PASSWORD = "sign_in.password_changed"  # noqa: S105 - the name of a notice
FACTOR = "sign_in.factor_changed"
FACTOR_REMOVED = "sign_in.factor_removed"
SPARE_CODES = "sign_in.codes_renewed"
TRIES = "sign_in.tries"
_PASSWORD = N_("Your password was changed. If it was not you, tell an administrator at once.")
_FACTOR = N_("A second factor was set up for you. If it was not you, tell an administrator at once.")
_REMOVED = N_("Your second factor was taken away. If you did not ask for it, say so at once.")
register(PASSWORD, _PASSWORD, Group.ACCOUNT, label=N_("My password was changed"), tone="warn", mail=_PASSWORD, urgent=True)
register(FACTOR, _FACTOR, Group.ACCOUNT, label=N_("My second factor was set up"), tone="warn", mail=_FACTOR, urgent=True)
register(
    FACTOR_REMOVED,
    N_("%(who)s took your second factor away. If you did not ask for it, say so at once."),
    Group.ACCOUNT,
    label=N_("My second factor was taken away"),
    tone="warn",
    mail=_REMOVED,
    urgent=True,
)
register(
    SPARE_CODES,
    N_("You have new spare codes; the old ones stopped working. If it was not you, tell an administrator at once."),
    Group.ACCOUNT,
    label=N_("My spare codes were renewed"),
    tone="warn",
)
register(
    TRIES,
    N_("Before you signed in now, somebody tried %(times)s wrong passwords for your sign-in. If it was not you, change your password."),
    Group.ACCOUNT,
    label=N_("Somebody tried to sign in as me"),
    tone="warn",
)


def told(user: User, kind: str, moment: datetime, actor: Actor | None = None) -> None:
    """Tell a person about his sign-in, inside the open transaction; `actor`: who did it, where it was not he himself."""
    who = actor or actor_of(user)
    tell([user.id], kind, "/me", {"who": who.label}, actor=who, moment=moment)


def told_of_tries(user: User, account_key: str, moment: datetime) -> None:
    """Tell whoever signs in what strangers tried since he did so last, where that was enough to be kept out for a while.

    It is said at this moment and not when it happens: a notice written for known addresses alone would tell a stranger who has a sign-in.
    """
    last = db.session.execute(select(func.max(UserSession.created_at)).where(UserSession.user_id == user.id)).scalar_one() or user.created_at
    wrong = SignInAttempt.outcome.in_((Outcome.FAILED, Outcome.THROTTLED))
    tries = select(func.count()).where(SignInAttempt.account_digest == account_key, SignInAttempt.at > last, wrong)
    times = db.session.execute(tries).scalar_one()
    if times >= PER_ACCOUNT:
        tell([user.id], TRIES, "/me", {"times": times}, actor=actor_of(user), moment=moment)
