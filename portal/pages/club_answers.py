"""What was answered when people signed up: everything for who sees the event's list of guests; and a booker who answers later, or otherwise."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models.club import Booking, Seat
from models.club_questions import ClubQuestion, ClubSaid
from portal import clock
from portal.club import answering, answers, events, queries, questions
from portal.pages import club_bookings, club_question_words, club_words, words
from portal.pages.club_words import BOOKING_STATES
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_answers", __name__, url_prefix="/club")

COLUMNS = columns(
    Column("name", _l("Name"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("question", _l("Registration question"), sort=True),
    Column("said", _l("Registration answer"), sort=True),
    Column("at", _l("Moment"), sort=True),
    Column("state", _l("State")),
)
LISTING = Listing(
    tiebreak=ClubSaid.id,
    sorts={"name": Seat.name, "client": Booking.client_no, "question": ClubQuestion.position, "said": ClubSaid.said, "at": ClubSaid.at},
    default="question",
    filters=(
        Filter("question", _l("Registration question"), lambda text: ClubSaid.asked.contains(text, autoescape=True)),
        Filter("said", _l("Registration answer"), lambda text: ClubSaid.said.contains(text, autoescape=True), personal=True),
        Filter("name", _l("Name"), lambda text: Seat.name.contains(text, autoescape=True), personal=True),
        Filter("state", _l("State"), lambda text: Booking.state == text, choices=tuple((name, label) for name, (label, _tone) in BOOKING_STATES.items())),
    ),
)


def _listed(asked: Asked) -> Any:
    event = events.event_for(asked.actor, str(asked.values["event_key"]))
    query = select(ClubSaid, Seat, Booking, ClubQuestion).join(Seat, Seat.id == ClubSaid.seat_id).join(Booking, Booking.id == Seat.booking_id)
    return query.join(ClubQuestion, ClubQuestion.id == ClubSaid.question_id).where(ClubSaid.event_id == event.id, Seat.freed_at.is_(None))


LIST = declare(
    ListPage(
        "club_answers.index",
        _l("What they answered"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("name", _l("Name"), lambda row: row[1].name),
            Field("guest", _l("Guest"), lambda row: "1" if row[1].position else ""),
            Field("client", _l("Client"), lambda row: row[2].client_no),
            Field("question", _l("Registration question"), lambda row: row[0].asked),
            Field("said", _l("Registration answer"), lambda row: club_question_words.said(row[3], row[0].said)),
            Field("by_guest", _l("Said by the guest himself"), lambda row: "1" if row[0].by_guest else ""),
            Field("at", _l("Moment"), lambda row: row[0].at),
            Field("state", _l("State"), lambda row: str(BOOKING_STATES[row[2].state][0])),
        ),
        file_name="answers",
    )
)


@bp.get("/events/<event_key>/answers")
@requires(Can.CLUB_SEE)
def index(event_key: str) -> ResponseReturnValue:
    """Every answer, a row each."""
    event = events.event_for(current_actor(), event_key)
    return show_list(LIST, "club/answers.html", event=event, states=BOOKING_STATES, say=club_question_words, words=club_words, may_edit=current_actor().may(Can.CLUB_EDIT))


@bp.post("/bookings/<booking_id>/seats/<int:position>/answers")
@requires(Can.CLUB_SEAT)
def say(booking_id: str, position: int) -> ResponseReturnValue:
    """Who booked answers for himself, or for a guest."""
    one, _event, _kind = queries.own_booking(current_actor(), booking_id)
    typed = club_question_words.typed(request.form, answers.asked_of(questions.of_event(one.event_id), position), position)
    try:
        with transaction():
            answering.by_booker(booking_id, position, typed, english=not words.is_chinese(), actor=current_actor(), moment=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return club_bookings.seat_page(booking_id, position, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Kept."), "success")
    return redirect(url_for("club_bookings.seat", booking_id=booking_id, position=position), 303)
