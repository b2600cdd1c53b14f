"""The club's money, of seats and of dues: every try to be paid and what became of it, what fits nothing we know, and the comparison with Stripe."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, cast, func, select

from models import db
from models.club import Booking, ClubEvent
from models.club_bank import TransferState
from models.club_membership import ClubDues, ClubMember, ClubTier, TierPrice
from models.club_money import MoneyIncident, Payment, Refund, RefundState, Way
from models.jobs import Job
from portal import clock
from portal.club import bank_account, bank_sums
from portal.club.refunds import COUNTED
from portal.club.telling import INCIDENTS
from portal.gateways.stripe import till
from portal.jobs.club import RECONCILE
from portal.jobs.verbs import enqueue
from portal.pages import club_words
from portal.pages.club_bank_words import RETURN_STATES, TRANSFER_STATES
from portal.pages.club_words import PAYMENT_STATES, WAYS
from portal.permissions import Can
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_money", __name__, url_prefix="/club/money")

COLUMNS = columns(
    Column("created", _l("Begun"), sort=True),
    Column("event", _l("For what")),
    Column("client", _l("Client")),
    Column("way", _l("Way of paying")),
    Column("amount", _l("Amount"), number=True, sort=True, money=True),
    Column("back", _l("Refunds"), number=True, money=True),
    Column("state", _l("State")),
)
_back = select(cast(func.coalesce(func.sum(Refund.amount), 0), BigInteger)).where(Refund.payment_id == Payment.id, Refund.state.in_(COUNTED)).correlate(Payment).scalar_subquery()
LISTING = Listing(
    tiebreak=Payment.id,
    sorts={"created": Payment.created_at, "amount": Payment.amount},
    default="-created",
    filters=(
        Filter("state", _l("State"), lambda text: Payment.state == text, choices=tuple((name, label) for name, (label, _tone) in PAYMENT_STATES.items())),
        Filter("way", _l("Way of paying"), lambda text: Payment.way == text, choices=tuple(WAYS.items())),
        Filter("client", _l("Client"), lambda text: (Booking.client_no == text) | (ClubMember.client_no == text)),
    ),
)


def _listed(asked: Asked) -> Any:
    client, title = func.coalesce(Booking.client_no, ClubMember.client_no).label("client_no"), func.coalesce(ClubEvent.title, ClubTier.name).label("title")
    query = select(Payment, client, title, _back.label("back"))
    query = query.outerjoin(Booking, Booking.id == Payment.booking_id).outerjoin(ClubEvent, ClubEvent.id == Booking.event_id)
    query = query.outerjoin(ClubDues, ClubDues.id == Payment.dues_id).outerjoin(ClubMember, ClubMember.id == ClubDues.member_id)
    return query.outerjoin(TierPrice, TierPrice.id == ClubDues.tier_price_id).outerjoin(ClubTier, ClubTier.id == TierPrice.tier_id)


LIST = declare(
    ListPage(
        "club_money.index",
        _l("Club payments"),
        LISTING,
        COLUMNS,
        source=_listed,
        sums={"amount": Payment.amount, "back": _back},
        fields=(
            Field("created", _l("Begun"), lambda row: row[0].created_at),
            Field("event", _l("For what"), lambda row: row.title),
            Field("client", _l("Client"), lambda row: row.client_no),
            Field("way", _l("Way of paying"), lambda row: str(WAYS[row[0].way])),
            Field("reference", _l("Reference of the order"), lambda row: row[0].reference or ""),
            Field("number", _l("Try"), lambda row: row[0].number),
            Field("amount", _l("Amount"), lambda row: amount(row[0].amount)),
            Field("back", _l("Refunds"), lambda row: amount(int(row.back))),
            Field("state", _l("State"), lambda row: str(PAYMENT_STATES[row[0].state][0])),
            Field("paid", _l("Paid"), lambda row: row[0].paid_at),
            Field("intent", _l("Number at Stripe"), lambda row: row[0].intent_id or ""),
        ),
    )
)


@bp.get("")
@requires(Can.CLUB_MONEY)
def index() -> ResponseReturnValue:
    """All tries, the newest first, below what somebody must look at."""
    incidents = db.session.execute(select(MoneyIncident).order_by(MoneyIncident.id.desc()).limit(20)).scalars().all()
    standing = bank_sums.standing()
    last = db.session.execute(select(Job).where(Job.kind == RECONCILE).order_by(Job.id.desc()).limit(1)).scalar_one_or_none()
    shown: dict[str, Any] = {
        "incidents": incidents,
        "kinds": INCIDENTS,
        "until": datetime.fromisoformat,
        "waiting": standing.back(Way.CARD, RefundState.DUE).count,
        "last": last,
        "states": PAYMENT_STATES,
        "ways": WAYS,
    }
    sums: dict[str, Any] = {"standing": standing, "differences": bank_sums.differences(standing), "lines": _lines(standing), "account": bank_account.present()}
    return show_list(LIST, "club/money.html", **shown, **sums, cards=till() is not None, words=club_words)


def _lines(standing: bank_sums.Standing) -> list[tuple[str, str, bank_sums.Sum]]:
    """The money by the way that it came: way, what, how many and how much (fen)."""
    card, transfer = str(WAYS[Way.CARD.value]), str(WAYS[Way.TRANSFER.value])
    on_its_way = standing.back(Way.CARD, RefundState.DUE, RefundState.PENDING)
    lines = [
        (card, _("Paid"), standing.paid.get(Way.CARD, bank_sums.NONE)),
        (card, _("Refunds on their way"), on_its_way),
        (card, _("Refunded"), standing.back(Way.CARD, RefundState.SUCCEEDED)),
    ]
    lines += [(transfer, str(label), standing.transfers.get(state, bank_sums.NONE)) for state, (label, _tone) in TRANSFER_STATES.items() if state != TransferState.VOID]
    lines.insert(4, (transfer, _("Recorded, no order found"), standing.unmatched))
    return [*lines, *((transfer, str(label), standing.returns.get(state, bank_sums.NONE)) for state, (label, _tone) in RETURN_STATES.items())]


@bp.post("/reconcile")
@requires(Can.CLUB_MONEY)
def reconcile() -> ResponseReturnValue:
    """Hold the books against Stripe's, and transfers against what they paid, in the background."""
    with transaction():
        enqueue(current_actor(), clock.now(), RECONCILE, {})
    flash(_("The books are being compared; reload the page in a moment."), "success")
    return redirect(url_for("club_money.index"), 303)
