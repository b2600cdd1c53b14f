"""Recording a departure: filled in, looked at, then written down."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from models.departures import DepartureKind
from portal import clock
from portal.departures import exposure, figures, register, sight, signal_queries, signals
from portal.departures.at_stake import Stake, stake
from portal.departures.exposure import Kind
from portal.departures.people import Person
from portal.departures.register import LONG, SHORT, Told
from portal.local_day import today
from portal.pages.departures_words import KINDS
from portal.pages.signals_words import evidence_text
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
    """The empty form; where somebody is named, with him and what speaks for it."""
    form, text = DepartureForm(), request.args.get("person", "")
    if text and (found := _named(text)):
        form.kind.data = DepartureKind.STAFF_LEAVES if found.kind is Kind.STAFF else DepartureKind.BROKER_MOVES
        form.person_no.data = found.number
        form.evidence.data = _spoken(found)
    return _form(form)


def _named(text: str) -> exposure.Person | None:
    """Who is named in the address; None where it names nobody but oneself or a stranger."""
    try:
        (found,) = exposure.persons([text])
        signals.check_not_own(current_actor(), found.kind, found.number)
    except Refusal:
        return None
    return found


def _spoken(found: exposure.Person) -> str:
    """The signals about somebody that do not rest, as sentences; for who may see them, and written down as a look."""
    actor, run = current_actor(), signal_queries.newest_run()
    if run is None or not actor.may(Can.SIGNAL_SEE):
        return ""
    said = [evidence_text(one.kind, one.evidence) for one in signal_queries.of_person(found, run, today()) if one.rest is None]
    with transaction():
        signals.look(found, run.id, actor=actor, moment=clock.now())
    return "\n".join(said)[:LONG]


def _form(form: DepartureForm, fault: str = "", status: int = 200, who: Person | None = None) -> ResponseReturnValue:
    return render_template("departures/new.html", form=form, fault=fault, who=who, stake=_stake(who) if who else None, kinds=KINDS), status


def _stake(who: Person) -> tuple[int, Stake]:
    """How many accounts the reader may see are exposed to it today, and what is at stake (fen)."""
    leaving, day = [exposure.Person(Kind(who.kind), who.id, who.number)], today()
    frame = figures.table(exposure.exposed(leaving, day), leaving, day, figures.settled_up_to(day), sight.narrowed(current_actor()))
    return frame.height, stake(frame["equity"].to_list(), frame["chance"].to_list())


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
