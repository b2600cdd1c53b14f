"""A member's choice to pay his seats by bank transfer: the page of the booking then says what to pay, to which account, with which words."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import clock
from portal.club import bank_orders, queries
from portal.gateways.stripe import till
from portal.jobs import club_paying
from portal.pages.club_bookings import page
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_transfer_order", __name__, url_prefix="/club/bookings")


@bp.post("/<booking_id>/transfer")
@requires(Can.CLUB_BOOK)
def choose(booking_id: str) -> ResponseReturnValue:
    """Pay by bank transfer; a page for cards that was open is closed."""
    queries.own_booking(current_actor(), booking_id)
    try:
        with transaction():
            _payment, sessions = bank_orders.choose(booking_id, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return page(booking_id, fault=_(refusal.message, **refusal.values), status=refusal.status)
    gateway = till()
    if gateway is not None:
        for session_id in sessions:
            club_paying.close_session(gateway, session_id)
    flash(_("Your seats are held until the transfer is due."), "success")
    return redirect(url_for("club_bookings.show", booking_id=booking_id), 303)
