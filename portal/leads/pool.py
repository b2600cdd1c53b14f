"""The pool (公海): leads that nobody works on, to be picked by whoever has room, so many a day; and giving leads to people."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, func, select, type_coerce, update

from models import db
from models.leads import Lead, LeadEntry, LeadTask
from models.partners import Branch
from portal.actors import Actor
from portal.audit import log
from portal.leads.deadlines import contact_due
from portal.leads.introducers import staff
from portal.leads.owners import colleague, is_open, is_there, need_room, number_of, users_of
from portal.leads.register import note
from portal.leads.states import OPEN
from portal.leads.steps import changed, held
from portal.leads.telling import tell_assigned
from portal.leads.terms import Terms, terms
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotAllowed, NotFound

PICKED, POOLED, ASSIGNED = "picked", "pooled", "assigned"


def in_pool(actor: Actor) -> Select[*tuple[Any, ...]]:
    """The leads that lie in the pool where an actor may pick: that of his branch, or all."""
    return select(Lead).where(Lead.pool_since.is_not(None), is_open(), _within(actor))


def pick(public_id: str, version: int, *, actor: Actor, moment: datetime, today: date, since: datetime) -> Lead:
    """Take a lead out of the pool; of two at once one gets it. `since` is the moment at which today began, for the limit of picks.

    Raises NotFound for what does not lie in one's pool, NotAllowed for who is not one of the staff, Conflict where another was
    quicker, a limit is reached, or one's own lead has to cool down.
    """
    rules = terms()
    lead: Lead | None = db.session.execute(in_pool_or_taken(actor, public_id).with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if lead is None:
        raise NotFound("there is no such lead in your pool")
    if actor.staff_no is None:
        raise NotAllowed("only the firm's staff pick leads: your sign-in is bound to no staff number")
    if not is_still_there(lead, version):
        raise Conflict("somebody was quicker: %(number)s lies in the pool no more", number=lead.number)
    me = staff(actor.staff_no)
    if me.id is None or not is_there(me.id, today):
        raise NotAllowed("%(number)s has left the firm: leads are given to people who are there", number=actor.staff_no)
    need_room(me.id, me.number, rules)  # holds one's own row: picks of one person come one after the other
    _need_picks_left(actor, since, rules)
    _need_cool(lead, me.number, moment, rules)
    give(lead, me.id, moment)
    lead.contact_due_on = contact_due(today, rules) if lead.contacted_at is None else None
    note(lead, PICKED, actor, moment, values={"staff": me.number})
    changed(lead)
    log.write(actor, moment, "lead.picked", "lead", lead.number, after={"staff": me.number})
    return lead


def assign(public_id: str, staff_no: str, version: int, *, actor: Actor, moment: datetime, today: date) -> Lead:
    """Give a lead to one of the staff, who is there and has room. Its open tasks go along, and he is told.

    Raises NotFound, NotAllowed, Refusal for somebody who left, Conflict without room or where the lead was changed meanwhile.
    """
    lead = held(public_id, version, actor, Can.LEAD_ASSIGN)
    if lead.state not in OPEN:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=lead.number, state=lead.state)
    who = colleague(actor, staff_no, today)
    if lead.owner_staff_id == who.id:
        raise Conflict("%(number)s looks after this lead already", number=staff_no)
    rules = terms()
    need_room(who.id, who.staff_no, rules)
    before = number_of(lead.owner_staff_id)
    give(lead, who.id, moment)
    lead.contact_due_on = contact_due(today, rules) if lead.contacted_at is None else None
    note(lead, ASSIGNED, actor, moment, values={"staff": who.staff_no, "before": before})
    changed(lead)
    log.write(actor, moment, "lead.assigned", "lead", lead.number, before={"staff": before}, after={"staff": who.staff_no})
    tell_assigned(lead, users_of(who.id), actor, moment)
    return lead


def is_still_there(lead: Lead, version: int) -> bool:
    """Whether a lead lies in the pool as somebody saw it there."""
    return lead.pool_since is not None and lead.version == version and lead.state in OPEN


def give(lead: Lead, staff_id: int, moment: datetime) -> None:
    """Somebody looks after a lead from now on, and after what is to be done about it."""
    lead.owner_staff_id, lead.owned_since, lead.pool_since, lead.last_activity_at = staff_id, moment, None, moment
    db.session.execute(update(LeadTask).where(LeadTask.lead_id == lead.id, LeadTask.done_at.is_(None)).values(owner_staff_id=staff_id))


def in_pool_or_taken(actor: Actor, public_id: str) -> Select[*tuple[Any, ...]]:
    """A lead of one's pool, also where somebody has just taken it: he who comes second is told so."""
    return select(Lead).where(Lead.public_id == public_id, _within(actor))


def picks_left(actor: Actor, since: datetime, rules: Terms) -> int:
    """How many leads somebody may pick yet today."""
    done = select(func.count()).select_from(LeadEntry).where(LeadEntry.action == PICKED, LeadEntry.actor_id == actor.user_id, LeadEntry.at >= since)
    return max(0, rules.picks_a_day - int(db.session.execute(done).scalar_one()))


def cooling(staff_no: str, moment: datetime, rules: Terms) -> dict[int, datetime]:
    """The leads in the pool that came from somebody not long ago, by their ids: until when others come first."""
    before = type_coerce(LeadEntry.details, Text).contains(f'"staff":{json.dumps(staff_no, ensure_ascii=False)}', autoescape=True)
    query = select(Lead.id, Lead.pool_since).join(LeadEntry, and_(LeadEntry.lead_id == Lead.id, LeadEntry.action == POOLED, LeadEntry.at == Lead.pool_since))
    since = moment - timedelta(days=rules.cool_down_days)
    return {lead: at + timedelta(days=rules.cool_down_days) for lead, at in db.session.execute(query.where(Lead.pool_since > since, before)) if at is not None}


def _need_picks_left(actor: Actor, since: datetime, rules: Terms) -> None:
    if picks_left(actor, since, rules) == 0:
        raise Conflict("you have picked %(most)s leads today, which is the most", most=rules.picks_a_day)


def _need_cool(lead: Lead, staff_no: str, moment: datetime, rules: Terms) -> None:
    """Raises Conflict where the lead came into the pool from this very person not long ago."""
    last = db.session.execute(select(LeadEntry).where(LeadEntry.lead_id == lead.id, LeadEntry.action == POOLED).order_by(LeadEntry.id.desc()).limit(1)).scalar_one_or_none()
    if last is not None and last.details.get("staff") == staff_no and moment < last.at + timedelta(days=rules.cool_down_days):
        raise Conflict("%(number)s was yours before: for %(days)s days others come first", number=lead.number, days=rules.cool_down_days)


def _within(actor: Actor) -> ColumnElement[bool]:
    """Whose pool an actor picks from: his own branch's unless he works for the whole firm."""
    scope = actor.need(Can.LEAD_WORK)
    if scope is Scope.ALL:
        return Lead.id.is_not(None)
    return Lead.branch_id.in_(select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")))
