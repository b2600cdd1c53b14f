"""An event once more: a look at the days of a copy or a series, with what they fall into, then drafts of all of them."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import clock
from portal.club import copied, events, series
from portal.club.events import Draft
from portal.club.series import Every
from portal.pages import club_trading, club_words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_series", __name__, url_prefix="/club/events")


def _draft(event_key: str) -> Draft:
    event = events.event_for(current_actor(), event_key)
    return series.draft_of(event, events.sessions_of(event.id), events.kinds_of(event.id))


def _asked(draft: Draft, typed: dict[str, str]) -> list[Draft]:
    """The drafts that are asked for. Raises Refusal where a day or a number is none."""
    count = typed.get("count", "")
    try:
        first, every = date.fromisoformat(typed.get("first", "")), Every(typed.get("every", ""))
    except ValueError as error:
        raise Refusal("choose a first day, and every week or every month") from error
    return series.series(draft, first, every, int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0, clock.now())


@bp.get("/<event_key>/copy")
@requires(Can.CLUB_EDIT)
def look(event_key: str) -> ResponseReturnValue:
    """The form; where it is filled in, the days with what each falls into."""
    return _page(event_key, dict(request.args))


def _page(event_key: str, typed: dict[str, str], fault: str = "", status: int = 200) -> ResponseReturnValue:
    draft, rows = _draft(event_key), []
    if typed.get("first"):
        try:
            asked = _asked(draft, typed)
            rows = [(one.when[0].starts_at, club_trading.words_of(club_trading.found_in(one))) for one in asked]
        except Refusal as refusal:
            fault, status = fault or _(refusal.message, **refusal.values), 422
    start = draft.when[0].starts_at.astimezone(ZoneInfo(draft.zone)).date()
    shown = {"typed": typed, "rows": rows, "next": start + timedelta(weeks=1), "zone": draft.zone, "most": series.MOST}
    return render_template("club/copy.html", event=events.event_for(current_actor(), event_key), words=club_words, fault=fault, **shown), status


@bp.post("/<event_key>/copy")
@requires(Can.CLUB_EDIT)
def create(event_key: str) -> ResponseReturnValue:
    """Write the drafts down. Who looked at the days has seen what they fall into."""
    typed = {name: request.form.get(name, "") for name in ("first", "every", "count")}
    try:
        drafts = _asked(_draft(event_key), typed)
        with transaction():
            keys = series.create(drafts, actor=current_actor(), moment=clock.now())
            copied.take_along(events.event_for(current_actor(), event_key), keys, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(event_key, typed, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Kept as drafts with their tiers, kept seats and draw: look at each, then open it for booking. Who may take kept seats is said anew."), "success")
    return redirect(url_for("club_desk.show", event_key=keys[0]) if len(keys) == 1 else url_for("club_desk.index"), 303)
