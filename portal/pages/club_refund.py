"""Dues given back at the desk: how the payment stands, what would happen, and doing it or putting it before a second person."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.values.money import parse_yuan, yuan
from portal import clock
from portal.club import desk_refunds
from portal.club.desk_refunds import Asked, Standing
from portal.club.own_membership import shelf
from portal.local_day import today
from portal.pages import club_member_words
from portal.pages.club_bank_words import WHYS
from portal.pages.club_words import PAYMENT_STATES, REFUND_STATES, WAYS
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_refund", __name__, url_prefix="/club/money/payments")


@bp.get("/<payment_key>/refund")
@requires(Can.CLUB_MONEY)
def show(payment_key: str) -> ResponseReturnValue:
    """The payment, what the policy would give, and the form."""
    return _page(payment_key)


@bp.post("/<payment_key>/refund/look")
@requires(Can.CLUB_MONEY)
def look(payment_key: str) -> ResponseReturnValue:
    """What would happen."""
    found = desk_refunds.standing(payment_key, today(), actor=current_actor())
    try:
        asked = desk_refunds.checked(_asked(), found, actor=current_actor())
    except Refusal as refusal:
        return _page(payment_key, refusal)
    return render_template(
        "club/refund_look.html",
        found=found,
        asked=asked,
        why=WHYS[asked.why],
        second=desk_refunds.needs_second(found, asked.amount),
        points_back=desk_refunds.points_back(found, asked.amount),
        hidden=[(name, request.form.get(name, "")) for name in ("amount", "why", "words", "membership", "subscription", "left")],
        words=club_member_words,
        day=today(),
    )


@bp.post("/<payment_key>/refund")
@requires(Can.CLUB_MONEY)
def give_back(payment_key: str) -> ResponseReturnValue:
    """Give back, or put it before a second person."""
    actor = current_actor()
    try:
        with transaction():
            waits = desk_refunds.give_back(payment_key, _asked(), today(), actor=actor, moment=clock.now()) is not None
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(payment_key, refusal)
    flash(_("Prepared. A second person approves exactly what you see.") if waits else _("Written down: the money goes back in a moment."), "success")
    return redirect(url_for("club_refund.show", payment_key=payment_key), 303)


def _page(payment_key: str, refusal: Refusal | None = None) -> ResponseReturnValue:
    found: Standing = desk_refunds.standing(payment_key, today(), actor=current_actor())
    page = render_template(
        "club/refund.html",
        found=found,
        obstacle=_(found.obstacle) if found.obstacle else "",
        usual=yuan(found.by_policy),
        reasons={key.value: WHYS[key] for key in desk_refunds.REASONS},
        whys=WHYS,
        alone_most=desk_refunds.ALONE_MOST,
        states=PAYMENT_STATES,
        refund_states=REFUND_STATES,
        ways=WAYS,
        shelf=shelf(),
        words=club_member_words,
        typed=request.form,
        fault=_(refusal.message, **refusal.values) if refusal is not None else "",
    )
    return page, refusal.status if refusal is not None else 200


def _asked() -> Asked:
    """What the form says. Raises Refusal where it does not say it."""
    form = request.form
    try:
        amount = parse_yuan(form.get("amount", "").strip().replace(",", ""))
    except ValueError as error:
        raise Refusal("an amount is written like 1200.00") from error
    if form.get("membership") not in {"ends", "stays"} or form.get("subscription", "stays") not in {"ends", "stays", ""}:
        raise Refusal("say whether the membership stays or ends")
    left = form.get("left", "")
    shown = int(left) if left.isascii() and left.isdigit() and len(left) < 15 else -1
    return Asked(amount, form.get("why", ""), form.get("words", ""), form.get("membership") == "ends", form.get("subscription") == "ends", shown)
