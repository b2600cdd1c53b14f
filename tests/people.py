"""People at their browsers: users made by the house's own verbs, clients that hold cookies and form tokens as a browser does."""

from __future__ import annotations

import html
import re
import secrets
from datetime import datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import db
from models.identity import Role, User, UserState
from portal import clock
from portal.actors import TERMINAL
from portal.identity import passwords, sessions, verbs
from portal.transaction import transaction

PASSWORD = "four unrelated plain words"


def someone(app: Flask, *roles: Role, email: str = "", password: str | None = PASSWORD, demo: bool = False, **numbers: str) -> int:
    """Add a user; with a password he is active. Returns his key."""
    with app.app_context():
        with transaction():
            user = verbs.add_user(email=email or f"{secrets.token_hex(5)}@firm.example", name="Somebody", roles=roles, actor=TERMINAL, moment=clock.now(), **numbers)
            if password is not None:
                user.password_hash, user.state = passwords.hashed(password, "quick"), UserState.ACTIVE
            user.demo = demo
            key = user.id
        db.session.remove()
    return key


def seat(app: Flask, user_id: int, *, whole: bool = True, fresh_at: datetime | None = None) -> FlaskClient:
    """A browser in which a user is signed in already: a session made without typing a password."""
    client = app.test_client()
    with app.app_context():
        with transaction():
            moment = clock.now()
            user = db.session.get(User, user_id)
            assert user is not None
            row, token = sessions.begin(user=user, moment=moment, user_agent="test", address="127.0.0.1", whole=whole)
            row.second_factor_at = moment if whole else None
            row.fresh_at = fresh_at or row.fresh_at
        db.session.remove()
    client.set_cookie(app.config["SIGN_IN_COOKIE"], token)
    return client


def form_token(client: FlaskClient, page: str = "/forgot") -> str:
    """The form token that a page hands out, read from its HTML."""
    return token_in(client.get(page).text)


def token_in(text: str) -> str:
    """The form token in a page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
    assert found, text[:500]
    return html.unescape(found[1])


def hidden_in(text: str, name: str) -> str:
    """The value of a form's hidden field in a page."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', text)
    assert found, text[:500]
    return html.unescape(found[1])


def post(client: FlaskClient, path: str, page: str = "/forgot", **fields: Any) -> TestResponse:
    """Send a form as a browser would, with the token of its own page."""
    return client.post(path, data={"csrf_token": form_token(client, page), **fields})


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **more: Any) -> TestResponse:
    """Type address and password."""
    return post(client, "/sign-in", email=email, password=password, **more)


def email_of(app: Flask, user_id: int) -> str:
    """A user's address."""
    with app.app_context():
        user = db.session.get(User, user_id)
        assert user is not None
        return user.email


def change(app: Flask, user_id: int, **columns: Any) -> None:
    """Set columns of a user directly, as a step of a test's story."""
    with app.app_context():
        with transaction():
            user = db.session.get(User, user_id)
            for name, value in columns.items():
                setattr(user, name, value)
        db.session.remove()
