"""Cases at the door: what a release from suspense would pay, rehearsed as a job; what opening a case and an approved release set off."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from flask import current_app

from models import db
from models.audit import Approval
from models.transfers import ClaimCase
from models.values.calendar import parse_day
from portal import clock
from portal.actors import Actor
from portal.audit import approvals
from portal.audit.recordings import last_recording_id, open_recording
from portal.imports.context import Context
from portal.imports.masters import renew_sums
from portal.jobs.handlers import Work, handler
from portal.jobs.law import jurisdiction
from portal.jobs.refresh import ask_for_refresh
from portal.jobs.transfer import TOLD, money_moved
from portal.jobs.verbs import enqueue
from portal.keys import keyring
from portal.local_day import day_of
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict
from portal.rehearsal import rehearsal
from portal.transaction import transaction
from portal.transfers import holding
from portal.transfers.writing import write_rows

SUSPENSE = "transfers.suspense"
"""The kind of the job. Argument: `case` (its id)."""


def ask_for_suspense(case: ClaimCase, actor: Actor, moment: datetime) -> str:
    """Ask for the job inside the open transaction; returns its public id."""
    return enqueue(actor, moment, SUSPENSE, {"case": case.id}).public_id


def after_rows(case: ClaimCase, actor: Actor, moment: datetime) -> None:
    """After the rows of a case were written, in the same transaction: sums and open months anew."""
    renew_sums(parse_day(case.suspended["since"]), Context(actor, moment, keyring()))
    ask_for_refresh(actor, moment)


@handler(SUSPENSE)
def suspense_job(work: Work) -> dict[str, Any]:
    """Rehearse the release as the case stands, price it, keep that. Once more is the same as once."""
    work.actor.need(Can.CASE_DECIDE)
    case = db.session.get_one(ClaimCase, work.arguments["case"])
    public_id = case.public_id
    with rehearsal(Path(current_app.config["PORTAL"].instance) / "rehearsals"):
        known = last_recording_id(real=True)
        case = db.session.get_one(ClaimCase, work.arguments["case"])
        goes_to = holding.outcome(case)
        found, since = holding.release(case, goes_to), parse_day(case.suspended["since"])
        recording = open_recording(work.actor, clock.now(), "case")
        write_rows(found, recording.id, day_of(clock.now()), jurisdiction(), keyring())
        money, rows = money_moved(since, known, recording.id, work.progress), found.plain()["accounts"]
        if last_recording_id(real=True) != known:
            raise Conflict("something was recorded while this was previewed: preview it again")
    with transaction():
        holding.keep(work.arguments["case"], goes_to, rows, money, known)
    return {"case": public_id}


def _effect(approval: Approval, approver: Actor, moment: datetime) -> None:
    after_rows(holding.do_release(approval, approver, moment, day_of(moment), jurisdiction(), keyring()), approver, moment)


approvals.register(holding.RELEASE, Can.TRANSFER_APPROVE, _effect, label=N_("Release from suspense"), amounts=("amount", *TOLD))
