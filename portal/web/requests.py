"""What a door reads off the request: its number, the caller's address and browser, and a safe way onward."""

from __future__ import annotations

import re
import secrets
from urllib.parse import quote, unquote, urlencode, urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,64}\Z")
"""A request number that a proxy in front has given already is kept if it is plain."""


def request_id() -> str:
    """The number under which this request stands in the log, the audit lines and the error page."""
    found = request.environ.get("portal.request_id")
    if found is None:
        given = request.headers.get("X-Request-Id", "")
        found = request.environ["portal.request_id"] = given if GIVEN_ID.match(given) else secrets.token_hex(8)
    return str(found)


def caller_address() -> str:
    """The caller's address, as far as the configured proxies vouch for it."""
    return (request.remote_addr or "unknown")[:64]


def caller_browser() -> str:
    """What the caller's browser calls itself."""
    return request.user_agent.string[:300]


def here() -> str:
    """The present address without `lang`, for the way back after a change of language or look."""
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return request.path + (f"?{urlencode(pairs)}" if pairs else "")


def for_api() -> bool:
    """Whether the answer is read by a program."""
    return request.path == "/api" or request.path.startswith("/api/")


def safe_next(target: str | None) -> str | None:
    """`target` where it is a page of this portal that can be opened, else None.

    It is matched against the portal's own addresses rather than searched for known tricks.
    """
    if not target or len(target) > 2000 or not target.startswith("/"):
        return None
    plain = unquote(target)
    if any(character == "\\" or ord(character) < 32 or ord(character) == 127 for character in target + plain):
        return None
    if target.startswith("//") or plain.startswith("//"):
        return None
    split = urlsplit(target)
    path = unquote(split.path)
    try:
        endpoint, _ = current_app.url_map.bind("localhost").match(path, method="GET")
    except (RequestRedirect, HTTPException):
        return None
    if endpoint in {"identity.sign_in", "identity.confirm_password", "static"}:
        return None
    return quote(path) + (f"?{quote(split.query, safe='=&%+,;:/-_.~')}" if split.query else "")


def here_or_referrer() -> str | None:
    """The page to come back to after a detour: this one if it can be opened, else the one that sent the form."""
    if request.method == "GET":
        return safe_next(request.full_path.rstrip("?"))
    referrer = urlsplit(request.referrer or "")
    if referrer.netloc != request.host:
        return None
    return safe_next(referrer.path + (f"?{referrer.query}" if referrer.query else ""))
