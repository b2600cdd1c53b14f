"""Preparing an event: write it down, change it, open it for booking, call it off after a look at what that does."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.club import ClubEvent
from portal import clock
from portal.club import calling_off, events, series, tiers
from portal.club.trading import Found
from portal.jobs.club import CALL_OFF
from portal.jobs.verbs import enqueue
from portal.pages import club_trading, club_words
from portal.pages.club_form import EventForm, filled
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_edit", __name__, url_prefix="/club/events")


@bp.get("/new")
@requires(Can.CLUB_EDIT)
def new() -> ResponseReturnValue:
    """An empty form."""
    return render_template("club/edit.html", form=EventForm().offer(tiers.all_tiers()), event=None, fault="")


@bp.post("/new")
@requires(Can.CLUB_EDIT)
def create() -> ResponseReturnValue:
    """Write an event down as a draft; what does not hold is said above the form, which keeps what was typed."""
    form = EventForm().offer(tiers.all_tiers())
    if not form.validate_on_submit():
        return render_template("club/edit.html", form=form, event=None, fault=""), 422
    try:
        draft = form.draft([])
        found = club_trading.found_in(draft)
        if not club_trading.is_confirmed(found):
            return _warned(form, None, found)
        with transaction():
            key = events.create(draft, actor=current_actor(), moment=clock.now()).key
    except Refusal as refusal:
        return render_template("club/edit.html", form=form, event=None, fault=_(refusal.message, **refusal.values)), refusal.status
    flash(_("Kept as a draft: look at it, then open it for booking."), "success")
    return redirect(url_for("club_desk.show", event_key=key), 303)


@bp.get("/<event_key>/edit")
@requires(Can.CLUB_EDIT)
def edit(event_key: str) -> ResponseReturnValue:
    """The form with what stands."""
    event = events.event_for(current_actor(), event_key)
    form = EventForm(data=filled(event, events.sessions_of(event.id)[0], events.kinds_of(event.id)))
    return render_template("club/edit.html", form=form.offer(tiers.all_tiers()), event=event, fault="")


@bp.post("/<event_key>/edit")
@requires(Can.CLUB_EDIT)
def change(event_key: str) -> ResponseReturnValue:
    """Keep what was changed."""
    event = events.event_for(current_actor(), event_key)
    form, number, kinds = EventForm().offer(tiers.all_tiers()), event.id, events.kinds_of(event.id)
    if not form.validate_on_submit():
        return render_template("club/edit.html", form=form, event=event, fault=""), 422
    version = form.version.data or ""
    try:
        draft = form.draft(kinds)
        found = club_trading.found_in(draft) if draft.when != series.draft_of(event, events.sessions_of(number), kinds).when else []
        if not club_trading.is_confirmed(found):
            return _warned(form, event, found)
        with transaction():
            events.change(number, draft, int(version) if version.isascii() and version.isdigit() and len(version) < 15 else 0, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        event = events.event_for(current_actor(), event_key)
        return render_template("club/edit.html", form=form, event=event, fault=_(refusal.message, **refusal.values)), refusal.status
    flash(_("Kept."), "success")
    return redirect(url_for("club_desk.show", event_key=event_key), 303)


def _warned(form: EventForm, event: ClubEvent | None, found: list[Found]) -> ResponseReturnValue:
    """The form once more, with what the times fall into, to be confirmed."""
    warned = {"warnings": club_trading.words_of(found), "to_confirm": club_trading.to_confirm(found)}
    return render_template("club/edit.html", form=form, event=event, fault="", **warned), 409


@bp.post("/<event_key>/publish")
@requires(Can.CLUB_EDIT)
def publish(event_key: str) -> ResponseReturnValue:
    """Open an event for booking."""
    number = events.event_for(current_actor(), event_key).id
    with transaction():
        events.publish(number, actor=current_actor(), moment=clock.now())
    flash(_("The event is open for booking."), "success")
    return redirect(url_for("club_desk.show", event_key=event_key), 303)


@bp.get("/<event_key>/call-off")
@requires(Can.CLUB_EDIT)
def look_at_calling_off(event_key: str) -> ResponseReturnValue:
    """Whom it reaches, and what goes back."""
    event = events.event_for(current_actor(), event_key)
    return render_template("club/call_off.html", event=event, what=calling_off.preview(event.id), done=calling_off.summary(event.id), words=club_words, fault="")


@bp.post("/<event_key>/call-off")
@requires(Can.CLUB_EDIT)
def call_off(event_key: str) -> ResponseReturnValue:
    """Call an event off; a job ends the bookings and sends the money back."""
    number = events.event_for(current_actor(), event_key).id
    try:
        with transaction():
            events.call_off(number, request.form.get("why", ""), actor=current_actor(), moment=clock.now())
            enqueue(current_actor(), clock.now(), CALL_OFF, {"event_id": number})
    except Refusal as refusal:
        event = events.event_for(current_actor(), event_key)
        shown = {"event": event, "what": calling_off.preview(event.id), "done": calling_off.summary(event.id), "words": club_words}
        return render_template("club/call_off.html", **shown, fault=_(refusal.message, **refusal.values)), refusal.status
    flash(_("Called off. The bookings are being ended and the money is on its way back."), "success")
    return redirect(url_for("club_desk.show", event_key=event_key), 303)
