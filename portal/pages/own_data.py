"""One's own data: a copy of everything that the portal holds, and the wish that it be erased."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from models.lists import ExportFile
from portal import clock
from portal.i18n import spoken
from portal.jobs.verbs import enqueue
from portal.lists import kept
from portal.permissions import Can
from portal.personal import erasing
from portal.personal.gather import person_of, subject_of
from portal.personal.making import COPY
from portal.personal.sources import LEFT_OUT
from portal.personal.words import KEPT, PARTS, STATES
from portal.refusals import Conflict, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, fresh, requires

bp = Blueprint("own_data", __name__, url_prefix="/me/data")


@bp.get("")
@requires(Can.PERSONAL_OWN)
def index() -> ResponseReturnValue:
    """What can be had and asked for, and what came of it."""
    return _page()


def _page(fault: str = "", status: int = 200) -> ResponseReturnValue:
    actor, subject = current_actor(), subject_of(current_actor())
    files = db.session.scalars(kept.of_maker(actor, clock.now()).where(ExportFile.endpoint == "own_data.index").order_by(ExportFile.id.desc())).all()
    goes, stays = erasing.counted(person_of(subject))
    shown = {"goes": goes, "stays": stays, "parts": PARTS, "kept": KEPT, "states": STATES, "left_out": LEFT_OUT}
    page = render_template("personal/own.html", subject=subject, files=files, making=_making(), asked=erasing.open_request(subject), fault=fault, **shown)
    return page, status


def _making() -> Job | None:
    """The copy that is being made."""
    query = select(Job).where(Job.kind == COPY, Job.asked_by_id == current_actor().user_id, Job.state.in_((JobState.WAITING, JobState.RUNNING)))
    return db.session.scalars(query.limit(1)).first()


@bp.post("/copy")
@requires(Can.PERSONAL_OWN)
@fresh
def copy() -> ResponseReturnValue:
    """Ask for a copy; it is made in the background."""
    subject_of(current_actor())
    try:
        with transaction():
            if _making() is not None:
                raise Conflict("your copy is being made: it stands here as soon as it is ready")
            enqueue(current_actor(), clock.now(), COPY, {"locale": spoken()})
    except Conflict as refusal:
        return _page(_(refusal.message), refusal.status)
    flash(_("Your copy is being made; it stands here in a moment, for seven days, for you alone."), "success")
    return redirect(url_for("own_data.index"), 303)


@bp.post("/erase")
@requires(Can.PERSONAL_OWN)
@fresh
def erase() -> ResponseReturnValue:
    """Ask that one's data be erased; the number is typed, so that nobody asks by mistake."""
    subject = subject_of(current_actor())
    try:
        if request.form.get("typed", "").strip() != subject.number:
            raise Refusal("type %(number)s to say that you mean it", number=subject.number)
        with transaction():
            erasing.ask(subject, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(_(refusal.message, **refusal.values), refusal.status)
    flash(_("Kept. Two people of the firm look at it, and you are told."), "success")
    return redirect(url_for("own_data.index"), 303)
