"""The endpoints for dues that Stripe's library calls."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from portal.standin import rules_dues
from portal.standin.api import check_key, posted, store, wrong
from portal.standin.wrong import Wrong

bp = Blueprint("api_dues", __name__, url_prefix="/v1")
bp.before_request(check_key)
bp.register_error_handler(Wrong, wrong)


@bp.post("/customers")
def customer() -> ResponseReturnValue:
    """Write a payer down."""
    return posted(rules_dues.customer)


@bp.post("/prices")
def price() -> ResponseReturnValue:
    """Write a price down."""
    return posted(rules_dues.price)


@bp.get("/subscriptions/<number>")
def subscription(number: str) -> ResponseReturnValue:
    """A subscription."""
    with store().change() as desk:
        return jsonify(rules_dues.thing(desk, number, "subscription"))


@bp.post("/subscriptions/<number>")
def change(number: str) -> ResponseReturnValue:
    """Change a subscription."""
    return posted(lambda desk, params: rules_dues.change(desk, number, params))


@bp.delete("/subscriptions/<number>")
def end(number: str) -> ResponseReturnValue:
    """End a subscription at once."""
    return posted(lambda desk, params: rules_dues.end(desk, number))


@bp.get("/invoices/<number>")
def invoice(number: str) -> ResponseReturnValue:
    """An invoice."""
    with store().change() as desk:
        return jsonify(rules_dues.thing(desk, number, "invoice"))


@bp.post("/invoices/create_preview")
def preview() -> ResponseReturnValue:
    """What a change would cost."""
    return posted(rules_dues.preview)
