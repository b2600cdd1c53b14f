"""The people of the demonstration firm as they act in its stories."""

from __future__ import annotations

from portal.actors import Actor, actor_of
from portal.identity.queries import user_by_email
from portal.refusals import NotFound


def acting(email: str) -> Actor:
    """Somebody of the firm, by his address. Raises NotFound."""
    user = user_by_email(email)
    if user is None:
        raise NotFound("%(email)s is no user of the demonstration firm", email=email)
    return actor_of(user)
