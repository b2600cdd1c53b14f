"""Writing down what happened, inside the transaction in which it did, and that each endpoint which wants it is to be told.

    record("month.closed", [Happened("2026-11", "/commission/months/2026-11")], moment)

Nothing is sent here: the jobs do that after the commit. Whatever is rolled back was never told.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from models import db
from models.webhooks import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint, WebhookEvent, WebhookWish
from portal import rehearsal
from portal.webhooks.kinds import KINDS

CHUNK = 2_000


@dataclass(frozen=True)
class Happened:
    """What an event names: a thing by its number, the path of this portal where to read about it, and codes and numbers beside. Never names,
    phone or ID numbers, or amounts."""

    number: str
    link: str
    details: Mapping[str, Any] = field(default_factory=dict)


def record(kind: str, things: Iterable[Happened], moment: datetime) -> None:
    """Write down that something happened to each of these things. A few statements, however many they are; none in a rehearsal.

    Raises KeyError for a kind that there is not.
    """
    KINDS[kind]
    told = list(things)
    if not told or rehearsal.number() is not None:
        return
    wanting = wanted_by(kind)
    for start in range(0, len(told), CHUNK):
        events = write(kind, told[start : start + CHUNK], moment)
        plan(wanting, events, moment)


def wanted_by(kind: str) -> list[int]:
    """The endpoints that want a kind, also where they are paused: what happens meanwhile waits for them."""
    query = select(WebhookEndpoint.id).join(WebhookWish, WebhookWish.endpoint_id == WebhookEndpoint.id)
    return list(db.session.execute(query.where(WebhookWish.kind == kind, WebhookEndpoint.state != EndpointState.REMOVED).order_by(WebhookEndpoint.id)).scalars())


def write(kind: str, things: Iterable[Happened], moment: datetime) -> list[int]:
    """Write events. Returns their ids."""
    rows = [
        {"public_id": f"evt_{secrets.token_urlsafe(16)}", "kind": kind, "occurred_at": moment, "number": one.number[:80], "link": one.link[:400], "details": dict(one.details)}
        for one in things
    ]
    return list(db.session.execute(insert(WebhookEvent).returning(WebhookEvent.id, sort_by_parameter_order=True), rows).scalars())


def plan(endpoints: Iterable[int], events: Iterable[int], moment: datetime, *, test: bool = False) -> None:
    """Write down that each event is to come to each endpoint."""
    events = list(events)
    plain = {"state": DeliveryState.WAITING, "attempts": 0, "claims": 0, "next_at": moment, "failure": "", "test": test}
    rows = [{**plain, "public_id": secrets.token_urlsafe(12), "endpoint_id": endpoint, "event_id": event} for endpoint in endpoints for event in events]
    if rows:
        db.session.execute(insert(WebhookDelivery), rows)
