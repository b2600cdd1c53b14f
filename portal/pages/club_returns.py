"""What the club is to transfer back: refunds of what transfers paid, and transfers that fit no order; until a serial number is approved."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from models.club_bank import BankReturn, BankTransfer, ReturnState, TransferState
from models.club_money import Payment, Refund
from portal import clock
from portal.club import bank_back
from portal.local_day import today
from portal.pages.club_bank_words import RETURN_STATES, WHYS
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_returns", __name__, url_prefix="/club/money/returns")

COLUMNS = columns(
    Column("asked", _l("Since"), sort=True),
    Column("payee", _l("Goes back to")),
    Column("why", _l("Why")),
    Column("amount", _l("Amount"), number=True, sort=True, money=True),
    Column("serial", _l("Bank’s serial number")),
    Column("state", _l("State")),
)
LISTING = Listing(
    tiebreak=BankReturn.id,
    sorts={"asked": BankReturn.asked_at, "amount": BankReturn.amount},
    default="-asked",
    filters=(Filter("state", _l("State"), lambda text: BankReturn.state == text, choices=tuple((name, label) for name, (label, _tone) in RETURN_STATES.items())),),
)


def _listed(asked: Asked) -> Any:
    """With who transferred it: of a refund, whose transfer paid the order."""
    own, paid = aliased(BankTransfer), aliased(BankTransfer)
    query = select(BankReturn, func.coalesce(own.payer, paid.payer).label("payee"), func.coalesce(Refund.why, BankReturn.why).label("cause"), Payment.reference)
    query = query.outerjoin(own, own.id == BankReturn.transfer_id).outerjoin(Refund, Refund.id == BankReturn.refund_id)
    query = query.outerjoin(paid, (paid.payment_id == Refund.payment_id) & (paid.state == TransferState.TAKEN))
    return query.outerjoin(Payment, Payment.id == func.coalesce(own.payment_id, Refund.payment_id))


LIST = declare(
    ListPage(
        "club_returns.index",
        _l("To be transferred back"),
        LISTING,
        COLUMNS,
        source=_listed,
        sums={"amount": BankReturn.amount},
        fields=(
            Field("asked", _l("Since"), lambda row: row[0].asked_at),
            Field("payee", _l("Goes back to"), lambda row: row.payee or ""),
            Field("why", _l("Why"), lambda row: str(WHYS.get(row.cause, row.cause))),
            Field("order", _l("Reference of the order"), lambda row: row.reference or ""),
            Field("amount", _l("Amount"), lambda row: amount(row[0].amount)),
            Field("serial", _l("Bank’s serial number"), lambda row: row[0].serial or ""),
            Field("sent", _l("Transferred on"), lambda row: row[0].sent_on),
            Field("state", _l("State"), lambda row: str(RETURN_STATES[row[0].state][0])),
            Field("settled", _l("Settled"), lambda row: row[0].settled_at),
        ),
    )
)


@bp.get("")
@requires(Can.CLUB_MONEY)
def index() -> ResponseReturnValue:
    """All that goes back, the newest first."""
    return show_list(LIST, "club/returns.html", states=RETURN_STATES, whys=WHYS)


@bp.get("/<return_id>")
@requires(Can.CLUB_MONEY)
def show(return_id: str) -> ResponseReturnValue:
    """One thing that goes back, and the form for the number of the transfer that took it."""
    return _page(return_id)


def _page(return_id: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    found = bank_back.owed(return_id)
    row = found.row
    page = render_template(
        "club/return.html",
        row=row,
        owed=found,
        why=WHYS.get(found.why, found.why),
        state=RETURN_STATES[row.state],
        due=row.state == ReturnState.DUE,
        typed=request.form,
        today=today().isoformat(),
        fault=fault,
    )
    return page, status


@bp.post("/<return_id>")
@requires(Can.CLUB_MONEY)
def prepare(return_id: str) -> ResponseReturnValue:
    """Put before a second person that it was transferred back."""
    try:
        with transaction():
            bank_back.prepare(return_id, request.form.get("serial", ""), _day(), today(), actor=current_actor(), moment=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(return_id, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Prepared. A second person approves exactly what you see."), "success")
    return redirect(url_for("club_returns.show", return_id=return_id), 303)


def _day() -> date:
    try:
        return date.fromisoformat(request.form.get("sent_on", ""))
    except ValueError as error:
        raise Refusal("choose the day of the transfer") from error
