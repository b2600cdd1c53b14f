"""A person whom nobody approaches any more: no pool, no task, no claim. Futures do not suit him, or he took his consent back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from models import db
from models.leads import Claim, ClaimState, Lead, LeadState, LeadTask
from portal.actors import Actor
from portal.leads.register import note
from portal.leads.states import OPEN


def leave_alone(lead: Lead, why: str, actor: Actor, moment: datetime) -> None:
    """Suppress a lead that is held; one that somebody works on is refused, for a reason that is a word. Its open tasks and claims end with it. Verb.

    No step of the table: nobody of the firm takes it, so nobody's right is asked for."""
    lead.suppressed, lead.pool_since, lead.contact_due_on = True, None, None
    open_tasks = (LeadTask.lead_id == lead.id, LeadTask.done_at.is_(None))
    db.session.execute(update(LeadTask).where(*open_tasks).values(done_at=moment, done_by_id=actor.user_id, outcome=""))
    if lead.state not in OPEN:
        return
    before = lead.state
    lead.state, lead.state_since, lead.state_reason = LeadState.REFUSED, moment, why
    live = Claim.state.in_([ClaimState.PROTECTED, ClaimState.DISPUTED])
    db.session.execute(update(Claim).where(Claim.lead_id == lead.id, live).values(state=ClaimState.LAPSED, ended_at=moment, ended_why=why))
    note(lead, "refuse", actor, moment, values={"from": before, "reason": why})
