"""Giving many leads at once: choose among those that one may give, look at what would come of it, do it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Select
from werkzeug.datastructures import MultiDict

from models import db
from models.leads import Lead
from portal import clock, local_day
from portal.leads import assigning, owners
from portal.leads.assigning import MOST, Given
from portal.leads.policy import visible_to
from portal.leads.terms import terms
from portal.pages import leads
from portal.pages import leads_words as words
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, columns

bp = Blueprint("assign_many", __name__, url_prefix="/assign")
COLUMNS = columns(
    Column("number", _l("Number"), sort=True),
    Column("name", _l("Name"), sort=True),
    Column("state", _l("State"), sort=True),
    Column("owner", _l("Looked after by")),
    Column("due", _l("First contact by"), sort=True),
    Column("registered_at", _l("Registered on"), sort=True),
)
STAYING = {
    "his": _l("whoever was chosen looks after it already"),
    "full": _l("nobody who was chosen has room for it"),
    "state": _l("nobody works on it any more"),
}
"""Why a lead stays where it is."""


def _source(asked: Asked) -> Select[*tuple[Any, ...]]:
    """The open leads that somebody may give."""
    return leads.listed(asked.actor).where(visible_to(asked.actor, Can.LEAD_ASSIGN), owners.is_open())


LIST = declare(
    ListPage(
        "leads_work.assign_many.index",
        _l("Give leads to people"),
        leads.LISTING,
        COLUMNS,
        source=_source,
        fields=(
            Field("number", _l("Number"), lambda row: row[0].number),
            Field("name", _l("Name"), leads.name_of),
            Field("state", _l("State"), lambda row: str(words.STATES[row[0].state][0])),
            Field("owner", _l("Looked after by"), lambda row: row.owner),
            Field("due", _l("First contact by"), lambda row: None if row[0].contacted_at else row[0].contact_due_on),
            Field("registered_at", _l("Registered on"), lambda row: row[0].registered_at),
        ),
        file_name="leads-to-give",
    )
)


@bp.get("")
@requires(Can.LEAD_ASSIGN)
def index() -> ResponseReturnValue:
    """The leads to choose from, with the filters of the list of leads, and the people with what they hold."""
    return _chosen_from((), ())


def _chosen_from(ticked: Collection[str], staff: Collection[str]) -> ResponseReturnValue:
    """The page, with what was ticked on it."""
    people = owners.colleagues(current_actor(), local_day.today())
    query = request.query_string.decode("utf-8", "replace")[:2000]
    return show_list(
        LIST,
        "leads/assign.html",
        people=people,
        most=terms().leads_per_staff,
        at_once=MOST,
        query=query,
        states=words.STATES,
        name_of=leads.name_of,
        today=local_day.today(),
        ticked=ticked,
        staff=staff,
        those=request.form.get("which", "ticked"),
    )


@bp.post("")
@requires(Can.LEAD_ASSIGN)
def look() -> ResponseReturnValue:
    """What would come of it. Nothing is written. Where nobody or nothing was chosen the list stays as it was ticked, and says so."""
    chosen = _all_of(request.form.get("query", "")) if request.form.get("which") == "all" else request.form.getlist("lead")
    try:
        plan = assigning.planned(current_actor(), chosen, request.form.getlist("staff"), local_day.today())
    except (Conflict, NotFound, NotAllowed):
        raise
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "warning")
        page = make_response(_chosen_from(request.form.getlist("lead"), request.form.getlist("staff")))
        page.status_code = refusal.status if page.status_code == 200 else page.status_code
        return page
    rows = [(plan.leads[one.public_id], one.staff_no) for one in plan.given]
    return render_template(
        "leads/assign_look.html",
        plan=plan,
        rows=rows,
        staying=[(lead, STAYING[why]) for lead, why in plan.staying],
        refused=[(number, _(refusal.message, **refusal.values)) for number, refusal in plan.refused],
        given=" ".join(f"{one.public_id}:{one.version}:{one.staff_no}" for one in plan.given),
        states=words.STATES,
    )


@bp.post("/do")
@requires(Can.LEAD_ASSIGN)
def do() -> ResponseReturnValue:
    """Give exactly what was looked at, all of it or nothing."""
    given = [_given(text) for text in request.form.get("given", "").split()]
    with transaction():
        count = assigning.assign_many(given, actor=current_actor(), moment=clock.now(), today=local_day.today())
    flash(ngettext("%(num)s lead is given.", "%(num)s leads are given.", count), "success")
    return redirect(url_for("leads.index"), 303)


def _given(text: str) -> Given:
    parts = text.split(":", 2)
    if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 10):
        raise Refusal("this is not what was looked at: choose again")
    return Given(parts[0], int(parts[1]), parts[2])


def _all_of(query: str) -> list[str]:
    """The first of those that a list's filters leave, in its order."""
    asked = Asked(current_actor(), {}, MultiDict(parse_qsl(query[:2000])))
    wanted = LIST.read(asked, url_for("leads_work.assign_many.index"))
    rows = db.session.execute(wanted.order(wanted.narrow(_source(asked))).limit(MOST).with_only_columns(Lead.public_id, maintain_column_froms=True))
    return list(rows.scalars())
