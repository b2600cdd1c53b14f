"""When something is wrong, the answer says what, what to do, and under which number it stands in the log.

Rules refuse with a sentence (portal/refusals.py), which is shown in the reader's language. Nothing else of the inside is
ever shown: a fault of ours is a plain page, and its trace goes to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask.globals import request_ctx
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError
from werkzeug.exceptions import BadRequest, HTTPException

from portal.identity.wording import ROLES
from portal.refusals import Refusal
from portal.web.guard import LacksRight
from portal.web.requests import for_api, request_id

LOG = logging.getLogger("portal.faults")

FAULTS = {
    400: (lazy_gettext("This request cannot be read"), lazy_gettext("Go back, reload the page and try again.")),
    401: (lazy_gettext("Please sign in"), lazy_gettext("Sign in and open the page again.")),
    403: (lazy_gettext("You may not do this"), lazy_gettext("If you need it for your work, ask an administrator of your firm for the right.")),
    404: (lazy_gettext("There is no such page"), lazy_gettext("It may have moved, or it may not be open to you. Check the address, or start again from the first page.")),
    405: (lazy_gettext("This page cannot be used in this way"), lazy_gettext("Go back and use the buttons of the page.")),
    409: (lazy_gettext("This cannot be done as things stand"), lazy_gettext("Go back, reload the page, look at what changed, and decide again.")),
    413: (lazy_gettext("This is too large"), lazy_gettext("Send a smaller file, split it, or zip it. The form says how much it takes.")),
    422: (lazy_gettext("This cannot be done"), lazy_gettext("Correct what is named above and send it again.")),
    429: (lazy_gettext("Too many tries"), lazy_gettext("Wait until the time named above has passed, at most a quarter of an hour, and try again.")),
    500: (lazy_gettext("Something went wrong on our side"), lazy_gettext("Nothing was changed. Try again; if it happens once more, give the number below to an administrator.")),
    503: (lazy_gettext("The portal cannot answer just now"), lazy_gettext("Nothing was changed. It is busy or being serviced: try again in a minute.")),
}
"""Each status with its heading and what to do."""


def install(app: Flask) -> None:
    """Answer refusals, HTTP faults and unforeseen errors."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(Exception, _unforeseen)
    app.before_request(_refuse_nul)


def answer(status: int, sentence: str = "", *, holders: str = "", headers: dict[str, str] | None = None, fields: Sequence[tuple[str, str]] = ()) -> Response:
    """The page (or the JSON, for a program) of a fault."""
    shown = status if status in FAULTS else (500 if status >= 500 else 400)
    title, advice = FAULTS[shown]
    response: Response
    if request_ctx.url_adapter is None:
        # The host name itself was refused: no address may be built from it, so there is no page to show.
        response = make_response(f"{status}\n", status)
        response.mimetype = "text/plain"
    elif for_api():
        named = {"fields": [{"name": name, "message": gettext(message)} for name, message in fields]} if fields else {}
        response = make_response(jsonify(error={"status": status, "message": sentence or str(title), "request_id": request_id(), **named}), status)
    else:
        response = make_response(_page(status, str(title), sentence, str(advice), holders), status)
    response.headers.update(headers or {})
    return response


def _page(status: int, title: str, sentence: str, advice: str, holders: str) -> str:
    try:
        return render_template("errors/fault.html", status=status, title=title, sentence=sentence, advice=advice, holders=holders, request_id=request_id())
    except Exception:  # the fault may lie in what every page needs
        LOG.exception("request %s: the fault's own page failed", request_id())
        return f"<!doctype html><title>{status}</title><p>{status} · {request_id()}</p>"


def _refused(refusal: Refusal) -> Response:
    sentence = gettext(refusal.message, **refusal.values)
    holders = ", ".join(str(ROLES[role]) for role in refusal.holders) if isinstance(refusal, LacksRight) else ""
    headers = {"Retry-After": str(refusal.values["seconds"])} if refusal.status == 429 and "seconds" in refusal.values else None
    return answer(refusal.status, sentence, holders=holders, headers=headers, fields=getattr(refusal, "fields", ()))


def _forged(error: CSRFError) -> Response:
    LOG.warning("request %s: %s %s without a valid form token", request_id(), request.method, request.endpoint)
    return answer(400, gettext("The form had expired or did not come from this portal. Nothing was changed."))


def _http(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:
        return make_response(error.get_response())
    headers = {name: value for name, value in error.get_headers(request.environ) if name in {"Allow", "Retry-After"}}
    return answer(error.code or 500, headers=headers)


def _database_away(error: OperationalError) -> Response:
    LOG.error("request %s: %s", request_id(), error)
    return answer(503, headers={"Retry-After": "30"})


def _unforeseen(error: Exception) -> Response:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        LOG.error("request %s: %s", request_id(), error)
        return answer(503, headers={"Retry-After": "30"})
    LOG.exception("request %s: %s %s", request_id(), request.method, request.endpoint, exc_info=error)
    return answer(500)


def _refuse_nul() -> None:
    """No field of any form may hold NUL: PostgreSQL refuses it, and no keyboard writes it."""
    if any("\x00" in value for values in request.args.lists() for value in (values[0], *values[1])):
        raise BadRequest
