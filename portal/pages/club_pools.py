"""Seats that are kept for some: how many until when, for whom, and who drew on them. For who prepares events alone."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.club import Booking, ClubEvent
from models.club_reserve import PoolUse, Voucher, VoucherUse
from portal import clock
from portal.club import capacity, events, pools
from portal.pages import club_words
from portal.pages.club_waiting_words import POOL_REASONS
from portal.pages.club_words import BOOKING_STATES
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_pools", __name__, url_prefix="/club")
COLUMNS = columns(
    Column("client", _l("Client"), sort=True),
    Column("seats", _l("Seats"), number=True, sort=True),
    Column("through", _l("Through")),
    Column("at", _l("Moment"), sort=True),
    Column("state", _l("State")),
)
LISTING = Listing(
    tiebreak=PoolUse.id,
    sorts={"client": Booking.client_no, "seats": PoolUse.seats, "at": PoolUse.at},
    default="-at",
    filters=(Filter("client", _l("Client"), lambda text: Booking.client_no == text),),
)


def _uses(asked: Asked) -> Any:
    pool = pools.pool_of(str(asked.values["pool_id"]))
    query = select(PoolUse, Booking, Voucher.code).join(Booking, Booking.id == PoolUse.booking_id).outerjoin(VoucherUse, VoucherUse.booking_id == Booking.id)
    return query.outerjoin(Voucher, (Voucher.id == VoucherUse.voucher_id) & (Voucher.pool_id == pool.id)).where(PoolUse.pool_id == pool.id)


LIST = declare(
    ListPage(
        "club_pools.show",
        _l("Who drew on kept seats"),
        LISTING,
        COLUMNS,
        source=_uses,
        fields=(
            Field("client", _l("Client"), lambda row: row[1].client_no),
            Field("seats", _l("Seats"), lambda row: row[0].seats),
            Field("through", _l("Through"), lambda row: row.code or ""),
            Field("at", _l("Moment"), lambda row: row[0].at),
            Field("state", _l("State"), lambda row: str(BOOKING_STATES[row[1].state][0])),
        ),
    )
)


@bp.get("/events/<event_key>/pools")
@requires(Can.CLUB_EDIT)
def index(event_key: str) -> ResponseReturnValue:
    """The pools of an event."""
    return _index(events.event_for(current_actor(), event_key))


def _index(event: ClubEvent, fault: str = "", status: int = 200) -> ResponseReturnValue:
    moment = clock.now()
    found = {"pools": pools.of_event(event.id), "reserves": capacity.reserves([event.id], moment), "free": capacity.room_of(event, moment).free}
    return render_template("club/pools.html", event=event, **found, now=moment, reasons=POOL_REASONS, words=club_words, fault=fault, typed=request.form), status


def _number(name: str) -> int:
    typed = request.form.get(name, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else -1


@bp.post("/events/<event_key>/pools")
@requires(Can.CLUB_EDIT)
def create(event_key: str) -> ResponseReturnValue:
    """Keep seats."""
    event = events.event_for(current_actor(), event_key)
    try:
        with transaction():
            pool_id = pools.create(event.id, _number("seats"), _number("hours"), request.form.get("reason", ""), actor=current_actor(), moment=clock.now()).public_id
    except Refusal as refusal:
        return _index(events.event_for(current_actor(), event_key), _(refusal.message, **refusal.values), refusal.status)
    flash(_("The seats are kept. Now say for whom."), "success")
    return redirect(url_for("club_pools.show", pool_id=pool_id), 303)


@bp.get("/pools/<pool_id>")
@requires(Can.CLUB_EDIT)
def show(pool_id: str) -> ResponseReturnValue:
    """One pool: who may draw on it, and who did."""
    pool = pools.pool_of(pool_id)
    event = db.session.get_one(ClubEvent, pool.event_id)
    return show_list(
        LIST,
        "club/pool.html",
        pool=pool,
        event=event,
        reserve=capacity.reserves([event.id], clock.now())[pool.id],
        people=pools.people_of(pool.id),
        reasons=POOL_REASONS,
        states=BOOKING_STATES,
        words=club_words,
    )


@bp.post("/pools/<pool_id>")
@requires(Can.CLUB_EDIT)
def change(pool_id: str) -> ResponseReturnValue:
    """Keep more or fewer seats, name clients, or take a name away."""
    wish, actor, moment = request.form.get("wish", ""), current_actor(), clock.now()
    try:
        with transaction():
            if wish == "add":
                pools.add_people(pool_id, re.split(r"[\s,;，；、]+", request.form.get("clients", "").replace("\0", "")[:20_000]), actor=actor, moment=moment)
            elif wish == "remove":
                pools.remove_person(pool_id, request.form.get("number", ""), actor=actor, moment=moment)
            else:
                pools.change(pool_id, _number("seats"), _number("hours"), request.form.get("reason", ""), actor=actor, moment=moment)
        flash(_("Kept."), "success")
    except NotFound:
        raise
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
    return redirect(url_for("club_pools.show", pool_id=pool_id), 303)
