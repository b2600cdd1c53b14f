"""The club's desk: all events with how full they are, and who comes to one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from models.club import Booking, ClubEvent, ClubSession, EventState, Seat, TicketKind
from models.club_questions import ClubSaid
from portal import clock
from portal.club import capacity, door, events, guests, no_show_facts, no_shows, reliability
from portal.pages import club_words
from portal.pages.club_no_show_words import WAIVERS
from portal.pages.club_words import BOOKING_STATES, EVENT_STATES
from portal.permissions import Can
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_desk", __name__, url_prefix="/club")

EVENT_COLUMNS = columns(
    Column("title", _l("Event"), sort=True),
    Column("starts", _l("Begins"), sort=True),
    Column("venue", _l("Place")),
    Column("taken", _l("Seats taken"), number=True, sort=True),
    Column("capacity", _l("Seats"), number=True, sort=True),
    Column("state", _l("State")),
)
_first = select(ClubSession.event_id, func.min(ClubSession.starts_at).label("starts_at"), func.min(ClubSession.venue).label("venue")).group_by(ClubSession.event_id).subquery()
_granted = select(Booking.event_id, func.sum(Booking.seats).label("seats")).where(Booking.state == "granted").group_by(Booking.event_id).subquery()
_taken = func.coalesce(_granted.c.seats, 0)
EVENT_LISTING = Listing(
    tiebreak=ClubEvent.id,
    sorts={"title": ClubEvent.title, "starts": _first.c.starts_at, "taken": _taken, "capacity": ClubEvent.capacity},
    default="-starts",
    filters=(
        Filter("state", _l("State"), lambda text: ClubEvent.state == text, choices=tuple((name, label) for name, (label, _tone) in EVENT_STATES.items())),
        Filter("title", _l("Event"), lambda text: ClubEvent.title.contains(text, autoescape=True)),
    ),
)


def _events(asked: Asked) -> Any:
    query = select(ClubEvent, _first.c.starts_at, _first.c.venue, _taken.label("taken"))
    return query.outerjoin(_first, _first.c.event_id == ClubEvent.id).outerjoin(_granted, _granted.c.event_id == ClubEvent.id)


EVENTS = declare(
    ListPage(
        "club_desk.index",
        _l("Club events"),
        EVENT_LISTING,
        EVENT_COLUMNS,
        source=_events,
        fields=(
            Field("title", _l("Event"), lambda row: row[0].title),
            Field("starts", _l("Begins"), lambda row: row.starts_at),
            Field("venue", _l("Place"), lambda row: row.venue or ""),
            Field("taken", _l("Seats taken"), lambda row: int(row.taken)),
            Field("capacity", _l("Seats"), lambda row: row[0].capacity),
            Field("state", _l("State"), lambda row: str(EVENT_STATES[row[0].state][0])),
        ),
    )
)


@bp.get("")
@requires(Can.CLUB_SEE)
def index() -> ResponseReturnValue:
    """All events, drafts too."""
    return show_list(EVENTS, "club/desk.html", states=EVENT_STATES, words=club_words, may_edit=current_actor().may(Can.CLUB_EDIT))


GUEST_COLUMNS = columns(
    Column("name", _l("Name"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("kind", _l("Ticket")),
    Column("state", _l("State")),
    Column("booked", _l("Signed up on"), sort=True),
    Column("came", _l("Checked in")),
)
GUEST_LISTING = Listing(
    tiebreak=Seat.id,
    sorts={"name": Seat.name, "client": Booking.client_no, "booked": Booking.created_at},
    default="booked",
    filters=(
        Filter("name", _l("Name"), lambda text: Seat.name.contains(text, autoescape=True)),
        Filter("client", _l("Client"), lambda text: Booking.client_no == text),
        Filter("state", _l("State"), lambda text: Booking.state == text, choices=tuple((name, label) for name, (label, _tone) in BOOKING_STATES.items())),
    ),
)


_answers = select(func.aggregate_strings(ClubSaid.asked + ": " + ClubSaid.said, "; ")).where(ClubSaid.seat_id == Seat.id, ClubSaid.said != "").correlate(Seat).scalar_subquery()


def _seats(asked: Asked) -> Any:
    event = events.event_for(asked.actor, str(asked.values["event_key"]))
    query = select(Seat, Booking, TicketKind, _answers.label("answers")).join(Booking, Booking.id == Seat.booking_id).join(TicketKind, TicketKind.id == Booking.ticket_kind_id)
    return query.where(Seat.event_id == event.id, Seat.freed_at.is_(None))


SEATS = declare(
    ListPage(
        "club_desk.show",
        _l("Who comes"),
        GUEST_LISTING,
        GUEST_COLUMNS,
        source=_seats,
        fields=(
            Field("name", _l("Name"), lambda row: row[0].name),
            Field("guest", _l("Guest"), lambda row: "1" if row[0].position else ""),
            Field("client", _l("Client"), lambda row: row[1].client_no),
            Field("kind", _l("Ticket"), lambda row: row[2].name),
            Field("price", _l("Price"), lambda row: amount(row[1].price)),
            Field("state", _l("State"), lambda row: str(BOOKING_STATES[row[1].state][0])),
            Field("booked", _l("Signed up on"), lambda row: row[1].created_at),
            Field("answers", _l("What they answered"), lambda row: row.answers or ""),
        ),
    )
)


@bp.get("/events/<event_key>")
@requires(Can.CLUB_SEE)
def show(event_key: str) -> ResponseReturnValue:
    """One event: how full it is, and everybody who has a seat there."""
    event = events.event_for(current_actor(), event_key)
    moment = clock.now()
    sessions = events.sessions_of(event.id)
    ahead = bool(sessions) and sessions[0].starts_at > moment and event.state != EventState.CANCELLED
    history = no_show_facts.history(event, moment) if ahead else None
    return show_list(
        SEATS,
        "club/desk_event.html",
        event=event,
        sessions=sessions,
        room=capacity.room_of(event, moment),
        came=door.insides(event.id),
        brought=guests.came_of(event.id),
        missed=door.no_shows(event, moment),
        waiver=no_shows.waiver_of(event.id),
        waivers=WAIVERS,
        ahead=ahead,
        history=history,
        bearable=reliability.bearable(event.capacity, history) if history else None,
        states=BOOKING_STATES,
        state=EVENT_STATES[event.state],
        words=club_words,
        may_edit=current_actor().may(Can.CLUB_EDIT),
        may_check=current_actor().may(Can.CLUB_DOOR),
    )
