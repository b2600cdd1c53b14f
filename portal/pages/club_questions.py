"""Writing an event's questions: what is asked, in which order, of whom it is private, and until when answers can be changed."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.club import ClubEvent
from portal import clock
from portal.club import events, questions
from portal.club.questions import Asking
from portal.pages import club_question_words, club_words
from portal.pages.club_invites import whole
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_questions", __name__, url_prefix="/club/events")


@bp.get("/<event_key>/questions")
@requires(Can.CLUB_EDIT)
def index(event_key: str) -> ResponseReturnValue:
    """The questions in their order, each with its form, and the form of another."""
    return _page(events.event_for(current_actor(), event_key))


def _page(event: ClubEvent, fault: str = "", status: int = 200) -> ResponseReturnValue:
    found = {"asked": questions.of_event(event.id), "hours": questions.hours_before(event.id), "most": questions.MOST, "most_hours": questions.MOST_HOURS}
    return render_template("club/questions.html", event=event, **found, say=club_question_words, words=club_words, typed=request.form, fault=fault), status


@bp.post("/<event_key>/questions")
@requires(Can.CLUB_EDIT)
def keep(event_key: str) -> ResponseReturnValue:
    """Ask one more, put one otherwise, take one away, or say until when answers can be changed."""
    event, wish, actor, moment = events.event_for(current_actor(), event_key), request.form.get("wish", ""), current_actor(), clock.now()
    number = _number()
    try:
        with transaction():
            if wish == "until":
                questions.set_hours(event.id, whole(request.form, "hours", questions.MOST_HOURS), actor=actor, moment=moment)
            elif wish == "away":
                questions.take_away(event.id, number, actor=actor, moment=moment)
            elif wish == "change":
                questions.change(event.id, number, _asking(), actor=actor, moment=moment)
            else:
                questions.add(event.id, _asking(), actor=actor, moment=moment)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(events.event_for(current_actor(), event_key), _(refusal.message, **refusal.values), refusal.status)
    flash(_("Kept."), "success")
    return redirect(url_for("club_questions.index", event_key=event_key), 303)


def _number() -> int:
    typed = request.form.get("number", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 18 else 0


def _asking() -> Asking:
    """What the form asks. Answers of a choice stand one a line, with the English after a bar. Raises Refusal."""
    typed = request.form
    lines = [line.partition("|") for line in typed.get("choices", "")[:4_000].splitlines() if line.strip()]
    ticks = {name: typed.get(name) == "yes" for name in ("required", "private", "at_door")}
    choices = tuple((one.strip(), other.strip()) for one, _bar, other in lines)
    return Asking(typed.get("kind", ""), typed.get("words", ""), typed.get("words_en", ""), choices, **ticks, place=whole(typed, "place", questions.MOST))
