"""Who is calling: the cookie's token is looked up in the session table for each request anew.

Flask-Login stands on top of it, thinly: it answers `current_user`, and keeps nothing of its own (no remember cookie, no
user in the form session). What is found is remembered per request, never per context, so that two callers can never be
taken for one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g, has_request_context, request
from flask_login import AnonymousUserMixin, LoginManager, UserMixin

from models.identity import Role
from portal import clock
from portal.actors import NOBODY, VISITING, Actor
from portal.identity import factors, sessions
from portal.local_day import day_of
from portal.permissions import Can
from portal.settings import Settings
from portal.transaction import transaction
from portal.web.hosts import cookie_name, served_by_https
from portal.web.reach import REACH


@dataclass(frozen=True)
class Person(UserMixin):  # type: ignore[misc]
    """The signed-in person, as templates and doors see him: plain values that outlive a rollback."""

    actor: Actor
    public_id: str
    name: str
    email: str
    locale: str
    theme: str
    rises: str
    demo: bool
    session_id: int
    half: bool
    fresh: bool
    asked: tuple[Any, ...]
    """What the layouts show besides: the values of `reach.REACH`."""

    @property
    def id(self) -> int:
        """The user's key."""
        return self.actor.user_id or 0

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles."""
        return self.actor.roles

    def may(self, can: Can | str) -> bool:
        """Whether a right is held in any scope; for showing or hiding a link, never for deciding."""
        return self.actor.may(Can(can))


class Stranger(AnonymousUserMixin):  # type: ignore[misc]
    """Somebody who has not signed in."""

    name = ""
    locale = ""
    theme = ""
    rises = ""
    roles: tuple[Role, ...] = ()

    def may(self, can: Can | str) -> bool:
        """Nothing."""
        return False


def install(app: Flask, settings: Settings) -> None:
    """Look the caller up before each request, and bind Flask-Login to what was found."""
    manager = LoginManager()
    manager.session_protection = None
    manager.anonymous_user = Stranger
    manager.init_app(app)
    manager.request_loader(lambda _: None if (person := signed_in()) is None or person.half else person)
    app.config["SIGN_IN_COOKIE"] = cookie_name(settings, "sign_in")
    app.before_request(_identify)


def _identify() -> None:
    g.pop("_login_user", None)  # a context that outlives its request must not answer for the next one
    request.environ["portal.person"] = None if request.endpoint == "static" else _look_up()


def _look_up() -> Person | None:
    token = request.cookies.get(current_app.config["SIGN_IN_COOKIE"], "")
    moment = clock.now()
    found = sessions.live(token, moment, REACH, today=day_of(moment)) if token else None
    if found is None:
        return None
    settings: Settings = current_app.config["PORTAL"]
    person = Person(
        actor=Actor(found.user_id, found.email, found.roles, found.broker_no, found.client_no, found.staff_no, found.branch_no, lent=VISITING if found.visitor else ()),
        public_id=found.public_id,
        name=found.name,
        email=found.email,
        locale=found.locale,
        theme=found.theme,
        rises=found.rises,
        demo=found.demo,
        session_id=found.session_id,
        half=found.second_factor_at is None and factors.wanted(found.roles, enrolled=found.totp_confirmed_at is not None, demo=found.demo, demo_firm=settings.demo),
        fresh=found.is_fresh(moment),
        asked=found.asked,
    )
    if found.is_stale(moment):
        with transaction():
            sessions.touch(person.session_id, moment)
    return person


def signed_in() -> Person | None:
    """The person of this very request, also where the second factor is still missing."""
    return request.environ.get("portal.person") if has_request_context() else None


def current_actor() -> Actor:
    """Who acts in this request; NOBODY where nobody has signed in wholly."""
    person = signed_in()
    return NOBODY if person is None or person.half else person.actor


def hand_out(response: Response, token: str) -> Response:
    """Give the browser its new token and forget who it was before in this request."""
    settings: Settings = current_app.config["PORTAL"]
    response.set_cookie(current_app.config["SIGN_IN_COOKIE"], token, path="/", httponly=True, samesite="Lax", secure=served_by_https(settings))
    return response


def take_back(response: Response) -> Response:
    """Take the token from the browser."""
    settings: Settings = current_app.config["PORTAL"]
    response.delete_cookie(current_app.config["SIGN_IN_COOKIE"], path="/", httponly=True, samesite="Lax", secure=served_by_https(settings))
    return response
