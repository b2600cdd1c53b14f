"""Sending once more: one delivery, or all events of a span to one endpoint, which may have been registered after them. And the test."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, literal, select, update

from models import db
from models.columns import Moment
from models.webhooks import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal.actors import Actor
from portal.audit import log
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.webhooks.endpoints import held, wishes_of
from portal.webhooks.kinds import TEST
from portal.webhooks.recording import Happened, plan, write

MOST = 10_000
OVER = (DeliveryState.DELIVERED, DeliveryState.GIVEN_UP)


@dataclass(frozen=True)
class Span:
    """Which events are sent again: of these kinds, that happened from `since` on and before `until`."""

    kinds: tuple[str, ...]
    since: datetime
    until: datetime

    def holds(self) -> ColumnElement[bool]:
        """The condition on an event."""
        return and_(WebhookEvent.kind.in_(self.kinds), WebhookEvent.occurred_at >= self.since, WebhookEvent.occurred_at < self.until)


@dataclass(frozen=True)
class Preview:
    """What a replay would send: events in all; of them such that never went to the endpoint; those that wait there anyway are not sent twice."""

    events: int
    fresh: int
    waiting: int

    @property
    def sent(self) -> int:
        """How many would be sent."""
        return self.events - self.waiting


def send_test(public_id: str, actor: Actor, moment: datetime, *, request_id: str = "") -> WebhookDelivery:
    """Send a test to an endpoint, also where it is paused. Returns its delivery. Raises NotAllowed, NotFound."""
    actor.need(Can.WEBHOOK_MANAGE)
    row = held(public_id)
    event = write(TEST, [Happened(row.public_id, f"/admin/webhooks/{row.public_id}")], moment)
    plan([row.id], event, moment, test=True)
    log.write(actor, moment, "webhook.tested", "webhook", row.public_id, request_id=request_id)
    return db.session.execute(select(WebhookDelivery).where(WebhookDelivery.event_id == event[0])).scalar_one()


def resend(delivery_no: str, actor: Actor, moment: datetime, *, request_id: str = "") -> WebhookDelivery:
    """Send a delivery once more, under the number that its event has. Raises NotAllowed, NotFound; Conflict where it is on its way or its
    endpoint was removed."""
    actor.need(Can.WEBHOOK_MANAGE)
    query = select(WebhookDelivery, WebhookEndpoint).join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
    found = db.session.execute(query.where(WebhookDelivery.public_id == delivery_no).with_for_update(of=WebhookDelivery).execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound("there is no such delivery")
    delivery, endpoint = found
    if endpoint.state == EndpointState.REMOVED:
        raise Conflict("this endpoint was removed: nothing goes there any more")
    if delivery.state not in (*OVER, DeliveryState.FAILED):
        raise Conflict("this delivery is on its way already")
    delivery.state, delivery.attempts, delivery.next_at, delivery.ended_at = DeliveryState.WAITING, 0, moment, None
    endpoint.rest_until = None
    log.write(actor, moment, "webhook.sent_again", "webhook", endpoint.public_id, after={"delivery": delivery.public_id}, request_id=request_id)
    db.session.flush()
    return delivery


def preview(endpoint: WebhookEndpoint, span: Span) -> Preview:
    """What a replay would send."""
    of_endpoint = and_(WebhookDelivery.event_id == WebhookEvent.id, WebhookDelivery.endpoint_id == endpoint.id)
    query = select(WebhookDelivery.state, func.count()).select_from(WebhookEvent).outerjoin(WebhookDelivery, of_endpoint).where(span.holds())
    counts: dict[str | None, int] = {row[0]: row[1] for row in db.session.execute(query.group_by(WebhookDelivery.state))}
    return Preview(sum(counts.values()), counts.get(None, 0), sum(count for state, count in counts.items() if state is not None and state not in OVER))


def replay(public_id: str, span: Span, expected: int, actor: Actor, moment: datetime, *, request_id: str = "") -> int:
    """Send all events of a span to an endpoint, each under its own number. Returns how many. `expected`: what the preview said.

    Raises NotAllowed, NotFound; Refusal for a kind that it does not want, nothing to send, or more than can be sent at once; Conflict
    where it would be others by now.
    """
    actor.need(Can.WEBHOOK_MANAGE)
    row = held(public_id)
    check_kinds(row, span.kinds)
    found = preview(row, span)
    if not 0 < found.sent <= MOST:
        raise Refusal("between 1 and %(most)s events are sent again at once: here it would be %(count)s", most=MOST, count=found.sent)
    if found.sent != expected:
        raise Conflict("it would be %(count)s events by now: look again", count=found.sent)
    events = select(WebhookEvent.id).where(span.holds())
    again = update(WebhookDelivery).where(WebhookDelivery.endpoint_id == row.id, WebhookDelivery.event_id.in_(events), WebhookDelivery.state.in_(OVER))
    values = {"state": DeliveryState.WAITING, "attempts": 0, "next_at": literal(moment, Moment()), "ended_at": None}
    fresh = list(db.session.execute(events.where(WebhookEvent.id.not_in(select(WebhookDelivery.event_id).where(WebhookDelivery.endpoint_id == row.id)))).scalars())
    db.session.execute(again.values(**values), execution_options={"synchronize_session": False})
    plan([row.id], fresh, moment)
    after = {"deliveries": found.sent, "kinds": list(span.kinds), "since": span.since.isoformat(), "until": span.until.isoformat()}
    log.write(actor, moment, "webhook.replayed", "webhook", row.public_id, after=after, request_id=request_id)
    return found.sent


def check_kinds(endpoint: WebhookEndpoint, kinds: Collection[str]) -> None:
    """Raises Refusal where none was chosen, or one that the endpoint does not want."""
    if not kinds or set(kinds) - set(wishes_of([endpoint.id])[endpoint.id]):
        raise Refusal("choose among the kinds of events that this endpoint wants")
