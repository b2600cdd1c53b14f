"""A guest's own page, opened by its link: his ticket, and whether he wants to be called. No sign-in; nothing on it but what is his."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal import clock
from portal.club import events, guests
from portal.local_day import today
from portal.pages import club_words
from portal.pages.club_calendar import as_calendar
from portal.pages.qr import drawn
from portal.transaction import transaction
from portal.web.guard import public

bp = Blueprint("club_guests", __name__, url_prefix="/events/guest")


def address_of(token: str) -> str:
    """The address of a guest's page as it is sent: from the settings, never from the request."""
    return str(current_app.config["PORTAL"].base_url).rstrip("/") + url_for("club_guests.show", token=token)


@bp.get("/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """The ticket, and the question."""
    page = guests.page_of(token, clock.now(), today())
    granted = page.live and page.booking.state == "granted"
    return render_template(
        "club/guest.html",
        page=page,
        event=page.event,
        sessions=events.sessions_of(page.event.id),
        granted=granted,
        picture=drawn(f"JUYUAN:{page.seat.code}") if granted else "",
        words=club_words,
    )


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
