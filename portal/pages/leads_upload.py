"""Lists of leads: handed in, looked at row by row before anything is kept, registered with progress."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.jobs import Job, JobState
from portal import clock
from portal.imports import parcels
from portal.imports.leads_file import COLUMNS, MOST_ROWS, is_desk
from portal.imports.leads_upload import UPLOAD
from portal.jobs import queries as jobs
from portal.jobs.verbs import enqueue
from portal.leads.terms import terms
from portal.pages import leads_words as words
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import transaction
from portal.web.downloads import as_file, wants_file
from portal.web.guard import current_actor, requires

bp = Blueprint("leads_upload", __name__, url_prefix="/leads/upload")
LARGEST = 32 * 1024 * 1024
SHOWN = 200
"""Rows of a result that stand on the page; all that are listed stand in its file."""
FIELDS = {
    "name": _l("Name"),
    "phone": _l("Phone"),
    "id_no": _l("ID number"),
    "email": _l("E-mail"),
    "kind": _l("Kind"),
    "source": _l("Source"),
    "broker_no": _l("Broker"),
    "referrer_client_no": _l("Referring client"),
    "consent_on": _l("Consent of"),
    "note": _l("Note"),
}


@bp.get("")
@requires(Can.LEAD_REGISTER)
def index() -> ResponseReturnValue:
    """The form, and what a list looks like."""
    return render_template("leads/upload.html", columns=FIELDS, desk=is_desk(current_actor()), terms=terms(), most=MOST_ROWS)


@bp.get("/empty")
@requires(Can.LEAD_REGISTER)
def empty() -> ResponseReturnValue:
    """An empty list with the headings, to be filled in."""
    return as_file(wants_file() or "xlsx", "leads", list(COLUMNS), [])


@bp.post("")
@requires(Can.LEAD_REGISTER)
def hand_in() -> ResponseReturnValue:
    """Keep the list and have it looked at; nobody is registered yet."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Refusal("no file was chosen: choose one")
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Refusal("this file is larger than %(limit)s MB: split it", limit=LARGEST // 2**20)
    packed, actor, moment = parcels.pack(content), current_actor(), clock.now()
    with transaction():
        parcel = parcels.begin(actor, moment, [file.filename])
        parcels.add(parcel.id, file.filename, packed)
        public_id = enqueue(actor, moment, UPLOAD, {"parcel": parcel.public_id, "dry_run": True, "name": file.filename[-120:]}).public_id
    return redirect(url_for("leads_upload.show", upload_no=public_id), 303)


@bp.get("/<upload_no>")
@requires(Can.LEAD_REGISTER)
def show(upload_no: str) -> ResponseReturnValue:
    """How far it is; then what the list holds, or what its people were answered."""
    job = _own(upload_no)
    running, fragment = job.state in {JobState.WAITING, JobState.RUNNING}, bool(request.headers.get("HX-Request"))
    if fragment and not running:
        return "", 204, {"HX-Redirect": url_for("leads_upload.show", upload_no=upload_no)}
    if running or job.state != JobState.DONE:
        return render_template("leads/upload_progress.html" if fragment else "leads/upload_work.html", job=job, running=running, **_said(job, running))
    result, dry = job.result, job.arguments["dry_run"]
    return render_template(
        "leads/upload_done.html",
        job=job,
        dry=dry,
        result=result,
        faults=_faults(result)[:SHOWN],
        told=result.get("told", [])[:SHOWN],
        answers={name: count for name in words.ANSWERS if (count := result.get("answers", {}).get(name))},
        answer_words=words.ANSWERS,
        kept=dry and parcels.named(job.arguments["parcel"]) is not None,
        desk=is_desk(current_actor()),
        terms=terms(),
        shown=SHOWN,
    )


@bp.post("/<upload_no>/register")
@requires(Can.LEAD_REGISTER)
def bring_in(upload_no: str) -> ResponseReturnValue:
    """Register the rows that hold."""
    job = _own(upload_no)
    if parcels.named(job.arguments["parcel"]) is None or not job.arguments["dry_run"]:
        raise Conflict("this list is no longer kept: hand it in again")
    with transaction():
        public_id = enqueue(current_actor(), clock.now(), UPLOAD, {**job.arguments, "dry_run": False}).public_id
    return redirect(url_for("leads_upload.show", upload_no=public_id), 303)


@bp.get("/<upload_no>/rows")
@requires(Can.LEAD_REGISTER)
def rows(upload_no: str) -> ResponseReturnValue:
    """The rows that do not hold, and those whose people are known, as a file."""
    job = _own(upload_no)
    result = job.result if isinstance(job.result, dict) else {}
    faults = _faults(result)
    told = [(line, "", f"{words.ANSWERS[answer][0]} {until}".strip()) for line, answer, until in result.get("told", [])]
    return taken_out(wants_file() or "csv", "leads-rows", [_("Line"), _("Field"), _("What it says")], sorted([*faults, *told]))


def _faults(result: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Line, field and sentence of each row that does not hold."""
    faults = []
    for one in result.get("faults", []):
        sentence = one["message"]
        faults.append((one["line"], str(FIELDS.get(one["column"], one["column"])), _(sentence, **one["values"])))
    return faults


def _own(upload_no: str) -> Job:
    """A list that one has handed in oneself. Raises NotFound."""
    job = jobs.job(current_actor(), upload_no)
    if job.kind != UPLOAD or job.asked_by_id != current_actor().user_id:
        raise NotFound("there is no such job")
    return job


def _said(job: Job, running: bool) -> dict[str, Any]:
    """The progress part's words."""
    result = job.result if isinstance(job.result, dict) else {}
    title = _("Looking at the list: nothing is kept") if job.arguments["dry_run"] else _("Registering the leads")
    if "refused" in result:
        return {"title": title, "sentence": _(result["refused"], **result.get("values", {})), "tone": "bad"}
    if job.state == JobState.WAITING:
        return {"title": title, "sentence": _("Waiting for the worker"), "tone": "info"}
    if job.cancel_asked or job.state == JobState.CANCELLED:
        return {"title": title, "sentence": _("Stopping at the next step") if running else _("Cancelled"), "tone": "warn"}
    return {"title": title, "sentence": _(job.step) if job.step else _("Reading the list"), "tone": "info"}
