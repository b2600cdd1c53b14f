"""One client's score: from the firm's average to his chance, reason by reason; how it went; why he would leave, and a person's word on it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import SelectField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length

from models import db
from models.care import CareTask, TaskState
from models.clients import Account, AccountVersion
from models.questions import ClientQuestion, QuestionSubject
from models.risk import ChurnCause, RiskModel, RiskRun, RiskScore
from portal import clock
from portal.audit import log
from portal.care import book, question_queries
from portal.care import queries as care
from portal.clients.queries import account_for
from portal.commission.queries import last_settled_day
from portal.local_day import today
from portal.pages import care_words, question_words
from portal.pages.risk_words import CAUSES, NEXT, REASONS, REST, chance_text
from portal.permissions import Can
from portal.refusals import Refusal
from portal.risk import correcting
from portal.risk.explained import Bridge, bridge
from portal.risk.facts import WORD_COUNTS
from portal.risk.hazard import PRIORS, Weights
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("risk_client", __name__, url_prefix="/risk/clients")
RUNS = 60
"""So many scorings are drawn."""
TO_BP = 100
"""Parts per million in a hundredth of a per cent."""


class CauseForm(FlaskForm):  # type: ignore[misc]
    """Why the client would leave, and where it is known from."""

    cause = SelectField(_l("Why he would leave"), choices=[SelectChoice(cause.value, CAUSES[cause.value]) for cause in ChurnCause])
    note = TextAreaField(_l("Where it is known from"), validators=[InputRequired(_l("Say where it is known from.")), Length(max=correcting.LONGEST)])


@bp.get("/<account_no>")
@requires(Can.RISK_SEE)
def show(account_no: str) -> ResponseReturnValue:
    """The score and what it rests on. That it was looked at is written down: it concerns a person."""
    account, version = _account(account_no)
    with transaction():
        log.write(current_actor(), clock.now(), "risk.looked", "account", account.account_no)
    return _page(account, version, CauseForm())


@bp.post("/<account_no>/cause")
@requires(Can.RISK_CORRECT)
def say(account_no: str) -> ResponseReturnValue:
    """A person's word on the cause."""
    account, version = _account(account_no)
    form = CauseForm()
    if not form.validate_on_submit():
        return _page(account, version, form, 422)
    try:
        with transaction():
            correcting.correct(account, ChurnCause(form.cause.data), form.note.data or "", actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        form.note.errors = [_(refusal.message, **refusal.values)]
        return _page(account, version, form, refusal.status)
    flash(_("It is written down, and counts in the next scorings."), "success")
    return redirect(url_for("risk_client.show", account_no=account_no), 303)


def _account(account_no: str) -> tuple[Account, AccountVersion]:
    return account_for(current_actor(), account_no, last_settled_day() or today())


def _page(account: Account, version: AccountVersion, form: CauseForm, status: int = 200) -> ResponseReturnValue:
    found, actor = correcting.latest(account.id), current_actor()
    said = correcting.said_of(account.id)
    more: dict[str, Any] = {"account": account, "version": version, "form": form, "causes": CAUSES, "chance_text": chance_text, "said": said}
    if found is None:
        return render_template("risk/client.html", score=None, **more), status
    score, run = found
    model = db.session.get_one(RiskModel, run.model_id)
    if not form.is_submitted():
        form.cause.data = said[0].cause if said and said[0].run_id == run.id else score.cause
    tasks = []
    if actor.scope(Can.CARE_SEE) is not None:
        query = care.tasks(actor, today()).where(CareTask.account_id == account.id, CareTask.state == TaskState.OPEN)
        tasks = list(db.session.execute(query.order_by(CareTask.due_on, CareTask.id)).all())
    words: dict[str, Any] = {
        "next_step": NEXT[said[0].cause if said and said[0].run_id == run.id else score.cause],
        "servicers": book.servicers([account.id], today()).get(account.id, []),
    }
    along = bridge(Weights.of(model.weights) if model.weights else PRIORS, score.drivers, score.probability)
    figures = {"along": _along(along), "along_rows": _along_rows(along), "history": _history(account.id)}
    words |= {
        "tasks": tasks,
        "requests": _fee_requests(account.id),
        "question_words": question_words,
        "words": care_words,
        "may_say": actor.scope(Can.RISK_CORRECT) is not None,
        "may_care": actor.scope(Can.CARE_SEE) is not None,
    }
    return render_template("risk/client.html", score=score, run=run, model=model, **figures, **words, **more), status


def _fee_requests(account_id: int) -> list[ClientQuestion]:
    """Requests for lower fees of the last half year, where the reader sees questions: what speaks for a rival's fees."""
    actor, row = current_actor(), ClientQuestion
    if actor.scope(Can.CARE_SEE) is None:
        return []
    asked = question_queries.questions(actor, today()).where(row.account_id == account_id, row.subject == QuestionSubject.FEES, row.asked_at >= clock.now() - WORD_COUNTS)
    return [one[0] for one in db.session.execute(asked.order_by(row.id.desc()))]


def _named(name: str) -> str:
    return str(REASONS.get(name, REST))


def _along(found: Bridge) -> dict[str, Any]:
    """The picture, in hundredths of a per cent."""
    steps = [{"name": _("Average of the firm"), "value": found.base // TO_BP, "total": True}]
    steps += [{"name": _named(one.name), "value": one.change // TO_BP} for one in found.steps]
    return {"unit": "bp", "more_is_bad": True, "long_names": True, "steps": [*steps, {"name": _("This client"), "value": found.chance // TO_BP, "total": True}]}


def _along_rows(found: Bridge) -> list[tuple[str, str]]:
    signed = [(_named(one.name), f"{one.change / 10_000:+.2f} %") for one in found.steps]
    return [(_("Average of the firm"), chance_text(found.base)), *signed, (_("This client"), chance_text(found.chance))]


def _history(account_id: int) -> dict[str, Any]:
    query = select(RiskRun.on_day, RiskScore.probability, RiskScore.expected_loss).join(RiskScore, RiskScore.run_id == RiskRun.id).where(RiskScore.account_id == account_id)
    newest = {row.on_day: row for row in reversed(db.session.execute(query.order_by(RiskRun.on_day.desc(), RiskRun.id.desc()).limit(RUNS)).all())}
    rows = list(newest.values())
    data = {
        "unit": "bp",
        "from_zero": True,
        "x": [row.on_day.isoformat() for row in rows],
        "series": [{"name": _("Chance"), "values": [row.probability // TO_BP for row in rows], "area": True}],
    }
    return {"data": data, "rows": [(row.on_day.isoformat(), chance_text(row.probability)) for row in rows]}
