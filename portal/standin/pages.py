"""The stand-in's own pages: where one pays, and where one makes things happen that only Stripe or a bank does."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.standin import rules, rules_dues
from portal.standin.api import store
from portal.standin.wrong import Wrong

bp = Blueprint("pages", __name__)
WORDS = {
    "zh": {
        "title": "付款演示",
        "note": "这是演示付款页，不涉及真实资金，也不需要卡号。",
        "pays": "付款成功",
        "declined": "银行卡被拒绝",
        "later": "稍后到账",
        "how": "选择演示结果",
        "pay": "支付",
        "back": "返回",
        "refused": "您的银行卡被拒绝，请换一张再试。",
        "closed": "此付款页已关闭，没有扣款。",
        "seats": "张",
    },
    "en": {
        "title": "Payment demonstration",
        "note": "This page is a demonstration: no real money moves, and no card number is asked.",
        "pays": "The payment succeeds",
        "declined": "The card is declined",
        "later": "The money comes later",
        "how": "Choose what happens",
        "pay": "Pay",
        "back": "Back",
        "refused": "Your card was declined. Please try another one.",
        "closed": "This payment page is closed. Nothing was taken.",
        "seats": "×",
    },
}
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
DEEDS = ("settle_ok", "settle_failed", "refund_failed", "refund_succeeded", "dispute", "dispute_won", "dispute_lost")
DUES = {
    "renew_pays": lambda desk, number: rules_dues.renew(desk, number, "pays"),
    "renew_declined": lambda desk, number: rules_dues.renew(desk, number, "declined"),
    "renew_action": lambda desk, number: rules_dues.renew(desk, number, "action"),
    "subscription_ends": lambda desk, number: rules_dues.end(desk, number, "payment_failed"),
    "invoice_pays": lambda desk, number: rules_dues.settle(desk, number, "pays"),
}
"""What happens to a subscription as time passes, or to an invoice."""
WEBHOOKS = ("", "twice", "late", "forged", "reordered")


@bp.after_request
def harden(response: Response) -> Response:
    """Nothing from elsewhere, nothing kept."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def chosen_language(wanted: str = "") -> str:
    """In which language a page is shown: as asked for, else as the browser likes it."""
    chosen = wanted or request.args.get("lang") or request.accept_languages.best_match(["zh", "zh-CN", "en"]) or "zh"
    return "en" if chosen.startswith("en") else "zh"


def _words() -> dict[str, str]:
    language = chosen_language()
    return WORDS[language] | {"lang": "en" if language == "en" else "zh-Hans-CN"}


@bp.get("/pay/<number>")
def page(number: str) -> ResponseReturnValue:
    """Where the payer pays."""
    return _page(number)


def _page(number: str, refused: bool = False, status: int = 200) -> ResponseReturnValue:
    try:
        with store().change() as desk:
            found = rules.session(desk, number)
    except Wrong:
        abort(404)
    return render_template(
        "standin/pay.html", session=found, words=_words(), refused=refused, amount=f"{found['amount_total'] / 100:,.2f}", currency=found["currency"].upper()
    ), status


@bp.post("/pay/<number>")
def pay(number: str) -> ResponseReturnValue:
    """The payer has decided."""
    try:
        with store().change() as desk:
            found = rules.pay(desk, number, request.form.get("how", "pays"))
    except Wrong as error:
        return _page(number, refused=error.status == 402, status=error.status)
    wake()
    return redirect(found["success_url"].replace("{CHECKOUT_SESSION_ID}", number), 303)


@bp.get("/")
def desk_page() -> ResponseReturnValue:
    """Everything the stand-in knows."""
    with store().change() as desk:
        kinds: dict[str, Any] = {kind: desk.all(kind)[:50] for kind in ("checkout.session", "payment_intent", "subscription", "invoice", "refund", "dispute", "event")}
        how = desk.switch("webhooks")
    return render_template("standin/desk.html", kinds=kinds, how=how, choices=WEBHOOKS)


@bp.post("/do")
def do() -> ResponseReturnValue:
    """Make something happen: what a bank decides, or how webhooks travel."""
    deed, number = request.form.get("deed", ""), request.form.get("id", "")
    try:
        with store().change() as desk:
            if deed == "webhooks" and request.form.get("how", "") in WEBHOOKS:
                desk.turn("webhooks", request.form["how"])
            elif deed in DUES:
                DUES[deed](desk, number)
            elif deed in DEEDS:
                _deed(desk, deed, number)
    except Wrong as error:
        return error.body["error"]["message"], error.status
    wake()
    return redirect(request.script_root + "/", 303)


def _deed(desk: Any, deed: str, number: str) -> None:
    if deed.startswith("settle"):
        rules.settle(desk, number, deed == "settle_ok")
    elif deed.startswith("refund"):
        rules.end_refund(desk, number, deed.removeprefix("refund_"))
    elif deed == "dispute":
        rules.dispute(desk, number)
    else:
        rules.end_dispute(desk, number, deed.removeprefix("dispute_"))


def wake() -> None:
    """Let what is to be told go out at once."""
    postman = current_app.config["POSTMAN"]
    if postman is not None:
        postman.wake()


@bp.get("/style.css")
def style() -> Response:
    """The pages' own style."""
    return Response(render_template("standin/style.css"), mimetype="text/css")
