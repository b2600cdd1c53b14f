"""What every broker is owed, and of one: his account, whether payments are held back, and all payments to him."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.partners import Broker
from models.payouts import PayeeState, Payout, PayoutBatch, PayoutState
from portal import clock
from portal.commission import payees, payout_balances, payout_holds
from portal.commission.queries import name_of
from portal.keys import keyring
from portal.pages.payout_lists import BALANCE_LIST, balance_frame
from portal.pages.payout_words import HOLDS, PAYMENTS
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import show_list
from portal.web.requests import request_id

bp = Blueprint("payees", __name__, url_prefix="/commission/payees")


@bp.get("")
@requires(Can.PAYOUT_SEE)
def index() -> ResponseReturnValue:
    """Every broker's balance, to the fen."""
    return show_list(BALANCE_LIST, "payouts/balances.html", source=balance_frame(), holds=HOLDS)


def _broker(number: str) -> Broker:
    broker = db.session.execute(select(Broker).where(Broker.broker_no == number)).scalar_one_or_none()
    if broker is None:
        raise NotFound("there is no broker %(number)s that you may see", number=number[:64])
    return broker


@bp.get("/<payee_no>")
@requires(Can.PAYOUT_SEE)
def show(payee_no: str) -> ResponseReturnValue:
    """One broker's money."""
    return _page(payee_no)


def _page(number: str, fault: str = "", status: int = 200, account_no: str = "") -> ResponseReturnValue:
    broker = _broker(number)
    rows = select(Payout, PayoutBatch.number).join(PayoutBatch, PayoutBatch.id == Payout.batch_id).where(Payout.broker_id == broker.id, Payout.state != PayoutState.VOID)
    balance = db.session.execute(payout_balances.balances().where(Broker.id == broker.id)).one_or_none()
    page = render_template(
        "payouts/payee.html",
        broker_no=broker.broker_no,
        name=name_of(broker),
        balance=balance,
        account=payees.account_of(broker.id),
        waiting=payees.account_of(broker.id, PayeeState.WAITING),
        hold=payout_holds.hold_of(broker.id),
        payments=db.session.execute(rows.order_by(Payout.id.desc()).limit(60)).all(),
        states=PAYMENTS,
        holds=HOLDS,
        may=current_actor().may(Can.PAYOUT_PREPARE),
        typed=request.form,
        fault=fault,
        account_no=account_no,
    )
    return page, status


@bp.post("/<payee_no>/account")
@requires(Can.PAYOUT_PREPARE)
def propose(payee_no: str) -> ResponseReturnValue:
    """Put another account before a second person."""
    holder, bank, number = (request.form.get(name, "") for name in ("holder", "bank", "account_no"))
    said = _("Prepared. A second person approves exactly what you see.")
    return _done(payee_no, lambda broker: payees.propose(broker, holder, bank, number, actor=current_actor(), moment=clock.now(), ring=keyring()), said)


@bp.post("/<payee_no>/reveal")
@requires(Can.PAYOUT_PREPARE)
def reveal(payee_no: str) -> ResponseReturnValue:
    """The account number in the clear, with a reason that stands in the log."""
    broker = _broker(payee_no)
    account = payees.account_of(broker.id)
    if account is None:
        raise NotFound("this broker has no account")
    try:
        with transaction():
            reason = request.form.get("reason", "")
            number = payees.reveal(account, broker.broker_no, reason=reason, actor=current_actor(), moment=clock.now(), ring=keyring(), request_id=request_id())
    except Refusal as refusal:
        return _page(payee_no, _(refusal.message, **refusal.values), refusal.status)
    return _page(payee_no, account_no=number)


@bp.post("/<payee_no>/hold")
@requires(Can.PAYOUT_PREPARE)
def hold(payee_no: str) -> ResponseReturnValue:
    """Hold a broker's payments back, or let them go again."""
    why, note = request.form.get("why", ""), request.form.get("note", "")
    if request.form.get("wish") == "end":
        return _done(payee_no, lambda broker: payout_holds.end(broker, note, actor=current_actor(), moment=clock.now()), _("The payments are in the next payment run again."))
    return _done(payee_no, lambda broker: payout_holds.place(broker, why, note, actor=current_actor(), moment=clock.now()), _("From now on the payments are held back."))


def _done(number: str, act: Callable[[Broker], object], said: str) -> ResponseReturnValue:
    try:
        with transaction():
            act(_broker(number))
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(number, _(refusal.message, **refusal.values), refusal.status)
    flash(said, "success")
    return redirect(url_for("payees.show", payee_no=number), 303)
