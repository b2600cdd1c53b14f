"""One client of a handover: the packet for who gets him, the choice of somebody else, what became of him."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length

from models.handovers import ClientOutcome
from portal import clock
from portal.handover import outcomes, packet, verbs
from portal.local_day import today
from portal.pages import care_words
from portal.pages import handover_words as words
from portal.pages.club_words import title
from portal.pages.handovers import leaver
from portal.pages.risk_words import chance_text
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("handover_clients", __name__, url_prefix="/handovers/<int:handover_id>/clients")
SAID = [SelectChoice(one.value, words.OUTCOMES[one.value][0]) for one in ClientOutcome]


class OutcomeForm(FlaskForm):  # type: ignore[misc]
    """What became of a client; a reason where he left, whole or in part."""

    outcome = RadioField(_l("Outcome"), choices=SAID, validators=[InputRequired(_l("Choose what became of him."))])
    reason = TextAreaField(_l("Why"), validators=[Length(max=outcomes.LONGEST)])


@bp.get("/<account_no>")
@requires(Can.HANDOVER_SEE)
def show(handover_id: int, account_no: str) -> ResponseReturnValue:
    """The packet of one client."""
    return _shown(handover_id, account_no, OutcomeForm())


def _shown(handover_id: int, account_no: str, form: OutcomeForm, fault: str = "", status: int = 200) -> ResponseReturnValue:
    actor = current_actor()
    handover = verbs.handover_for(actor, handover_id)
    row = verbs.client_of(actor, handover.id, account_no)
    if not form.is_submitted() and row.outcome:
        form.outcome.data, form.reason.data = row.outcome, row.outcome_reason
    is_open = handover.state == "open"
    people = packet.fits(handover, row, today()) if is_open and actor.may(Can.HANDOVER_DECIDE) and row.decided_id is None else []
    said: dict[str, Any] = {
        "packet": packet.of(row),
        "people": people,
        "leaver": leaver(handover)[0],
        "words": words,
        "care": care_words,
        "chance_text": chance_text,
        "event_title": title,
    }
    may_say = is_open and row.decided_id is not None and actor.may(Can.HANDOVER_WORK)
    return render_template("handover/client.html", handover=handover, row=row, account_no=account_no, form=form, fault=fault, may_say=may_say, **said), status


@bp.post("/<account_no>/choose")
@requires(Can.HANDOVER_DECIDE)
def choose(handover_id: int, account_no: str) -> ResponseReturnValue:
    """Propose somebody else for one client."""
    with transaction():
        verbs.choose(handover_id, account_no, request.form.get("staff", ""), actor=current_actor(), moment=clock.now(), today=today())
    flash(_("The proposal is changed; nothing is handed over before it is decided."), "success")
    return redirect(url_for("handover_clients.show", handover_id=handover_id, account_no=account_no), 303)


@bp.post("/<account_no>/outcome")
@requires(Can.HANDOVER_WORK)
def outcome(handover_id: int, account_no: str) -> ResponseReturnValue:
    """Write down what became of a client."""
    form = OutcomeForm()
    if not form.validate_on_submit():
        return _shown(handover_id, account_no, form, status=422)
    try:
        with transaction():
            outcomes.record(handover_id, account_no, ClientOutcome(form.outcome.data), form.reason.data or "", actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _shown(handover_id, account_no, form, _(refusal.message, **refusal.values), refusal.status)
    flash(_("It is written down."), "success")
    return redirect(url_for("handover_clients.show", handover_id=handover_id, account_no=account_no), 303)
