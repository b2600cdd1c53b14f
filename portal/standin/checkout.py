"""The stand-in's Checkout: opening a page where one pays, for a payment or for a subscription."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.standin import rules_dues
from portal.standin.store import Desk, new_id, now
from portal.standin.wrong import Wrong

SHORTEST, LONGEST = 30 * 60, 24 * 3600


def open_session(desk: Desk, params: Mapping[str, Any], address: str) -> dict[str, Any]:
    """A new Checkout Session with its page: for a payment, or for a subscription of a customer."""
    mode = params.get("mode")
    if mode not in ("payment", "subscription") or not params.get("line_items"):
        raise Wrong("mode must be payment or subscription, with line_items")
    expires = int(params.get("expires_at", now() + LONGEST))
    if not now() + SHORTEST - 5 <= expires <= now() + LONGEST + 5:
        raise Wrong("The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
    shown = [_shown(desk, line) for line in params["line_items"].values()]
    number = new_id("cs_test")
    made = {
        "id": number,
        "object": "checkout.session",
        "amount_total": sum(amount for _name, _count, amount, _currency in shown),
        "currency": shown[0][3],
        "client_reference_id": params.get("client_reference_id"),
        "created": now(),
        "expires_at": expires,
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "mode": mode,
        "payment_intent": None,
        "payment_status": "unpaid",
        "status": "open",
        "success_url": params["success_url"],
        "cancel_url": params.get("cancel_url"),
        "url": f"{address}/pay/{number}",
        "intent_metadata": params.get("payment_intent_data", {}).get("metadata", {}),
        "shown": [row[:3] for row in shown],
    }
    if mode == "subscription":
        rules_dues.thing(desk, str(params.get("customer")), "customer")
        made |= {"customer": params["customer"], "price": params["line_items"]["0"]["price"], "subscription": None, "invoice": None}
        made["subscription_metadata"] = params.get("subscription_data", {}).get("metadata", {})
    desk.put(made)
    return made


def _shown(desk: Desk, line: Mapping[str, Any]) -> tuple[str, int, int, str]:
    """A line of the cart: its name, how many, what they cost, in which currency."""
    count = int(line.get("quantity", 1))
    if "price" in line:
        cost = rules_dues.thing(desk, line["price"], "price")
        return rules_dues.thing(desk, cost["product"], "product")["name"], count, cost["unit_amount"] * count, cost["currency"]
    cost = line["price_data"]
    return cost["product_data"]["name"], count, int(cost["unit_amount"]) * count, cost["currency"]
