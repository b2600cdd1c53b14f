"""A client's own seats: pay, the ticket with its QR code, guests, giving seats back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from models import db
from models.club import Booking, BookingState, ClubEvent, ClubSession
from models.club_money import Payment, PaymentState, Way
from portal import clock
from portal.club import answers, bank_back, bank_orders, booking, capacity, events, guests, materials, no_shows, payments, queries, refunds, vouchers
from portal.club.payments import Terms
from portal.gateways.stripe import till
from portal.jobs import club_paying
from portal.local_day import today
from portal.pages import club_calendar, club_question_words, club_words
from portal.pages.club_guests import address_of
from portal.pages.club_no_show_words import NO_SHOW_STATES
from portal.pages.club_words import BOOKING_STATES, PAYMENT_STATES, REFUND_STATES, REFUND_WHYS
from portal.pages.qr import drawn
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_bookings", __name__, url_prefix="/club/bookings")

COLUMNS = columns(
    Column("event", _l("Event")),
    Column("starts", _l("Begins"), sort=True),
    Column("seats", _l("Seats"), number=True),
    Column("amount", _l("Price"), number=True, sort=True, money=True),
    Column("state", _l("State")),
)
_starts = select(func.min(ClubSession.starts_at)).where(ClubSession.event_id == Booking.event_id).correlate(Booking).scalar_subquery()
LISTING = Listing(
    tiebreak=Booking.id,
    sorts={"starts": Booking.starts_at, "amount": Booking.amount},
    default="-starts",
    filters=(Filter("state", _l("State"), lambda text: Booking.state == text, choices=tuple((name, label) for name, (label, _tone) in BOOKING_STATES.items())),),
)


def _listed(asked: Asked) -> Any:
    query = select(Booking, ClubEvent, _starts.label("begins")).join(ClubEvent, ClubEvent.id == Booking.event_id)
    return query.where(Booking.user_id == asked.actor.user_id)


LIST = declare(
    ListPage(
        "club_bookings.index",
        _l("My seats"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("event", _l("Event"), lambda row: row[1].title),
            Field("starts", _l("Begins"), lambda row: row.begins),
            Field("seats", _l("Seats"), lambda row: row[0].seats),
            Field("amount", _l("Price"), lambda row: amount(row[0].amount)),
            Field("state", _l("State"), lambda row: str(BOOKING_STATES[row[0].state][0])),
        ),
    )
)


@bp.get("")
@requires(Can.CLUB_SEAT)
def index() -> ResponseReturnValue:
    """All one's bookings."""
    return show_list(LIST, "club/bookings.html", states=BOOKING_STATES, words=club_words)


@bp.get("/<booking_id>")
@requires(Can.CLUB_SEAT)
def show(booking_id: str) -> ResponseReturnValue:
    """The booking: pay it, or show the ticket."""
    return page(booking_id)


def page(booking_id: str, *, fault: str = "", status: int = 200) -> ResponseReturnValue:
    """The page of a booking, with what cannot be done on top."""
    one, event, kind = queries.own_booking(current_actor(), booking_id)
    moment = clock.now()
    tries = payments.of_booking(one.id)
    live = capacity.holds(one, moment)
    seats = queries.seats_of(one.id)
    return (
        render_template(
            "club/booking.html",
            booking=one,
            event=event,
            kind=kind,
            seats=seats,
            sessions=events.sessions_of(event.id),
            live=live,
            granted=one.state == BookingState.GRANTED,
            open_try=next((row for row in tries if row.way == Way.CARD and row.state == PaymentState.OPEN and row.amount == one.amount and row.expires_at > moment), None),
            transfer=bank_orders.waiting(tries, moment),
            may_transfer=live and one.state == BookingState.HELD and bank_orders.offered(event, moment),
            cards=till() is not None,
            processing=any(row.state == PaymentState.PROCESSING for row in tries),
            tries=tries,
            refunds=refunds.of_payments([row.id for row in tries]),
            by_transfer=bank_back.of_payments([row.id for row in tries]),
            codes={seat.id: drawn(f"JUYUAN:{seat.code}") for seat in seats} if one.state == BookingState.GRANTED else {},
            state=BOOKING_STATES["lapsed" if one.state == BookingState.HELD and not live else one.state],
            payment_states=PAYMENT_STATES,
            refund_states=REFUND_STATES,
            whys=REFUND_WHYS,
            voucher=vouchers.use_of(one.id),
            began=events.sessions_of(event.id)[0].starts_at <= moment,
            handouts=materials.of_booking(one),
            **{"missed": no_shows.of_booking(one.id), "missed_states": NO_SHOW_STATES},
            **{"spoken": answers.of_seats(event.id, seats, own=True), "missing": answers.missing},
            words=club_words,
            fault=fault,
        ),
        status,
    )


def begin_to_pay(booking_id: str) -> str:
    """Open the page where a booking is paid, where there is something to pay. Returns why not, in words; empty when it is open."""
    one, event, _kind = queries.own_booking(current_actor(), booking_id)
    gateway = till()
    if not one.amount or gateway is None:
        return ""
    base = current_app.config["PORTAL"].base_url.rstrip("/")
    here, paid = (base + url_for(endpoint, booking_id=booking_id) for endpoint in ("club_bookings.show", "club_bookings.paid"))
    terms = Terms(gateway.env, gateway.livemode, club_words.title(event), paid, here)
    db.session.rollback()
    try:
        club_paying.pay(booking_id, gateway, terms, current_actor())
    except Refusal as refusal:
        return str(_(refusal.message, **refusal.values))
    return ""


def pay_what_is_left(booking_id: str) -> None:
    """After a guest was dropped: an open page asks for the old price and is closed, another one is opened; a transfer is asked for less."""
    one, _event, _kind = queries.own_booking(current_actor(), booking_id)
    if bank_orders.waiting(payments.of_booking(one.id), clock.now()) is None:
        begin_to_pay(booking_id)
        return
    db.session.rollback()
    with transaction():
        bank_orders.choose(booking_id, actor=current_actor(), moment=clock.now())


@bp.post("/<booking_id>/pay")
@requires(Can.CLUB_SEAT)
def pay(booking_id: str) -> ResponseReturnValue:
    """Open the page where one pays, where that did not work before or the cart has changed."""
    queries.own_booking(current_actor(), booking_id)
    why = begin_to_pay(booking_id)
    if why:
        return page(booking_id, fault=why, status=409)
    return redirect(url_for("club_bookings.show", booking_id=booking_id), 303)


@bp.get("/<booking_id>/paid")
@requires(Can.CLUB_SEAT)
def paid(booking_id: str) -> ResponseReturnValue:
    """Back from the payment page. That somebody comes here proves nothing: Stripe is asked, and if it does not know yet the page says so."""
    one, _event, _kind = queries.own_booking(current_actor(), booking_id)
    gateway = till()
    found = [row.session_id for row in payments.of_booking(one.id) if row.session_id and row.state in payments.LIVE]
    db.session.rollback()
    if gateway is not None:
        outcomes = {club_paying.look_at(gateway, session_id) for session_id in found}
        if outcomes & {"unanswered", "waiting"}:
            flash(_("Your payment is not confirmed yet: reload this page in a moment. Do not pay again."), "warning")
    return redirect(url_for("club_bookings.show", booking_id=booking_id), 303)


@bp.get("/<booking_id>/calendar.ics")
@requires(Can.CLUB_SEAT)
def calendar(booking_id: str) -> Response:
    """The event for one's calendar; where the seat is given back, what takes it out of there."""
    one, event, _kind = queries.own_booking(current_actor(), booking_id)
    return club_calendar.as_calendar(event, gone=not capacity.holds(one, clock.now()))


@bp.get("/<booking_id>/cancel")
@requires(Can.CLUB_SEAT)
def look_at_cancelling(booking_id: str) -> ResponseReturnValue:
    """What would come back."""
    return _cancelling(booking_id)


def _cancelling(booking_id: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    one, event, _kind = queries.own_booking(current_actor(), booking_id)
    moment = clock.now()
    back = _comes_back(one, event)
    brackets = club_words.brackets(one.policy, one.starts_at, event.zone)
    return render_template("club/cancel.html", booking=one, event=event, back=back, live=capacity.holds(one, moment), brackets=brackets, words=club_words, fault=fault), status


def _comes_back(one: Booking, event: ClubEvent) -> int:
    kept = db.session.execute(select(Payment).where(Payment.booking_id == one.id, Payment.state.in_(refunds.KEPT))).scalars().first()
    return booking.comes_back(event, one, refunds.refundable(kept), clock.now()) if kept is not None else 0


@bp.post("/<booking_id>/cancel")
@requires(Can.CLUB_SEAT)
def cancel(booking_id: str) -> ResponseReturnValue:
    """Give the seats back."""
    shown = request.form.get("back", "")
    expected = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 15 else None
    try:
        with transaction():
            _one, back = booking.cancel(booking_id, actor=current_actor(), moment=clock.now(), expected=expected)
            club_paying.ask_for_money(clock.now())
    except Refusal as refusal:
        return _cancelling(booking_id, _(refusal.message, **refusal.values), refusal.status)
    club_paying.after_change(booking_id, till())
    flash(_("Cancelled. Your money is on its way back.") if back else _("Cancelled."), "success")
    return redirect(url_for("club_bookings.show", booking_id=booking_id), 303)


@bp.get("/<booking_id>/seats/<int:position>")
@requires(Can.CLUB_SEAT)
def seat(booking_id: str, position: int) -> ResponseReturnValue:
    """One seat: another name, or give it back."""
    return seat_page(booking_id, position)


def seat_page(booking_id: str, position: int, fault: str = "", status: int = 200) -> ResponseReturnValue:
    """The page of one seat, with what cannot be done on top."""
    one, event, _kind = queries.own_booking(current_actor(), booking_id)
    found = next((row for row in queries.seats_of(one.id) if row.position == position), None)
    if found is None:
        raise NotFound("there is no such booking")
    paid = one.state == BookingState.GRANTED and one.price > 0
    back = min(booking.comes_back(event, one, one.price, clock.now()), _comes_back(one, event)) if paid else 0
    invited = guests.of_seats([found.id]).get(found.id)
    address = address_of(invited.token) if invited else ""
    page = render_template(
        "club/seat.html",
        booking=one,
        event=event,
        seat=found,
        back=back,
        live=capacity.holds(one, clock.now()),
        guest_address=address,
        guest_picture=drawn(address) if address else "",
        **club_question_words.of_seat(found, {} if not fault else request.form, own=True),
        say=club_question_words,
        words=club_words,
        fault=fault,
    )
    return page, status


@bp.post("/<booking_id>/seats/<int:position>/invite")
@requires(Can.CLUB_SEAT)
def invite(booking_id: str, position: int) -> ResponseReturnValue:
    """Make the page of a guest."""
    try:
        with transaction():
            guests.invite(booking_id, position, actor=current_actor(), moment=clock.now(), today=today())
    except Conflict as refusal:
        return seat_page(booking_id, position, _(refusal.message, **refusal.values), refusal.status)
    return redirect(url_for("club_bookings.seat", booking_id=booking_id, position=position), 303)


@bp.post("/<booking_id>/seats/<int:position>")
@requires(Can.CLUB_SEAT)
def change_seat(booking_id: str, position: int) -> ResponseReturnValue:
    """Give a seat another name, or give a guest's seat back."""
    queries.own_booking(current_actor(), booking_id)
    try:
        with transaction():
            if request.form.get("wish") == "drop":
                booking.drop_guest(booking_id, position, actor=current_actor(), moment=clock.now())
                club_paying.ask_for_money(clock.now())
            else:
                agreed = request.form.get("agreed") == "yes"
                name, email = request.form.get("name", ""), request.form.get("email", "")
                booking.rename(booking_id, position, name, agreed, email=email, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return seat_page(booking_id, position, _(refusal.message, **refusal.values), refusal.status)
    if request.form.get("wish") == "drop":
        pay_what_is_left(booking_id)
    flash(_("Kept."), "success")
    return redirect(url_for("club_bookings.show", booking_id=booking_id), 303)
