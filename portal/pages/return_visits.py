"""The list of return visits: which new client of a broker is to be called, by whom and until when; the call itself is made on its own page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement

from models.care import CareTask
from models.clients import Account, AccountVersion
from models.partners import Broker, Staff
from portal import clock
from portal.care import people, queries
from portal.care import return_visits as verbs
from portal.care.due import standing
from portal.jobs.care import call_due_by
from portal.local_day import today
from portal.pages import care_words, segment_words
from portal.permissions import Can
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("return_visits", __name__, url_prefix="/care/return-visits")
COLUMNS = columns(
    Column("due_on", _l("Call due"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("opened_on", _l("Day of opening"), sort=True),
    Column("broker", _l("Broker"), sort=True),
    Column("owner", _l("Who calls"), sort=True),
    Column("state", _l("State")),
)


def _due(text: str) -> ColumnElement[bool]:
    day = today()
    return {"overdue": CareTask.due_on < day, "today": CareTask.due_on == day, "coming": CareTask.due_on > day}[text]


LIST = declare(
    ListPage(
        "return_visits.index",
        _l("Return visits after signings"),
        Listing(
            tiebreak=Account.id,
            sorts={"due_on": CareTask.due_on, "client": AccountVersion.name, "opened_on": AccountVersion.opened_on, "broker": Broker.broker_no, "owner": Staff.staff_no},
            default="due_on",
            filters=(
                Filter("q", _l("Name or account"), lambda text: AccountVersion.name.contains(text, autoescape=True) | (Account.account_no == text), personal=True),
                Filter("due", _l("Call due"), _due, choices=tuple((key.value, label) for key, (label, _tone) in care_words.STANDINGS.items())),
                Filter("given", _l("Who calls"), lambda text: CareTask.id.is_(None), choices=(("nobody", _l("nobody is named")),)),
                Filter("owner", _l("Staff number"), lambda text: Staff.staff_no == text),
                Filter("broker", _l("Broker"), lambda text: Broker.broker_no == text),
                segment_words.FILTER,
            ),
        ),
        COLUMNS,
        source=lambda asked: verbs.listed(asked.actor, today()),
        fields=(
            Field("account_no", _l("Account"), lambda row: row[0].account_no),
            Field("client", _l("Client"), lambda row: row[1].name),
            Field("opened_on", _l("Day of opening"), lambda row: row[1].opened_on),
            Field("broker", _l("Broker"), lambda row: row.broker_no),
            Field("since", _l("Attributed from"), lambda row: row.since),
            Field("due_on", _l("Call due"), lambda row: row[6].due_on if row[6] else None),
            Field("owner", _l("Who calls"), lambda row: row.staff_no or ""),
        ),
        file_name="return-visits",
    )
)


@bp.get("")
@requires(Can.CARE_SEE)
def index() -> ResponseReturnValue:
    """Whom to call, the most urgent first; those for whom nobody is named last."""
    actor, day = current_actor(), today()
    may_make = actor.may(Can.CARE_EDIT)
    due = call_due_by()
    return show_list(
        LIST, "care/return_visits.html", words=care_words, standing=standing, today=day, due=due, counts=verbs.counted(actor, day), may_work=actor.may(Can.CARE_WORK),
        made=verbs.proposals(day, due) if may_make else [],
    )  # fmt: skip


@bp.post("")
@requires(Can.CARE_EDIT)
def make() -> ResponseReturnValue:
    """Make the list now instead of in the night: everybody who waits gets somebody who may call."""
    moment = clock.now()
    with transaction():
        told = verbs.run(today(), call_due_by(), current_actor(), moment)
    flash(_("%(count)s calls are given; for %(nobody)s nobody may call.", count=told["return_visits"], nobody=told["return_visits_uncovered"]), "success")
    return redirect(url_for("return_visits.index"), 303)


@bp.get("/<account_no>")
@requires(Can.CARE_WORK)
def choose(account_no: str) -> ResponseReturnValue:
    """Who is to call this client."""
    actor, day = current_actor(), today()
    account, version = queries.client_for(actor, account_no, day, Can.CARE_WORK)
    allowed: Any = verbs.callers_of([account.id], day).get(account.id, [])
    return render_template("care/return_visit.html", account=account, version=version, colleagues=people.colleagues(actor, day), first=next(iter(allowed), None))


@bp.post("/<account_no>")
@requires(Can.CARE_WORK)
def give(account_no: str) -> ResponseReturnValue:
    """Let somebody call."""
    actor, day = current_actor(), today()
    with transaction():
        account, _version = queries.client_for(actor, account_no, day, Can.CARE_WORK)
        verbs.give(account, people.staff_named(request.form.get("staff_no", ""), actor, day), call_due_by(), actor, clock.now(), day)
    flash(_("Given to %(number)s.", number=request.form.get("staff_no", "")), "success")
    return redirect(url_for("return_visits.index"), 303)
