"""Endpoints and deliveries for the permission matrix: they are the firm's, whoever looks."""

from __future__ import annotations

import secrets

from sqlalchemy import update

from models import db
from models.identity import User
from models.webhooks import EndpointState, WebhookEndpoint
from portal import clock
from portal.actors import TERMINAL
from portal.keys import keyring
from portal.transaction import transaction
from portal.webhooks import again, endpoints
from portal.webhooks.address import Rules
from tests.matrix import Which, maker


def endpoint() -> str:
    """A new endpoint that wants what happens to months."""
    with transaction():
        db.session.execute(update(WebhookEndpoint).values(state=EndpointState.REMOVED))  # there may be only so many
        url = f"https://hooks.example.com/{secrets.token_hex(6)}"
        row, _secret = endpoints.add(TERMINAL, clock.now(), url=url, description="CRM", kinds=["month.closed"], rules=Rules(), ring=keyring())
        return row.public_id


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
