"""Reading leads: every list begins with those that the reader may see."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from models import db
from models.leads import Claim, Lead, LeadEntry, LeadTask
from portal.actors import Actor
from portal.leads.policy import visible_to
from portal.permissions import Can
from portal.refusals import NotFound


def leads(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Every lead that the actor may see."""
    return select(Lead).where(visible_to(actor))


def lead_for(actor: Actor, public_id: str, *, can: Can = Can.LEAD_SEE, lock: bool = False) -> Lead:
    """A lead over which the actor holds a right. Raises NotFound, the same for foreign and for missing ones."""
    query = select(Lead).where(Lead.public_id == public_id, visible_to(actor, can))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no lead that you may see under this address")
    return found


def claims(lead_id: int) -> list[Claim]:
    """Every claim of a lead, the oldest first."""
    return list(db.session.execute(select(Claim).where(Claim.lead_id == lead_id).order_by(Claim.id)).scalars())


def entries(lead_id: int) -> list[LeadEntry]:
    """What was said and done, in its order."""
    return list(db.session.execute(select(LeadEntry).where(LeadEntry.lead_id == lead_id).order_by(LeadEntry.id)).scalars())


def tasks(lead_id: int) -> list[LeadTask]:
    """What is to be done about a lead, then what was, the next due first."""
    return list(db.session.execute(select(LeadTask).where(LeadTask.lead_id == lead_id).order_by(LeadTask.done_at.is_not(None), LeadTask.due_on, LeadTask.id)).scalars())


def rights_over(lead: Lead, actor: Actor) -> set[Can]:
    """Which rights an actor holds over a lead."""
    asked = [can for can in (Can.LEAD_WORK, Can.LEAD_ASSIGN, Can.LEAD_REGISTER, Can.SUITABILITY_TAKE) if actor.may(can)]
    if not asked:
        return set()
    row = db.session.execute(select(*(select(Lead.id).where(Lead.id == lead.id, visible_to(actor, can)).exists() for can in asked))).one()
    return {can for can, holds in zip(asked, row, strict=True) if holds}


def given_name(name: str) -> str:
    """What a referring client is shown of a name: without the family name, which comes first in Chinese and last elsewhere.

    >>> given_name("王小明"), given_name("Li"), given_name("Anna Maria Berg")
    ('小明', 'Li', 'Anna')
    """
    name = name.strip()
    if any("\u4e00" <= letter <= "\u9fff" for letter in name):
        return name[1:] if len(name) > 1 else name
    return name.split()[0] if name else name
