"""Vouchers at the desk: all codes with how often they were used, making new ones, ending one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from models import db
from models.club import Booking, ClubEvent, EventState, TicketKind
from models.club_reserve import SeatPool, Voucher, VoucherUse
from models.values.money import parse_yuan
from portal import clock, local_day
from portal.club import capacity, vouchers
from portal.club.vouchers import Terms
from portal.pages import club_words
from portal.pages.club_waiting_words import POOL_REASONS
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_vouchers", __name__, url_prefix="/club/vouchers")
COLUMNS = columns(
    Column("code", _l("Code"), sort=True),
    Column("worth", _l("Worth")),
    Column("event", _l("Event")),
    Column("used", _l("Used"), number=True),
    Column("ends", _l("Ends"), sort=True),
    Column("note", _l("Note")),
    Column("made", _l("Made"), sort=True),
)
LISTING = Listing(
    tiebreak=Voucher.id,
    sorts={"code": Voucher.code, "ends": Voucher.ends_at, "made": Voucher.created_at},
    default="-made",
    filters=(
        Filter("code", _l("Code"), lambda text: Voucher.code.contains(vouchers.cleaned(text), autoescape=True)),
        Filter("note", _l("Note"), lambda text: Voucher.note.contains(text, autoescape=True)),
    ),
)


def _vouchers(asked: Asked) -> Any:
    used = select(VoucherUse.voucher_id, func.count().label("used")).join(Booking, Booking.id == VoucherUse.booking_id).where(capacity.holding(clock.now()))
    counted = used.group_by(VoucherUse.voucher_id).subquery()
    query = select(Voucher, ClubEvent, func.coalesce(counted.c.used, 0).label("used")).outerjoin(ClubEvent, ClubEvent.id == Voucher.event_id)
    return query.outerjoin(counted, counted.c.voucher_id == Voucher.id)


LIST = declare(
    ListPage(
        "club_vouchers.index",
        _l("Vouchers"),
        LISTING,
        COLUMNS,
        source=_vouchers,
        fields=(
            Field("code", _l("Code"), lambda row: row[0].code),
            Field("percent", _l("Percent"), lambda row: row[0].percent),
            Field("off", _l("Off each seat"), lambda row: amount(row[0].off)),
            Field("event", _l("Event"), lambda row: row[1].title if row[1] else ""),
            Field("used", _l("Used"), lambda row: int(row.used)),
            Field("most", _l("Bookings each"), lambda row: row[0].uses_most),
            Field("ends", _l("Ends"), lambda row: row[0].ended_at or row[0].ends_at),
            Field("note", _l("Note"), lambda row: row[0].note),
        ),
    )
)


@bp.get("")
@requires(Can.CLUB_EDIT)
def index() -> ResponseReturnValue:
    """All codes."""
    return show_list(LIST, "club/vouchers.html", now=clock.now(), words=club_words)


@bp.get("/new")
@requires(Can.CLUB_EDIT)
def new() -> ResponseReturnValue:
    """An empty form."""
    return _form()


def _form(fault: str = "", status: int = 200) -> ResponseReturnValue:
    """What a voucher can be for: events that are not over, their kinds of tickets and their kept seats."""
    found = (
        db.session.execute(select(ClubEvent).where(ClubEvent.state != EventState.CANCELLED, ClubEvent.sales_end_at > clock.now()).order_by(ClubEvent.sales_end_at).limit(100))
        .scalars()
        .all()
    )
    numbers = [event.id for event in found]
    kinds = db.session.execute(select(TicketKind).where(TicketKind.event_id.in_(numbers), TicketKind.on_sale).order_by(TicketKind.position)).scalars().all()
    pools = db.session.execute(select(SeatPool).where(SeatPool.event_id.in_(numbers)).order_by(SeatPool.id)).scalars().all()
    return render_template("club/voucher_new.html", found=found, kinds=kinds, pools=pools, reasons=POOL_REASONS, words=club_words, typed=request.form, fault=fault), status


@bp.post("/new")
@requires(Can.CLUB_EDIT)
def create() -> ResponseReturnValue:
    """Make codes."""
    try:
        with transaction():
            made = vouchers.create(_terms(), _number("count"), actor=current_actor(), moment=clock.now())
            first, count = made[0].public_id, len(made)
    except Refusal as refusal:
        return _form(_(refusal.message, **refusal.values), refusal.status)
    flash(_("Made."), "success")
    return redirect(url_for("club_vouchers.show", voucher_id=first) if count == 1 else url_for("club_vouchers.index"), 303)


def _number(name: str) -> int:
    typed = request.form.get(name, "").strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 12 else -1


def _terms() -> Terms:
    """What was typed. Raises Refusal where it is no amount, no day or nothing that there is."""
    try:
        off = parse_yuan(request.form.get("off", "").strip().replace(",", "") or "0")
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError as error:
        raise Refusal("an amount is written like 1200.00, and a day is chosen") from error
    ends_at = datetime.combine(day + timedelta(days=1), time(), local_day.zone()).astimezone(UTC)
    percent = _number("percent") if request.form.get("percent", "").strip() else 0
    return Terms(percent, off, _number("uses"), ends_at, *_for(request.form.get("for", "")), note=request.form.get("note", "").replace("\0", ""))


def _for(chosen: str) -> tuple[int | None, int | None, int | None]:
    """Event, kind of ticket and pool that a choice names; all empty: every event."""
    what, _colon, text = chosen.partition(":")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    if what == "event":
        return number, None, None
    if what == "kind":
        return db.session.execute(select(TicketKind.event_id).where(TicketKind.id == number)).scalar(), number, None
    if what == "pool":
        return db.session.execute(select(SeatPool.event_id).where(SeatPool.id == number)).scalar(), None, number
    return None, None, None


@bp.get("/<voucher_id>")
@requires(Can.CLUB_EDIT)
def show(voucher_id: str) -> ResponseReturnValue:
    """One code: what it is worth, who used it, and ending it."""
    row = db.session.execute(select(Voucher, ClubEvent).outerjoin(ClubEvent, ClubEvent.id == Voucher.event_id).where(Voucher.public_id == voucher_id)).first()
    if row is None:
        raise NotFound("there is no such voucher")
    used = select(VoucherUse, Booking).join(Booking, Booking.id == VoucherUse.booking_id).where(VoucherUse.voucher_id == row[0].id).order_by(VoucherUse.id.desc()).limit(100)
    kind = db.session.get(TicketKind, row[0].ticket_kind_id) if row[0].ticket_kind_id else None
    found = db.session.execute(used).all()
    return render_template("club/voucher.html", voucher=row[0], event=row[1], kind=kind, uses=found, now=clock.now(), states=club_words.BOOKING_STATES, words=club_words)


@bp.post("/<voucher_id>")
@requires(Can.CLUB_EDIT)
def end(voucher_id: str) -> ResponseReturnValue:
    """Nobody can use it any more."""
    try:
        with transaction():
            vouchers.end(voucher_id, actor=current_actor(), moment=clock.now())
        flash(_("Ended."), "success")
    except NotFound:
        raise
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
    return redirect(url_for("club_vouchers.show", voucher_id=voucher_id), 303)
