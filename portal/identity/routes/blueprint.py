"""The blueprint that identity's pages hang on, and what several of them need."""

from __future__ import annotations

import secrets
from datetime import datetime

from flask import Blueprint, Response, current_app, make_response, redirect, request, session, url_for
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response as AnyResponse
from wtforms import Field

from models import db
from models.identity import LinkPurpose, User, UserSession
from portal import clock
from portal.identity import passwords, throttle
from portal.identity.queries import user_by_id
from portal.identity.throttle import Outcome
from portal.keys import secret
from portal.refusals import Refusal
from portal.settings import Settings
from portal.transaction import transaction
from portal.web.hosts import cookie_name, served_by_https
from portal.web.requests import caller_address, safe_next
from portal.web.signed_in import Person, signed_in

bp = Blueprint("identity", __name__)
KNOWN_FOR = 180 * 24 * 3600
"""Seconds for which a browser stays known."""


def settings() -> Settings:
    """The portal's settings."""
    found: Settings = current_app.config["PORTAL"]
    return found


def me() -> Person:
    """The signed-in person; the guard has seen to it that there is one."""
    person = signed_in()
    assert person is not None
    return person


def my_user() -> User:
    """The signed-in person's own row."""
    return user_by_id(me().id)


def my_session() -> UserSession:
    """The session of this request."""
    row = db.session.get(UserSession, me().session_id)
    assert row is not None
    return row


def link_address(purpose: LinkPurpose, token: str) -> str:
    """The whole address of a one-time link, from the settings and never from the request."""
    return f"{settings().base_url.rstrip('/')}/{purpose.value}/{token}"


def onward(target: str | None) -> str:
    """Where to go after signing in: where one wanted to, else the first page, else one's settings."""
    return safe_next(target) or safe_next("/") or url_for("identity.me")


def show_error(field: Field, refusal: Refusal) -> None:
    """Put a refusal beside the field that it speaks of."""
    field.errors = [*field.errors, _(refusal.message, **refusal.values)]


def start_try(what: str, who: str, *, known: bool = False) -> int:
    """Write a try down and return its number; `known`: from a browser of the owner's. Raises TooMany once the limit is reached."""
    with transaction():
        attempt_id, refusal = throttle.start(key=throttle.account_key(secret(), what, who), address=caller_address(), moment=clock.now(), known=known)
    if refusal is not None:
        raise refusal
    return attempt_id


def my_password_is(password: str) -> bool:
    """Whether the signed-in person's password is this one; tries are counted as those of signing in are."""
    attempt_id = start_try("password", me().public_id, known=True)
    right = passwords.opens(my_user().password_hash, password, settings().password_cost)
    with transaction():
        throttle.finish(attempt_id, Outcome.SUCCEEDED if right else Outcome.FAILED)
    return right


def forget_form_session() -> None:
    """Drop whatever the form session held before somebody else signs in or out; the language stays."""
    kept = session.get("locale")
    session.clear()
    if kept:
        session["locale"] = kept


def known_browser(email: str) -> str | None:
    """The number of this browser where that user has signed in on it before. It opens nothing; it only keeps a count apart."""
    try:
        number, whose = URLSafeSerializer(secret(), salt="juyuan.known-browser").loads(request.cookies.get(cookie_name(settings(), "known"), ""))
    except (BadSignature, ValueError, TypeError):
        return None
    return str(number) if whose == throttle.account_key(secret(), "known", email) else None


def remember_browser(response: Response, email: str) -> Response:
    """Make this browser known for a user."""
    number = known_browser(email) or secrets.token_hex(8)
    value = URLSafeSerializer(secret(), salt="juyuan.known-browser").dumps([number, throttle.account_key(secret(), "known", email)])
    response.set_cookie(cookie_name(settings(), "known"), str(value), max_age=KNOWN_FOR, path="/", httponly=True, samesite="Lax", secure=served_by_https(settings()))
    return response


def see_other(target: str) -> Response:
    """Go on to a page after a form."""
    response: AnyResponse = redirect(target, 303)
    return make_response(response)


def now() -> datetime:
    """The moment of this request's step."""
    return clock.now()
