"""The door on a phone: type or scan a code, one clear answer, take it back."""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from models import db
from models.club import Booking, ClubEvent, EventState, Seat
from portal import clock
from portal.club import answers, door, events, queries
from portal.club.door import Answer
from portal.pages import club_question_words, club_words
from portal.pages.club_words import DOOR
from portal.permissions import Can
from portal.settings import ROOT
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.headers import HEADERS

WORKER = ROOT / "static" / "src" / "js" / "door-worker.js"
bp = Blueprint("club_door", __name__, url_prefix="/club/door")


@bp.get("")
@requires(Can.CLUB_DOOR)
def index() -> ResponseReturnValue:
    """Which door: the events that are next, or are just taking place."""
    found = [one for one in queries.coming(clock.now() - timedelta(hours=3)) if one.event.state == EventState.PUBLISHED]
    return render_template("club/doors.html", coming=found, words=club_words)


@bp.get("/worker.js")
@requires(Can.CLUB_DOOR)
def worker() -> Response:
    """What opens the door's bare page where there is no network. It stands under the door's own address, so that it sees no other page."""
    return Response(WORKER.read_text(encoding="utf-8"), mimetype="text/javascript")


@bp.get("/<event_key>/offline")
@requires(Can.CLUB_DOOR)
def offline(event_key: str) -> ResponseReturnValue:
    """The door's bare page, kept by the phone: the event's title and a form that keeps scans. It has no token and names nobody."""
    return _with_camera(render_template("club/door_offline.html", event=events.event_for(current_actor(), event_key), words=club_words, csrf_token=str))


@bp.get("/<event_key>")
@requires(Can.CLUB_DOOR)
def show(event_key: str) -> ResponseReturnValue:
    """The door of an event."""
    return _page(events.event_for(current_actor(), event_key), None)


def _page(event: ClubEvent, answer: Answer | None) -> ResponseReturnValue:
    return _with_camera(_rendered(event, answer))


def _with_camera(page: str) -> ResponseReturnValue:
    response = make_response(page)
    response.headers["Permissions-Policy"] = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")  # it reads QR codes
    return response


def _rendered(event: ClubEvent, answer: Answer | None) -> str:
    query = select(Seat).join(Booking, Booking.id == Seat.booking_id).where(Seat.event_id == event.id, queries.attending())
    wanted = request.args.get("name", "").strip()[:60]
    found = db.session.execute(query.where(Seat.name.contains(wanted, autoescape=True)).order_by(Seat.name, Seat.id).limit(20)).scalars().all() if wanted else []
    expected = db.session.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    told = answers.at_door([seat.id for seat in found] + ([answer.seat_id] if answer and answer.seat_id else []))
    return render_template(
        "club/door.html",
        event=event,
        answer=answer,
        said=DOOR[answer.said.value] if answer else None,
        told={number: club_question_words.told(rows) for number, rows in told.items()},
        came=door.insides(event.id),
        expected=expected,
        found=found,
        wanted=wanted,
        desk=request.form.get("desk", request.args.get("desk", ""))[:40],
        scan_key=secrets.token_hex(12),
        words=club_words,
    )


@bp.post("/<event_key>")
@requires(Can.CLUB_DOOR)
def check(event_key: str) -> ResponseReturnValue:
    """Let somebody in, or say why not; or take it back."""
    event = events.event_for(current_actor(), event_key)
    if not request.form.get("code") and not request.form.get("undo"):
        return redirect(url_for("club_door.show", event_key=event_key), 303)
    moment, desk = clock.now(), request.form.get("desk", "").strip().replace("\0", "")[:40]
    scan_key = "".join(letter for letter in request.form.get("scan", "") if letter.isalnum())[:64] or secrets.token_hex(12)
    seat = request.form.get("undo", "")
    with transaction():
        if seat:
            number = int(seat) if seat.isascii() and seat.isdigit() and len(seat) < 18 else 0
            answer = door.undo(event, number, desk=desk, scan_key=scan_key, actor=current_actor(), moment=moment)
        else:
            answer = door.check_in(event, request.form.get("code", "")[:200], at=moment, desk=desk, scan_key=scan_key, actor=current_actor(), moment=moment)
    return _page(events.event_for(current_actor(), event_key), answer)
