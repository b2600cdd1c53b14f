"""The imports desk: files in, what they would do, what was refused and why, and the button that brings them in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from models.settlement import ImportRun
from portal import clock
from portal.imports import parcels
from portal.imports.job import RUN, of_job
from portal.imports.moves import MOVED
from portal.jobs import queries as jobs
from portal.jobs.verbs import enqueue
from portal.pages import import_days, import_desk, words
from portal.pages.import_lists import DAY_LIST, FINDING_LIST, LIST, import_run
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.settlement.wording import expected, remedy, sentence
from portal.transaction import transaction
from portal.web.downloads import wants_file
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import show_list
from portal.web.templating import give

bp = Blueprint("imports", __name__, url_prefix="/imports")


@bp.get("")
@requires(Can.IMPORT_SEE)
def index() -> ResponseReturnValue:
    """Every import, newest first, and the form that files are handed in with."""
    days = import_desk.month_shown()
    return show_list(LIST, "imports/index.html", may_import=current_actor().may(Can.IMPORT_FILES), limit=_limit(), **days)


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
    run = import_run(import_id)
    summary = run.summary or {}
    return show_list(
        FINDING_LIST,
        "imports/show.html",
        run=run,
        summary=summary,
        state=words.IMPORT_STATES[run.state],
        files=import_days.files(summary),
        days=import_days.days(summary),
        moves=summary.get("moves", []),
        moved_words=words.COLUMNS,
        parcel=_kept_for(run),
        wrong=sentence,
        expected=expected,
        remedy=remedy,
        outcomes=words.OUTCOMES,
        nothing_new=import_days.nothing_new(summary),
        asides=import_days.asides(summary),
        all_refused=import_days.all_refused(summary),
        may_import=current_actor().may(Can.IMPORT_FILES),
    )


@bp.get("/<int:import_id>/days")
@requires(Can.IMPORT_SEE)
def days(import_id: int) -> ResponseReturnValue:
    """Every day of an import with what becomes of it."""
    run = import_run(import_id)
    return show_list(DAY_LIST, "imports/days.html", run=run, outcomes=words.OUTCOMES)


@bp.get("/<int:import_id>/moves")
@requires(Can.IMPORT_SEE)
def moves(import_id: int) -> ResponseReturnValue:
    """What a previewed correction moves by broker, as a file."""
    run = import_run(import_id)
    headers = ["period", "broker_no", *(f"{name}_{when}" for name in MOVED for when in ("before", "after"))]
    rows = ((month["period"], row["broker_no"], *(amount(fen) for name in MOVED for fen in row[name])) for month in (run.summary or {}).get("moves", []) for row in month["rows"])
    return taken_out(wants_file() or "csv", f"moves-{run.id}", headers, rows)


@bp.post("/<int:import_id>/bring-in")
@requires(Can.IMPORT_FILES)
def bring_in(import_id: int) -> ResponseReturnValue:
    """Run the previewed files for real."""
    run = import_run(import_id)
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
    run = import_run(import_id)
    with transaction():
        parcel = _kept_for(run)
        if parcel is None:
            raise Conflict("these files are no longer kept: hand them in again")
        parcels.throw_away(parcel, current_actor(), clock.now(), "thrown_away")
    flash(_("The files were thrown away; nothing of them was brought in."), "success")
    return redirect(url_for("imports.index"), 303)


def _kept_for(run: ImportRun) -> Job | None:
    """The files behind a preview, where they are still kept."""
    public_id = (run.summary or {}).get("parcel", "")
    return parcels.named(public_id) if run.dry_run and public_id else None


def _limit() -> int:
    limit: int = current_app.config["PORTAL"].upload_limit_mb
    return limit


give(bp, import_states=words.IMPORT_STATES, import_day_columns=import_days.COLUMNS)
