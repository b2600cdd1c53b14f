"""Waiting for a seat, as a client: join the list of a full event (or the draw), and give the place up again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.club import ClubEvent
from portal import clock
from portal.club import events, waitlist
from portal.pages import club_words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_waiting", __name__, url_prefix="/events")


@bp.get("/<event_key>/wait")
@requires(Can.CLUB_SEAT)
def show(event_key: str) -> ResponseReturnValue:
    """One's own place, or the form to take one; and what giving it up means."""
    return _page(events.event_for(current_actor(), event_key))


def _page(event: ClubEvent, fault: str = "", status: int = 200) -> ResponseReturnValue:
    standing = waitlist.standing(event.id, current_actor(), clock.now())
    return render_template("club/wait.html", event=event, standing=standing, words=club_words, fault=fault), status


@bp.post("/<event_key>/wait")
@requires(Can.CLUB_SEAT)
def join(event_key: str) -> ResponseReturnValue:
    """Take a place."""
    event = events.event_for(current_actor(), event_key)
    numbers = [request.form.get(name, "") for name in ("kind", "seats")]
    try:
        if not all(number.isascii() and number.isdigit() and len(number) < 18 for number in numbers):
            raise Refusal("choose a kind of ticket, and for how many")
        with transaction():
            waitlist.join(event.id, *map(int, numbers), actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(events.event_for(current_actor(), event_key), _(refusal.message, **refusal.values), refusal.status)
    flash(_("You have a place. You are told as soon as seats are kept for you."), "success")
    return redirect(url_for("club_events.show", event_key=event_key), 303)


@bp.post("/<event_key>/wait/leave")
@requires(Can.CLUB_SEAT)
def leave(event_key: str) -> ResponseReturnValue:
    """Give the place up."""
    event = events.event_for(current_actor(), event_key)
    try:
        with transaction():
            waitlist.leave(event.id, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(events.event_for(current_actor(), event_key), _(refusal.message, **refusal.values), refusal.status)
    flash(_("Your place is given up."), "success")
    return redirect(url_for("club_events.show", event_key=event_key), 303)
