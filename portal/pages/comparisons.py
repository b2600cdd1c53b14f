"""Papers held against the books: hand them in, see line by line what differs, and explain it before a second person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select

from models import db
from models.comparisons import Comparison
from models.jobs import JobState
from portal import clock
from portal.imports.comparing import COMPARE
from portal.jobs import queries as jobs
from portal.jobs.verbs import enqueue
from portal.pages.import_words import ITEMS, LINE_STATES, PAPERS, REASONS
from portal.permissions import Can
from portal.refusals import Finding, NotFound, Refusal, Severity
from portal.settlement import comparisons
from portal.settlement.ctp.wording import SENTENCES
from portal.settlement.wording import WORDS
from portal.transaction import transaction
from portal.web.exports import Cell, amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, keyed, show_list
from portal.web.listing import Label
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("comparisons", __name__, url_prefix="/imports/comparisons")


def _compared() -> ColumnElement[bool]:
    """The condition that a paper could be compared: one that was refused, or holds nothing to compare, has no day."""
    return Comparison.first_day.is_not(None)


COLUMNS = columns(
    Column("id", _l("File"), sort=True),
    Column("kind", _l("Paper")),
    Column("days", _l("Days"), sort=True),
    Column("compared_at", _l("Compared"), sort=True),
    Column("equal", _l("Equal"), number=True),
    Column("differs", _l("Differs"), sort=True, number=True),
    Column("only_here", _l("Only in the books"), number=True),
    Column("only_there", _l("Only in the paper"), number=True),
)
LISTING = Listing(
    tiebreak=Comparison.__table__.c.id,
    sorts={"id": Comparison.__table__.c.id, "days": Comparison.first_day, "compared_at": Comparison.compared_at, "differs": Comparison.differs},
    default="-id",
    filters=(
        Filter("file", _l("File"), lambda text: Comparison.file.contains(text, autoescape=True)),
        day_filter("day", _l("Trade date"), lambda day: (Comparison.first_day <= day) & (Comparison.last_day >= day)),
        Filter(
            "differs",
            _l("State"),
            lambda text: (
                Comparison.first_day.is_(None) if text == "unread" else _compared() & ((Comparison.differs + Comparison.only_here + Comparison.only_there > 0) == (text == "some"))
            ),
            choices=(("some", _l("Differs")), ("none", _l("All equal")), ("unread", _l("Not compared"))),
        ),
    ),
)
LINE_COLUMNS = columns(
    Column("choose", _l("Choose")),
    Column("account_no", _l("Account"), sort=True),
    Column("trade_date", _l("Trade date"), sort=True),
    Column("item", _l("Item")),
    Column("here", _l("Books"), number=True),
    Column("there", _l("Paper"), number=True),
    Column("delta", _l("Difference"), sort=True, number=True),
    Column("state", _l("State")),
)
LINES = Listing(
    tiebreak="line",
    sorts={"account_no": "account_no", "trade_date": "trade_date", "delta": "delta", "line": "line"},
    default="line",
    filters=(
        Filter("state", _l("State"), lambda text: pl.col("state") == text, choices=tuple((name, label) for name, (label, _tone) in LINE_STATES.items())),
        Filter("open", _l("Explained"), lambda text: pl.col("open") == (text == "no"), choices=(("no", _l("Not explained")), ("yes", _l("Equal or explained")))),
        Filter("account", _l("Account"), lambda text: pl.col("account_no") == text),
        Filter("item", _l("Item"), lambda text: pl.col("item") == text, choices=tuple(ITEMS.items())),
        day_filter("day", _l("Trade date"), lambda day: pl.col("trade_date") == day),
    ),
)


def _of_row(name: str, label: Label) -> Field:
    return keyed(name, label, lambda row: getattr(row, name))


LIST = declare(
    ListPage(
        "comparisons.index",
        _l("Comparisons"),
        LISTING,
        COLUMNS,
        source=lambda asked: comparisons.listed(),
        fields=(
            _of_row("id", _l("Number")),
            _of_row("compared_at", _l("Compared")),
            keyed("by", _l("Compared by"), lambda row: row.actor_label),
            _of_row("kind", _l("Paper")),
            _of_row("file", _l("File")),
            _of_row("first_day", _l("First day")),
            _of_row("last_day", _l("Last day")),
            _of_row("equal", _l("Equal")),
            _of_row("differs", _l("Differs")),
            _of_row("only_here", _l("Only in the books")),
            _of_row("only_there", _l("Only in the paper")),
        ),
        file_name="comparisons",
    )
)


def _number(name: str) -> Callable[[Any], Cell]:
    """A number of a compared line: lots as they are, money in yuan."""
    return lambda row: row[name] if row["item"] == "lots" else amount(row[name])


LINE_LIST = declare(
    ListPage(
        "comparisons.show",
        _l("Lines of a comparison"),
        LINES,
        LINE_COLUMNS,
        source=lambda asked: comparisons.lines_of(comparisons.comparison(int(asked.values["comparison_id"]))),
        fields=(
            keyed("line", _l("Line")),
            keyed("trade_date", _l("Trade date")),
            keyed("account_no", _l("Account")),
            keyed("exchange", _l("Exchange")),
            keyed("product", _l("Product")),
            keyed("number", _l("Item"), lambda row: row["item"]),
            keyed("books", _l("Books"), _number("here")),
            keyed("paper", _l("Paper"), _number("there")),
            keyed("difference", _l("Difference"), _number("delta")),
            keyed("state", _l("State")),
            keyed("reason", _l("Reason")),
            keyed("note", _l("Note")),
        ),
        file_name="comparison",
    )
)


@bp.get("")
@requires(Can.IMPORT_SEE)
def index() -> ResponseReturnValue:
    """Every comparison, newest first, and the form for papers."""
    limit = current_app.config["PORTAL"].upload_limit_mb
    return show_list(LIST, "comparisons/index.html", papers=PAPERS, may=current_actor().may(Can.IMPORT_FILES), limit=limit)


@bp.post("")
@requires(Can.IMPORT_FILES)
def hand_in() -> ResponseReturnValue:
    """Ask for a comparison of some papers."""
    given = [file for file in request.files.getlist("files") if file.filename]
    if not given:
        raise Refusal("no file was chosen: choose at least one")
    papers = [(str(file.filename), file.read()) for file in given]
    with transaction():
        job = enqueue(current_actor(), clock.now(), COMPARE, {"files": len(papers)}, papers)
        public_id = job.public_id
    return redirect(url_for("comparisons.work", public_id=public_id), 303)


@bp.get("/work/<public_id>")
@requires(Can.IMPORT_SEE)
def work(public_id: str) -> ResponseReturnValue:
    """How far a comparison is; once it has ended, the way to its result."""
    job = jobs.job(current_actor(), public_id)
    if job.kind != COMPARE:
        raise NotFound("there is no such job")
    running = job.state in {JobState.WAITING, JobState.RUNNING}
    fragment = bool(request.headers.get("HX-Request"))
    kept = [] if running else list(db.session.scalars(select(Comparison.id).where(Comparison.job == public_id).order_by(Comparison.id)))
    if kept:
        target = url_for("comparisons.show", comparison_id=kept[0]) if len(kept) == 1 else url_for("comparisons.index")
        return ("", 204, {"HX-Redirect": target}) if fragment else redirect(target, 303)
    result = job.result if isinstance(job.result, dict) else {}
    said = _(result["refused"], **result.get("values", {})) if isinstance(result.get("refused"), str) else ""
    if not said:
        said = job.step or _("Waiting for the worker") if running else _("Nothing could be compared: these files are no statements and no lists.")
    shown = {"job": job, "running": running, "sentence": said, "tone": "info" if running else "warn"}
    return render_template("comparisons/progress.html" if fragment else "comparisons/work.html", **shown)


@bp.get("/<int:comparison_id>")
@requires(Can.IMPORT_SEE)
def show(comparison_id: int) -> ResponseReturnValue:
    """A paper beside the books, line by line."""
    row = comparisons.comparison(comparison_id)
    frame = comparisons.lines_of(row)
    open_lines = int(frame["open"].sum())
    return show_list(
        LINE_LIST,
        "comparisons/show.html",
        source=frame,
        row=row,
        open_lines=open_lines,
        waiting=comparisons.waiting_lines(row) if open_lines else set(),
        items=ITEMS,
        states=LINE_STATES,
        papers=PAPERS,
        reasons=REASONS,
        findings=[(one, _sentence(one)) for one in (Finding(**{**said, "severity": Severity(said["severity"]), "file": row.file}) for said in row.findings)],
        may=current_actor().may(Can.IMPORT_FILES),
    )


def _sentence(finding: Finding) -> str:
    """What was wrong with a paper: statements and lists have words of their own."""
    if finding.code in SENTENCES:
        return str(SENTENCES[finding.code])
    return str(WORDS[finding.code].sentence) if finding.code in WORDS else finding.code


@bp.post("/<int:comparison_id>/explain")
@requires(Can.IMPORT_FILES)
def explain(comparison_id: int) -> ResponseReturnValue:
    """Put the explanation of chosen lines, or of all that are open, before a second person."""
    row = comparisons.comparison(comparison_id)
    chosen = [int(text) for text in request.form.getlist("line") if text.isascii() and text.isdigit() and len(text) < 10]
    if request.form.get("all") == "yes":
        frame = comparisons.lines_of(row)
        chosen = frame.filter("open")["line"].to_list()
    with transaction():
        row = comparisons.comparison(comparison_id)
        approval = comparisons.prepare_explanation(row, chosen, request.form.get("reason", ""), request.form.get("note", "").strip()[:500], current_actor(), clock.now())
        number = approval.id
    flash(_("The explanation waits for a second person (approval %(number)s).", number=number), "success")
    return redirect(url_for("comparisons.show", comparison_id=comparison_id), 303)
