"""What other systems are told: endpoints, the events that happened, and how each event came to each endpoint."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, identifier, moment, one_of, text


class EndpointState(enum.StrEnum):
    """Whether an endpoint is sent to. Paused: what happens meanwhile waits for it; removed: nothing goes there any more, its log stays."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


class DeliveryState(enum.StrEnum):
    """How far a delivery is. Failed: it is tried again; given up: nobody tries any more, unless somebody asks for it."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    GIVEN_UP = "given_up"


class WebhookEndpoint(Base):
    """An address of another system, and the secret with which what goes there is signed.

    While a secret is renewed the one before signs too, until `previous_until`. Both are sealed, bound to the endpoint's number.
    `failing_since` is the first failure since the last success; nothing is sent before `rest_until`, so that an address that does
    not answer is not asked again for each event. `failures` counts those in a row.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        one_of("state", EndpointState),
        CheckConstraint("state = 'removed' OR secret_sealed <> ''", name="signs"),
        CheckConstraint("(previous_sealed IS NULL) = (previous_until IS NULL)", name="previous_ends"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    url: Mapped[str] = text(500)
    description: Mapped[str] = text(120)
    state: Mapped[str] = choice(EndpointState)
    why: Mapped[str] = text(20)
    state_since: Mapped[datetime] = moment()
    secret_sealed: Mapped[str] = text(400)
    previous_sealed: Mapped[str | None] = text(400, null=True)
    previous_until: Mapped[datetime | None] = moment(null=True)
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    failing_since: Mapped[datetime | None] = moment(null=True)
    failures: Mapped[int] = mapped_column(default=0)
    rest_until: Mapped[datetime | None] = moment(null=True)


class WebhookWish(Base):
    """A kind of event that an endpoint wants."""

    __tablename__ = "webhook_wish"

    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(text(40).column.type, primary_key=True)


class WebhookEvent(Base):
    """Something that happened, written in the transaction in which it did. It names a thing by its number and says where to read about it
    (`link`, a path of this portal); `details` hold codes and numbers, never names, phone or ID numbers, or amounts."""

    __tablename__ = "webhook_event"
    __table_args__ = (Index("ix_webhook_event_kind", "kind", "occurred_at"), Index("ix_webhook_event_occurred", "occurred_at"))

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(40, unique=True)
    kind: Mapped[str] = text(40)
    occurred_at: Mapped[datetime] = moment()
    number: Mapped[str] = text(80)
    link: Mapped[str] = text(400)
    details: Mapped[Any] = mapped_column(JsonText)


class WebhookDelivery(Base):
    """One event on its way to one endpoint; the same event is never there twice. `attempts` counts since it was last asked for, and `claims` is
    the fence of who took it; a `test` goes to a paused endpoint too. The tries stand in WebhookAttempt."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        Index("ix_webhook_delivery_due", "state", "next_at"),
        Index("ix_webhook_delivery_event", "event_id"),
        one_of("state", DeliveryState),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("webhook_event.id"))
    test: Mapped[bool] = mapped_column()
    state: Mapped[str] = choice(DeliveryState)
    attempts: Mapped[int] = mapped_column(default=0)
    claims: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = moment()
    claimed_at: Mapped[datetime | None] = moment(null=True)
    ended_at: Mapped[datetime | None] = moment(null=True)
    status: Mapped[int | None] = mapped_column()
    failure: Mapped[str] = text(20)


class WebhookAttempt(Base):
    """One try: what was answered (the first 500 characters), or why nothing was (`failure`, a code)."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("ix_webhook_attempt_delivery", "delivery_id", "id"),)

    id: Mapped[int] = identifier()
    delivery_id: Mapped[int] = mapped_column(ForeignKey("webhook_delivery.id"))
    at: Mapped[datetime] = moment()
    took_ms: Mapped[int] = mapped_column()
    status: Mapped[int | None] = mapped_column()
    answer: Mapped[str] = text(500)
    failure: Mapped[str] = text(20)
