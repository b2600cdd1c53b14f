"""How far a job is, as a page, as a fragment that asks again by itself, and as JSON."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.jobs import Job, JobState
from portal import clock
from portal.jobs import queries, verbs
from portal.permissions import Can
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.requests import for_api, safe_next

bp = Blueprint("jobs", __name__, url_prefix="/jobs")

STATES = {
    JobState.WAITING.value: (_l("Waiting"), "info"),
    JobState.RUNNING.value: (_l("Running"), "info"),
    JobState.DONE.value: (_l("Done"), "good"),
    JobState.FAILED.value: (_l("Failed"), "bad"),
    JobState.CANCELLED.value: (_l("Cancelled"), "warn"),
}
TITLES = {
    "list.export": _l("Writing a list into a file"),
    "statements.month": _l("Statements in one file"),
    "statements.own": _l("Statements in one file"),
    "risk.check": _l("Learning anew from who left, and looking back"),
}
"""What a kind of job that has no page of its own is called."""


@bp.get("/<public_id>")
@requires(Can.OWN_SETTINGS)
def job(public_id: str) -> ResponseReturnValue:
    """One job, for who asked for it and for who sees the imports. `back` is the page on which it is watched: who stops it goes back there."""
    found = queries.job(current_actor(), public_id)
    if for_api() or request.accept_mimetypes.best == "application/json":
        return jsonify(_plain(found))
    state, tone = STATES[found.state]
    fragment = bool(request.headers.get("HX-Request"))
    told = {"title": _title(found), "running": _running(found), "state": state, "tone": tone, "sentence": _sentence(found)}
    page = render_template("jobs/progress.html" if fragment else "jobs/job.html", job=found, back=safe_next(request.args.get("back")), **told)
    return page, {"HX-Refresh": "true"} if fragment and not _running(found) else {}  # the page around it has more to say by now


@bp.post("/<public_id>/cancel")
@requires(Can.OWN_SETTINGS)
def cancel(public_id: str) -> ResponseReturnValue:
    """Ask a job to stop, and go back to the page on which it is watched."""
    with transaction():
        verbs.ask_to_cancel(queries.job(current_actor(), public_id).id, current_actor(), clock.now())
    return redirect(safe_next(request.form.get("back")) or url_for("jobs.job", public_id=public_id), 303)


def _title(found: Job) -> str:
    """What the work is, in words."""
    return str(TITLES.get(found.kind) or (_("Work under way") if _running(found) else _("Work that has ended")))


def _running(found: Job) -> bool:
    return found.state in {JobState.WAITING, JobState.RUNNING}


def _sentence(found: Job) -> str:
    """The step it is at, or how it ended."""
    if isinstance(found.result, dict) and "refused" in found.result:
        return str(gettext(found.result["refused"], **found.result.get("values", {})))
    if found.cancel_asked and _running(found):
        return str(_("Stopping at the next step"))
    return str(gettext(found.step) if found.step and _running(found) else STATES[found.state][0])


def _plain(found: Job) -> dict[str, object]:
    """A job as a program reads it."""
    return {
        "id": found.public_id,
        "kind": found.kind,
        "state": found.state,
        "step": found.step,
        "done": found.done,
        "total": found.total,
        "attempts": found.attempts,
        "cancel_asked": found.cancel_asked,
        "message": _sentence(found),
        "result": found.result if found.state == JobState.DONE else None,
    }
