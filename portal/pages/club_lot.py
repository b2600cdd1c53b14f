"""Seats that are drawn by lot: what everybody may see of a draw, before it and after it, with all that is needed to repeat it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from models import db
from models.club import ClubEvent
from models.club_waitlist import SeatLot, WaitPlace, WaitState
from portal import clock
from portal.club import events, lot
from portal.pages import club_words
from portal.pages.club_events import reader
from portal.pages.club_waiting_words import PARTIES
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, public, requires

bp = Blueprint("club_lot", __name__)
SHOWN = 1_000
"""Entries on the page; the file has all of them."""


def _found(event_key: str) -> tuple[ClubEvent, SeatLot]:
    event = events.event_for(reader(), event_key)
    found = lot.of_event(event.id)
    if found is None:
        raise NotFound("the seats of this event are not drawn by lot")
    return event, found


@bp.get("/events/<event_key>/draw")
@public
def show(event_key: str) -> ResponseReturnValue:
    """Before the draw: until when one can enter, how many have, and the digest of the seed. After it: the seed and every entry."""
    event, found = _found(event_key)
    entered = select(func.count()).where(WaitPlace.event_id == event.id, WaitPlace.state == WaitState.WAITING)
    return render_template(
        "club/draw.html",
        event=event,
        lot=found,
        entries=found.result["entries"][:SHOWN] if found.result else [],
        count=len(found.result["entries"]) if found.result else db.session.execute(entered).scalar_one(),
        kinds={kind.id: kind for kind in events.kinds_of(event.id)},
        parties=PARTIES,
        words=club_words,
    )


@bp.get("/events/<event_key>/draw.csv")
@public
def as_file(event_key: str) -> Response:
    """The draw as a file: its facts first, then every entry in drawn order."""
    _event, found = _found(event_key)
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["seed_sha256", found.digest])
    if found.result:
        rows.writerows([["seed", found.seed], ["free", found.result["free"]], ["party_that_does_not_fit", found.result["parties"]], ["largest_party", found.result["most"]]])
        rows.writerows([f"free_of_kind_{kind}", free] for kind, free in found.result["kinds"].items())
        rows.writerow(["place", "number", "seats", "kind", "won"])
        rows.writerows([one["place"], one["number"], one["seats"], one["kind"], int(one["won"])] for one in found.result["entries"])
    response = Response(file.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename=draw-{event_key}.csv"
    return response


@bp.post("/club/events/<event_key>/draw")
@requires(Can.CLUB_EDIT)
def set_up(event_key: str) -> ResponseReturnValue:
    """Let an event give its seats by lot."""
    event = events.event_for(current_actor(), event_key)
    try:
        until = _typed(event)
        with transaction():
            lot.set_up(event.id, until, actor=current_actor(), moment=clock.now())
        flash(_("The seats are drawn by lot. The digest of the seed is shown from now on."), "success")
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
    return redirect(url_for("club_waitlist.index", event_key=event_key), 303)


def _typed(event: ClubEvent) -> datetime:
    """The end of entries, by the clocks of the event's place. Raises Refusal where it is none."""
    try:
        day, at = date.fromisoformat(request.form.get("day", "")), time.fromisoformat(request.form.get("time", ""))
    except ValueError as error:
        raise Refusal("choose a day and a time") from error
    return datetime.combine(day, at.replace(tzinfo=None), ZoneInfo(event.zone)).astimezone(UTC)
