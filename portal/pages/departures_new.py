"""Recording a departure: filled in, looked at, then written down."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from models.departures import DepartureKind
from portal import clock
from portal.departures import register
from portal.departures.people import Person
from portal.departures.register import LONG, SHORT, Told
from portal.pages.departures_words import KINDS
from portal.pages.local_day import today
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("departures_new", __name__, url_prefix="/departures")


class DepartureForm(FlaskForm):  # type: ignore[misc]
    """What is known of somebody who goes."""

    kind = SelectField(_l("Kind"), choices=[SelectChoice(one.value, KINDS[one.value]) for one in DepartureKind])
    person_no = StringField(_l("Staff or broker number"), validators=[InputRequired(_l("Give the number of who goes.")), Length(max=64)])
    announced_on = DateField(_l("Announced on"), validators=[Optional()])
    effective_on = DateField(_l("Effective from"), validators=[Optional()])
    cause = StringField(_l("Cause"), validators=[Length(max=SHORT)])
    destination = StringField(_l("Goes to"), validators=[Length(max=SHORT)])
    evidence = TextAreaField(_l("What speaks for it"), validators=[Length(max=LONG)])

    def told(self) -> Told:
        """As the register takes it."""
        words = (self.cause.data or "", self.destination.data or "", self.evidence.data or "")
        return Told(DepartureKind(self.kind.data), (self.person_no.data or "").strip(), self.announced_on.data, self.effective_on.data, *words)


@bp.get("/new")
@requires(Can.DEPARTURE_RECORD)
def new() -> ResponseReturnValue:
    """The empty form."""
    return _form(DepartureForm())


def _form(form: DepartureForm, fault: str = "", status: int = 200, who: Person | None = None) -> ResponseReturnValue:
    return render_template("departures/new.html", form=form, fault=fault, who=who, kinds=KINDS), status


@bp.post("/look")
@requires(Can.DEPARTURE_RECORD)
def look() -> ResponseReturnValue:
    """What would be recorded. Nothing is written."""
    form = DepartureForm()
    if not form.validate_on_submit():
        return _form(form, status=422)
    try:
        who = register.checked(form.told(), actor=current_actor(), today=today())
    except Refusal as refusal:
        return _form(form, _(refusal.message, **refusal.values), refusal.status)
    return _form(form, who=who)


@bp.post("")
@requires(Can.DEPARTURE_RECORD)
def record() -> ResponseReturnValue:
    """Record it as it was looked at."""
    form = DepartureForm()
    if not form.validate_on_submit():
        return _form(form, status=422)
    try:
        with transaction():
            departure = register.record(form.told(), actor=current_actor(), moment=clock.now(), today=today())
            key, number = departure.id, departure.number
    except Refusal as refusal:
        return _form(form, _(refusal.message, **refusal.values), refusal.status)
    flash(_("%(number)s is recorded.", number=number), "success")
    return redirect(url_for("departures.show", departure_id=key), 303)
