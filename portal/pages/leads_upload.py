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
from portal.imports.leads_file import HEADINGS, MOST_ROWS, columns_for, is_desk
from portal.imports.leads_upload import UPLOAD
from portal.jobs import queries as jobs
from portal.jobs.verbs import enqueue
from portal.leads.terms import terms
from portal.pages import leads_words as words
from portal.pages import words as all_words
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
    "consent_on": _l("Consent given on"),
    "note": _l("Note"),
}
HOLDS = {
    "name": _l("needed"),
    "phone": _l("such as 138 0000 8000 or +852 5123 4567"),
    "id_no": _l("with its check digit; a phone or an ID number is needed"),
    "kind": _l("person or institution, 个人 or 机构; a person where it is empty"),
    "source": _l("a short word, such as the code of a campaign"),
    "broker_no": _l("where you register for a broker"),
    "referrer_client_no": _l("where a client brought the person"),
    "consent_on": _l("the day on which the person agreed, such as 2026-03-31"),
}
"""What is to be said of a column beside its name."""
CHINESE = {column: heading for heading, column in reversed(HEADINGS.items())}
"""The first Chinese heading of each column."""


@bp.get("")
@requires(Can.LEAD_REGISTER)
def index() -> ResponseReturnValue:
    """The form, and what a list looks like."""
    columns = [(name, CHINESE[name], FIELDS[name], HOLDS.get(name)) for name in columns_for(current_actor())]
    return render_template("leads/upload.html", columns=columns, desk=is_desk(current_actor()), terms=terms(), most=MOST_ROWS)


@bp.get("/empty")
@requires(Can.LEAD_REGISTER)
def empty() -> ResponseReturnValue:
    """An empty list with the headings in the reader's language, to be filled in."""
    columns = columns_for(current_actor())
    return as_file(wants_file() or "xlsx", "leads", [CHINESE[name] for name in columns] if all_words.is_chinese() else list(columns), [])


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
        repeats=result.get("repeats", [])[:SHOWN] if dry else [],
        people=result["valid"] - result.get("repeated", 0),
        answers={name: count for name in words.ANSWERS if (count := result.get("answers", {}).get(name))},
        answer_words=words.ANSWERS,
        kept=dry and parcels.named(job.arguments["parcel"]) is not None,
        desk=is_desk(current_actor()),
        terms=terms(),
        until=result.get("until"),
        shown=SHOWN,
    )


@bp.post("/<upload_no>/register")
@requires(Can.LEAD_REGISTER)
def bring_in(upload_no: str) -> ResponseReturnValue:
    """Register the rows that hold, once their people's consent is vouched for."""
    job = _own(upload_no)
    if request.form.get("consent") != "yes":
        raise Refusal("without the person's consent his data cannot be handed to the firm")
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
    told += [(line, "", _("the same person as on line %(line)s", line=first)) for line, first in result.get("repeats", []) if job.arguments["dry_run"]]
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
    if not running:
        return _stopped(job, result)
    if job.cancel_asked:
        return {"title": title, "sentence": _("Stopping at the next step"), "tone": "warn"}
    if job.state == JobState.WAITING:
        return {"title": title, "sentence": _("Waiting for the worker"), "tone": "info"}
    return {"title": title, "sentence": _(job.step) if job.step else _("Reading the list"), "tone": "info"}


def _stopped(job: Job, result: dict[str, Any]) -> dict[str, Any]:
    """What is said of a list with which nothing goes on: it was refused, or its work was cancelled."""
    if job.state == JobState.CANCELLED:
        kept = _("nobody was registered.") if job.arguments["dry_run"] else _("who was registered before that stays registered; hand the list in again for the others.")
        return {"title": _("The work on the list was cancelled"), "sentence": _("Cancelled") + _(": ") + kept, "tone": "warn"}
    why = _(result["refused"], **result.get("values", {})) if "refused" in result else _("This list is no longer kept: hand it in again.")
    return {"title": _("The list was not taken in"), "sentence": why, "tone": "bad"}
