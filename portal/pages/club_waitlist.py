"""The desk of a waitlist: who waits in which order and why nothing moves, offers by hand, places taken away, and the rule of the event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, case, func, select

from models import db
from models.club import ClubEvent, TicketKind
from models.club_waitlist import WaitPlace, WaitState
from models.columns import Moment
from models.identity import User
from portal import clock
from portal.club import events, lot, no_show_facts, offers, waitlist, waitlist_desk
from portal.club.queue import Why
from portal.pages import club_words
from portal.pages.club_waiting_words import PARTIES, WAIT_STATES, WHYS
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_waitlist", __name__, url_prefix="/club")

COLUMNS = columns(
    Column("position", _l("Position"), number=True, sort=True),
    Column("name", _l("Name"), sort=True),
    Column("client", _l("Client")),
    Column("seats", _l("Seats"), number=True),
    Column("kind", _l("Ticket")),
    Column("joined", _l("Joined"), sort=True),
    Column("state", _l("State")),
    Column("why", _l("What is in store")),
)
_now = bindparam("now", callable_=clock.now, type_=Moment(), unique=True)
_position = case(
    (WaitPlace.state == WaitState.OFFERED, 0),
    (WaitPlace.state == WaitState.WAITING, func.row_number().over(partition_by=(WaitPlace.event_id, WaitPlace.state), order_by=offers.order(_now))),
    else_=1_000_000,
)
"""0 for who has an offer; who waits by his order; the others last."""


def _places(asked: Asked) -> Any:
    event = events.event_for(asked.actor, str(asked.values["event_key"]))
    query = select(WaitPlace, User.name, TicketKind, _position.label("position")).join(User, User.id == WaitPlace.user_id)
    return query.join(TicketKind, TicketKind.id == WaitPlace.ticket_kind_id).where(WaitPlace.event_id == event.id)


LISTING = Listing(
    tiebreak=WaitPlace.id,
    sorts={"position": _position, "name": User.name, "joined": WaitPlace.joined_at},
    default="position",
    filters=(
        Filter("state", _l("State"), lambda text: WaitPlace.state == text, choices=tuple((name, label) for name, (label, _tone) in WAIT_STATES.items())),
        Filter("client", _l("Client"), lambda text: WaitPlace.client_no == text),
    ),
)
LIST = declare(
    ListPage(
        "club_waitlist.index",
        _l("Waitlist"),
        LISTING,
        COLUMNS,
        source=_places,
        fields=(
            Field("position", _l("Position"), lambda row: row.position if row[0].state == WaitState.WAITING else ""),
            Field("name", _l("Name"), lambda row: row.name),
            Field("client", _l("Client"), lambda row: row[0].client_no),
            Field("seats", _l("Seats"), lambda row: row[0].seats),
            Field("kind", _l("Ticket"), lambda row: row[2].name),
            Field("joined", _l("Joined"), lambda row: row[0].joined_at),
            Field("state", _l("State"), lambda row: str(WAIT_STATES[row[0].state][0])),
            Field("until", _l("Offer until"), lambda row: row[0].offer_until if row[0].state == WaitState.OFFERED else ""),
        ),
    )
)


@bp.get("/events/<event_key>/waitlist")
@requires(Can.CLUB_SEE)
def index(event_key: str) -> ResponseReturnValue:
    """Who waits, in order, each with what is in store for him."""
    event, moment = events.event_for(current_actor(), event_key), clock.now()
    plan = offers.plan_of(event, moment)
    return show_list(
        LIST,
        "club/waitlist.html",
        event=event,
        plan=plan,
        stuck=bool(plan.why) and not plan.offers,
        free=waitlist_desk.free_for_hand(event, moment),
        rule=offers.rules_of([event.id])[event.id],
        parties=PARTIES,
        lot=lot.of_event(event.id),
        whys=WHYS,
        states=WAIT_STATES,
        scores=no_show_facts.scores(_waiting(event), moment),
        now=moment,
        over=[place.id for place in _over(event, moment)],
        words=club_words,
        may_edit=current_actor().may(Can.CLUB_EDIT),
    )


def _waiting(event: ClubEvent) -> Any:
    """Who stands on the list."""
    return db.session.execute(select(WaitPlace.person).where(WaitPlace.event_id == event.id, WaitPlace.state.in_(offers.STANDING))).scalars()


def _over(event: ClubEvent, moment: datetime) -> Any:
    """Places whose offer is over although nobody has written that down."""
    query = select(WaitPlace).where(WaitPlace.event_id == event.id, WaitPlace.state == WaitState.OFFERED, WaitPlace.offer_until <= moment)
    return db.session.execute(query).scalars()


@bp.post("/events/<event_key>/waitlist")
@requires(Can.CLUB_EDIT)
def set_rule(event_key: str) -> ResponseReturnValue:
    """What happens to a party that does not fit, and how long offers hold."""
    event = events.event_for(current_actor(), event_key)
    hours = request.form.get("hours", "")
    minutes = int(hours) * 60 if hours.isascii() and hours.isdigit() and len(hours) < 6 else 0
    try:
        with transaction():
            waitlist_desk.set_rule(event.id, request.form.get("parties", ""), minutes, actor=current_actor(), moment=clock.now())
        flash(_("Kept."), "success")
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
    return redirect(url_for("club_waitlist.index", event_key=event_key), 303)


@bp.get("/waitlist/<place_id>")
@requires(Can.CLUB_EDIT)
def show(place_id: str) -> ResponseReturnValue:
    """One place: what an offer by hand would do, and what else can be done."""
    return _page(place_id)


def _page(place_id: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    query = select(WaitPlace, ClubEvent, TicketKind, User.name).join(ClubEvent, ClubEvent.id == WaitPlace.event_id).join(TicketKind, TicketKind.id == WaitPlace.ticket_kind_id)
    found = db.session.execute(query.join(User, User.id == WaitPlace.user_id).where(WaitPlace.public_id == place_id)).first()
    if found is None:
        raise NotFound("there is no such place on a waitlist")
    place, event, kind, name = found
    moment = clock.now()
    why = offers.plan_of(event, moment).why.get(place.id)
    return (
        render_template(
            "club/wait_place.html",
            place=place,
            event=event,
            kind=kind,
            name=name,
            position=waitlist.position(place, moment) if place.state == WaitState.WAITING else None,
            behind=place.behind_until if place.state == WaitState.WAITING and place.behind_until and place.behind_until > moment else None,
            score=no_show_facts.scores([place.person], moment)[place.person],
            free=waitlist_desk.free_for_hand(event, moment),
            until=waitlist_desk.until_by_hand(event, place, moment),
            offered=offers.holds(place, moment),
            over=place.state in waitlist_desk.OVER,
            standing=place.state in offers.STANDING,
            why=WHYS[why] if why else None,
            next=why is Why.NEXT,
            state=WAIT_STATES["lapsed" if place.state == WaitState.OFFERED and not offers.holds(place, moment) else place.state],
            words=club_words,
            fault=fault,
        ),
        status,
    )


@bp.post("/waitlist/<place_id>")
@requires(Can.CLUB_EDIT)
def change(place_id: str) -> ResponseReturnValue:
    """Offer seats by hand, take the place away, or move it."""
    wish, number, actor, moment = request.form.get("wish", ""), request.form.get("priority", ""), current_actor(), clock.now()
    try:
        with transaction():
            if wish == "offer":
                waitlist_desk.offer_by_hand(place_id, actor=actor, moment=moment)
            elif wish == "revoke":
                waitlist_desk.revoke(place_id, request.form.get("why", ""), actor=actor, moment=moment)
            else:
                waitlist_desk.set_priority(place_id, int(number) if number.isascii() and number.isdigit() and len(number) < 4 else -1, actor=actor, moment=moment)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(place_id, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Kept."), "success")
    return redirect(url_for("club_waitlist.show", place_id=place_id), 303)
