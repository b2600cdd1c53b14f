"""The hearing on screen: telling, hearing and judging at the departure, and the page on which one of the staff reads and answers for himself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from portal import clock
from portal.departures import hearing
from portal.departures.hearing import SHORTEST, Hearing
from portal.departures.register import LONG
from portal.local_day import today
from portal.pages.departures import AnnounceForm, shown
from portal.pages.departures_words import KINDS
from portal.pages.hearing_part import ACTIONS, FAR, HeardForm, JudgeForm, TellForm
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("hearing", __name__, url_prefix="/departures")


class AnswerForm(FlaskForm):  # type: ignore[misc]
    """What one of the staff answers."""

    words = TextAreaField(_l("Your answer"), validators=[InputRequired(_l("Say it in a few words.")), Length(min=SHORTEST, max=LONG)])


@bp.post("/<int:departure_id>/tell")
@requires(Can.DEPARTURE_RECORD)
def tell(departure_id: int) -> ResponseReturnValue:
    """The firm tells the person."""
    form = TellForm()
    return _done(departure_id, form, lambda: hearing.tell(departure_id, form.words.data or "", actor=current_actor(), moment=clock.now()))


@bp.post("/<int:departure_id>/heard")
@requires(Can.DEPARTURE_RECORD)
def heard(departure_id: int) -> ResponseReturnValue:
    """What a broker said to somebody of the firm."""
    form = HeardForm()

    def written() -> Any:
        said = form.words.data or "", form.heard_on.data, form.heard_by.data or ""
        return hearing.hear(departure_id, *said, actor=current_actor(), moment=clock.now(), today=today())

    return _done(departure_id, form, written)


@bp.post("/<int:departure_id>/judge")
@requires(Can.DEPARTURE_RECORD)
def judge(departure_id: int) -> ResponseReturnValue:
    """A second person judges the answer."""
    form = JudgeForm()

    def judged() -> Any:
        return hearing.judge(departure_id, form.upheld.data == "yes", form.words.data or "", actor=current_actor(), moment=clock.now(), today=today())

    return _done(departure_id, form, judged)


def _done(departure_id: int, form: FlaskForm, step: Callable[[], Any]) -> ResponseReturnValue:
    if not form.validate_on_submit():
        fault = next(str(one[0]) for one in form.errors.values()) if form.errors else ""
        return shown(departure_id, AnnounceForm(formdata=None), fault, 422)
    try:
        with transaction():
            action = str(step().action)
    except Refusal as refusal:
        return shown(departure_id, AnnounceForm(formdata=None), _(refusal.message, **refusal.values), refusal.status)
    flash(ACTIONS[action], "success")
    return redirect(url_for("departures.show", departure_id=departure_id), 303)


@bp.get("/mine")
@requires(Can.APPEAL_OWN)
def mine() -> ResponseReturnValue:
    """What the firm told the reader about himself, and his answer."""
    return _mine(AnswerForm())


def _mine(form: AnswerForm, fault: str = "", status: int = 200) -> ResponseReturnValue:
    told = [(row, entries, hearing.how_far(entries)) for row, entries in hearing.own(current_actor())]
    open_to = {Hearing.TOLD, Hearing.ANSWERED}
    return render_template("departures/mine.html", told=told, open_to=open_to, form=form, fault=fault, actions=ACTIONS, far=FAR, kinds=KINDS), status


@bp.post("/mine/<int:told_id>/answer")
@requires(Can.APPEAL_OWN)
def answer(told_id: int) -> ResponseReturnValue:
    """The reader answers what he was told."""
    if told_id not in {row.id for row, _entries in hearing.own(current_actor())}:
        raise NotFound("there is no such departure")
    form = AnswerForm()
    if not form.validate_on_submit():
        return _mine(form, status=422)
    try:
        with transaction():
            hearing.answer(told_id, form.words.data or "", actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _mine(form, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Your answer is written down. Somebody else than who recorded it judges."), "success")
    return redirect(url_for("hearing.mine"), 303)
