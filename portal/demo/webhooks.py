"""A receiver of webhooks in the demonstration firm: paused, for a demonstration speaks to nobody outside, with a short log of what it was told."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select

from models import db
from models.webhooks import DeliveryState, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal.actors import Actor
from portal.sealing import Keyring
from portal.transaction import transaction
from portal.webhooks import endpoints, recording
from portal.webhooks.address import Rules

URL = "https://crm.example.com/hooks/juyuan"
KINDS = ("day.settled", "month.closed", "statement.published", "payout.paid", "lead.registered", "dispute.opened", "departure.announced")
LOGGED, WAITING = 14, 3
"""How many events the log shows; the newest of them wait."""
BUSY = 6
"""Which of them was taken only with the second try."""


def add_webhooks(admin: Actor, ring: Keyring, moment: datetime) -> str:
    """Register the receiver, with its log; says what was done. Nothing where it is there already."""
    if db.session.execute(select(WebhookEndpoint.id).limit(1)).first():
        return "a receiver of webhooks is there"
    with transaction():
        row, _secret = endpoints.add(admin, moment, url=URL, description="CRM 客户管理系统", kinds=KINDS, rules=Rules(), ring=ring)
        newest = select(WebhookEvent).where(WebhookEvent.kind.in_(KINDS)).order_by(WebhookEvent.occurred_at.desc(), WebhookEvent.id.desc()).limit(LOGGED)
        found = list(reversed(db.session.execute(newest).scalars().all()))
        for place, event in enumerate(found):
            if place >= len(found) - WAITING:
                recording.plan([row.id], [event.id], moment)
            else:
                _delivered(row.id, event, place)
        endpoints.pause(row.public_id, admin, moment)
    return f"{len(found)} events in the log of a paused receiver of webhooks"


def _delivered(endpoint_id: int, event: WebhookEvent, place: int) -> None:
    """An event that was taken, at once or with the second try."""
    at, tries = event.occurred_at + timedelta(seconds=20 + place), 2 if place == BUSY else 1
    end = at + timedelta(seconds=66 * (tries - 1))
    done = {"state": DeliveryState.DELIVERED, "attempts": tries, "claims": tries, "next_at": at, "ended_at": end, "status": 200, "failure": ""}
    delivery = WebhookDelivery(public_id=secrets.token_urlsafe(12), endpoint_id=endpoint_id, event_id=event.id, test=False, **done)
    db.session.add(delivery)
    db.session.flush()
    if tries == 2:
        db.session.add(WebhookAttempt(delivery_id=delivery.id, at=at, took_ms=812, status=503, answer="upstream busy", failure=""))
        db.session.flush()
    db.session.add(WebhookAttempt(delivery_id=delivery.id, at=end, took_ms=90 + 7 * place, status=200, answer='{"ok":true}', failure=""))
