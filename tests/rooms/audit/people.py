"""People of a small firm, for tests of this room."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from models import db
from models.identity import Role, User, UserRole, UserState
from portal.actors import Actor, actor_of

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def person(name: str, *roles: Role, state: UserState = UserState.ACTIVE) -> Actor:
    """A signed-up user with roles, as an actor."""
    user = User(public_id=uuid.uuid4().hex, email=f"{name}@firm.example", name=name, state=state, locale="en", theme="", created_at=NOON)
    user.roles = [UserRole(role=role) for role in roles]
    db.session.add(user)
    db.session.commit()
    return actor_of(user)
