"""Browsers in which somebody is signed in already."""

from __future__ import annotations

import html
import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import db
from models.identity import Role, User
from portal import clock
from portal.actors import Actor
from portal.identity import sessions
from portal.transaction import transaction
from tests.rooms.audit.people import person


def seat(app: Flask, actor: Actor) -> FlaskClient:
    """A browser with a session of this user, both factors given."""
    client = app.test_client()
    with app.app_context():
        with transaction():
            user = db.session.get_one(User, actor.user_id)
            row, token = sessions.begin(user=user, moment=clock.now(), user_agent="test", address="127.0.0.1", whole=True)
            row.second_factor_at = clock.now()
        db.session.remove()
    client.set_cookie(app.config["SIGN_IN_COOKIE"], token)
    return client


def signed_in(app: Flask, name: str, *roles: Role) -> tuple[Actor, FlaskClient]:
    """A new user and his browser."""
    with app.app_context():
        actor = person(name, *roles)
        db.session.remove()
    return actor, seat(app, actor)


def post(client: FlaskClient, path: str, page: str = "/me", **fields: Any) -> TestResponse:
    """Send a form with the token of its own page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(page).text)
    assert found
    return client.post(path, data={"csrf_token": html.unescape(found[1]), **fields})
