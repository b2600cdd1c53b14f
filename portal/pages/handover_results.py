"""Who has room for clients, and what became of those who were handed over."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from portal import clock
from portal.handover import bridge, facts, outcomes, people
from portal.handover.outcomes import Result
from portal.local_day import today
from portal.pages.departures_words import KINDS
from portal.pages.handover_bridge import drawn, period_of
from portal.pages.handover_past import taught
from portal.pages.taken_out import taken_out
from portal.permissions import Can, Scope
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.downloads import wants_file
from portal.web.exports import Cell, amount
from portal.web.guard import current_actor, requires

bp = Blueprint("handover_results", __name__, url_prefix="/handovers")


class TermsForm(FlaskForm):  # type: ignore[misc]
    """What is stated of one of the staff."""

    staff = StringField(_l("Staff number"), validators=[InputRequired(_l("Give a staff number.")), Length(max=64)])
    capacity = IntegerField(_l("Clients at most"), validators=[InputRequired(_l("Give a number.")), NumberRange(0, people.MOST)])
    languages = StringField(_l("Languages"), default="zh", validators=[Length(max=80)])
    products = StringField(_l("Products"), validators=[Length(max=400)])


@bp.get("/people")
@requires(Can.HANDOVER_DECIDE)
def everybody() -> ResponseReturnValue:
    """Who may be given clients, and how many more."""
    return _people(TermsForm(staff=request.args.get("staff", "")))


def _people(form: TermsForm, status: int = 200) -> ResponseReturnValue:
    found = people.people(current_actor(), today())
    held = next((one for one, number in found if number == form.staff.data), None)
    if held is not None and not form.is_submitted():
        form.capacity.data, form.languages.data, form.products.data = held.capacity, " ".join(sorted(held.languages)), " ".join(sorted(held.products))
    return render_template("handover/people.html", people=found, form=form, most=facts.CAPACITY), status


@bp.post("/people")
@requires(Can.HANDOVER_DECIDE)
def state() -> ResponseReturnValue:
    """State it for one of the staff."""
    form = TermsForm()
    if not form.validate_on_submit():
        return _people(form, 422)
    try:
        with transaction():
            people.state(form.staff.data, form.capacity.data, form.languages.data or "", form.products.data or "", actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        form.staff.errors = [_(refusal.message, **refusal.values)]
        return _people(form, refusal.status)
    flash(_("It is stated for %(number)s.", number=form.staff.data), "success")
    return redirect(url_for("handover_results.everybody"), 303)


@bp.get("/results")
@requires(Can.HANDOVER_SEE)
def results() -> ResponseReturnValue:
    """What became of clients who were handed over, by kind of departure and by successor, beside the forecast."""
    actor = current_actor()
    kinds, successors = outcomes.by_kind(actor), outcomes.by_successor(actor)
    if wants_file():
        headers = [_("By"), _("Clients"), _("Kept"), _("Kept in part"), _("Has left"), _("Save rate (%)"), _("Equity then"), _("Forecast to go"), _("Gone so far")]
        return taken_out(wants_file(), "handover-results", headers, [*(_cells(str(KINDS[one.name]), one) for one in kinds), *(_cells(one.name, one) for one in successors)])
    first, last = period_of(request.args)
    shown = drawn(bridge.of_period(first, last, actor), **{"from": first, "to": last})
    past = taught(clock.now()) if actor.scope(Can.HANDOVER_SEE) is Scope.ALL else []
    return render_template(
        "handover/results.html",
        past=past,
        by_kind=kinds,
        by_successor=successors,
        names=people.named(one.name for one in successors),
        kinds=KINDS,
        bridge=shown,
        first=first,
        last=last,
    )


def _cells(name: str, one: Result) -> list[Cell]:
    rate = None if one.save_rate is None else amount(one.save_rate)
    return [name, one.clients, one.kept, one.partly, one.left, rate, amount(one.equity), amount(one.forecast) if one.scored else None, amount(one.lost)]
