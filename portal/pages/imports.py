"""The imports desk: files in, what they would do, what was refused and why, and the button that brings them in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from models.settlement import ImportFinding, ImportRun
from portal import clock
from portal.imports import parcels
from portal.imports.job import RUN, of_job
from portal.jobs import queries as jobs
from portal.jobs.verbs import enqueue
from portal.pages import import_days, words
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal, Severity
from portal.settlement.wording import WORDS, expected, remedy, sentence
from portal.transaction import transaction
from portal.web.downloads import as_file, wants_file
from portal.web.frames import narrowed, page_of_frame
from portal.web.guard import current_actor, requires
from portal.web.paging import Column, Filter, Listing, columns, page_of, read

bp = Blueprint("imports", __name__, url_prefix="/imports")

COLUMNS = columns(
    Column("id", _l("Import"), sort=True),
    Column("started_at", _l("Begun"), sort=True),
    Column("by", _l("Imported by")),
    Column("state", _l("State")),
    Column("steps", _l("Steps"), number=True),
    Column("refusals", _l("Refusals"), sort=True, number=True),
    Column("warnings", _l("Warnings"), sort=True, number=True),
)
LISTING = Listing(
    tiebreak=ImportRun.__table__.c.id,
    sorts={"id": ImportRun.__table__.c.id, **{name: getattr(ImportRun, name) for name in ("started_at", "refusals", "warnings")}},
    default="-id",
    filters=(
        Filter("by", _l("Imported by"), lambda text: ImportRun.actor_label.contains(text, autoescape=True)),
        Filter("what", _l("What"), lambda text: ImportRun.dry_run == (text == "preview"), choices=(("real", _l("Brought in")), ("preview", _l("Preview")))),
        Filter("state", _l("State"), lambda text: ImportRun.state == text, choices=tuple((name, label) for name, (label, _tone) in words.IMPORT_STATES.items())),
        Filter("refused", _l("Refusals"), lambda text: (ImportRun.refusals > 0) == (text == "some"), choices=(("some", _l("With refusals")), ("none", _l("Without refusals")))),
    ),
)
FINDING_COLUMNS = columns(
    Column("severity", _l("Severity"), sort=True),
    Column("file", _l("File"), sort=True),
    Column("line", _l("Line"), sort=True, number=True),
    Column("field", _l("Field")),
    Column("wrong", _l("What is wrong")),
    Column("found", _l("Found")),
    Column("expected", _l("Expected")),
    Column("remedy", _l("What to do")),
)
FINDINGS = Listing(
    tiebreak=ImportFinding.__table__.c.id,
    sorts={name: getattr(ImportFinding, name) for name in ("severity", "file", "line")},
    default="severity",
    filters=(
        Filter("severity", _l("Severity"), lambda text: ImportFinding.severity == text, choices=(("refusal", _l("Refusal")), ("warning", _l("Warning")))),
        Filter("code", _l("What is wrong"), lambda text: ImportFinding.code == text, choices=tuple((code, word.sentence) for code, word in WORDS.items())),
        Filter("file", _l("File"), lambda text: ImportFinding.file.contains(text, autoescape=True)),
    ),
)


@bp.get("")
@requires(Can.IMPORT_SEE)
def index() -> ResponseReturnValue:
    """Every import, newest first, and the form that files are handed in with."""
    wanted = read(LISTING, request.args, request.path)
    form = wants_file()
    if form:
        rows = db.session.scalars(wanted.order(wanted.narrow(select(ImportRun))))
        headers = [str(column.label) for column in COLUMNS.values()]
        return as_file(form, "imports", headers, ((row.id, row.started_at, row.actor_label, state_word(row), row.done, row.refusals, row.warnings) for row in rows))
    may = current_actor().may(Can.IMPORT_FILES)
    return render_template("imports/index.html", page=page_of(select(ImportRun), wanted, scalars=True), columns=COLUMNS, may_import=may, limit=_limit())


@bp.post("")
@requires(Can.IMPORT_FILES)
def hand_in() -> ResponseReturnValue:
    """Keep the files and ask for a preview of what they would do."""
    actor, moment = current_actor(), clock.now()
    given = [file for file in request.files.getlist("files") if file.filename]
    if not given:
        raise Refusal("no file was chosen: choose at least one")
    with transaction():
        parcel_id, parcel = _begin([str(file.filename) for file in given])
    for file in given:
        packed = parcels.pack(file.read())  # outside the transaction, one in memory at a time
        with transaction():
            parcels.add(parcel_id, str(file.filename), packed)
    with transaction():
        job = enqueue(actor, moment, RUN, {"parcel": parcel, "dry_run": True, "replace": request.form.get("replace") == "yes"})
        public_id = job.public_id
    return redirect(url_for("imports.work", public_id=public_id), 303)


def _begin(names: list[str]) -> tuple[int, str]:
    parcel = parcels.begin(current_actor(), clock.now(), names)
    return parcel.id, parcel.public_id


@bp.get("/work/<public_id>")
@requires(Can.IMPORT_SEE)
def work(public_id: str) -> ResponseReturnValue:
    """How far an import is; once it has ended, the way to its result."""
    job = jobs.job(current_actor(), public_id)
    if job.kind != RUN:
        raise NotFound("there is no such job")
    running = job.state in {JobState.WAITING, JobState.RUNNING}
    run = None if running else db.session.scalars(of_job(public_id).limit(1)).first()
    fragment = bool(request.headers.get("HX-Request"))
    if run is not None:
        target = url_for("imports.show", import_id=run.id)
        return ("", 204, {"HX-Redirect": target}) if fragment else redirect(target, 303)
    return render_template("imports/progress.html" if fragment else "imports/work.html", job=job, running=running, **_said(job, running))


def _said(job: Job, running: bool) -> dict[str, Any]:
    """The progress part's words."""
    result = job.result if isinstance(job.result, dict) else {}
    title = _("Preview: nothing is kept") if job.arguments.get("dry_run") else _("Bringing in")
    if "refused" in result:
        return {"title": title, "sentence": _(result["refused"], **result.get("values", {})), "tone": "bad"}
    if job.state == JobState.WAITING:
        return {"title": title, "sentence": _("Waiting for the worker"), "tone": "info"}
    if job.cancel_asked or job.state == JobState.CANCELLED:
        return {"title": title, "sentence": _("Stopping at the next step") if running else _("Cancelled"), "tone": "warn"}
    return {"title": title, "sentence": job.step or _("Reading the files"), "tone": "info"}


@bp.get("/<int:import_id>")
@requires(Can.IMPORT_SEE)
def show(import_id: int) -> ResponseReturnValue:
    """What an import came to, or would come to: per file and day, and every refusal and warning."""
    run = _run(import_id)
    wanted = read(FINDINGS, request.args, request.path)
    statement = select(ImportFinding).where(ImportFinding.import_id == run.id)
    form = wants_file()
    if form:
        rows = db.session.scalars(wanted.order(wanted.narrow(statement)).execution_options(yield_per=1000))
        return as_file(form, f"findings-{run.id}", ["code", *(str(column.label) for column in FINDING_COLUMNS.values())], _finding_cells(rows))
    summary = run.summary or {}
    return render_template(
        "imports/show.html",
        run=run,
        summary=summary,
        state=words.IMPORT_STATES[run.state],
        files=import_days.files(summary),
        days=import_days.days(summary),
        parcel=_kept_for(run),
        page=page_of(statement, wanted, scalars=True),
        columns=FINDING_COLUMNS,
        wrong=sentence,
        expected=expected,
        remedy=remedy,
        outcomes=words.OUTCOMES,
        nothing_new=import_days.nothing_new(summary),
        may_import=current_actor().may(Can.IMPORT_FILES),
    )


def _finding_cells(rows: Iterable[ImportFinding]) -> Iterable[tuple[str | int | None, ...]]:
    severities = {Severity.REFUSAL.value: _("Refusal"), Severity.WARNING.value: _("Warning")}
    for row in rows:
        yield row.code, severities[row.severity], row.file, row.line, row.field, sentence(row), row.found, expected(row), remedy(row)  # type: ignore[arg-type]


@bp.get("/<int:import_id>/days")
@requires(Can.IMPORT_SEE)
def days(import_id: int) -> ResponseReturnValue:
    """Every day of an import with what becomes of it."""
    run = _run(import_id)
    wanted = read(import_days.LISTING, request.args, request.path)
    frame = import_days.days(run.summary or {})
    form = wants_file()
    if form:
        return as_file(form, f"days-{run.id}", *import_days.as_cells(narrowed(frame, wanted)))
    return render_template("imports/days.html", run=run, page=page_of_frame(frame, wanted), columns=import_days.COLUMNS, outcomes=words.OUTCOMES)


@bp.post("/<int:import_id>/bring-in")
@requires(Can.IMPORT_FILES)
def bring_in(import_id: int) -> ResponseReturnValue:
    """Run the previewed files for real."""
    run = _run(import_id)
    parcel = _kept_for(run)
    if parcel is None:
        raise Conflict("these files are no longer kept: hand them in again")
    with transaction():
        waiting = _waiting_for(parcel.public_id)
        job = waiting or enqueue(current_actor(), clock.now(), RUN, {"parcel": parcel.public_id, "dry_run": False, "replace": bool(run.summary.get("replace"))})
        public_id = job.public_id
    return redirect(url_for("imports.work", public_id=public_id), 303)


def _waiting_for(parcel: str) -> Job | None:
    """The job that brings a parcel in already: two clicks make one."""
    busy = db.session.scalars(select(Job).where(Job.kind == RUN, Job.state.in_([JobState.WAITING, JobState.RUNNING])))
    return next((job for job in busy if job.arguments["parcel"] == parcel and not job.arguments["dry_run"]), None)


@bp.post("/<int:import_id>/throw-away")
@requires(Can.IMPORT_FILES)
def throw_away(import_id: int) -> ResponseReturnValue:
    """Delete the files of a preview; nothing of them was kept anywhere else."""
    run = _run(import_id)
    with transaction():
        parcel = _kept_for(run)
        if parcel is None:
            raise Conflict("these files are no longer kept: hand them in again")
        parcels.throw_away(parcel, current_actor(), clock.now(), "thrown_away")
    flash(_("The files were thrown away; nothing of them was brought in."), "success")
    return redirect(url_for("imports.index"), 303)


def _run(import_id: int) -> ImportRun:
    run = db.session.get(ImportRun, import_id)
    if run is None:
        raise NotFound("there is no import %(id)s", id=import_id)
    return run


def _kept_for(run: ImportRun) -> Job | None:
    """The files behind a preview, where they are still kept."""
    public_id = (run.summary or {}).get("parcel", "")
    return parcels.named(public_id) if run.dry_run and public_id else None


def state_word(run: ImportRun) -> str:
    """An import's state in a word."""
    word = str(words.IMPORT_STATES[run.state][0])
    return _("Preview") + " · " + word if run.dry_run else word


def _limit() -> int:
    limit: int = current_app.config["PORTAL"].upload_limit_mb
    return limit


@bp.app_context_processor
def _words() -> dict[str, Any]:
    """What the templates of this room call."""
    return {"import_states": words.IMPORT_STATES, "import_day_columns": import_days.COLUMNS}
