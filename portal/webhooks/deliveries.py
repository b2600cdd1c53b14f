"""What becomes of a delivery: a worker claims it, hands it over, and writes down how that went.

Of many workers one gets it. It may come twice only where a process dies between handing it over and writing that down: whoever takes it
up later cannot know. Its number is the same then, by which the receiver knows it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from models import db
from models.webhooks import DeliveryState, EndpointState, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal.actors import Actor
from portal.sealing import Keyring, Unreadable
from portal.webhooks import payloads
from portal.webhooks.carrying import ANSWER_KEPT, Answer
from portal.webhooks.endpoints import pause_failing, previous_of, secret_of

ATTEMPTS = 9
"""So often a delivery is tried: over about three days."""
FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 60, 4, 86_400
"""Seconds after the first failure, how they grow, and where they stop growing: 1, 4, 16, 64 minutes, 4 and 17 hours, a day, a day."""
REST, LONGEST_REST = 30, 900
"""Seconds for which an endpoint that does not answer is left alone: doubled with each failure in a row."""
STALE = timedelta(minutes=3)
"""Who has had a delivery for so long is thought dead: a try takes seconds."""
PAUSED_AFTER = timedelta(days=5)
"""An endpoint that has failed for so long, without one success, is paused."""
KEPT_FOR = timedelta(days=90)
"""So long events are kept, and can be sent again."""
TO_DO = (DeliveryState.WAITING, DeliveryState.FAILED)


@dataclass(frozen=True)
class Taken:
    """A delivery that is ours to make. `fence` is the claim of who took it; `why_not`: it cannot be made."""

    id: int
    fence: int
    endpoint_id: int
    attempt: int
    event: str
    kind: str
    url: str
    body: bytes
    secrets: tuple[str, ...] = field(repr=False)
    why_not: str = ""


def pause_after(attempt: int, chance: float) -> timedelta:
    """How long is waited after a failed try; `chance` (0 to 1) spreads it by a fifth to either side, so that what failed together does not
    come back together.

    >>> [int(pause_after(attempt, 0.5).total_seconds()) for attempt in (1, 2, 3, 8)]
    [60, 240, 960, 86400]
    """
    return timedelta(seconds=min(FIRST_PAUSE * GROWTH ** (attempt - 1), LONGEST_PAUSE) * (0.8 + 0.4 * chance))


def due(moment: datetime) -> ColumnElement[bool]:
    """The condition that a delivery may be taken now, its endpoint apart."""
    waits = and_(WebhookDelivery.state.in_(TO_DO), WebhookDelivery.next_at <= moment)
    return or_(waits, and_(WebhookDelivery.state == DeliveryState.SENDING, WebhookDelivery.claimed_at <= moment - STALE))


def open_to(moment: datetime) -> ColumnElement[bool]:
    """The condition that the endpoint of a delivery may be spoken to now; a test goes to a paused one too."""
    rested = or_(WebhookEndpoint.rest_until.is_(None), WebhookEndpoint.rest_until <= moment)
    return or_(and_(WebhookEndpoint.state == EndpointState.ACTIVE, rested), and_(WebhookDelivery.test, WebhookEndpoint.state != EndpointState.REMOVED))


def is_due(moment: datetime) -> bool:
    """Whether something is to be sent."""
    query = select(WebhookDelivery.id).join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
    return db.session.execute(query.where(due(moment), open_to(moment)).limit(1)).first() is not None


def claim(moment: datetime, most: int, busy: Collection[int], keyring: Keyring, base_url: str) -> list[Taken]:
    """Take the oldest delivery of each endpoint that nobody is busy with, inside the open transaction: nobody else gets them. So an endpoint
    that answers slowly, or never, keeps no other one waiting."""
    oldest = select(func.min(WebhookDelivery.id)).join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
    oldest = oldest.where(due(moment), open_to(moment), WebhookDelivery.endpoint_id.not_in(list(busy))).group_by(WebhookDelivery.endpoint_id)
    first = list(db.session.execute(oldest.limit(most)).scalars())
    held = select(WebhookDelivery.id).where(WebhookDelivery.id.in_(first), due(moment)).order_by(WebhookDelivery.id)
    ids = list(db.session.execute(held.with_for_update(skip_locked=True)).scalars()) if first else []
    if not ids:
        return []
    counted = {"attempts": WebhookDelivery.attempts + 1, "claims": WebhookDelivery.claims + 1}
    mark = update(WebhookDelivery).where(WebhookDelivery.id.in_(ids)).values(state=DeliveryState.SENDING, claimed_at=moment, **counted)
    db.session.execute(mark, execution_options={"synchronize_session": False})
    query = select(WebhookDelivery, WebhookEvent, WebhookEndpoint).join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
    query = query.join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id).where(WebhookDelivery.id.in_(ids)).order_by(WebhookDelivery.id)
    return [_taken(*row, moment, keyring, base_url) for row in db.session.execute(query.execution_options(populate_existing=True))]


def _taken(delivery: WebhookDelivery, event: WebhookEvent, endpoint: WebhookEndpoint, moment: datetime, keyring: Keyring, base_url: str) -> Taken:
    why, secrets = "", []
    try:
        secrets.append(keyring.open(endpoint.secret_sealed, secret_of(endpoint.public_id)))
        if endpoint.previous_sealed and endpoint.previous_until is not None and endpoint.previous_until > moment:
            secrets.append(keyring.open(endpoint.previous_sealed, previous_of(endpoint.public_id)))
    except Unreadable:
        why = "sealed"
    said = (event.public_id, event.kind, endpoint.url, payloads.body(event, base_url))
    return Taken(delivery.id, delivery.claims, endpoint.id, delivery.attempts, *said, tuple(secrets), why)


def ended(taken: Taken, answer: Answer, moment: datetime, chance: float, actor: Actor) -> DeliveryState | None:
    """Write down how a try went, inside the open transaction. Returns the state of the delivery; None where it is another worker's by now."""
    over = taken.attempt >= ATTEMPTS or bool(taken.why_not)
    state = DeliveryState.DELIVERED if answer.delivered else DeliveryState.GIVEN_UP if over else DeliveryState.FAILED
    values: dict[str, Any] = {"state": state, "claimed_at": None, "status": answer.status or None, "failure": answer.failure}
    values |= {"next_at": moment + pause_after(taken.attempt, chance)} if state == DeliveryState.FAILED else {"ended_at": moment}
    mine = (WebhookDelivery.id == taken.id, WebhookDelivery.state == DeliveryState.SENDING, WebhookDelivery.claims == taken.fence)
    kept = db.session.execute(update(WebhookDelivery).where(*mine).values(**values).returning(WebhookDelivery.id)).scalar_one_or_none()
    text = answer.text[:ANSWER_KEPT].replace("\0", "")
    db.session.add(WebhookAttempt(delivery_id=taken.id, at=moment, took_ms=answer.took_ms, status=answer.status or None, answer=text, failure=answer.failure))
    if not taken.why_not:
        _stands(taken.endpoint_id, answer, moment, actor)
    return state if kept is not None else None


def _stands(endpoint_id: int, answer: Answer, moment: datetime, actor: Actor) -> None:
    """Keep how an endpoint stands: a success ends its failing, a failure lets it rest, and days of nothing else pause it."""
    row = db.session.execute(select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update().execution_options(populate_existing=True)).scalar_one()
    if answer.delivered:
        row.failing_since, row.rest_until, row.failures = None, None, 0
        return
    row.failing_since = row.failing_since or moment
    if answer.is_about_the_endpoint:
        row.failures += 1
        row.rest_until = moment + timedelta(seconds=min(REST * 2 ** min(row.failures - 1, 10), LONGEST_REST))
    if row.state == EndpointState.ACTIVE and moment - row.failing_since >= PAUSED_AFTER:
        pause_failing(row, (moment - row.failing_since).days, actor, moment)


def forget(moment: datetime, most: int = 5_000) -> int:
    """Delete old events with their deliveries and tries, inside the open transaction; at most so many at once. Returns how many events."""
    old = list(db.session.execute(select(WebhookEvent.id).where(WebhookEvent.occurred_at < moment - KEPT_FOR).order_by(WebhookEvent.id).limit(most)).scalars())
    for start in range(0, len(old), 900):
        part = old[start : start + 900]
        of_part = select(WebhookDelivery.id).where(WebhookDelivery.event_id.in_(part))
        db.session.execute(delete(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(of_part)), execution_options={"synchronize_session": False})
        db.session.execute(delete(WebhookDelivery).where(WebhookDelivery.event_id.in_(part)), execution_options={"synchronize_session": False})
        db.session.execute(delete(WebhookEvent).where(WebhookEvent.id.in_(part)), execution_options={"synchronize_session": False})
    return len(old)
