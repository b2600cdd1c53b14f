"""The stand-in's page for payers of subscriptions, as Stripe's billing portal: another card, invoices, the end of a subscription or its going on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.standin import rules_dues
from portal.standin.api import check_key, posted, store, wrong
from portal.standin.pages import chosen_language, harden, wake
from portal.standin.store import Desk, new_id, now
from portal.standin.wrong import Wrong

api = Blueprint("api_portal", __name__, url_prefix="/v1")
api.before_request(check_key)
api.register_error_handler(Wrong, wrong)
bp = Blueprint("portal", __name__)
bp.after_request(harden)

LASTS = 3600
"""Seconds for which a page goes on after it was opened."""
WORDS = {
    "zh": {"title": "账单管理演示", "note": "这是演示页，不涉及真实资金，也不需要卡号。", "card": "付款卡", "other": "更换付款卡", "due": "下次扣款", "ends": "将于到期日终止", "cancel": "到期后终止订阅", "keep": "继续订阅", "bills": "账单", "paid": "已支付", "open": "待支付", "back": "返回", "over": "此页面已过期，请从会员页面重新打开。", "none": "没有订阅"},
    "en": {
        "title": "Billing demonstration",
        "note": "This page is a demonstration: no real money moves, and no card number is asked.",
        "card": "Card",
        "other": "Use another card",
        "due": "Next payment",
        "ends": "Ends on",
        "cancel": "Cancel at the end of the period",
        "keep": "Keep the subscription",
        "bills": "Invoices",
        "paid": "Paid",
        "open": "Open",
        "back": "Back",
        "over": "This page has expired: open it again from the membership page.",
        "none": "No subscription",
    },
}  # fmt: skip


@api.post("/billing_portal/sessions")
def open_portal() -> ResponseReturnValue:
    """Open the page of a customer."""
    address = current_app.config["ADDRESS"] or request.url_root.rstrip("/")
    return posted(lambda desk, params: session(desk, params, address))


def session(desk: Desk, params: Mapping[str, Any], address: str) -> dict[str, Any]:
    """A new session of the page. Raises Wrong for a customer that there is not, or a way back that is no address."""
    customer = rules_dues.thing(desk, str(params.get("customer", "")), "customer")
    if not str(params.get("return_url", "")).startswith(("http://", "https://")):
        raise Wrong("Not a valid URL: return_url")
    number = new_id("bps")
    made = {"id": number, "object": "billing_portal.session", "customer": customer["id"], "return_url": params["return_url"], "locale": params.get("locale"), "created": now()}
    made |= {"livemode": False, "url": f"{address}/portal/{number}", "configuration": "bpc_standin", "flow": None, "on_behalf_of": None}
    desk.put(made)
    return made


def subscriptions_of(desk: Desk, customer: str) -> list[dict[str, Any]]:
    """A customer's subscriptions that are not over."""
    return [row for row in desk.all("subscription") if row["customer"] == customer and row["status"] not in rules_dues.OVER]


def change_card(desk: Desk, customer: str) -> None:
    """Another card of the customer: attached, and the one from which the next invoice is paid."""
    found = rules_dues.thing(desk, customer, "customer")
    last = f"{(int(found.get('card', '4242')) + 1111) % 10000:04d}"
    method = {"id": new_id("pm"), "object": "payment_method", "type": "card", "customer": customer, "card": {"last4": last}, "created": now(), "livemode": False}
    desk.put(method)
    found |= {"card": last, "invoice_settings": {"default_payment_method": method["id"]}}
    desk.put(found)
    desk.tell("payment_method.attached", method)
    desk.tell("customer.updated", found)


@bp.get("/portal/<number>")
def page(number: str) -> ResponseReturnValue:
    """The page."""
    with store().change() as desk:
        found = _found(desk, number)
        if found is None:
            abort(404)
        customer = rules_dues.thing(desk, found["customer"], "customer")
        bills = [row for row in desk.all("invoice") if row["customer"] == found["customer"]][:20]
        own = subscriptions_of(desk, found["customer"])
    language = chosen_language(found["locale"] or "")
    shown = {"session": found, "card": customer.get("card", "4242"), "bills": bills, "own": own, "over": now() > found["created"] + LASTS}
    return render_template("standin/portal.html", **shown, words=WORDS[language] | {"lang": "en" if language == "en" else "zh-Hans-CN"}, day=_day)


@bp.post("/portal/<number>")
def do(number: str) -> ResponseReturnValue:
    """The payer changes something of his own."""
    deed, subscription = request.form.get("deed", ""), request.form.get("id", "")
    try:
        with store().change() as desk:
            found = _found(desk, number)
            if found is None or now() > found["created"] + LASTS:
                abort(404)
            if deed == "card":
                change_card(desk, found["customer"])
            elif subscription in {row["id"] for row in subscriptions_of(desk, found["customer"])}:
                rules_dues.change(desk, subscription, {"cancel_at_period_end": "true" if deed == "cancel" else "false"})
            else:
                abort(404)
    except Wrong as error:
        return error.body["error"]["message"], error.status
    wake()
    return redirect(f"{request.script_root}/portal/{number}", 303)


def _found(desk: Desk, number: str) -> dict[str, Any] | None:
    found = desk.get(number)
    return found if found is not None and found["object"] == "billing_portal.session" else None


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
