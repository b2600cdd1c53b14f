"""The association's monthly report: brokers over its limits at a month's end, as a list and a file, with its due date."""

from __future__ import annotations

from typing import Any

import polars as pl
from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from models.values.calendar import Month, NotADate
from portal.departures import association
from portal.departures import association_sent as sent
from portal.departures.association import CLIENTS, EQUITY, Report
from portal.local_day import today
from portal.pages.association_sent import WHAT
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.web.exports import amount
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.once import once
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("association", __name__, url_prefix="/association")
KINDS = {"person": _l("natural person"), "institution": _l("institution")}
COLUMNS = columns(
    Column("broker_no", _l("Broker"), sort=True),
    Column("kind", _l("Kind")),
    Column("licence", _l("Licence")),
    Column("branch", _l("Branch"), sort=True),
    Column("clients", _l("Clients"), sort=True, number=True),
    Column("equity", _l("Clients’ equity"), sort=True, number=True, money=True),
)
LISTING = Listing(
    tiebreak="row",
    sorts={"broker_no": "broker_no", "branch": "branch", "clients": "clients", "equity": "equity"},
    default="-equity",
    filters=(
        Filter("q", _l("Name or number"), lambda text: pl.col("name").str.contains(text, literal=True) | pl.col("broker_no").str.contains(text, literal=True)),
        Filter("branch", _l("Branch"), lambda text: pl.col("branch") == text),
    ),
)


def _months() -> list[Month]:
    return once("months of the association", association.months)


def asked_month(args: Any) -> Month | None:
    """The month that an address names, else the last whose end is past, else the last with settled days. Raises Refusal where it is none."""
    text = args.get("month", "").strip()
    if text:
        try:
            return Month.parse(text)
        except NotADate as error:
            raise Refusal("%(text)s is no month: give one as 2026-04", text=text[:20]) from error
    held = _months()
    return next((month for month in held if month.last < today()), held[0] if held else None)


def _report(args: Any) -> Report:
    month = asked_month(args)
    found = association.report(month) if month else None
    if found is None:
        raise NotFound("there is no settled day in %(month)s", month=str(month or "–"))
    return found


def rows_of(asked: Asked) -> pl.DataFrame:
    """The rows of the address of somebody's list."""
    return _report(asked.args).rows


LIST = declare(
    ListPage(
        "association.index",
        _l("Report to the association"),
        LISTING,
        COLUMNS,
        source=rows_of,
        fields=(
            Field("broker_no", _l("Broker"), lambda row: row["broker_no"]),
            Field("name", _l("Name"), lambda row: row["name"]),
            Field("kind", _l("Kind"), lambda row: str(KINDS.get(row["kind"], row["kind"]))),
            Field("licence", _l("Licence"), lambda row: row["licence"]),
            Field("branch", _l("Branch"), lambda row: row["branch"]),
            Field("clients", _l("Clients"), lambda row: row["clients"]),
            Field("equity", _l("Clients’ equity"), lambda row: amount(row["equity"])),
        ),
        sums={"equity": pl.col("equity").sum()},
        keep=("month",),
        file_name="association-report",
    )
)


@bp.get("")
@requires(Can.AUDIT_READ)
def index() -> ResponseReturnValue:
    """Who is over the limits at the end of a month, and until when the report is due."""
    if asked_month(request.args) is None:
        return render_template("departures/association_empty.html")
    found = _report(request.args)
    months = [str(month) for month in _months()]
    limits: dict[str, Any] = {"most": CLIENTS, "limit": yuan_text(EQUITY), "left": association.days_left(found, today()), "over": today() > found.month.last}
    return show_list(LIST, "departures/association.html", source=found.rows, found=found, months=months, kinds=KINDS, **limits, **_sent(found))


def _sent(found: Report) -> dict[str, Any]:
    """What was sent of the month, and where the books differ from it by now."""
    rows = sent.sendings(found.month)
    changed = sent.differences(rows[-1].content, sent.file_of(found)) if rows else []
    return {"sendings": rows, "changed": changed, "what": WHAT, "may_send": current_actor().may(Can.ASSOCIATION_SEND)}
