"""Endpoints and deliveries for the permission matrix: they are the firm's, whoever looks."""

from __future__ import annotations

import secrets

from models import db
from models.identity import User
from models.webhooks import EndpointState, WebhookEndpoint, WebhookWish
from portal import clock
from portal.actors import TERMINAL
from portal.keys import keyring
from portal.transaction import transaction
from portal.webhooks import again
from portal.webhooks.endpoints import secret_of
from portal.webhooks.signatures import new_secret
from tests.matrix import Which, maker


def endpoint() -> str:
    """A new endpoint that wants what happens to months; written past the verb, which lets there be only so many."""
    number, moment = secrets.token_urlsafe(9), clock.now()
    sealed = keyring().seal(new_secret(), secret_of(number))
    with transaction():
        row = WebhookEndpoint(public_id=number, url=f"https://hooks.example.com/{number}", description="CRM", state=EndpointState.ACTIVE, why="", state_since=moment)
        row.secret_sealed, row.created_at, row.failures = sealed, moment, 0
        db.session.add(row)
        db.session.flush()
        db.session.add(WebhookWish(endpoint_id=row.id, kind="month.closed"))
    return number


@maker("webhook_no")
def webhook_no(user: User | None, which: Which) -> str:
    """An endpoint."""
    return "no-such-one" if which == "missing" else endpoint()


@maker("delivery_no")
def delivery_no(user: User | None, which: Which) -> str:
    """A test that waits to be sent."""
    if which == "missing":
        return "no-such-one"
    number = endpoint()
    with transaction():
        return again.send_test(number, TERMINAL, clock.now()).public_id
