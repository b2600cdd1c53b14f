"""The imports desk's calendar: how each day stands, one day with its versions and refusals, and refusals over all imports."""

from __future__ import annotations

import calendar as weeks_of
from datetime import date
from typing import Any

import polars as pl
from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import aliased

from models import db
from models.comparisons import Comparison, ImportStep
from models.settlement import ImportFinding, ImportRun
from models.values.calendar import Month, NotADate, parse_day
from portal import local_day
from portal.commission.blocks import open_refusals
from portal.commission.queries import last_settled_day
from portal.pages.import_words import DAY_STATES, FIELDS
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import NotFound
from portal.settlement import comparisons, days_of
from portal.settlement.wording import WORDS, expected, remedy, sentence
from portal.web.downloads import wants_file
from portal.web.exports import amount
from portal.web.guard import requires
from portal.web.list_pages import Asked, ListPage, asked_now, declare, keyed, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("import_desk", __name__, url_prefix="/imports")
FIRST, LAST = 1990, 9998
"""Years that a calendar is drawn for."""

SOLVED = ("posted", "corrected", "unchanged", "same_bytes")
REFUSAL_COLUMNS = columns(
    Column("import", _l("Import"), sort=True),
    Column("step", _l("Day or file")),
    Column("place", _l("Place")),
    Column("wrong", _l("What is wrong")),
    Column("found", _l("Found")),
    Column("expected", _l("Expected")),
    Column("remedy", _l("What to do")),
    Column("state", _l("State")),
)
CHANGE_COLUMNS = columns(
    Column("account_no", _l("Account"), sort=True),
    Column("product", _l("Product")),
    Column("field", _l("Amount")),
    Column("before", _l("Before"), number=True),
    Column("after", _l("After"), number=True),
    Column("delta", _l("Difference"), sort=True, number=True),
)
CHANGES = Listing(
    tiebreak="row",
    sorts={"account_no": "account_no", "delta": "delta"},
    default="account_no",
    filters=(
        Filter("account", _l("Account"), lambda text: pl.col("account_no") == text),
        Filter("field", _l("Amount"), lambda text: pl.col("field") == text, choices=tuple(FIELDS.items())),
    ),
)


def _solved() -> ColumnElement[bool]:
    """The condition, on a finding, that a later import brought its day or kind of file in."""
    later, run = aliased(ImportStep), aliased(ImportRun)
    query = exists().where(
        later.step == ImportFinding.step, later.import_id > ImportFinding.import_id, later.outcome.in_(SOLVED), run.id == later.import_id, run.dry_run.is_(False)
    )
    return query


REFUSALS = Listing(
    tiebreak=ImportFinding.__table__.c.id,
    sorts={"import": ImportFinding.__table__.c.import_id},
    default="-import",
    filters=(
        Filter("state", _l("State"), lambda text: _solved() if text == "solved" else ~_solved(), choices=(("open", _l("Unsolved")), ("solved", _l("Solved since")))),
        Filter("severity", _l("Severity"), lambda text: ImportFinding.severity == text, choices=(("refusal", _l("Refusal")), ("warning", _l("Warning")))),
        Filter("code", _l("What is wrong"), lambda text: ImportFinding.code == text, choices=tuple((code, word.sentence) for code, word in WORDS.items())),
        day_filter("day", _l("Trade date"), lambda day: ImportFinding.step == day.isoformat()),
        Filter("file", _l("File"), lambda text: ImportFinding.file.contains(text, autoescape=True)),
        Filter("what", _l("What"), lambda text: ImportRun.dry_run == (text == "preview"), choices=(("real", _l("Brought in")), ("preview", _l("Preview")))),
    ),
)


def findings() -> Select[*tuple[Any, ...]]:
    """Every finding with whether it was only previewed, and whether its day or file came in since."""
    return select(ImportFinding, ImportRun.dry_run, _solved().label("solved")).join(ImportRun, ImportRun.id == ImportFinding.import_id)


REFUSAL_LIST = declare(
    ListPage(
        "import_desk.refusals",
        _l("Refusals"),
        REFUSALS,
        REFUSAL_COLUMNS,
        source=lambda asked: findings(),
        fields=(
            keyed("import", _l("Import"), lambda row: row.ImportFinding.import_id),
            keyed("severity", _l("Severity"), lambda row: row.ImportFinding.severity),
            keyed("code", _l("Finding code"), lambda row: row.ImportFinding.code),
            keyed("step", _l("Day or file"), lambda row: row.ImportFinding.step or ""),
            keyed("file", _l("File"), lambda row: row.ImportFinding.file),
            keyed("line", _l("Line"), lambda row: row.ImportFinding.line),
            keyed("field", _l("Field"), lambda row: row.ImportFinding.field),
            keyed("wrong", _l("What is wrong"), lambda row: sentence(row.ImportFinding)),
            keyed("found", _l("Found"), lambda row: row.ImportFinding.found),
            keyed("expected", _l("Expected"), lambda row: expected(row.ImportFinding)),
            keyed("remedy", _l("What to do"), lambda row: remedy(row.ImportFinding)),
            keyed("state", _l("State"), lambda row: "solved" if row.solved else "open"),
        ),
        file_name="refusals",
    )
)


def _between(asked: Asked) -> tuple[date, list[Any], Any, Any]:
    """The day of an address, its versions newest first, the one that is looked at (the newest where none is named), and the one before it."""
    on = _day(str(asked.values["day"]))
    found = days_of.versions(on)
    after = next((row for row in found if str(row.row.version) == asked.args.get("version", "")), found[0] if found else None)
    before = next((row for row in found if after is not None and row.row.version < after.row.version), None)
    return on, found, after, before


def _changes(asked: Asked) -> pl.DataFrame:
    """What a version of a day changed."""
    on, _found, after, before = _between(asked)
    if after is None or before is None:
        return pl.DataFrame(schema=days_of.CHANGES)
    return days_of.changes(on, before.row.recording_id, after.row.recording_id)


CHANGE_LIST = declare(
    ListPage(
        "import_desk.day",
        _l("What a version changed"),
        CHANGES,
        CHANGE_COLUMNS,
        source=_changes,
        fields=(
            keyed("account_no", _l("Account")),
            keyed("exchange", _l("Exchange")),
            keyed("product", _l("Product")),
            keyed("field", _l("Amount")),
            keyed("before", _l("Before"), lambda row: _cell(row, "before")),
            keyed("after", _l("After"), lambda row: _cell(row, "after")),
            keyed("delta", _l("Difference"), lambda row: _cell(row, "delta")),
        ),
        keep=("version",),
        file_name="changes",
    )
)


@bp.get("/calendar")
@requires(Can.IMPORT_SEE)
def calendar() -> ResponseReturnValue:
    """A month's days, each with its state."""
    form = wants_file()
    shown = month_shown()
    if form:
        headers = ["day", "state", "version", "accounts", "trades", "equity"]
        return taken_out(form, f"days-{shown['period']}", headers, ((row.day, row.state, row.version, row.accounts, row.trades, amount(row.equity)) for row in shown["states"]))
    return render_template("import_desk/calendar.html", **shown)


def month_shown() -> dict[str, Any]:
    """The month that the address asks for, or that of the last settled day: its days as weeks, and the ways around."""
    today = _today()
    text = request.args.get("month", "")
    try:
        period = Month.parse(text) if text else Month.of(last_settled_day() or today)
    except NotADate as error:
        raise NotFound("%(text)s is no month", text=text[:40]) from error
    if not FIRST <= period.year <= LAST:
        raise NotFound("%(text)s is no month", text=text[:40])
    states = days_of.month_states(period, today, open_refusals(period.first, period.last))
    held = {row.day: row for row in states}
    grid = [[held.get(day) for day in week] for week in weeks_of.Calendar(firstweekday=0).monthdatescalendar(period.year, period.month)]
    counted = {name: sum(row.state == name for row in states) for name in days_of.STATES}
    return {
        "period": str(period),
        "states": states,
        "weeks": grid,
        "counted": counted,
        "day_states": DAY_STATES,
        "before": url_for("import_desk.calendar", month=str(period.plus(-1))),
        "after": url_for("import_desk.calendar", month=str(period.plus(1))),
    }


@bp.get("/days/<day>")
@requires(Can.IMPORT_SEE)
def day(day: str) -> ResponseReturnValue:
    """One day: its versions, what each changed, what was refused, which papers were held against it."""
    on, found, after, before = _between(asked_now())
    said = db.session.execute(findings().where(ImportFinding.step == str(on)).order_by(ImportFinding.id.desc()).limit(50)).all()
    papers = db.session.execute(comparisons.listed().where(Comparison.first_day <= on, Comparison.last_day >= on).order_by(Comparison.id.desc()).limit(20)).all()
    state = next(row for row in days_of.month_states(Month.of(on), _today(), open_refusals(on, on)) if row.day == on)
    return show_list(
        CHANGE_LIST,
        "import_desk/day.html",
        on=on,
        state=state,
        period=str(Month.of(on)),
        versions=found,
        after=after,
        before=before,
        fields=FIELDS,
        findings=said,
        papers=papers,
        day_states=DAY_STATES,
        wrong=sentence,
        expected=expected,
        remedy=remedy,
    )


def _cell(row: dict[str, Any], name: str) -> Any:
    return row[name] if row["field"] == "trade_lots" else amount(row[name])


def _today() -> date:
    return local_day.today()


def _day(text: str) -> date:
    try:
        found = parse_day(text)
    except NotADate as error:
        raise NotFound("%(text)s is no day such as 2026-03-31", text=text[:40]) from error
    if not FIRST <= found.year <= LAST:
        raise NotFound("%(text)s is no day such as 2026-03-31", text=text[:40])
    return found


@bp.get("/refusals")
@requires(Can.IMPORT_SEE)
def refusals() -> ResponseReturnValue:
    """Every refusal and warning of all imports, with its remedy, and whether a later import solved it."""
    return show_list(REFUSAL_LIST, "import_desk/refusals.html", wrong=sentence, expected=expected, remedy=remedy)
