"""A guest's own page, opened by its link: his ticket, and whether he wants to be called. No sign-in; nothing on it but what is his."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import clock
from portal.club import answering, events, guests, questions
from portal.local_day import today
from portal.pages import club_question_words, club_words, words
from portal.pages.club_calendar import as_calendar
from portal.pages.qr import drawn
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import public

bp = Blueprint("club_guests", __name__, url_prefix="/events/guest")


def address_of(token: str) -> str:
    """The address of a guest's page as it is sent: from the settings, never from the request."""
    return str(current_app.config["PORTAL"].base_url).rstrip("/") + url_for("club_guests.show", token=token)


@bp.get("/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """The ticket, the event's questions, and whether he wants to be called."""
    return _page(token)


def _page(token: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    page = guests.page_of(token, clock.now(), today())
    granted = page.live and page.booking.state == "granted"
    shown = render_template(
        "club/guest.html",
        page=page,
        event=page.event,
        sessions=events.sessions_of(page.event.id),
        granted=granted,
        picture=drawn(f"JUYUAN:{page.seat.code}") if granted else "",
        **club_question_words.of_seat(page.seat, request.form if fault else {}, own=False),
        say=club_question_words,
        words=club_words,
        fault=fault,
    )
    return shown, status


@bp.post("/<token>/answers")
@public
def answer(token: str) -> ResponseReturnValue:
    """The guest answers the event's questions himself."""
    page = guests.page_of(token, clock.now(), today())
    typed = club_question_words.typed(request.form, questions.of_event(page.event.id), page.seat.position)
    try:
        with transaction():
            answering.by_guest(token, typed, english=not words.is_chinese(), moment=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(token, _(refusal.message, **refusal.values), refusal.status)
    return redirect(url_for("club_guests.show", token=token) + "#questions", 303)


@bp.get("/<token>/calendar.ics")
@public
def calendar(token: str) -> Response:
    """The event for the guest's calendar."""
    page = guests.page_of(token, clock.now(), today())
    return as_calendar(page.event, gone=not page.live)


@bp.post("/<token>/no")
@public
def decline(token: str) -> ResponseReturnValue:
    """The guest does not want to be asked."""
    with transaction():
        guests.decline(token, clock.now())
    return redirect(url_for("club_guests.show", token=token), 303)
