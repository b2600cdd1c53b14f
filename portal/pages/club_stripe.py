"""Where Stripe tells what happened. What it did not sign leaves no trace in the database; what it signed is handled once, or comes again."""

from __future__ import annotations

import threading
from collections import OrderedDict

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from portal import clock
from portal.club.facts import Unanswered
from portal.gateways.stripe import BadSignature, till
from portal.jobs import club_paying
from portal.web.guard import public
from portal.web.requests import caller_address

bp = Blueprint("club_stripe", __name__, url_prefix="/club")

LARGEST = 256 * 1024
MOST_BAD = 60
"""Bad signatures of one address that a process looks at within a minute; more are not looked at."""
_lock = threading.Lock()
_bad: OrderedDict[str, tuple[int, int]] = OrderedDict()


@bp.post("/stripe")
@public
def hear() -> ResponseReturnValue:
    """Handle an event: 200 only when its effect is committed."""
    gateway = till()
    if gateway is None:
        abort(400)
    if (request.content_length or 0) > LARGEST:
        raise RequestEntityTooLarge
    if _too_many():
        return "", 429
    try:
        event = gateway.event(request.get_data(cache=False), request.headers.get("Stripe-Signature", ""))
    except BadSignature:
        _count_bad()
        return "", 400
    try:
        return {"outcome": club_paying.hear(event, gateway)}
    except Unanswered:
        return "", 503


def _minute() -> int:
    return int(clock.now().timestamp()) // 60


def _too_many() -> bool:
    with _lock:
        minute, count = _bad.get(caller_address(), (0, 0))
        return minute == _minute() and count >= MOST_BAD


def _count_bad() -> None:
    with _lock:
        address = caller_address()
        minute, count = _bad.pop(address, (0, 0))
        _bad[address] = (_minute(), count + 1 if minute == _minute() else 1)
        while len(_bad) > 1_000:
            _bad.popitem(last=False)
