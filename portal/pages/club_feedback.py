"""How it was: two questions to who came, and what they said, for who prepares events."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from models import db
from models.club import Seat
from models.club_evenings import ClubFeedback
from portal import clock
from portal.club import events, feedback, queries
from portal.club.evenings import inside_seats
from portal.club.feedback import Results
from portal.pages import club_words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_feedback", __name__, url_prefix="/club")

COLUMNS = columns(Column("score", _l("Score"), sort=True), Column("words", _l("What was written")), Column("at", _l("When"), sort=True))
LISTING = Listing(
    tiebreak=ClubFeedback.id,
    sorts={"score": ClubFeedback.score, "at": ClubFeedback.at},
    default="-at",
    filters=(
        Filter("score", _l("Score"), lambda text: ClubFeedback.score == int(text), choices=tuple((str(score), str(score)) for score in range(11))),
        Filter("words", _l("What was written"), lambda text: ClubFeedback.words.contains(text, autoescape=True)),
    ),
)


def _listed(asked: Asked) -> Any:
    event = events.event_for(asked.actor, str(asked.values["event_key"]))
    return select(ClubFeedback).where(ClubFeedback.event_id == event.id)


LIST = declare(
    ListPage(
        "club_feedback.results",
        _l("How it was"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("score", _l("Score"), lambda row: row.score),
            Field("words", _l("What was written"), lambda row: row.words),
            Field("at", _l("When"), lambda row: row.at),
        ),
        scalars=True,
        file_name="feedback",
    )
)


@bp.get("/bookings/<booking_id>/feedback")
@requires(Can.CLUB_SEAT)
def ask(booking_id: str) -> ResponseReturnValue:
    """The two questions, or thanks."""
    return _page(booking_id)


def _page(booking_id: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    one, event, _kind = queries.own_booking(current_actor(), booking_id)
    return (
        render_template(
            "club/feedback.html",
            booking=one,
            event=event,
            given=feedback.given(one.id),
            may=feedback.may_answer(one, clock.now()),
            words=club_words,
            fault=fault,
            typed=request.form,
            longest=feedback.LONGEST,
        ),
        status,
    )


@bp.post("/bookings/<booking_id>/feedback")
@requires(Can.CLUB_SEAT)
def give(booking_id: str) -> ResponseReturnValue:
    """Keep the answer."""
    queries.own_booking(current_actor(), booking_id)
    typed = request.form.get("score", "")
    score = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 3 else -1
    try:
        with transaction():
            earned = feedback.give(booking_id, score, request.form.get("words", ""), actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(booking_id, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Thank you. Points for it stand under “My points”.") if earned else _("Thank you."), "success")
    return redirect(url_for("club_points.index") if earned else url_for("club_bookings.show", booking_id=booking_id), 303)


@bp.get("/events/<event_key>/feedback")
@requires(Can.CLUB_SEE)
def results(event_key: str) -> ResponseReturnValue:
    """What those who came said of one event; who said it is not shown."""
    event = events.event_for(current_actor(), event_key)
    found = feedback.results(event)
    came = select(func.count()).where(Seat.event_id == event.id, Seat.position == 0, Seat.id.in_(inside_seats()))
    return show_list(
        LIST,
        "club/results.html",
        event=event,
        results=found,
        came=db.session.execute(came).scalar_one(),
        picture=_picture(found),
        score_rows=list(enumerate(found.counts)),
        words=club_words,
    )


def _picture(found: Results) -> dict[str, Any]:
    return {"unit": "count", "x": [str(score) for score in range(11)], "series": [{"name": str(_("Answers given")), "values": list(found.counts)}]}
