"""Who may do what to a user, beyond holding the right."""

from __future__ import annotations

from sqlalchemy import func, select

from models import db
from models.identity import Role, User, UserRole, UserState
from portal.actors import Actor
from portal.refusals import Refusal


def check_not_oneself(actor: Actor, user: User) -> None:
    """Raise where somebody would change his own standing: a slip would lock him out, and rights are given by others."""
    if actor.user_id == user.id:
        raise Refusal("You cannot do this to your own sign-in. Ask another administrator.")


def check_administrator_left(user: User) -> None:
    """Raise where the last active administrator would be lost."""
    if not any(row.role == Role.ADMIN for row in user.roles) or user.state != UserState.ACTIVE:
        return
    others = select(func.count()).select_from(UserRole).join(User, User.id == UserRole.user_id)
    if not db.session.execute(others.where(UserRole.role == Role.ADMIN, User.state == UserState.ACTIVE, User.id != user.id)).scalar_one():
        raise Refusal("%(who)s is the last active administrator. Make somebody else an administrator first.", who=user.email)


def check_roles(roles: list[Role]) -> None:
    """Raise where somebody would have no role at all."""
    if not roles:
        raise Refusal("A user needs at least one role. To keep somebody out, disable the sign-in.")
