"""Name badges: what each wants to stand under his name, and all badges of an event to print."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from models.club import ClubEvent
from portal import clock
from portal.club import badges, events, queries
from portal.documents.badges import Badge, badges_of
from portal.pages import club_words
from portal.pages.qr import picture
from portal.pages.taken_out import paper_out
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_badges", __name__, url_prefix="/club")


@bp.get("/events/<event_key>/badges.pdf")
@requires(Can.CLUB_SEE)
def pdf(event_key: str) -> ResponseReturnValue:
    """The badges of everybody who is expected."""
    event = events.event_for(current_actor(), event_key)
    sessions = events.sessions_of(event.id)
    when = f"{club_words.day_text(sessions[0].starts_at, event.zone)} {club_words.times(sessions[0], event.zone)}" if sessions else ""
    title, number = club_words.title(event), event.id
    shown = _badges(event)
    return paper_out(badges_of(title, when, shown, clock.now(), str(get_locale())), "application/pdf", f"badges-{number}.pdf", "club_event", event_key)


def _badges(event: ClubEvent) -> list[Badge]:
    with transaction():
        return [
            Badge(
                row.seat.name,
                row.seat.badge,
                club_words.kind_name(row.kind) + (f" · {_('Guest')}" if row.seat.position else ""),
                club_words.code_text(row.seat.code),
                picture(f"JUYUAN:{row.seat.code}", size=4),
            )
            for row in badges.of_event(event, actor=current_actor(), moment=clock.now())
        ]


@bp.post("/bookings/<booking_id>/seats/<int:position>/badge")
@requires(Can.CLUB_SEAT)
def say(booking_id: str, position: int) -> ResponseReturnValue:
    """Keep what stands under a name."""
    queries.own_booking(current_actor(), booking_id)
    try:
        with transaction():
            badges.say(booking_id, position, request.form.get("badge", ""), actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        flash(_(refusal.message, **refusal.values), "bad")
    else:
        flash(_("Kept."), "success")
    return redirect(url_for("club_bookings.seat", booking_id=booking_id, position=position), 303)
