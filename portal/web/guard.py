"""Who may open what. Every page says its policy beside its route; a page without one keeps the portal from starting.

    @bp.get("/months")
    @requires(Can.MONTH_SEE)
    def months(): ...

`requires` names the rights that are all needed; `public` opens a page to everybody; `while_signing_in` is for the few
pages between password and second factor; `fresh` (added to `requires`) asks for the password again where it was last
given more than half an hour ago. `by_key` opens a page to programs alone, by the key of a person who holds the rights; a
cookie opens nothing there, so its forms need no token. Which rows of a page a person may see is not decided here but in the query, by scope.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import Flask, current_app, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from portal.actors import Actor
from portal.notices.kinds import N_
from portal.permissions import PERMISSIONS, Can
from portal.refusals import NotAllowed
from portal.web import keyed
from portal.web.requests import for_api, here_or_referrer, request_id
from portal.web.signed_in import Person, current_actor, signed_in

__all__ = ["Door", "Policy", "Unguarded", "by_key", "current_actor", "fresh", "install_guard", "policies", "public", "requires", "watch", "while_signing_in"]

LOG = logging.getLogger("portal.guard")
STRANGERS_BODY = 256 * 1024
"""Bytes that somebody who has not signed in may send."""
PROGRAMS_BODY = 64 * 1024
"""Bytes that a program may send."""

View = TypeVar("View", bound=Callable[..., Any])


class Unguarded(RuntimeError):
    """A page has no policy: the portal does not start."""


class Door(enum.StrEnum):
    """To whom a page opens at all."""

    PUBLIC = "public"
    SIGNING_IN = "signing in"
    SIGNED_IN = "signed in"
    KEY = "key"


@dataclass(frozen=True)
class Policy:
    """What a page asks of the person who opens it."""

    door: Door
    rights: tuple[Can, ...] = ()
    fresh: bool = False


def requires(first: Can, *more: Can) -> Callable[[View], View]:
    """Open a page to those who hold all these rights, in whatever scope."""

    def mark(view: View) -> View:
        return _mark(view, replace(_policy(view), door=Door.SIGNED_IN, rights=(first, *more)))

    return mark


def by_key(first: Can, *more: Can) -> Callable[[View], View]:
    """Open a page to programs with the key of a person who holds all these rights."""

    def mark(view: View) -> View:
        return _mark(view, Policy(Door.KEY, (first, *more)))

    return mark


def public(view: View) -> View:
    """Open a page to everybody."""
    return _mark(view, Policy(Door.PUBLIC))


def while_signing_in(view: View) -> View:
    """Open a page to those who have given their password but perhaps not yet their second factor."""
    return _mark(view, Policy(Door.SIGNING_IN))


def fresh(view: View) -> View:
    """Ask for the password again where it was last given more than half an hour ago."""
    return _mark(view, replace(_policy(view), fresh=True))


def _policy(view: Any) -> Policy:
    return getattr(view, "portal_policy", None) or Policy(Door.SIGNED_IN)


def _mark(view: View, policy: Policy) -> View:
    view.portal_policy = policy  # type: ignore[attr-defined]
    return view


def install_guard(app: Flask) -> None:
    """Freeze the policy of every page. Raises Unguarded, naming the pages that have none."""
    found = {endpoint: getattr(view, "portal_policy", None) for endpoint, view in app.view_functions.items()}
    found["static"] = Policy(Door.PUBLIC)
    bare = sorted(f"{rule.rule} ({rule.endpoint})" for rule in app.url_map.iter_rules() if not _complete(found.get(rule.endpoint)))
    if bare:
        raise Unguarded(f"no policy on {', '.join(bare)}: put @requires(…), @while_signing_in or @public under the route")
    app.extensions["policies"] = found


def _complete(policy: Policy | None) -> bool:
    return policy is not None and (policy.door is not Door.SIGNED_IN or bool(policy.rights))


def policies(app: Flask) -> dict[str, Policy]:
    """Every page's policy, by endpoint."""
    return dict(app.extensions["policies"])


def watch(app: Flask) -> None:
    """Check the policy before every request."""
    app.before_request(_check)


def _check() -> ResponseReturnValue | None:
    if request.url_rule is None:
        return None  # no such page: Flask says so itself
    policy = current_app.extensions.get("policies", {}).get(request.endpoint)
    if policy is None:
        raise NotAllowed("This page has no policy, so it stays closed.")
    if policy.door is Door.KEY:
        return _check_program(policy)
    person = signed_in()
    if person is None:
        request.max_content_length = STRANGERS_BODY
    if policy.door is Door.PUBLIC:
        return None
    return _detour("identity.sign_in", 401) if person is None else _check_person(person, policy)


def _check_program(policy: Policy) -> ResponseReturnValue | None:
    request.max_content_length = PROGRAMS_BODY
    actor = keyed.look_up()
    if actor is None:
        answer = jsonify(error={"status": 401, "message": "Send a key that is valid: Authorization: Bearer …", "request_id": request_id()})
        return answer, 401, {"WWW-Authenticate": "Bearer"}
    _need(actor, policy.rights)
    return None


def _check_person(person: Person, policy: Policy) -> ResponseReturnValue | None:
    if policy.door is Door.SIGNING_IN:
        return None
    if person.half:
        return _detour("identity.second_factor", 401)
    _need(person.actor, policy.rights)
    return _detour("identity.confirm_password", 403) if policy.fresh and not person.fresh else None


def _need(actor: Actor, rights: tuple[Can, ...]) -> None:
    for right in rights:
        if not actor.may(right):
            LOG.warning("refused %s %s: user %s lacks %s", request.method, request.endpoint, actor.user_id, right.value)
            raise LacksRight(right)


class LacksRight(NotAllowed):
    """The person does not hold a right. Knows which roles do."""

    def __init__(self, right: Can) -> None:
        super().__init__(N_("None of your roles holds the right that this needs (%(right)s)."), right=right.value)
        self.right = right
        self.holders = tuple(role for role, rights in PERMISSIONS.items() if right in rights)


def _detour(endpoint: str, status: int) -> ResponseReturnValue:
    """Send a browser where it can go on, and tell a program what is missing."""
    if for_api():
        return jsonify(error={"status": status, "message": "Sign in first." if status == 401 else "Confirm your password first."}), status
    where = url_for(endpoint, next=here_or_referrer())
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": where}  # a fragment must not be filled with a whole page
    return redirect(where, 302 if request.method in {"GET", "HEAD"} else 303)
