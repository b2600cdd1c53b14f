"""The endpoints that Stripe's library calls."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from portal.standin import checkout, rules
from portal.standin.store import Desk, Store
from portal.standin.wrong import Wrong

bp = Blueprint("api", __name__, url_prefix="/v1")
PRIVATE = ("intent_metadata", "subscription_metadata", "price", "shown")
"""What the stand-in keeps of an object for itself."""


def nested(form: Mapping[str, str]) -> dict[str, Any]:
    """`a[b][0]=c` as dictionaries in dictionaries."""
    whole: dict[str, Any] = {}
    for name, value in form.items():
        path = name.replace("]", "").split("[")
        here = whole
        for part in path[:-1]:
            here = here.setdefault(part, {})
        here[path[-1]] = value
    return whole


def store() -> Store:
    """The file of the running stand-in."""
    found: Store = current_app.config["STORE"]
    return found


@bp.before_request
def check_key() -> ResponseReturnValue | None:
    """Only test keys: a live one has no business here."""
    if request.headers.get("Authorization", "").startswith("Bearer sk_test_"):
        return None
    return Wrong("Invalid API Key provided: the stand-in takes sk_test_ keys alone.", 401).body, 401


@bp.errorhandler(Wrong)
def wrong(error: Wrong) -> ResponseReturnValue:
    """An error as Stripe answers it."""
    return error.body, error.status


def shown(thing: Mapping[str, Any]) -> dict[str, Any]:
    """An object as Stripe shows it."""
    return {name: value for name, value in thing.items() if name not in PRIVATE} if thing["object"] == "checkout.session" else dict(thing)


def listed(rows: list[dict[str, Any]]) -> ResponseReturnValue:
    """A page of a list."""
    after, most = request.args.get("starting_after"), min(int(request.args.get("limit", 10)), 100)
    begin = next((place + 1 for place, row in enumerate(rows) if row["id"] == after), 0)
    found = rows[begin : begin + most]
    return jsonify(object="list", url=request.path, has_more=begin + most < len(rows), data=[shown(row) for row in found])


def posted(act: Callable[[Desk, dict[str, Any]], dict[str, Any]]) -> ResponseReturnValue:
    """Do something once for each idempotency key: whatever was answered is answered again, also an error."""
    params, key = nested(request.form), request.headers.get("Idempotency-Key", "")
    asked = hashlib.sha256(json.dumps([request.path, params], sort_keys=True).encode()).hexdigest()
    with store().change() as desk:
        kept = desk.answer(key) if key else None
        if kept is not None and kept[0] != asked:
            raise Wrong("Keys for idempotent requests can only be used with the same parameters they were first used with.", kind="idempotency_error")
        if kept is not None:
            return _answer(kept[2], kept[1], replayed=True)
        try:
            status, body = 200, shown(act(desk, params))
        except Wrong as error:
            status, body = error.status, error.body
        if key:
            desk.keep_answer(key, asked, status, body)
        lost = desk.use_up("lose_answers")
    return ("", 504) if lost else _answer(body, status)


def _answer(body: Any, status: int, *, replayed: bool = False) -> Response:
    response = jsonify(body)
    response.status_code = status
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


@bp.post("/checkout/sessions")
def open_session() -> ResponseReturnValue:
    """Open a session."""
    address = current_app.config["ADDRESS"] or request.url_root.rstrip("/")
    return posted(lambda desk, params: checkout.open_session(desk, params, address))


@bp.get("/checkout/sessions/<number>")
def session(number: str) -> ResponseReturnValue:
    """A session."""
    with store().change() as desk:
        return jsonify(shown(rules.session(desk, number)))


@bp.post("/checkout/sessions/<number>/expire")
def expire(number: str) -> ResponseReturnValue:
    """Close a session."""
    return posted(lambda desk, params: rules.expire(desk, number))


@bp.get("/payment_intents/<number>")
def intent(number: str) -> ResponseReturnValue:
    """A payment."""
    with store().change() as desk:
        found = desk.get(number)
    if found is None:
        raise Wrong(f"No such payment_intent: {number}", 404, code="resource_missing")
    return jsonify(shown(found))


@bp.get("/payment_intents")
def intents() -> ResponseReturnValue:
    """Payments, the newest first."""
    since = int(request.args.get("created[gte]", 0))
    with store().change() as desk:
        return listed([row for row in desk.all("payment_intent") if row["created"] >= since])


@bp.post("/refunds")
def refund() -> ResponseReturnValue:
    """Give money back."""
    return posted(rules.refund)


@bp.get("/refunds")
def refunds() -> ResponseReturnValue:
    """The refunds of a payment."""
    with store().change() as desk:
        return listed(rules.refunds_of(desk, request.args.get("payment_intent", "")))
