"""A departure takes effect: what ends with it is counted first, then all of it at once."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.departures import DepartureKind
from models.values.calendar import NotADate, parse_day
from portal import clock
from portal.departures import leaving, register
from portal.departures.people import person_of
from portal.local_day import today
from portal.pages.departures_words import KINDS, LEAVES
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("departures_effect", __name__, url_prefix="/departures")


def _day(text: str, otherwise: date | None) -> date:
    """The day asked for; today's where there is none. Raises Refusal for what is none."""
    if not text:
        return otherwise or today()
    try:
        return parse_day(text)
    except NotADate:
        raise Refusal("%(found)s is not a day; write it like 2026-04-01", found=text[:40]) from None


@bp.get("/<int:departure_id>/effect")
@requires(Can.DEPARTURE_RECORD)
def look(departure_id: int) -> ResponseReturnValue:
    """What would end, also before the day on which it may; the page then says from when. Nothing is written."""
    return _looked(departure_id)[0]


def _looked(departure_id: int, fault: str = "", status: int = 200) -> tuple[str, int]:
    actor = current_actor()
    departure = register.departure_for(actor, departure_id, Can.DEPARTURE_RECORD)
    day = departure.effective_on or today()
    try:
        day = _day(request.values.get("on", ""), departure.effective_on)
        leaving.checked(departure, day, actor=actor, today=today())
    except Refusal as refusal:
        fault, status = fault or _(refusal.message, **refusal.values), max(status, refusal.status)
    who = person_of(departure)
    found = leaving.leaves(who.id, day, clock.now()) if departure.kind == DepartureKind.STAFF_LEAVES else None
    shown = {"departure": departure, "day": day, "who": who, "found": found, "fault": fault, "stopped": bool(fault), "too_early": day > today()}
    return render_template("departures/effect.html", **shown, kinds=KINDS, counted=LEAVES), status


@bp.post("/<int:departure_id>/effect")
@requires(Can.DEPARTURE_RECORD)
def take(departure_id: int) -> ResponseReturnValue:
    """Let it take effect."""
    try:
        with transaction():
            day = _day(request.form.get("on", ""), None)
            leaving.take_effect(departure_id, day, request.form.get("typed", ""), actor=current_actor(), moment=clock.now(), today=today())
    except Refusal as refusal:
        return _looked(departure_id, _(refusal.message, **refusal.values), refusal.status)
    flash(_("The departure is effective from %(day)s.", day=day), "success")
    return redirect(url_for("departures.show", departure_id=departure_id), 303)
