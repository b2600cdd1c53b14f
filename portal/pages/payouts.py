"""Payment runs: what the next one pays, its preview, its payments, the bank's file, and what the bank did with each."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import case, func, select

from models import db
from models.commission import MonthClose
from models.partners import Broker
from models.payouts import BatchState, Payee, Payout, PayoutBatch, PayoutState
from portal import clock, local_day
from portal.commission import payees, payout_handing, payout_settling, payouts
from portal.commission.payout_settling import Answer
from portal.keys import keyring
from portal.pages.commission_lists import month_of
from portal.pages.payout_lists import BATCH_LIST, DUE_LIST, PAYMENT_LIST, due_frame, least
from portal.pages.payout_words import BATCHES, PAYMENTS, WAITS
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import show_list
from portal.web.requests import request_id

bp = Blueprint("payouts", __name__, url_prefix="/commission/payouts")


@bp.get("")
@requires(Can.PAYOUT_SEE)
def index() -> ResponseReturnValue:
    """All runs, the newest first; and the way to the next one."""
    last = db.session.execute(select(func.max(MonthClose.period))).scalar()
    return show_list(BATCH_LIST, "payouts/index.html", states=BATCHES, last=last, may=current_actor().may(Can.PAYOUT_PREPARE))


@bp.get("/next/<period>")
@requires(Can.PAYOUT_SEE)
def due(period: str) -> ResponseReturnValue:
    """What a run up to a month would pay, and what waits and why."""
    return _due(str(month_of(period)))


def _due(period: str, fault: str = "") -> ResponseReturnValue:
    rows = payouts.due(period, least())
    paid = [one for one in rows if not one.waits]
    counts = {name: (sum(one.waits == name for one in rows), sum(one.amount for one in rows if one.waits == name)) for name in WAITS}
    words = {"waits": {name or "paid": said for name, said in WAITS.items()}, "counts": {name or "paid": said for name, said in counts.items()}}
    shown = {"period": period, "digest": payouts.digest_of(rows), "brokers": len({one.broker_id for one in paid}), "least": least(), "fault": fault}
    closed = db.session.get(MonthClose, period) is not None
    return show_list(DUE_LIST, "payouts/due.html", source=due_frame(rows), closed=closed, may=current_actor().may(Can.PAYOUT_PREPARE), **shown, **words)


@bp.post("/next/<period>")
@requires(Can.PAYOUT_PREPARE)
def prepare(period: str) -> ResponseReturnValue:
    """Put the run that was shown before a second person."""
    which = str(month_of(period))
    try:
        if request.form.get("typed", "").strip() != which:
            raise Refusal("type %(period)s to say that you mean this month", period=which)
        with transaction():
            number = payouts.prepare(which, request.form.get("digest", ""), least(), actor=current_actor(), moment=clock.now()).number
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
        return redirect(url_for("payouts.due", period=which), 303)
    flash(_("Prepared. A second person approves exactly what you see."), "success")
    return redirect(url_for("payouts.show", batch_no=number), 303)


@bp.get("/<batch_no>")
@requires(Can.PAYOUT_SEE)
def show(batch_no: str) -> ResponseReturnValue:
    """A run with its payments, how far it is, and what can be done."""
    batch = payouts.batch_of(batch_no)
    may = current_actor().may(Can.PAYOUT_PREPARE) and batch.state in {BatchState.APPROVED, BatchState.DONE}
    return show_list(PAYMENT_LIST, "payouts/show.html", batch=batch, sums=_sums(batch), states=PAYMENTS, batch_state=BATCHES[batch.state], may=may, today=local_day.today())


def _sums(batch: PayoutBatch) -> dict[str, tuple[int, int]]:
    """How many payments of a run are in each state, and what they come to."""
    query = select(Payout.state, func.count(), func.sum(Payout.amount)).where(Payout.batch_id == batch.id).group_by(Payout.state)
    order = case({state.value: place for place, state in enumerate(PayoutState)}, value=Payout.state)
    return {state: (count, int(total)) for state, count, total in db.session.execute(query.order_by(order))}


@bp.post("/<batch_no>/file")
@requires(Can.PAYOUT_PREPARE)
def bank_file(batch_no: str) -> ResponseReturnValue:
    """The file that is handed to the bank, account numbers in the clear: only of an approved run, with a reason, and in the log."""
    form = "xlsx" if request.form.get("form") == "xlsx" else "csv"
    with transaction():
        reason, now = request.form.get("reason", ""), clock.now()
        rows = payout_handing.hand_over(batch_no, form, reason, actor=current_actor(), moment=now, ring=keyring(), request_id=request_id())
    headings = [_("Reference of the payment"), _("Holder of the account"), _("Bank account number"), _("Bank"), _("Amount"), _("Purpose")]
    lines = [(row.reference, row.holder, row.account_no, row.bank, amount(row.amount), _("Commission %(period)s", period=row.period)) for row in rows]
    return taken_out(form, f"payments-{batch_no}", headings, lines)


@bp.post("/<batch_no>/paid")
@requires(Can.PAYOUT_PREPARE)
def all_paid(batch_no: str) -> ResponseReturnValue:
    """The bank did all that was open, on one day under one number."""
    payouts.batch_of(batch_no)  # a run that there is not is said before anything about its form
    form, actor = request.form, current_actor()
    try:
        with transaction():
            count = payout_settling.settle_rest(batch_no, _day(form.get("paid_on", "")), form.get("serial", ""), local_day.today(), actor=actor, moment=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
    else:
        flash(_("Kept: %(count)s payments are paid.", count=count), "success")
    return redirect(url_for("payouts.show", batch_no=batch_no), 303)


@bp.get("/<batch_no>/<payment_ref>")
@requires(Can.PAYOUT_SEE)
def payment(batch_no: str, payment_ref: str) -> ResponseReturnValue:
    """One payment, and what can be done with it."""
    return _payment(batch_no, payment_ref)


def _payment(batch_no: str, reference: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    query = select(Payout, PayoutBatch, Payee, Broker.broker_no).join(PayoutBatch, PayoutBatch.id == Payout.batch_id).join(Payee, Payee.id == Payout.payee_id)
    found = db.session.execute(query.join(Broker, Broker.id == Payout.broker_id).where(PayoutBatch.number == batch_no, Payout.reference == reference)).one_or_none()
    if found is None:
        raise NotFound("there is no payment %(reference)s", reference=reference[:40])
    shown = {"row": found.Payout, "batch": found.PayoutBatch, "broker_no": found.broker_no, "account": payees.shown(found.Payee), "holder": found.Payee.holder}
    page = render_template(
        "payouts/payment.html", **shown, state=PAYMENTS[found.Payout.state], may=current_actor().may(Can.PAYOUT_PREPARE), typed=request.form, today=local_day.today(), fault=fault
    )
    return page, status


@bp.post("/<batch_no>/<payment_ref>")
@requires(Can.PAYOUT_PREPARE)
def settle(batch_no: str, payment_ref: str) -> ResponseReturnValue:
    """The bank paid one payment, or it failed, or it came back."""
    try:
        with transaction():
            _settle_one(batch_no, payment_ref)
    except NotFound:
        raise
    except Refusal as refusal:
        return _payment(batch_no, payment_ref, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Kept."), "success")
    return redirect(url_for("payouts.show", batch_no=batch_no), 303)


def _settle_one(batch_no: str, reference: str) -> None:
    """Raises NotFound where the payment is of another run; and as the verbs do."""
    form, actor, moment = request.form, current_actor(), clock.now()
    found = select(Payout.state).join(PayoutBatch, PayoutBatch.id == Payout.batch_id).where(PayoutBatch.number == batch_no, Payout.reference == reference)
    state = db.session.execute(found).scalar_one_or_none()
    if state is None:
        raise NotFound("there is no payment %(reference)s", reference=reference[:40])
    if form.get("wish") == "returned" and state == PayoutState.PAID:
        payout_settling.give_back(reference, form.get("why", ""), actor=actor, moment=moment)
        return
    paid_on = None if form.get("wish") == "returned" else _day(form.get("paid_on", ""))
    payout_settling.settle(batch_no, [Answer(reference, paid_on, form.get("serial", ""), form.get("why", ""))], local_day.today(), actor=actor, moment=moment)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refusal("choose the day on which the bank paid") from error
