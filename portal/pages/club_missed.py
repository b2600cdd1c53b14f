"""Who had a seat and was not seen, at his own browser: what that means for him, and how he says that he was there or had a reason."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import clock
from portal.club import no_show_facts, no_shows, queries
from portal.club.no_shows import LONGEST
from portal.pages import club_words
from portal.pages.club_no_show_words import NO_SHOW_STATES
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_missed", __name__, url_prefix="/club/bookings")


@bp.get("/<booking_id>/missed")
@requires(Can.CLUB_SEAT)
def show(booking_id: str) -> ResponseReturnValue:
    """What is known, what it means, and the form to say something; also where nothing was missed."""
    return _page(booking_id)


def _page(booking_id: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    one, event, _kind = queries.own_booking(current_actor(), booking_id)
    row, moment = no_shows.of_booking(one.id), clock.now()
    behind = no_show_facts.behind([one.person]).get(one.person)
    shown = {"row": row, "may": row is not None and no_shows.may_appeal(row, moment), "state": NO_SHOW_STATES[row.state] if row else None}
    until = behind if behind is not None and behind > moment else None
    rest = {"rule": no_show_facts.rule_now(), "until": until, "limit": LONGEST, "typed": request.form.get("words", ""), "fault": fault}
    return render_template("club/missed.html", booking=one, event=event, words=club_words, **shown, **rest), status


@bp.post("/<booking_id>/missed")
@requires(Can.CLUB_SEAT)
def appeal(booking_id: str) -> ResponseReturnValue:
    """Say that one was there, or why not."""
    queries.own_booking(current_actor(), booking_id)
    try:
        with transaction():
            no_shows.appeal(booking_id, request.form.get("words", ""), actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(booking_id, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Thank you. It does not count until somebody has decided it; you are told."), "success")
    return redirect(url_for("club_missed.show", booking_id=booking_id), 303)
