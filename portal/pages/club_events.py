"""Events for everybody: what comes, what one event is about, what it costs, how many seats are left. Signing up asks for a sign-in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.club import ClubEvent, ClubSession, EventState
from models.club_money import Way
from portal import clock
from portal.actors import NOBODY, Actor
from portal.club import answers, bank_orders, booking, capacity, eligibility, events, lot, offers, pools, queries, questions, visitors, vouchers, waitlist
from portal.club.admission import Answer
from portal.club.capacity import Room
from portal.club.wishes import Guest, Wish
from portal.gateways.stripe import till
from portal.jobs.outbox import ask_where_due
from portal.pages import club_member_words, club_question_words, club_words, words
from portal.pages.club_bookings import begin_to_pay
from portal.pages.club_calendar import as_calendar
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, public, requires
from portal.web.signed_in import signed_in

bp = Blueprint("club_events", __name__, url_prefix="/events")


def reader() -> Actor:
    """Who reads a page that is open to all."""
    person = signed_in()
    return person.actor if person is not None and not person.half else NOBODY


@bp.get("")
@public
def index() -> ResponseReturnValue:
    """What comes next."""
    return render_template("club/events.html", coming=queries.coming(clock.now()), words=club_words)


@bp.get("/<event_key>")
@public
def show(event_key: str) -> ResponseReturnValue:
    """One event."""
    return _page(events.event_for(reader(), event_key))


def _page(event: ClubEvent, *, fault: str = "", status: int = 200) -> ResponseReturnValue:
    actor, moment = reader(), clock.now()
    sessions = events.sessions_of(event.id)
    return (
        render_template(
            "club/event.html",
            event=event,
            sessions=sessions,
            **_seats(event, actor, moment),
            own=queries.active_of(actor, event.id, moment),
            asked=(asked := _asked(event, actor, sessions, moment)),
            asked_tiers=(tier_names := [club_member_words.name(tier) for tier in eligibility.terms_of([event])[event.id].tiers]),
            refusal=_(asked.message, **{**asked.values, "tiers": " / ".join(tier_names)}) if asked is not None and not asked.may else "",
            may_book=actor.may(Can.CLUB_SEAT),
            may_join=actor.may(Can.CLUB_BOOK),
            signed_in=actor.user_id is not None,
            welcome=visitors.welcome(event, moment),
            selling=event.state == EventState.PUBLISHED and event.sales_end_at > moment,
            words=club_words,
            brackets=club_words.brackets(event.policy, sessions[0].starts_at, event.zone) if sessions else [],
            cards=till() is not None,
            transfers=bank_orders.offered(event, moment),
            fault=fault,
            typed=request.form,
            questions=(asks := questions.of_event(event.id)),
            guest_questions=answers.asked_of(asks, 1),
            stands=club_question_words.as_typed(request.form),
            say=club_question_words,
            address=current_app.config["PORTAL"].base_url.rstrip("/") + url_for("club_events.show", event_key=event.key),
        ),
        status,
    )


def _asked(event: ClubEvent, actor: Actor, sessions: list[ClubSession], moment: datetime) -> Answer | None:
    """What the event asks of its guests, held against the reader; None where nobody is signed in."""
    if actor.user_id is None or not sessions:
        return None
    return eligibility.answer(event, eligibility.Person(booking.person_of(actor), actor.user_id), sessions[0].starts_at, moment)


def _seats(event: ClubEvent, actor: Actor, moment: datetime) -> dict[str, Any]:
    """What can be had: seats that are open to all, or kept for the reader; the kinds of tickets with how many are left of each, None where
    only the event's seats count; the reader's place on the waitlist, and the draw where there is one."""
    plan, standing, drawn = offers.plan_of(event, moment), waitlist.standing(event.id, actor, moment), lot.of_event(event.id)
    own = standing.place.seats if standing is not None and standing.offered else 0
    own_kind = standing.place.ticket_kind_id if standing is not None else 0
    kept = _kept(event, actor, moment)
    free = plan.free + own + kept
    left = {kind_id: min(free, room + (own if kind_id == own_kind else 0)) for kind_id, room in plan.kinds.items()}
    return {
        "room": Room(event.capacity, max(capacity.room_of(event, moment).taken - own - kept, event.capacity - free)),
        "kinds": [{"kind": kind, "left": left.get(kind.id)} for kind in events.kinds_of(event.id) if kind.on_sale],
        "standing": standing,
        "waiting": len(plan.why),
        "lot": drawn,
        "drawing": drawn is not None and drawn.drawn_at is None and not own and not kept,
        "entering": drawn is not None and drawn.entries_until > moment,
        "kept": kept,
        "code": request.values.get("code", "").strip()[:16],
    }


def _kept(event: ClubEvent, actor: Actor, moment: datetime) -> int:
    """Seats that are kept for the reader, by his number or by the voucher whose code he gave."""
    code = request.values.get("code", "")
    voucher = vouchers.found(code) if code.strip() and actor.may(Can.CLUB_SEAT) else None
    found = pools.open_to(event.id, actor.client_no or "", voucher.pool_id if voucher else None, moment)
    return found.left if found is not None else 0


@bp.get("/<event_key>/calendar.ics")
@public
def calendar(event_key: str) -> Response:
    """The event for a calendar."""
    return as_calendar(events.event_for(reader(), event_key))


@bp.post("/<event_key>/book")
@requires(Can.CLUB_SEAT)
def book(event_key: str) -> ResponseReturnValue:
    """Take seats, and open the page where they are paid."""
    event = events.event_for(current_actor(), event_key)
    try:
        wanted = _wish(event.id)
        by_transfer = _by_transfer(event, wanted)
        with transaction():
            made = booking.book(event.id, wanted, actor=current_actor(), moment=clock.now())
            public_id, chosen = made.public_id, by_transfer and bool(made.amount)
            if chosen:
                bank_orders.choose(public_id, actor=current_actor(), moment=clock.now())
            ask_where_due(clock.now())
    except Refusal as refusal:
        return _page(events.event_for(current_actor(), event_key), fault=_(refusal.message, **refusal.values), status=refusal.status)
    if not chosen:
        begin_to_pay(public_id)
    flash(_("Your seats are held.") if queries.own_booking(current_actor(), public_id)[0].amount else _("You have a seat."), "success")
    return redirect(url_for("club_bookings.show", booking_id=public_id), 303)


def _by_transfer(event: ClubEvent, wanted: Wish) -> bool:
    """Whether the seats are to be paid by bank transfer. Raises Refusal where they cost something and nothing is taken."""
    offered = bank_orders.offered(event, clock.now())
    if till() is not None:
        return offered and request.form.get("way") == Way.TRANSFER
    if not offered and any(kind.price for kind in events.kinds_of(event.id) if kind.id == wanted.kind_id):
        raise Refusal("cards cannot be taken at present: ask the firm how to pay")
    return offered


def _wish(event_id: int) -> Wish:
    """What the form asks for. A guest without a name is none."""
    kind = request.form.get("kind", "")
    typed = request.form
    places = [place for place in range(1, events.MOST_PARTY) if typed.get(f"guest_{place}", "").strip()]
    guests = [Guest(typed[f"guest_{place}"].strip(), typed.get(f"agreed_{place}") == "yes", typed.get(f"guest_mail_{place}", "")) for place in places]
    if not (kind.isascii() and kind.isdigit() and len(kind) < 18):
        raise Refusal("choose a kind of ticket")
    asked = questions.of_event(event_id)
    said = tuple(club_question_words.typed(typed, answers.asked_of(asked, place), place) for place in (0, *places))
    return Wish(int(kind), request.form.get("name", ""), tuple(guests), request.form.get("code", "")[:40], said, english=not words.is_chinese())
