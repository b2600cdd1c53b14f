"""Customers, prices, subscriptions and invoices at Stripe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import stripe

from portal import clock
from portal.club.facts_dues import InvoiceFacts, SubscriptionFacts
from portal.gateways.stripe_asking import ask, id_of


class Subscriptions(ABC):
    """What Stripe does for dues. The client is that of whoever has this."""

    @property
    @abstractmethod
    def client(self) -> stripe.StripeClient:
        """The library, with a key and an address."""

    def make_customer(self, params: Mapping[str, Any], key: str) -> str:
        """Write a payer down. Raises Unanswered, Refused."""
        return str(ask(lambda: self.client.v1.customers.create(params=dict(params), options={"idempotency_key": key}))["id"])  # type: ignore[arg-type]

    def make_price(self, params: Mapping[str, Any], key: str) -> str:
        """Write a price down, with what it is for. Raises Unanswered, Refused."""
        return str(ask(lambda: self.client.v1.prices.create(params=dict(params), options={"idempotency_key": key}))["id"])  # type: ignore[arg-type]

    def subscription(self, subscription_id: str) -> SubscriptionFacts:
        """A subscription as it stands now. Raises Unanswered, Refused."""
        moment = clock.now()
        return _subscription(ask(lambda: self.client.v1.subscriptions.retrieve(subscription_id)), moment)

    def change_subscription(self, subscription_id: str, params: Mapping[str, Any], key: str) -> SubscriptionFacts:
        """Change a subscription. Raises Unanswered, Refused."""
        moment = clock.now()
        return _subscription(ask(lambda: self.client.v1.subscriptions.update(subscription_id, params=dict(params), options={"idempotency_key": key})), moment)  # type: ignore[arg-type]

    def end_subscription(self, subscription_id: str) -> SubscriptionFacts:
        """End a subscription at once. Raises Unanswered; Refused where it is over."""
        moment = clock.now()
        return _subscription(ask(lambda: self.client.v1.subscriptions.cancel(subscription_id)), moment)

    def invoice(self, invoice_id: str) -> InvoiceFacts:
        """An invoice as it stands now. Raises Unanswered, Refused."""
        return _invoice(ask(lambda: self.client.v1.invoices.retrieve(invoice_id, params={"expand": ["payments"]})))

    def open_portal(self, customer_id: str, return_url: str, locale: str, key: str) -> str:
        """Open Stripe's own page where a payer changes his card, sees invoices and ends a subscription; its address. Raises Unanswered, Refused."""
        params: Any = {"customer": customer_id, "return_url": return_url, "locale": locale}
        return str(ask(lambda: self.client.v1.billing_portal.sessions.create(params=params, options={"idempotency_key": key}))["url"])

    def due_for_change(self, subscription_id: str, params: Mapping[str, Any]) -> int:
        """What a change would cost now (fen). Raises Unanswered, Refused."""
        details = {name: value for name, value in params.items() if name in ("items", "proration_behavior", "proration_date")}
        asked: Any = {"subscription": subscription_id, "subscription_details": details}
        return int(ask(lambda: self.client.v1.invoices.create_preview(params=asked))["amount_due"])


def _subscription(row: Mapping[str, Any], asked_at: datetime) -> SubscriptionFacts:
    """A subscription's facts; the end of its period stands on its item."""
    marks = row.get("metadata") or {}
    item: Mapping[str, Any] = next(iter((row.get("items") or {}).get("data") or []), {})
    return SubscriptionFacts(
        row["id"],
        row.get("status") or "",
        bool(row.get("livemode")),
        item.get("id") or "",
        id_of(item.get("price")),
        _moment(item.get("current_period_end")),
        bool(row.get("cancel_at_period_end") or row.get("cancel_at")),  # with flexible billing the portal sets the moment alone
        bool(row.get("pending_update")),
        (row.get("cancellation_details") or {}).get("reason") or "",
        id_of(row.get("latest_invoice")),
        marks.get("dues", ""),
        marks.get("env", ""),
        asked_at,
    )


def _invoice(row: Mapping[str, Any]) -> InvoiceFacts:
    """An invoice's facts; what it is for is its largest line (the smaller one of a change is a credit)."""
    lines = (row.get("lines") or {}).get("data") or [{}]
    line = max(lines, key=lambda one: int(one.get("amount") or 0))
    payments = (row.get("payments") or {}).get("data") or []
    period = line.get("period") or {}
    return InvoiceFacts(
        row["id"],
        row.get("status") or "",
        int(row.get("amount_paid") or 0),
        row.get("currency") or "",
        bool(row.get("livemode")),
        row.get("billing_reason") or "",
        next((id_of((one.get("payment") or {}).get("payment_intent")) for one in payments if one.get("status") == "paid"), ""),
        id_of(((row.get("parent") or {}).get("subscription_details") or {}).get("subscription")),
        id_of(((line.get("pricing") or {}).get("price_details") or {}).get("price")),
        _moment(period.get("start")) or datetime.fromtimestamp(0, UTC),
        _moment(period.get("end")) or datetime.fromtimestamp(0, UTC),
        row.get("hosted_invoice_url") or "",
    )


def _moment(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None
