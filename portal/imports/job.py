"""The import as a job: what the desk asks for, first as a preview and then for real."""

from __future__ import annotations

from typing import Any

from flask import current_app
from sqlalchemy import String, cast, select

from models import db
from models.settlement import ImportRun, ImportState
from portal import clock
from portal.imports import parcels
from portal.imports.receive import Handed, add
from portal.imports.recognise import recognise
from portal.imports.run import Options, Outcome, run_import
from portal.jobs.handlers import Work, handler
from portal.jobs.refresh import ask_for_refresh
from portal.keys import keyring
from portal.notices.verbs import tell
from portal.permissions import Can
from portal.refusals import Conflict, Findings
from portal.search.job import ask_to_catch_up
from portal.transaction import transaction

RUN = "imports.run"
"""The kind of the job. Arguments: `parcel`, `dry_run`, `replace`."""


@handler(RUN)
def bring_in(work: Work) -> dict[str, Any]:
    """Import the files of a parcel. Once more is the same as once: bytes that were posted count as received before."""
    work.actor.need(Can.IMPORT_FILES)
    dry_run, replace = bool(work.arguments["dry_run"]), bool(work.arguments["replace"])
    _end_earlier_attempts(work)
    parcel = parcels.named(work.arguments["parcel"])
    if parcel is None:
        raise Conflict("these files are no longer kept: hand them in again")
    findings, handed = Findings(), Handed()
    for file in parcels.files_in(parcel):
        add(file, lambda received: recognise(received) is not None, handed, findings)
    outcome = run_import(handed, actor=work.actor, options=_options(work, dry_run, replace), findings=findings)
    if not dry_run and outcome.state == ImportState.DONE:
        _after(work, outcome)
    return {"import_id": outcome.import_id, "state": str(outcome.state), "refusals": findings.refused, "warnings": findings.warned}


def _options(work: Work, dry_run: bool, replace: bool) -> Options:
    def report(step: str, done: int, total: int) -> None:
        # Written, not said: Work.progress would raise where somebody asked to stop, and an import ends between two steps.
        work.step, work.done, work.total = step[:200], done, total

    return Options(
        keyring=keyring(),
        overrides_allowed=current_app.config["PORTAL"].allow_overrides,
        dry_run=dry_run,
        replace=replace,
        progress=report,
        cancelled=work.cancel.is_set,
        origin={"job": work.public_id, "parcel": work.arguments["parcel"], "replace": replace},
    )


def _after(work: Work, outcome: Outcome) -> None:
    """The files are in: they need not be kept, and the brokers' pages are computed anew."""
    moment = clock.now()
    with transaction():
        parcel = parcels.named(work.arguments["parcel"])
        if parcel is not None:
            parcels.throw_away(parcel, work.actor, moment, "brought_in")
        findings = {"number": outcome.import_id, "refusals": outcome.findings.refused, "warnings": outcome.findings.warned}
        tell([work.actor.user_id or 0], "import.finished", f"/imports/{outcome.import_id}", findings, actor=work.actor, moment=moment)
        if any(result.state in {"posted", "corrected"} for result in outcome.results):
            ask_for_refresh(work.actor, moment)
        ask_to_catch_up(work.actor, moment)


def _end_earlier_attempts(work: Work) -> None:
    """An attempt whose worker died left a run that says it is running still."""
    with transaction():
        for run in db.session.scalars(of_job(work.public_id).where(ImportRun.state == ImportState.RUNNING)):
            run.state, run.finished_at = ImportState.FAILED, clock.now()


def of_job(public_id: str) -> Any:
    """The query for the runs of a job, newest first."""
    return select(ImportRun).where(cast(ImportRun.summary, String).contains(f'"{public_id}"', autoescape=True)).order_by(ImportRun.id.desc())
