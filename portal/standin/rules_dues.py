"""What the stand-in does for dues, as Stripe does it: customers, prices, subscriptions and their invoices. Each returns the object or raises Wrong."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portal.standin.store import Desk, new_id, now
from portal.standin.wrong import Wrong

OVER = ("canceled", "incomplete_expired")


def customer(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """A new customer."""
    made = {"id": new_id("cus"), "object": "customer", "metadata": params.get("metadata", {}), "created": now(), "livemode": False}
    desk.put(made)
    return made


def price(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """A new price with its product. It never changes."""
    every = params.get("recurring", {})
    if int(params.get("unit_amount", 0)) <= 0 or every.get("interval") != "month":
        raise Wrong("A price here has a unit_amount and is recurring by months.")
    product = {"id": new_id("prod"), "object": "product", "name": params["product_data"]["name"], "metadata": params["product_data"].get("metadata", {}), "livemode": False}
    desk.put(product)
    made = {"id": new_id("price"), "object": "price", "product": product["id"], "currency": params["currency"], "unit_amount": int(params["unit_amount"])}
    made |= {"recurring": {"interval": "month", "interval_count": int(every.get("interval_count", 1))}, "metadata": params.get("metadata", {}), "livemode": False, "active": True}
    desk.put(made)
    return made


def thing(desk: Desk, number: str, kind: str) -> dict[str, Any]:
    """An object of a kind. Raises Wrong."""
    found = desk.get(number)
    if found is None or found["object"] != kind:
        raise Wrong(f"No such {kind}: {number}", 404, code="resource_missing")
    return found


def later(moment: int, months: int, anchor: int) -> int:
    """So many months later on the day of the anchor, or the last one of the month."""
    at, first = datetime.fromtimestamp(moment, UTC), datetime.fromtimestamp(anchor, UTC)
    index = at.year * 12 + at.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return int(at.replace(year=year, month=month, day=min(first.day, monthrange(year, month)[1])).timestamp())


def begin(desk: Desk, session: dict[str, Any], how: str) -> dict[str, Any]:
    """A checkout begins its subscription: `pays`, or `later` where the first invoice is not paid yet (incomplete)."""
    cost = thing(desk, session["price"], "price")
    if session.get("subscription"):
        raise Wrong("This page is closed.", 409)
    made = {"id": new_id("sub"), "object": "subscription", "customer": session["customer"], "metadata": session["subscription_metadata"], "created": now(), "livemode": False}
    item: dict[str, Any] = {"id": new_id("si"), "object": "subscription_item", "price": cost, "quantity": 1, "current_period_start": now()}
    item["current_period_end"] = later(now(), cost["recurring"]["interval_count"], now())
    made |= {"status": "incomplete", "cancel_at_period_end": False, "items": {"object": "list", "data": [item]}, "pending_update": None, "currency": cost["currency"]}
    made |= {"cancellation_details": {"reason": None}, "billing_cycle_anchor": now(), "latest_invoice": None}
    desk.put(made)
    bill = _bill(desk, made, "subscription_create", [_line(cost, cost["unit_amount"], item["current_period_start"], item["current_period_end"])])
    desk.tell("customer.subscription.created", made)
    settle(desk, bill["id"], how)
    return thing(desk, made["id"], "subscription")


def _line(cost: Mapping[str, Any], amount: int, start: int, end: int) -> dict[str, Any]:
    return {"amount": amount, "period": {"start": start, "end": end}, "pricing": {"price_details": {"price": cost["id"], "product": cost["product"]}}}


def _bill(desk: Desk, made: dict[str, Any], reason: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """An invoice of a subscription, not paid yet."""
    due = max(0, sum(line["amount"] for line in lines))
    number = new_id("in")
    details = {"subscription": made["id"], "metadata": made["metadata"]}
    bill = {"id": number, "object": "invoice", "status": "open", "amount_due": due, "amount_paid": 0, "currency": made["currency"], "billing_reason": reason, "created": now()}
    bill |= {"lines": {"object": "list", "data": lines}, "parent": {"type": "subscription_details", "subscription_details": details}, "customer": made["customer"]}
    bill |= {"livemode": False, "payments": {"object": "list", "data": []}, "hosted_invoice_url": f"https://invoice.example/{number}"}
    desk.put(bill)
    made["latest_invoice"] = number
    desk.put(made)
    return bill


def settle(desk: Desk, number: str, how: str) -> dict[str, Any]:
    """An invoice is paid (`pays`), its card is declined (`declined`), or the payer must do something first (`action`, `later`)."""
    bill = thing(desk, number, "invoice")
    if bill["status"] != "open":
        raise Wrong("This invoice is not open.", 409)
    made = thing(desk, bill["parent"]["subscription_details"]["subscription"], "subscription")
    if how == "pays":
        return _paid(desk, bill, made)
    if made["status"] in ("active", "trialing") and bill["billing_reason"] == "subscription_cycle":
        made["status"] = "past_due"
    desk.put(made)
    desk.tell("invoice.payment_failed" if how == "declined" else "invoice.payment_action_required", bill)
    desk.tell("customer.subscription.updated", made)
    return bill


def _paid(desk: Desk, bill: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    bill |= {"status": "paid", "amount_paid": bill["amount_due"]}
    if bill["amount_due"]:
        intent = {"id": new_id("pi"), "object": "payment_intent", "metadata": {}, "livemode": False, "created": now(), "currency": bill["currency"], "status": "succeeded"}
        intent |= {"amount": bill["amount_due"], "amount_received": bill["amount_due"]}
        desk.put(intent)
        bill["payments"]["data"] = [{"status": "paid", "payment": {"type": "payment_intent", "payment_intent": intent["id"]}}]
    desk.put(bill)
    if made["pending_update"]:
        made["items"]["data"][0]["price"] = thing(desk, made["pending_update"]["price"], "price")
        made["pending_update"] = None
    if made["status"] not in OVER:
        made["status"] = "active"
    desk.put(made)
    desk.tell("invoice.paid", bill)
    desk.tell("customer.subscription.updated", made)
    return bill


def renew(desk: Desk, number: str, how: str) -> dict[str, Any]:
    """The next period begins: it ends there, or its invoice is paid, declined, or waits for the payer."""
    made = thing(desk, number, "subscription")
    if made["status"] in OVER:
        raise Wrong("This subscription is over.", 409)
    if made["cancel_at_period_end"]:
        return end(desk, number, "cancellation_requested")
    item = made["items"]["data"][0]
    start = item["current_period_end"]
    item |= {"current_period_start": start, "current_period_end": later(start, item["price"]["recurring"]["interval_count"], made["billing_cycle_anchor"])}
    bill = _bill(desk, made, "subscription_cycle", [_line(item["price"], item["price"]["unit_amount"], start, item["current_period_end"])])
    settle(desk, bill["id"], how)
    return thing(desk, number, "subscription")


def set_status(desk: Desk, number: str, status: str) -> dict[str, Any]:
    """Another status, as Stripe's own settings may bring it."""
    made = thing(desk, number, "subscription") | {"status": status}
    desk.put(made)
    desk.tell("customer.subscription.updated", made)
    return made


def end(desk: Desk, number: str, reason: str = "cancellation_requested") -> dict[str, Any]:
    """A subscription is over. Raises Wrong where it was already."""
    made = thing(desk, number, "subscription")
    if made["status"] in OVER:
        raise Wrong(f"No such subscription: {number}", 404, code="resource_missing")
    made |= {"status": "incomplete_expired" if made["status"] == "incomplete" else "canceled", "cancellation_details": {"reason": reason}, "ended_at": now()}
    desk.put(made)
    desk.tell("customer.subscription.deleted", made)
    return made


def change(desk: Desk, number: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Another price, or an end at the end of the period. With `pending_if_incomplete` the price changes only once the difference is paid."""
    made = thing(desk, number, "subscription")
    if made["status"] in OVER:
        raise Wrong("A canceled subscription can only update its cancellation_details and metadata.")
    if "cancel_at_period_end" in params:
        made["cancel_at_period_end"] = params["cancel_at_period_end"] == "true"
    if "items" in params:
        new, lines = _difference(desk, made, params)
        if params.get("proration_behavior") != "always_invoice":
            made["items"]["data"][0]["price"] = new
        else:
            made["pending_update"] = {"price": new["id"], "expires_at": now() + 23 * 3600}
            bill = _bill(desk, made, "subscription_update", lines)
            settle(desk, bill["id"], desk.switch("changes") or "pays")
            return thing(desk, number, "subscription")
    desk.put(made)
    desk.tell("customer.subscription.updated", made)
    return made


def _difference(desk: Desk, made: dict[str, Any], params: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The new price, and the lines of its invoice: what is left of the old one is credited."""
    asked, item = params["items"]["0"], made["items"]["data"][0]
    if asked.get("id") != item["id"]:
        raise Wrong(f"No such subscription_item: {asked.get('id')}", 404, code="resource_missing")
    new, start, end_ = thing(desk, asked["price"], "price"), item["current_period_start"], item["current_period_end"]
    at = min(max(int(params.get("proration_date", now())), start), end_)
    left, whole = end_ - at, end_ - start
    credit, debit = (round(cost["unit_amount"] * left / whole) for cost in (item["price"], new))
    return new, [_line(item["price"], -credit, at, end_), _line(new, debit, at, end_)]


def preview(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a change would cost."""
    made = thing(desk, str(params.get("subscription", "")), "subscription")
    _new, lines = _difference(desk, made, params["subscription_details"])
    return {"id": "upcoming_in_preview", "object": "invoice", "amount_due": max(0, sum(line["amount"] for line in lines)), "currency": made["currency"], "livemode": False}
