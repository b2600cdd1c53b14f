"""A person whom nobody approaches any more: no pool, no task, no claim. Futures do not suit him, or he took his consent back."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import update

from models import db
from models.leads import Lead, LeadTask
from portal.actors import Actor
from portal.leads.states import OPEN
from portal.leads.steps import Taken, live_claim, moved, tell_decided


def leave_alone(lead: Lead, step: str, actor: Actor, moment: datetime, today: date) -> None:
    """Suppress a lead that is held; one that somebody works on is closed by a step of the table, which ends its tasks and its claims. Verb.

    Raises NotAllowed where the actor may not take the step."""
    if lead.state in OPEN:
        before = lead.state
        moved(step, Taken(lead, live_claim(lead.id, today), actor, moment, today, ""))
        tell_decided([(lead, before)], moment)
        return
    lead.suppressed, lead.pool_since, lead.contact_due_on = True, None, None
    undone = update(LeadTask).where(LeadTask.lead_id == lead.id, LeadTask.done_at.is_(None))
    db.session.execute(undone.values(done_at=moment, done_by_id=actor.user_id, outcome=""))
