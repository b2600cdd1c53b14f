"""What is done about a lead between its steps: contacts and what was promised in them, notes, tasks, and the one extension of a claim."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from models import db
from models.leads import Claim, Lead, LeadEntry, LeadState, LeadTask
from portal.actors import Actor
from portal.audit import log
from portal.leads.protection import HOLDING, extended_end
from portal.leads.queries import lead_for
from portal.leads.register import note
from portal.leads.states import OPEN
from portal.leads.steps import changed, held, live_claim, said, take_step, worked
from portal.leads.terms import terms
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

CONTACT, REPORT = "contact", "report"
"""Entries that count as a recorded contact: one of the firm's, one of the introducer's."""
LONGEST_TASK = 200
LONGEST_OUTCOME = 400


class Way(enum.StrEnum):
    """How somebody was spoken to."""

    CALL = "call"
    VISIT = "visit"
    MESSAGE = "message"


class Outcome(enum.StrEnum):
    """What came of it. Only somebody who was reached counts as contacted."""

    REACHED = "reached"
    CALL_BACK = "call_back"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"


SPOKEN = (Outcome.REACHED, Outcome.CALL_BACK)
"""Outcomes in which the person was spoken to."""


@dataclass(frozen=True)
class Contact:
    """One attempt to speak with a lead; a promise is kept as a task of whoever made it, due on its day."""

    way: Way
    outcome: Outcome
    words: str
    promise: str = ""
    promised_for: date | None = None


def record_contact(public_id: str, contact: Contact, version: int, *, actor: Actor, moment: datetime, today: date) -> Lead:
    """Write down that the firm spoke, or tried to speak, with a lead; the first time it moves on to contacted.

    An attempt counts as work, but neither as contact nor for the claim. Raises NotFound, Conflict, Refusal.
    """
    lead = _open(held(public_id, version, actor, Can.LEAD_WORK))
    words = said(contact.words, needed=True)
    claim, spoken = live_claim(lead.id, today), contact.outcome in SPOKEN
    values = {"way": contact.way.value, "outcome": contact.outcome.value}
    note(lead, CONTACT if spoken else "attempt", actor, moment, claim=claim, words=words, values=values)
    worked(lead, claim if spoken else None, moment, today)
    if contact.promise.strip():
        _add_task(lead, contact.promise, contact.promised_for, lead.owner_staff_id, actor=actor, moment=moment, today=today)
    log.write(actor, moment, "lead.contact" if spoken else "lead.attempt", "lead", lead.number, after=values)
    if not spoken:
        changed(lead)
        return lead
    lead.contacted_at = lead.contacted_at or moment
    if lead.state == LeadState.REGISTERED:
        return take_step(public_id, "contact", lead.version, actor=actor, moment=moment, today=today, words=words)
    changed(lead)
    return lead


def report(public_id: str, words: str, version: int, *, actor: Actor, moment: datetime, today: date) -> Lead:
    """What an introducer tells of his own contact with a lead: his claim lives on; the firm's first contact is still due."""
    lead = _open(held(public_id, version, actor, Can.LEAD_REGISTER))
    claim = live_claim(lead.id, today)
    note(lead, REPORT, actor, moment, claim=claim, words=said(words, needed=True))
    worked(lead, claim, moment, today)
    changed(lead)
    log.write(actor, moment, "lead.report", "lead", lead.number)
    return lead


def add_note(public_id: str, words: str, version: int, *, actor: Actor, moment: datetime) -> Lead:
    """Write something down that is no contact; it keeps nothing alive. Raises NotFound, Conflict, Refusal."""
    lead = held(public_id, version, actor, Can.LEAD_WORK)
    note(lead, "note", actor, moment, words=said(words, needed=True))
    changed(lead)
    log.write(actor, moment, "lead.note", "lead", lead.number)
    return lead


def add_task(public_id: str, what: str, due_on: date | None, version: int, *, actor: Actor, moment: datetime, today: date) -> LeadTask:
    """Something to be done about a lead by who looks after it. Raises NotFound, Conflict, Refusal."""
    lead = _open(held(public_id, version, actor, Can.LEAD_WORK))
    task = _add_task(lead, what, due_on, lead.owner_staff_id, actor=actor, moment=moment, today=today)
    changed(lead)
    return task


def finish_task(public_id: str, task_id: int, outcome: str, *, actor: Actor, moment: datetime, today: date) -> LeadTask:
    """What came of a task; of two who finish it the first does. Raises NotFound, Conflict, Refusal."""
    lead = lead_for(actor, public_id, can=Can.LEAD_WORK, lock=True)
    task = db.session.execute(select(LeadTask).where(LeadTask.id == task_id, LeadTask.lead_id == lead.id).execution_options(populate_existing=True)).scalar_one_or_none()
    if task is None:
        raise NotFound("there is no such task")
    if task.done_at is not None:
        raise Conflict("this task is done already")
    task.outcome, task.done_at, task.done_by_id = said(outcome, needed=True, most=LONGEST_OUTCOME), moment, actor.user_id
    note(lead, "task_done", actor, moment, words=task.outcome, values={"task": task.id})
    lead.last_activity_at = moment
    changed(lead)
    log.write(actor, moment, "lead.task_done", "lead", lead.number, after={"task": task.id})
    return task


def extend(public_id: str, version: int, *, actor: Actor, moment: datetime, today: date) -> Claim:
    """Extend the claim by rule: once, while it holds, and only with a contact that was recorded since it began.

    Raises NotFound, Conflict where it was extended already or has run out, Refusal without a contact.
    """
    lead = held(public_id, version, actor, Can.LEAD_REGISTER)
    claim = live_claim(lead.id, today)
    if claim is None or claim.state not in HOLDING:
        raise Conflict("%(number)s has no claim that could be extended", number=lead.number)
    if claim.extended_on is not None:
        raise Conflict("this claim was extended on %(day)s: once is the most", day=claim.extended_on)
    if not was_contacted(claim):
        raise Refusal("a claim is extended with a recorded contact: there is none yet")
    before = claim.protected_until
    claim.protected_until, claim.extended_on, claim.last_activity_on = extended_end(before, terms()), today, max(claim.last_activity_on, today)
    note(lead, "extended", actor, moment, claim=claim, values={"until": str(claim.protected_until)})
    changed(lead)
    log.write(actor, moment, "lead.extended", "lead", lead.number, before={"until": str(before)}, after={"until": str(claim.protected_until)})
    return claim


def was_contacted(claim: Claim) -> bool:
    """Whether a contact with the lead was recorded under this claim."""
    found = select(LeadEntry.id).where(LeadEntry.lead_id == claim.lead_id, LeadEntry.claim_id == claim.id, LeadEntry.action.in_([CONTACT, REPORT]))
    return db.session.execute(found.limit(1)).first() is not None


def _open(lead: Lead) -> Lead:
    if lead.state not in OPEN:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=lead.number, state=lead.state)
    return lead


def _add_task(lead: Lead, what: str, due_on: date | None, owner_id: int | None, *, actor: Actor, moment: datetime, today: date) -> LeadTask:
    if due_on is None or due_on < today:
        raise Refusal("a task is due today or later: say by which day")
    task = LeadTask(
        lead_id=lead.id, what=said(what, needed=True, most=LONGEST_TASK), due_on=due_on, owner_staff_id=owner_id, created_at=moment, created_by_id=actor.user_id, outcome=""
    )
    db.session.add(task)
    db.session.flush()
    note(lead, "task", actor, moment, words=task.what, values={"task": task.id, "due_on": str(due_on)})
    log.write(actor, moment, "lead.task", "lead", lead.number, after={"task": task.id, "due_on": str(due_on)})
    return task
