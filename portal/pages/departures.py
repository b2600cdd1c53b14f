"""Departures on screen: the register, one with its steps, and the steps that need no preview."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import func, select
from wtforms import DateField, StringField
from wtforms.validators import InputRequired, Length, Optional

from models import db
from models.departures import Departure, DepartureStep
from models.handovers import Handover
from models.partners import Broker, BrokerVersion, Staff, StaffVersion
from portal import clock
from portal.departures import register
from portal.departures.people import person_of
from portal.departures.policy import visible_to
from portal.departures.states import steps_from
from portal.local_day import today
from portal.pages.departures_words import KINDS, STATES, STEPS
from portal.pages.handover_past import taught
from portal.pages.handover_words import STATES as HANDOVER_STATES
from portal.pages.hearing_part import part
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.versions import version_of
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("departures", __name__, url_prefix="/departures")

_person = func.coalesce(Staff.staff_no, Broker.broker_no)
COLUMNS = columns(
    Column("number", _l("Number"), sort=True),
    Column("person", _l("Who goes"), sort=True),
    Column("kind", _l("Kind")),
    Column("announced_on", _l("Announced on"), sort=True),
    Column("effective_on", _l("Effective from"), sort=True),
    Column("destination", _l("Goes to")),
    Column("state", _l("State")),
)
LISTING = Listing(
    tiebreak=Departure.id,
    sorts={"number": Departure.id, "person": _person, "announced_on": Departure.announced_on, "effective_on": Departure.effective_on},
    default="-number",
    filters=(
        Filter("state", _l("State"), lambda text: Departure.state == text, choices=tuple((name, label) for name, (label, _tone) in STATES.items())),
        Filter("kind", _l("Kind"), lambda text: Departure.kind == text, choices=tuple(KINDS.items())),
        Filter("person", _l("Who goes"), lambda text: _person == text),
    ),
)


def _listed(asked: Asked) -> Any:
    (staff, of_staff), (broker, of_broker) = version_of(StaffVersion, Departure.staff_id), version_of(BrokerVersion, Departure.broker_id)
    query = select(Departure, _person.label("person"), func.coalesce(staff.name, broker.name, "").label("name"))
    query = query.outerjoin(Staff, Staff.id == Departure.staff_id).outerjoin(Broker, Broker.id == Departure.broker_id)
    query = query.outerjoin(staff, of_staff).outerjoin(broker, of_broker)
    return query.where(visible_to(asked.actor))


LIST = declare(
    ListPage(
        "departures.index",
        _l("Departures"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("number", _l("Number"), lambda row: row[0].number),
            Field("person", _l("Who goes"), lambda row: row.person),
            Field("name", _l("Name"), lambda row: row.name),
            Field("kind", _l("Kind"), lambda row: str(KINDS[row[0].kind])),
            Field("announced_on", _l("Announced on"), lambda row: row[0].announced_on),
            Field("effective_on", _l("Effective from"), lambda row: row[0].effective_on),
            Field("cause", _l("Cause"), lambda row: row[0].cause),
            Field("destination", _l("Goes to"), lambda row: row[0].destination),
            Field("state", _l("State"), lambda row: str(STATES[row[0].state][0])),
        ),
    )
)


class AnnounceForm(FlaskForm):  # type: ignore[misc]
    """What was suspected was announced."""

    announced_on = DateField(_l("Announced on"), validators=[InputRequired(_l("Give the day on which the firm was told."))])
    effective_on = DateField(_l("Effective from"), validators=[Optional()])
    note = StringField(_l("Note"), validators=[Length(max=400)])


@bp.get("")
@requires(Can.DEPARTURE_SEE)
def index() -> ResponseReturnValue:
    """Every departure that the reader may see."""
    return show_list(LIST, "departures/index.html", states=STATES, kinds=KINDS)


@bp.get("/<int:departure_id>")
@requires(Can.DEPARTURE_SEE)
def show(departure_id: int) -> ResponseReturnValue:
    """One departure, every step of it, and what can be done next."""
    return shown(departure_id, AnnounceForm(formdata=None))


def shown(departure_id: int, form: AnnounceForm, fault: str = "", status: int = 200) -> ResponseReturnValue:
    """The page of a departure, with what was wrong with the last step. Raises NotFound."""
    actor = current_actor()
    departure = register.departure_for(actor, departure_id)
    who = person_of(departure)
    steps = db.session.execute(select(DepartureStep).where(DepartureStep.departure_id == departure.id).order_by(DepartureStep.id)).scalars().all()
    may = steps_from(departure.state) if actor.may(Can.DEPARTURE_RECORD) else set()
    exposure = f"/departures/exposure?person={who.kind}-{who.number}&on={departure.effective_on or today()}"
    said: dict[str, Any] = {"who": who, "steps": steps, "may": may, "exposure": exposure, "form": form, "fault": fault, "hearing": part(actor, departure)}
    handover = db.session.execute(select(Handover).where(Handover.departure_id == departure.id)).scalar() if actor.may(Can.HANDOVER_SEE) else None
    said |= {"past": taught(clock.now(), departure.kind), "handover": handover, "forecast_by": handover and handover.forecast_by, "handover_states": HANDOVER_STATES}
    return render_template("departures/show.html", departure=departure, states=STATES, kinds=KINDS, step_names=STEPS, **said), status


@bp.post("/<int:departure_id>/announce")
@requires(Can.DEPARTURE_RECORD)
def announce(departure_id: int) -> ResponseReturnValue:
    """What was suspected was announced to the firm."""
    form = AnnounceForm()
    if not form.validate_on_submit():
        return shown(departure_id, form, status=422)
    days = form.announced_on.data, form.effective_on.data
    return _stepped(departure_id, form, lambda: register.announce(departure_id, *days, form.note.data or "", actor=current_actor(), moment=clock.now(), today=today()))


@bp.post("/<int:departure_id>/settle")
@requires(Can.DEPARTURE_RECORD)
def settle(departure_id: int) -> ResponseReturnValue:
    """Every client's outcome stands."""
    return _stepped(departure_id, AnnounceForm(formdata=None), lambda: register.settle(departure_id, actor=current_actor(), moment=clock.now()))


@bp.post("/<int:departure_id>/withdraw")
@requires(Can.DEPARTURE_RECORD)
def withdraw(departure_id: int) -> ResponseReturnValue:
    """The person stays, or nothing was in it."""
    reason = request.form.get("reason", "")
    return _stepped(departure_id, AnnounceForm(formdata=None), lambda: register.withdraw(departure_id, reason, actor=current_actor(), moment=clock.now()))


def _stepped(departure_id: int, form: AnnounceForm, step: Callable[[], Departure]) -> ResponseReturnValue:
    try:
        with transaction():
            said = step()
            number, state = said.number, str(said.state)
    except Refusal as refusal:
        return shown(departure_id, form, _(refusal.message, **refusal.values), refusal.status)
    flash(_("%(number)s: %(state)s.", number=number, state=STATES[state][0]), "success")
    return redirect(url_for("departures.show", departure_id=departure_id), 303)
