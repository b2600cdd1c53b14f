"""What the stand-in does, as Stripe does it: sessions, payments, refunds, disputes. Each returns the object or raises Wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.standin import rules_dues
from portal.standin.store import Desk, new_id, now
from portal.standin.wrong import Wrong

GONE = ("failed", "canceled")
DISPUTE_DAYS = 7
"""Within so many days a dispute is to be answered."""


def session(desk: Desk, number: str) -> dict[str, Any]:
    """A session as it is by now: an open one expires by the clock. Raises Wrong."""
    found = desk.get(number)
    if found is None or found["object"] != "checkout.session":
        raise Wrong(f"No such checkout.session: {number}", 404, code="resource_missing")
    if found["status"] == "open" and found["expires_at"] <= now():
        return _expired(desk, found)
    return found


def expire(desk: Desk, number: str) -> dict[str, Any]:
    """Close an open session. Raises Wrong where it is not open."""
    found = session(desk, number)
    if found["status"] != "open":
        raise Wrong(f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of {found["status"]}.')
    return _expired(desk, found)


def _expired(desk: Desk, found: dict[str, Any]) -> dict[str, Any]:
    found |= {"status": "expired", "url": None}
    desk.put(found)
    desk.tell("checkout.session.expired", found)
    return found


def pay(desk: Desk, number: str, how: str) -> dict[str, Any]:
    """The payer does something on the page: `pays`, `later` (it takes its time) or `declined`. Raises Wrong where the page is closed."""
    found = session(desk, number)
    if found["status"] != "open":
        raise Wrong("This page is closed.", 409)
    if how == "declined":
        raise Wrong("Your card was declined.", 402, "card_error", "card_declined")
    if found["mode"] == "subscription":
        return _subscribes(desk, found, how)
    paid = how == "pays"
    marks = {"id": new_id("pi"), "object": "payment_intent", "metadata": found["intent_metadata"], "livemode": False, "created": now(), "currency": found["currency"]}
    intent = {**marks, "amount": found["amount_total"], "amount_received": found["amount_total"] if paid else 0, "status": "succeeded" if paid else "processing"}
    found |= {"status": "complete", "payment_status": "paid" if paid else "unpaid", "payment_intent": intent["id"], "url": None}
    desk.put(intent)
    desk.put(found)
    if paid:
        desk.tell("payment_intent.succeeded", intent)
    desk.tell("checkout.session.completed", found)
    return found


def _subscribes(desk: Desk, found: dict[str, Any], how: str) -> dict[str, Any]:
    """The payer subscribes; where the money comes later the subscription is incomplete until then."""
    made = rules_dues.begin(desk, found, how)
    paid = how == "pays"
    found |= {"status": "complete", "payment_status": "paid" if paid else "unpaid", "subscription": made["id"], "invoice": made["latest_invoice"], "url": None}
    desk.put(found)
    desk.tell("checkout.session.completed", found)
    return found


def settle(desk: Desk, number: str, ok: bool) -> dict[str, Any]:
    """A payment that takes its time comes to its end. Raises Wrong where none is on its way."""
    found = session(desk, number)
    if (found["status"], found["payment_status"]) != ("complete", "unpaid"):
        raise Wrong("Nothing is on its way here.", 409)
    intent = desk.get(found["payment_intent"]) or {}
    intent |= {"status": "succeeded" if ok else "requires_payment_method", "amount_received": intent["amount"] if ok else 0}
    desk.put(intent)
    if ok:
        found["payment_status"] = "paid"
        desk.put(found)
    desk.tell(f"checkout.session.async_payment_{'succeeded' if ok else 'failed'}", found)
    return found


def refund(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """Give money back, never more than is left of the payment. Raises Wrong."""
    intent = desk.get(str(params.get("payment_intent", "")))
    if intent is None or intent["object"] != "payment_intent":
        raise Wrong("No such payment_intent", 404, code="resource_missing")
    if desk.use_up("refuse_refunds"):
        raise Wrong("Your balance does not suffice for this refund.", code="balance_insufficient")
    if any(one["payment_intent"] == intent["id"] and one["status"] not in ("won",) for one in desk.all("dispute")):
        raise Wrong("This charge has been charged back.", code="charge_disputed")
    left = intent["amount_received"] - sum(row["amount"] for row in refunds_of(desk, intent["id"]) if row["status"] not in GONE)
    amount = int(params.get("amount", left))
    if not 0 < amount <= left:
        raise Wrong(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", code="charge_already_refunded")
    status = desk.switch("refunds") or "succeeded"
    made = {"id": new_id("re"), "object": "refund", "amount": amount, "currency": intent["currency"], "created": now(), "status": status, "livemode": False}
    made |= {"payment_intent": intent["id"], "metadata": params.get("metadata", {}), "failure_reason": None}
    desk.put(made)
    desk.tell("refund.created", made)
    charge = {"id": intent["id"].replace("pi_", "ch_"), "object": "charge", "payment_intent": intent["id"], "amount": intent["amount"], "currency": intent["currency"]}
    desk.tell("charge.refunded", {**charge, "livemode": False, "amount_refunded": intent["amount_received"] - left + amount})
    return made


def refunds_of(desk: Desk, intent_id: str) -> list[dict[str, Any]]:
    """The refunds of a payment."""
    return [row for row in desk.all("refund") if row["payment_intent"] == intent_id]


def end_refund(desk: Desk, number: str, status: str) -> dict[str, Any]:
    """A refund comes to another end later: it failed, or at last succeeded. Raises Wrong."""
    found = desk.get(number)
    if found is None or found["object"] != "refund":
        raise Wrong("No such refund", 404)
    found |= {"status": status, "failure_reason": "lost_or_stolen_card" if status == "failed" else None}
    desk.put(found)
    desk.tell("refund.failed" if status == "failed" else "refund.updated", found)
    return found


def dispute(desk: Desk, intent_id: str) -> dict[str, Any]:
    """The payer's bank asks the money back. Raises Wrong."""
    intent = desk.get(intent_id)
    if intent is None:
        raise Wrong("No such payment_intent", 404)
    made = {
        "id": new_id("dp"),
        "object": "dispute",
        "amount": intent["amount"],
        "currency": intent["currency"],
        "payment_intent": intent_id,
        "status": "needs_response",
        "evidence_details": {"due_by": now() + DISPUTE_DAYS * 86_400, "has_evidence": False, "past_due": False, "submission_count": 0},
        "livemode": False,
    }
    desk.put(made)
    desk.tell("charge.dispute.created", made)
    return made


def end_dispute(desk: Desk, number: str, status: str) -> dict[str, Any]:
    """A dispute is `won` or `lost`. Raises Wrong."""
    found = desk.get(number)
    if found is None or found["object"] != "dispute":
        raise Wrong("No such dispute", 404)
    found["status"] = status
    desk.put(found)
    desk.tell("charge.dispute.closed", found)
    return found
