"""Finance's desk of bank transfers: what came in by the bank's numbers, how it fits its order, and what is put before a second person."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models.club_bank import BankTransfer, TransferState
from models.club_money import Payment
from models.values.money import parse_yuan
from portal import clock
from portal.club import bank_in, bank_match, bank_sums
from portal.club.bank_in import Incoming
from portal.club.bank_match import MAY_PAY
from portal.club.bank_time import same_name
from portal.local_day import today
from portal.pages import club_words
from portal.pages.club_bank_words import FITS, TRANSFER_STATES
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_transfers", __name__, url_prefix="/club/money/transfers")

COLUMNS = columns(
    Column("received", _l("Received on"), sort=True),
    Column("serial", _l("Bank’s serial number")),
    Column("payer", _l("Payer")),
    Column("amount", _l("Amount"), number=True, sort=True, money=True),
    Column("order", _l("Reference of the order")),
    Column("state", _l("State")),
)
LISTING = Listing(
    tiebreak=BankTransfer.id,
    sorts={"received": BankTransfer.received_on, "amount": BankTransfer.amount},
    default="-received",
    filters=(
        Filter("state", _l("State"), lambda text: BankTransfer.state == text, choices=tuple((name, label) for name, (label, _tone) in TRANSFER_STATES.items())),
        Filter(
            "order",
            _l("Order"),
            lambda text: BankTransfer.payment_id.is_(None) if text == "none" else BankTransfer.payment_id.is_not(None),
            choices=(("none", _l("None found")), ("found", _l("Order found"))),
        ),
        Filter("payer", _l("Payer"), lambda text: BankTransfer.payer.icontains(text, autoescape=True)),
    ),
)


def _listed(asked: Asked) -> Any:
    return select(BankTransfer, Payment.reference).outerjoin(Payment, Payment.id == BankTransfer.payment_id)


LIST = declare(
    ListPage(
        "club_transfers.index",
        _l("Bank transfers"),
        LISTING,
        COLUMNS,
        source=_listed,
        sums={"amount": BankTransfer.amount},
        fields=(
            Field("received", _l("Received on"), lambda row: row[0].received_on),
            Field("serial", _l("Bank’s serial number"), lambda row: row[0].serial),
            Field("payer", _l("Payer"), lambda row: row[0].payer),
            Field("remark", _l("Words on the transfer"), lambda row: row[0].remark),
            Field("amount", _l("Amount"), lambda row: amount(row[0].amount)),
            Field("order", _l("Reference of the order"), lambda row: row.reference or ""),
            Field("state", _l("State"), lambda row: str(TRANSFER_STATES[row[0].state][0])),
            Field("recorded", _l("Recorded at"), lambda row: row[0].recorded_at),
            Field("by", _l("Recorded by"), lambda row: row[0].recorded_label),
            Field("settled", _l("Settled"), lambda row: row[0].settled_at),
        ),
    )
)


@bp.get("")
@requires(Can.CLUB_MONEY)
def index() -> ResponseReturnValue:
    """All transfers, the newest first."""
    return show_list(LIST, "club/transfers.html", states=TRANSFER_STATES, standing=bank_sums.standing())


@bp.get("/new")
@requires(Can.CLUB_MONEY)
def new() -> ResponseReturnValue:
    """An empty form."""
    return _form()


def _form(fault: str = "", status: int = 200) -> ResponseReturnValue:
    return render_template("club/transfer_new.html", typed=request.form, today=today().isoformat(), fault=fault), status


@bp.post("/new")
@requires(Can.CLUB_MONEY)
def record() -> ResponseReturnValue:
    """Write a transfer down; nothing is paid by that."""
    try:
        with transaction():
            made = bank_in.record(_typed(), today(), actor=current_actor(), moment=clock.now()).public_id
    except Refusal as refusal:
        return _form(_(refusal.message, **refusal.values), refusal.status)
    return redirect(url_for("club_transfers.show", transfer_id=made), 303)


def _typed() -> Incoming:
    """What was typed. Raises Refusal where it is no amount or no day."""
    try:
        yuan = parse_yuan(request.form.get("amount", "").strip().replace(",", ""))
        day = date.fromisoformat(request.form.get("received_on", ""))
    except ValueError as error:
        raise Refusal("an amount is written like 1200.00, and a day is chosen") from error
    return Incoming(request.form.get("serial", ""), day, yuan, request.form.get("payer", ""), request.form.get("remark", ""))


@bp.get("/<transfer_id>")
@requires(Can.CLUB_MONEY)
def show(transfer_id: str) -> ResponseReturnValue:
    """One transfer, held against its order, with what can be done."""
    return _page(transfer_id)


def _page(transfer_id: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    row = bank_in.by_public_id(transfer_id)
    open_now = row.state == TransferState.RECORDED
    found, order = bank_match.fit_of(row, clock.now())
    page = render_template(
        "club/transfer.html",
        row=row,
        order=order,
        found=FITS[found.value],
        may_pay=found in MAY_PAY,
        other=order is not None and not same_name(order.name, row.payer),
        open_now=open_now,
        likely=bank_match.likely(row) if open_now and order is None else [],
        state=TRANSFER_STATES[row.state],
        title=club_words.title,
        fault=fault,
    )
    return page, status


@bp.post("/<transfer_id>/match")
@requires(Can.CLUB_MONEY)
def match(transfer_id: str) -> ResponseReturnValue:
    """Say which order it is for."""
    return _done(transfer_id, lambda: bank_in.match(transfer_id, request.form.get("reference", "")[:60], actor=current_actor(), moment=clock.now()), _("Kept."))


@bp.post("/<transfer_id>/prepare")
@requires(Can.CLUB_MONEY)
def prepare(transfer_id: str) -> ResponseReturnValue:
    """Put it before a second person: it pays its order, or it goes back."""
    pay, note = request.form.get("effect") == "pays", request.form.get("note", "")
    said = _("Prepared. A second person approves exactly what you see.")
    return _done(transfer_id, lambda: bank_in.prepare(transfer_id, pay, note, actor=current_actor(), moment=clock.now()), said)


@bp.post("/<transfer_id>/void")
@requires(Can.CLUB_MONEY)
def void(transfer_id: str) -> ResponseReturnValue:
    """Take out what was typed in by mistake."""
    return _done(
        transfer_id, lambda: bank_in.void(transfer_id, request.form.get("note", ""), actor=current_actor(), moment=clock.now()), _("Taken out; its number may be recorded anew.")
    )


def _done(transfer_id: str, act: Any, said: str) -> ResponseReturnValue:
    try:
        with transaction():
            act()
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(transfer_id, _(refusal.message, **refusal.values), refusal.status)
    flash(said, "success")
    return redirect(url_for("club_transfers.show", transfer_id=transfer_id), 303)
