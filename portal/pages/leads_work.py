"""What people do about a lead: every button of its page. Each form names the version that it was made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import clock, local_day
from portal.keys import keyring
from portal.leads import queries, work
from portal.leads.reveal import show_phone
from portal.leads.steps import take_step
from portal.pages import leads_assign, leads_owner, leads_state, leads_steps
from portal.pages import leads_words as words
from portal.pages.leads import shown
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.requests import request_id

bp = Blueprint("leads_work", __name__, url_prefix="/leads")
bp.register_blueprint(leads_assign.bp)
bp.register_blueprint(leads_owner.bp)
bp.register_blueprint(leads_state.bp)
bp.register_blueprint(leads_steps.bp)


def _done(lead_public_id: str, act: Callable[..., Any], said: str, **more: Any) -> ResponseReturnValue:
    """Do it in one transaction, say so, and show the lead again."""
    with transaction():
        act(lead_public_id, version=words.version_seen(), actor=current_actor(), moment=clock.now(), **more)
    flash(said, "success")
    return redirect(url_for("leads.show", lead_public_id=lead_public_id), 303)


@bp.post("/<lead_public_id>/contacts")
@requires(Can.LEAD_WORK)
def contact(lead_public_id: str) -> ResponseReturnValue:
    """Write down a call, a visit or a message, and what was promised in it."""
    queries.lead_for(current_actor(), lead_public_id, can=Can.LEAD_WORK)
    way, outcome = request.form.get("way", ""), request.form.get("outcome", "")
    if way not in set(work.Way) or outcome not in set(work.Outcome):
        raise Refusal("say how you tried to reach the person, and what came of it")
    tried = work.Contact(work.Way(way), work.Outcome(outcome), request.form.get("words", ""), request.form.get("promise", ""), words.day_given("promised_for"))
    return _done(lead_public_id, _contact, _("The contact is written down."), contact=tried, today=local_day.today())


def _contact(public_id: str, *, contact: work.Contact, version: int, **more: Any) -> None:
    work.record_contact(public_id, contact, version, **more)


@bp.post("/<lead_public_id>/reports")
@requires(Can.LEAD_REGISTER)
def report(lead_public_id: str) -> ResponseReturnValue:
    """An introducer tells of a contact of his own."""
    return _done(lead_public_id, work.report, _("Your report is written down."), words=request.form.get("words", ""), today=local_day.today())


@bp.post("/<lead_public_id>/notes")
@requires(Can.LEAD_WORK)
def add_note(lead_public_id: str) -> ResponseReturnValue:
    """A note."""
    return _done(lead_public_id, work.add_note, _("The note is kept."), words=request.form.get("words", ""))


@bp.post("/<lead_public_id>/tasks")
@requires(Can.LEAD_WORK)
def add_task(lead_public_id: str) -> ResponseReturnValue:
    """Something to be done."""
    return _done(lead_public_id, work.add_task, _("The task is kept."), what=request.form.get("what", ""), due_on=words.day_given("due_on"), today=local_day.today())


@bp.post("/<lead_public_id>/tasks/<int:task_id>")
@requires(Can.LEAD_WORK)
def finish_task(lead_public_id: str, task_id: int) -> ResponseReturnValue:
    """What came of it."""
    with transaction():
        work.finish_task(lead_public_id, task_id, request.form.get("outcome", ""), actor=current_actor(), moment=clock.now(), today=local_day.today())
    flash(_("The task is done."), "success")
    return redirect(url_for("leads.show", lead_public_id=lead_public_id), 303)


@bp.post("/<lead_public_id>/steps/<any(qualify,lapse,refuse):name>")
@requires(Can.LEAD_WORK)
def step(lead_public_id: str, name: str) -> ResponseReturnValue:
    """Qualify it, let it lapse, or close it for good."""
    return _done(lead_public_id, _step, str(words.STATES[{"qualify": "qualified", "lapse": "lapsed", "refuse": "refused"}[name]][0]), name=name)


@bp.post("/<lead_public_id>/withdraw")
@requires(Can.LEAD_REGISTER)
def withdraw(lead_public_id: str) -> ResponseReturnValue:
    """The introducer takes his lead back."""
    return _done(lead_public_id, _step, str(words.STATES["withdrawn"][0]), name="withdraw")


def _step(public_id: str, *, name: str, version: int, **more: Any) -> None:
    right = Can.LEAD_REGISTER if name == "withdraw" else Can.LEAD_WORK
    queries.lead_for(more["actor"], public_id, can=right)
    take_step(public_id, name, version, words=request.form.get("words", ""), today=local_day.today(), **more)


@bp.post("/<lead_public_id>/extend")
@requires(Can.LEAD_REGISTER)
def extend(lead_public_id: str) -> ResponseReturnValue:
    """Extend the claim by rule."""
    return _done(lead_public_id, work.extend, _("The claim is extended."), today=local_day.today())


@bp.post("/<lead_public_id>/phone")
@requires(Can.LEAD_WORK)
def phone(lead_public_id: str) -> ResponseReturnValue:
    """The phone number in the clear, once, for who works on the lead and says what for; that stands in its log."""
    why, said = request.form.get("why", ""), request.form.get("words", "").strip()
    with transaction():
        number = show_phone(lead_public_id, why, said, actor=current_actor(), moment=clock.now(), keyring=keyring(), request_id=request_id()).phone
    lead = queries.lead_for(current_actor(), lead_public_id, can=Can.LEAD_WORK)
    return shown(lead, phone=number, reason=" · ".join(filter(None, (str(words.PHONE_FOR[why]), said))))
