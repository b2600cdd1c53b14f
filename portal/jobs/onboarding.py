"""Onboarding at the door: what an approved application sets off, and once a day the word about what lapses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.audit import Approval
from models.identity import User
from models.jobs import Job
from models.partners import Staff
from portal import clock
from portal.actors import Actor
from portal.audit import approvals
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.law import jurisdiction
from portal.jobs.refresh import ask_for_refresh
from portal.jobs.verbs import enqueue
from portal.keys import keyring
from portal.local_day import day_of
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell
from portal.onboarding import verbs
from portal.onboarding.reminding import remind
from portal.permissions import Can
from portal.transaction import transaction

REMIND = "onboarding.remind"
"""The kind of the job. It has no arguments."""

register("onboarding.active", N_("%(broker)s is an introducing broker from %(day)s on."), "brokers", label=N_("An applicant becomes a broker"), tone="good")


@handler(REMIND)
def remind_job(work: Work) -> dict[str, Any]:
    """Say what lapses soon; once more is the same as once."""
    with transaction():
        moment = clock.now()
        return {"told": remind(day_of(moment), work.actor, moment)}


def is_due(moment: datetime) -> bool:
    """Whether nobody asked for the job on the day of this moment."""
    return not asked.today(REMIND, moment)


def ask_to_remind(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, REMIND, {})


def _effect(approval: Approval, approver: Actor, moment: datetime) -> None:
    """What an approved application does: the broker's rows, open months anew, and word to who looks after him."""
    row = verbs.make_broker(approval, approver, moment, today=day_of(moment), keyring=keyring(), jurisdiction=jurisdiction())
    ask_for_refresh(approver, moment)
    manager = select(Staff.staff_no).where(Staff.id == row.manager_staff_id)
    people = db.session.execute(select(User.id).where(User.staff_no.in_(manager) | (User.id == approval.prepared_by_id))).scalars().all()
    values = {"broker": row.broker_no, "day": approval.preview["agreement_from"]}
    tell(people, "onboarding.active", f"/onboarding/{row.public_id}", values, actor=approver, moment=moment)


approvals.register(verbs.ONBOARDING, Can.ONBOARD_APPROVE, _effect, label=N_("Application of a broker"))
