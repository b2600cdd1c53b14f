"""Who sees which lead: an introducer those he claims, staff those they look after, a branch its own, the firm's desk all."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, false, or_, select, true
from sqlalchemy.orm import aliased

from models.introductions import LeadPurpose
from models.leads import Claim, ClaimState, Lead, LeadConsent
from models.partners import Branch, Broker, Staff
from models.transfers import CaseState, ClaimCase
from portal.actors import Actor
from portal.permissions import Can, Scope


def visible_to(actor: Actor, can: Can = Can.LEAD_SEE) -> ColumnElement[bool]:
    """The condition, on Lead, that an actor may see it (or hold another right over it)."""
    scope = actor.scope(can)
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    if scope is Scope.BRANCH:
        return Lead.branch_id.in_(select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")))
    return own(actor)


def own(actor: Actor) -> ColumnElement[bool]:
    """The condition that a lead is looked after by the actor, or claimed by him and not lost to another.

    Who contests another's claim sees nothing of the lead by that: only once he has won. A broker or client sees nothing of a person
    who took back that his introducer is told."""
    conditions: list[ColumnElement[bool]] = []
    live = Claim.state.in_([ClaimState.PROTECTED, ClaimState.DISPUTED, ClaimState.CONVERTED, ClaimState.DECIDED])
    contests = (Claim.state == ClaimState.DISPUTED) & Claim.id.in_(
        select(ClaimCase.contesting_claim_id).where(ClaimCase.state.in_([CaseState.OPEN, CaseState.DECIDED, CaseState.APPEALED]))
    )
    if actor.broker_no:
        mine = select(Broker.id).where(Broker.broker_no == actor.broker_no)
        conditions.append(Lead.id.in_(select(Claim.lead_id).where(Claim.broker_id.in_(mine), live, ~contests)) & _told())
    if actor.staff_no:
        me = select(Staff.id).where(Staff.staff_no == actor.staff_no)
        conditions += [Lead.owner_staff_id.in_(me), Lead.id.in_(select(Claim.lead_id).where(Claim.staff_id.in_(me), live, ~contests))]
    if actor.client_no:
        conditions.append(Lead.id.in_(select(Claim.lead_id).where(Claim.client_no == actor.client_no, live, ~contests)) & _told())
    return or_(*conditions) if conditions else false()


def _told() -> ColumnElement[bool]:
    """The condition that the person's last word on his introducer is no withdrawal."""
    newer = aliased(LeadConsent)
    same = (LeadConsent.lead_id == Lead.id) & (LeadConsent.purpose == LeadPurpose.INTRODUCER.value)
    later = exists().where(newer.lead_id == Lead.id, newer.purpose == LeadConsent.purpose, newer.id > LeadConsent.id)
    return ~exists().where(same, ~LeadConsent.given, ~later)
