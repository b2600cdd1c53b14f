"""The reports to the association month by month: until when each is due, when it was sent and through what, the file as it went, its corrections."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from models.values.calendar import Month, NotADate
from portal import clock
from portal.audit import log
from portal.departures import association
from portal.departures import association_sent as sent
from portal.departures.association import Report
from portal.local_day import today
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.listing import read_day
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.requests import request_id

bp = Blueprint("association_sent", __name__, url_prefix="/association/sent")
STATES = {
    "sent": (_l("sent"), "good"),
    "late": (_l("sent late"), "warn"),
    "overdue": (_l("overdue"), "bad"),
    "due": (_l("not sent yet"), "info"),
    "running": (_l("month not over"), "neutral"),
}
WHAT = {
    "broker_no": _l("Broker"),
    "name": _l("Name"),
    "kind": _l("Kind"),
    "licence_no": _l("Licence"),
    "branch_no": _l("Branch"),
    "clients": _l("Clients"),
    "equity_yuan": _l("Clients’ equity"),
}
"""The columns of the file, in words."""
COLUMNS = columns(
    Column("period", _l("Month"), sort=True),
    Column("due_on", _l("Due on"), sort=True),
    Column("state", _l("State"), sort=True),
    Column("sent_on", _l("Sent on"), sort=True),
    Column("through", _l("Sent through")),
    Column("receipt_no", _l("Receipt number")),
    Column("corrections", _l("Corrections"), sort=True, number=True),
)
LISTING = Listing(
    tiebreak="period",
    sorts={name: name for name in ("period", "due_on", "state", "sent_on", "corrections")},
    default="-period",
    filters=(Filter("state", _l("State"), lambda text: pl.col("state") == text, choices=tuple((name, label) for name, (label, _tone) in STATES.items())),),
)
SCHEMA: dict[str, Any] = {
    "period": pl.String, "due_on": pl.Date, "state": pl.String, "sent_on": pl.Date, "through": pl.String, "receipt_no": pl.String, "digest": pl.String, "by": pl.String,
    "corrections": pl.Int64,
}  # fmt: skip


def _rows(asked: Asked) -> pl.DataFrame:
    rows = []
    for one in sent.standings():
        first = one.first
        told = (first.sent_on, first.through, first.receipt_no, first.digest, first.recorded_label) if first else (None, None, None, None, None)
        rows.append((str(one.month), one.due_on, one.state(today()), *told, one.corrections))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


LIST = declare(
    ListPage(
        "association_sent.index",
        _l("Reports sent to the association"),
        LISTING,
        COLUMNS,
        source=_rows,
        fields=(
            Field("period", _l("Month"), lambda row: row["period"]),
            Field("due_on", _l("Due on"), lambda row: row["due_on"]),
            Field("state", _l("State"), lambda row: str(STATES[row["state"]][0])),
            Field("sent_on", _l("Sent on"), lambda row: row["sent_on"]),
            Field("through", _l("Sent through"), lambda row: row["through"]),
            Field("receipt_no", _l("Receipt number"), lambda row: row["receipt_no"]),
            Field("digest", _l("Digest of the file"), lambda row: row["digest"]),
            Field("by", _l("Recorded by"), lambda row: row["by"]),
            Field("corrections", _l("Corrections"), lambda row: row["corrections"]),
        ),
        file_name="reports-sent",
    )
)


@bp.get("")
@requires(Can.AUDIT_READ)
def index() -> ResponseReturnValue:
    """Every month and its report."""
    return show_list(LIST, "departures/association_sent.html", states=STATES)


@bp.get("/new")
@requires(Can.ASSOCIATION_SEND)
def new() -> ResponseReturnValue:
    """What would be recorded: the file that stands there now with its digest, and where it differs from the one sent last."""
    return _form(_month(request.args.get("month", "")), request.args)


def _form(month: Month, given: MultiDict[str, str], fault: str = "", status: int = 200) -> ResponseReturnValue:
    found = _report(month)
    content, before = sent.file_of(found), sent.sendings(month)
    changed = sent.differences(before[-1].content, content) if before else []
    shown: dict[str, Any] = {"digest": sent.digest_of(content), "before": before, "changed": changed, "what": WHAT, "given": given, "fault": fault, "today": today()}
    return render_template("departures/association_new.html", found=found, over=today() > month.last, **shown), status


@bp.post("/new")
@requires(Can.ASSOCIATION_SEND)
def record() -> ResponseReturnValue:
    """Record it."""
    form = request.form
    month = _month(form.get("month", ""))
    try:
        with transaction():
            words = {name: form.get(name, "") for name in ("through", "receipt_no", "note")}
            sent.record(month, form.get("digest", ""), _day(form.get("sent_on", "")), **words, actor=current_actor(), moment=clock.now(), today=today())
    except NotFound:
        raise
    except Refusal as refusal:
        return _form(month, form, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Recorded: the report of %(month)s was sent.", month=month), "success")
    return redirect(url_for("association.index", month=str(month)), 303)


@bp.get("/file")
@requires(Can.AUDIT_READ)
def ready() -> ResponseReturnValue:
    """The file that is to be sent, as the books stand now."""
    month = _month(request.args.get("month", ""))
    return _file(sent.file_of(_report(month)), f"association-{month}", str(month))


@bp.get("/<int:sending_id>/file")
@requires(Can.AUDIT_READ)
def as_sent(sending_id: int) -> ResponseReturnValue:
    """The very file as it was sent."""
    row = sent.sending(sending_id)
    return _file(row.content, f"association-{row.period}-{row.place}", row.period)


def _file(content: bytes, name: str, period: str) -> Response:
    """The bytes and nothing added, so that their digest is the one that is recorded; that they were taken out is logged."""
    with transaction():
        after = {"digest": sent.digest_of(content), "path": request.path}
        log.write(current_actor(), clock.now(), "association.taken_out", "association", period, after=after, request_id=request_id())
    return Response(content, mimetype="text/csv; charset=utf-8", headers={"Content-Disposition": f"attachment; filename={name}.csv"})


def _month(text: str) -> Month:
    try:
        return Month.parse(text.strip())
    except NotADate as error:
        raise Refusal("%(text)s is no month: give one as 2026-04", text=text[:20]) from error


def _report(month: Month) -> Report:
    found = association.report(month)
    if found is None:
        raise NotFound("there is no settled day in %(month)s", month=str(month))
    return found


def _day(text: str) -> date:
    try:
        return read_day(text.strip())
    except ValueError as error:
        raise Refusal("“%(given)s” is no date such as 2026-03-31", given=text[:40]) from error
