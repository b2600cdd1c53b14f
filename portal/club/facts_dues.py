"""What Stripe says of customers' subscriptions and their invoices, as far as a rule needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from portal.club.facts import Till


@dataclass(frozen=True)
class SubscriptionFacts:
    """A subscription as it stood when it was asked for (`asked_at`). `waits`: a change of it waits for its payment; `ended_why` is
    Stripe's own word; `invoice_id` is its latest."""

    id: str
    status: str
    livemode: bool
    item_id: str
    price_id: str
    period_end: datetime | None
    cancel_at_period_end: bool
    waits: bool
    ended_why: str
    invoice_id: str
    dues_ref: str
    env: str
    asked_at: datetime


@dataclass(frozen=True)
class InvoiceFacts:
    """An invoice as it stands now, with the price and the period of what it asks for. `url`: where its payer can act."""

    id: str
    status: str
    paid: int
    currency: str
    livemode: bool
    reason: str
    intent_id: str
    subscription_id: str
    price_id: str
    period_start: datetime
    period_end: datetime
    url: str


class DuesTill(Till, Protocol):
    """Who takes payments, subscriptions too. Every call may raise Unanswered or Refused."""

    def make_customer(self, params: Mapping[str, Any], key: str) -> str:
        """Write a payer down. Returns his id."""
        ...

    def make_price(self, params: Mapping[str, Any], key: str) -> str:
        """Write a price down, with what it is for. Returns its id."""
        ...

    def subscription(self, subscription_id: str) -> SubscriptionFacts:
        """A subscription as it stands now."""
        ...

    def change_subscription(self, subscription_id: str, params: Mapping[str, Any], key: str) -> SubscriptionFacts:
        """Change a subscription."""
        ...

    def end_subscription(self, subscription_id: str) -> SubscriptionFacts:
        """End a subscription at once."""
        ...

    def invoice(self, invoice_id: str) -> InvoiceFacts:
        """An invoice as it stands now."""
        ...

    def open_portal(self, customer_id: str, return_url: str, locale: str, key: str) -> str:
        """Open Stripe's own page of a payer. Returns its address."""
        ...

    def due_for_change(self, subscription_id: str, params: Mapping[str, Any]) -> int:
        """What a change would cost now (fen)."""
        ...
