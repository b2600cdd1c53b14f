"""Which program is calling: the key in its Authorization header is looked up for each request anew. A cookie opens nothing here."""

from __future__ import annotations

from flask import request

from portal import clock
from portal.actors import NOBODY, Actor, actor_of
from portal.identity import api_keys
from portal.permissions import Can
from portal.transaction import transaction

SCHEME = "bearer "


def look_up() -> Actor | None:
    """The person for whom the calling program speaks, with the rights of this moment; None where its key opens nothing."""
    given = request.headers.get("Authorization", "")
    token = given[len(SCHEME) :].strip() if given[: len(SCHEME)].lower() == SCHEME else ""
    moment = clock.now()
    found = api_keys.caller(token, moment) if token.isascii() and token else None
    if found is None:
        return None
    actor = actor_of(found.user)
    if not actor.may(Can.API_KEY_OWN):
        return None
    if found.stale:
        with transaction():
            api_keys.touch(found.key_id, moment)
    request.environ["portal.program"] = actor
    return actor


def program_actor() -> Actor:
    """For whom the program of this request speaks; NOBODY where none was found."""
    actor: Actor = request.environ.get("portal.program", NOBODY)
    return actor
