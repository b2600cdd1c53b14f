"""Stripe, through its own library: these files alone know its objects. Everything that goes in or out is plain facts.

Its objects are no dictionaries (since version 15), so they are read by `to_dict()`. Another API base is the portal's own
stand-in; the library speaks to it as it would to Stripe.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import stripe
from flask import current_app

from portal import clock
from portal.club.facts import EventFacts, IntentFacts, RefundFacts, SessionFacts
from portal.gateways.stripe_asking import ask, id_of
from portal.gateways.stripe_dues import Subscriptions
from portal.keys import secret
from portal.settings import STRIPE_BASE, BadSetting, Settings

TIMEOUT = 10
TOLERANCE = 300
LIVE = ("sk_live_", "rk_live_")
TEST = ("sk_test_", "rk_test_")
KEPT = ("id", "object", "amount", "amount_total", "amount_refunded", "amount_received", "currency", "status", "payment_status", "payment_intent", "livemode", "created", "reason")
"""What is kept of an event's object: nothing by which a payer could be known."""


class BadSignature(Exception):
    """Somebody else wrote this, or long ago."""


@dataclass(frozen=True)
class Stripe(Subscriptions):
    """Stripe under one key. `env` marks our objects, so that others of a shared account are left alone."""

    key: str = field(repr=False)
    base: str
    webhook_secrets: tuple[str, ...] = field(repr=False)
    env: str

    @property
    def livemode(self) -> bool:
        """Whether real money moves."""
        return self.key.startswith(LIVE)

    @cached_property
    def client(self) -> stripe.StripeClient:
        """The library, with this key and address."""
        addresses: Any = {"api": self.base} if self.base else {}
        return stripe.StripeClient(self.key, base_addresses=addresses, max_network_retries=0, http_client=stripe.RequestsClient(timeout=TIMEOUT))

    def open_session(self, params: Mapping[str, Any], key: str) -> SessionFacts:
        """Open a page where the payer pays. Raises Unanswered, Refused."""
        return _session(ask(lambda: self.client.v1.checkout.sessions.create(params=dict(params), options={"idempotency_key": key})))  # type: ignore[arg-type]

    def session(self, session_id: str) -> SessionFacts:
        """A session as it stands now. Raises Unanswered, Refused."""
        return _session(ask(lambda: self.client.v1.checkout.sessions.retrieve(session_id, params={"expand": ["line_items"]})))

    def expire_session(self, session_id: str) -> SessionFacts:
        """Close a page where nobody has paid yet. Raises Unanswered; Refused where it is closed or paid."""
        return _session(ask(lambda: self.client.v1.checkout.sessions.expire(session_id, options={"idempotency_key": f"expire:{session_id}"})))

    def refund(self, params: Mapping[str, Any], key: str) -> RefundFacts:
        """Give money back. Raises Unanswered, Refused."""
        return _refund(ask(lambda: self.client.v1.refunds.create(params=dict(params), options={"idempotency_key": key})))  # type: ignore[arg-type]

    def refunds_of(self, intent_id: str) -> list[RefundFacts]:
        """All refunds of a payment. Raises Unanswered, Refused."""
        found = ask(lambda: self.client.v1.refunds.list(params={"payment_intent": intent_id, "limit": 100}))
        return [_refund(row) for row in found["data"]]

    def payments_since(self, timestamp: int) -> list[IntentFacts]:
        """Payments begun since a moment. Raises Unanswered, Refused."""
        rows: list[IntentFacts] = []
        after: dict[str, Any] = {}
        while True:
            params: Any = {"created": {"gte": timestamp}, "limit": 100, **after}
            found = ask(partial(self.client.v1.payment_intents.list, params=params))
            rows += [_intent(row) for row in found["data"]]
            if not found["has_more"]:
                return rows
            after = {"starting_after": found["data"][-1]["id"]}

    def event(self, payload: bytes, header: str) -> EventFacts:
        """What was sent, if one of our secrets signed it within the last five minutes. Raises BadSignature."""
        if _signed_at(header) > clock.now().timestamp() + TOLERANCE:
            raise BadSignature  # the library looks back alone
        for one in self.webhook_secrets:
            try:
                stripe.WebhookSignature.verify_header(payload, header, one, TOLERANCE)
                found = json.loads(payload)
            except (stripe.SignatureVerificationError, ValueError):
                continue
            return _event(found)
        raise BadSignature


def _signed_at(header: str) -> int:
    """When a signature says that it was made. Raises BadSignature where it does not say."""
    found = next((part[2:] for part in header.split(",") if part.startswith("t=")), "")
    if not (found.isascii() and found.isdigit() and len(found) < 13):
        raise BadSignature
    return int(found)


def _session(row: Mapping[str, Any]) -> SessionFacts:
    marks = row.get("metadata") or {}
    return SessionFacts(
        row["id"],
        row.get("status") or "",
        row.get("payment_status") or "",
        int(row.get("amount_total") or 0),
        row.get("currency") or "",
        bool(row.get("livemode")),
        id_of(row.get("payment_intent")),
        row.get("url") or "",
        marks.get("payment", ""),
        marks.get("env", ""),
        id_of(row.get("subscription")),
        id_of(row.get("invoice")),
    )


def _refund(row: Mapping[str, Any]) -> RefundFacts:
    marks = row.get("metadata") or {}
    return RefundFacts(
        row["id"],
        row.get("status") or "pending",
        int(row["amount"]),
        id_of(row.get("payment_intent")),
        marks.get("refund", ""),
        marks.get("env", ""),
        row.get("failure_reason") or "",
    )


def _intent(row: Mapping[str, Any]) -> IntentFacts:
    marks = row.get("metadata") or {}
    return IntentFacts(row["id"], row["status"], int(row.get("amount_received") or 0), row["currency"], bool(row["livemode"]), marks.get("payment", ""), marks.get("env", ""))


def _event(row: Mapping[str, Any]) -> EventFacts:
    """An event's facts. Raises BadSignature where what is signed is no event: nobody but Stripe holds the secret, so it is not ours."""
    try:
        thing = row["data"]["object"]
        intent = thing["id"] if thing.get("object") == "payment_intent" else id_of(thing.get("payment_intent"))
        kept = {name: thing[name] for name in KEPT if name in thing and isinstance(thing[name], str | int | bool)}
        due_by = (thing.get("evidence_details") or {}).get("due_by")
        kept |= {"due_by": due_by} if isinstance(due_by, int) else {}  # until when a dispute is to be answered
        return EventFacts(str(row["id"]), str(row["type"]), bool(row["livemode"]), str(row.get("api_version") or ""), str(thing["id"]), intent, kept, id_of(thing.get("customer")))
    except (KeyError, TypeError, AttributeError) as error:
        raise BadSignature from error


def till() -> Stripe | None:
    """Stripe as the settings name it, or the portal's own stand-in where there is no key in a demonstration or a test; None: no cards."""
    settings: Settings = current_app.config["PORTAL"]
    if "till" not in current_app.extensions:
        current_app.extensions["till"] = _till(settings, secret())
    found: Stripe | None = current_app.extensions["till"]
    return found


def _till(settings: Settings, signing: str) -> Stripe | None:
    env = hashlib.sha256(f"{signing}:{settings.base_url}".encode()).hexdigest()[:16]
    if settings.stripe_key:
        return Stripe(settings.stripe_key, settings.stripe_api_base, tuple(filter(None, settings.stripe_webhook_secrets.split(","))), env)
    if settings.with_standin:
        return Stripe(STANDIN_KEY, settings.stripe_api_base or settings.base_url.rstrip("/") + "/standin", (standin_secret(signing),), env)
    return None


STANDIN_KEY = "sk_test_standin"


def standin_secret(signing: str) -> str:
    """With what the stand-in signs its webhooks."""
    return "whsec_" + hmac.new(signing.encode(), b"standin", hashlib.sha256).hexdigest()


def check(settings: Settings) -> None:
    """Raises BadSetting where keys, secrets and address do not belong together: better no start than money at the wrong place."""
    key, base = settings.stripe_key, settings.stripe_api_base
    if key and not key.startswith((*LIVE, *TEST)):
        raise BadSetting("PORTAL_STRIPE_KEY: expected a secret or restricted key, sk_test_…, rk_test_…, sk_live_… or rk_live_…")
    if key.startswith(LIVE) and base not in {"", STRIPE_BASE}:
        raise BadSetting("PORTAL_STRIPE_API_BASE: a live key is used with Stripe's own address alone")
    if key.startswith(LIVE) and (settings.demo or settings.testing):
        raise BadSetting("PORTAL_STRIPE_KEY: a demonstration or a test takes no live key")
    if not key:
        return
    given = settings.stripe_webhook_secrets.split(",")
    if any(not one.startswith("whsec_") or len(one) < 20 or one.strip() != one or "…" in one or "xxx" in one.lower() for one in given):
        raise BadSetting("PORTAL_STRIPE_WEBHOOK_SECRETS: expected whsec_… as Stripe shows it for this endpoint, two of them while it is renewed")
