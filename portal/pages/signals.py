"""What speaks for somebody's leaving: the people, one with his evidence, the word that explains it, and who looked."""

from __future__ import annotations

from typing import Any

import polars as pl
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length

from models.departure_signals import SignalKind, SignalLook
from portal import clock
from portal.departures import signal_queries as queries
from portal.departures import signals
from portal.departures.exposure import Person, persons
from portal.departures.signal_queries import WHOM
from portal.local_day import today
from portal.pages.departures_words import STATES
from portal.pages.signals_words import KINDS, WHO, evidence_text
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("signals", __name__, url_prefix="/departures/signals")

COLUMNS = columns(
    Column("number", _l("Staff or broker"), sort=True),
    Column("name", _l("Name"), sort=True),
    Column("branch", _l("Branch"), sort=True),
    Column("kinds", _l("What speaks for it")),
    Column("signals", _l("Signals"), sort=True, number=True),
    Column("resting", _l("Resting"), sort=True, number=True),
    Column("first_on", _l("Since"), sort=True),
    Column("last_on", _l("Seen last")),
    Column("departure", _l("Departure")),
)
STANDING = {"speaks": _l("Speaks"), "rests": _l("All rest")}
LISTING = Listing(
    tiebreak="row",
    sorts={name: name for name in ("number", "name", "branch", "signals", "resting", "first_on")},
    default="-signals",
    filters=(
        Filter("q", _l("Name or number"), lambda text: pl.col("name").str.contains(text, literal=True) | pl.col("number").str.contains(text, literal=True), personal=True),
        Filter("kind", _l("What speaks for it"), pl.col("kinds").str.split(" ").list.contains, choices=tuple(KINDS.items())),
        Filter("who", _l("Staff or broker"), lambda text: pl.col("who") == text, choices=tuple(WHO.items())),
        Filter("standing", _l("How it stands"), lambda text: (pl.col("signals") > 0) == (text == "speaks"), choices=tuple(STANDING.items())),
    ),
)


def kinds_text(kinds: str) -> str:
    """The kinds of somebody's signals in words."""
    return str(_(", ")).join(str(KINDS[one]) for one in kinds.split())


LIST = declare(
    ListPage(
        "signals.index",
        _l("Signals of departures"),
        LISTING,
        COLUMNS,
        source=lambda asked: queries.people(asked.actor, today()),
        fields=(
            Field("who", _l("Kind"), lambda row: str(WHO[row["who"]])),
            Field("number", _l("Number"), lambda row: row["number"]),
            Field("name", _l("Name"), lambda row: row["name"]),
            Field("branch", _l("Branch"), lambda row: row["branch"]),
            Field("kinds", _l("What speaks for it"), lambda row: kinds_text(row["kinds"])),
            Field("signals", _l("Signals"), lambda row: row["signals"]),
            Field("resting", _l("Resting"), lambda row: row["resting"]),
            Field("first_on", _l("Since"), lambda row: row["first_on"]),
            Field("last_on", _l("Seen last"), lambda row: row["last_on"]),
            Field("departure", _l("Departure"), lambda row: row["departure"]),
        ),
        file_name="departure-signals",
    )
)
LOOK_COLUMNS = columns(Column("at", _l("When"), sort=True), Column("actor", _l("Who looked"), sort=True), Column("whom", _l("At whose evidence"), sort=True))
LOOKS = declare(
    ListPage(
        "signals.looks",
        _l("Who looked at evidence"),
        Listing(
            tiebreak=SignalLook.id,
            sorts={"at": SignalLook.id, "actor": SignalLook.actor_label, "whom": WHOM},
            default="-at",
            filters=(
                Filter("actor", _l("Who looked"), lambda text: SignalLook.actor_label.contains(text, autoescape=True), personal=True),
                Filter("whom", _l("At whose evidence"), lambda text: text == WHOM),
            ),
        ),
        LOOK_COLUMNS,
        source=lambda asked: queries.looks(asked.actor),
        fields=(
            Field("at", _l("When"), lambda row: row[0].at),
            Field("actor", _l("Who looked"), lambda row: row[0].actor_label),
            Field("whom", _l("At whose evidence"), lambda row: row.whom),
        ),
        file_name="signal-looks",
    )
)


class ExplainForm(FlaskForm):  # type: ignore[misc]
    """Why a signal is none, and for how long it rests."""

    kind = SelectField(_l("Which signal"), choices=[SelectChoice(one.value, KINDS[one.value]) for one in SignalKind])
    days = SelectField(_l("Rests for"), coerce=int, choices=[SelectChoice(days, _l("%(days)s days", days=days)) for days in signals.RESTS])
    reason = StringField(_l("What explains it"), validators=[InputRequired(_l("Say what explains it.")), Length(min=signals.SHORTEST, max=signals.LONGEST)])


@bp.get("")
@requires(Can.SIGNAL_SEE)
def index() -> ResponseReturnValue:
    """Everybody of whom something speaks; the reader himself is never among them."""
    return show_list(LIST, "departures/signals.html", run=queries.newest_run(), kinds_text=kinds_text, states=STATES, may_read=current_actor().may(Can.AUDIT_READ))


@bp.get("/looks")
@requires(Can.AUDIT_READ)
def looks() -> ResponseReturnValue:
    """Who opened whose evidence."""
    return show_list(LOOKS, "departures/signal_looks.html")


@bp.get("/<whom>")
@requires(Can.SIGNAL_SEE)
def show(whom: str) -> ResponseReturnValue:
    """One person with the evidence of each signal. That somebody looked is written down."""
    return _shown(_person(whom), ExplainForm(formdata=None))


def _person(whom: str) -> Person:
    """Somebody by his address. Raises NotFound for a stranger, for another form, and for the reader himself."""
    try:
        found = persons([whom])
    except Refusal as refusal:
        raise NotFound("there is nobody under %(text)s about whom you may ask", text=whom[:80]) from refusal
    if not found:
        raise NotFound("there is nobody under %(text)s about whom you may ask", text=whom[:80])
    signals.check_not_own(current_actor(), found[0].kind, found[0].number)
    return found[0]


def _shown(person: Person, form: ExplainForm, fault: str = "", status: int = 200) -> ResponseReturnValue:
    actor, run = current_actor(), queries.newest_run()
    with transaction():
        signals.look(person, run.id if run else None, actor=actor, moment=clock.now())
    run = queries.newest_run()
    found = queries.of_person(person, run, today()) if run else []
    standing = {one.kind for one in found}
    form.kind.choices = [SelectChoice(one.value, KINDS[one.value]) for one in SignalKind if one.value in standing]
    name, branch = queries.called(person)
    live = queries.live_of(person)
    said: dict[str, Any] = {"about": person, "name": name, "branch": branch, "run": run, "found": found, "live": live, "form": form, "fault": fault}
    may = {"may_suspect": live is None and actor.may(Can.DEPARTURE_RECORD), "may_read": actor.may(Can.AUDIT_READ)}
    return render_template("departures/signal.html", kinds=KINDS, states=STATES, evidence_text=evidence_text, **said, **may), status


@bp.post("/<whom>/explain")
@requires(Can.SIGNAL_SEE)
def explain(whom: str) -> ResponseReturnValue:
    """A signal is explained and no sign: it rests."""
    person, form = _person(whom), ExplainForm()
    if not form.validate_on_submit():
        return _shown(person, form, status=422)
    kind = SignalKind(form.kind.data)
    try:
        with transaction():
            until = signals.rest(person, kind, form.days.data, form.reason.data or "", actor=current_actor(), moment=clock.now(), today=today()).until_on
    except Refusal as refusal:
        return _shown(person, form, _(refusal.message, **refusal.values), refusal.status)
    flash(_("%(signal)s of %(number)s rests through %(day)s.", signal=KINDS[kind], number=person.number, day=until), "success")
    return redirect(url_for("signals.show", whom=person.text), 303)
