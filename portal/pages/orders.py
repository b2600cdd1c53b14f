"""Lists that come by themselves: one's orders, a new one, and every time that they came or did not."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models import db
from models.schedules import ExportSchedule, ExportSending, Outcome, Rhythm
from portal import clock, local_day
from portal.i18n import spoken
from portal.lists import kept, schedules
from portal.lists.schedules import Wish
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_files import FORMS
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("orders", __name__, url_prefix="/orders")
RHYTHMS = {
    Rhythm.DAILY.value: _l("Every trading day"),
    Rhythm.WEEKLY.value: _l("On the first trading day of each week"),
    Rhythm.MONTHLY.value: _l("On the first trading day of each month"),
}
OUTCOMES = {
    Outcome.BEGUN.value: (_l("Being made"), "info"),
    Outcome.SENT.value: (_l("Sent"), "good"),
    Outcome.FAILED.value: (_l("Failed"), "bad"),
    Outcome.STOPPED.value: (_l("Stopped"), "warn"),
}
LIST = declare(
    ListPage(
        "orders.index",
        _l("Lists that come by themselves"),
        Listing(
            tiebreak=ExportSending.id,
            sorts={"due_on": ExportSending.due_on},
            default="-due_on",
            filters=(
                Filter("outcome", _l("What became of it"), lambda text: ExportSending.outcome == text, choices=tuple((name, label) for name, (label, _tone) in OUTCOMES.items())),
            ),
        ),
        columns(Column("title", _l("List")), Column("due_on", _l("Due on"), sort=True), Column("rows", _l("Rows"), number=True), Column("outcome", _l("What became of it"))),
        source=lambda asked: schedules.log_of(asked.actor),
        fields=(
            Field("title", _l("List"), lambda row: row[1].title),
            Field("address", _l("Address"), lambda row: row[1].address),
            Field("due_on", _l("Due on"), lambda row: row[0].due_on),
            Field("ended_at", _l("Ended"), lambda row: row[0].ended_at),
            Field("rows", _l("Rows"), lambda row: row[0].rows),
            Field("outcome", _l("What became of it"), lambda row: str(OUTCOMES[row[0].outcome][0])),
            Field("why", _l("Why"), lambda row: row[0].why),
        ),
        file_name="orders",
    )
)


@bp.get("")
@requires(Can.OWN_SETTINGS)
def index() -> ResponseReturnValue:
    """One's orders, and what became of them."""
    orders = db.session.scalars(schedules.of_owner(current_actor()).order_by(ExportSchedule.ended_at.is_not(None), ExportSchedule.id.desc()).limit(60)).all()
    return show_list(LIST, "lists/orders.html", orders=orders, rhythms=RHYTHMS, outcomes=OUTCOMES)


@bp.get("/new/<export_no>")
@requires(Can.OWN_SETTINGS)
def new(export_no: str) -> ResponseReturnValue:
    """Order the list of a file that one has made, as it was made."""
    return _form(export_no)


def _form(export_no: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    row = kept.one(current_actor(), clock.now(), export_no)
    if row.form not in FORMS:
        raise NotFound("only a list can be ordered")
    days = {name: schedules.next_day(name, local_day.today()) for name in RHYTHMS}
    return render_template("lists/order_new.html", row=row, rhythms=RHYTHMS, days=days, fault=fault), status


@bp.post("/new/<export_no>")
@requires(Can.OWN_SETTINGS)
def place(export_no: str) -> ResponseReturnValue:
    """Place the order."""
    row = kept.one(current_actor(), clock.now(), export_no)
    wish = Wish(row.address, row.form, tuple(row.columns), spoken(), request.form.get("rhythm", ""))
    try:
        with transaction():
            schedules.place(current_app, wish, local_day.today(), actor=current_actor(), moment=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return _form(export_no, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Ordered. You are told each time that the list is ready."), "success")
    return redirect(url_for("orders.index"), 303)


@bp.post("/<order_no>/end")
@requires(Can.OWN_SETTINGS)
def end(order_no: str) -> ResponseReturnValue:
    """End an order."""
    with transaction():
        schedules.end(order_no, actor=current_actor(), moment=clock.now())
    flash(_("The list does not come any more."), "success")
    return redirect(url_for("orders.index"), 303)
