"""Who sees which clients of a handover: who got one sees that one, a branch those of its accounts and of its staff, the firm's desk all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from models.clients import AccountVersion
from models.handovers import Handover, HandoverBroker, HandoverClient
from models.partners import Branch, BrokerVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.permissions import Can, Scope
from portal.versions import current


def visible_to(actor: Actor, can: Can = Can.HANDOVER_SEE) -> ColumnElement[bool]:
    """The condition, on HandoverClient, that an actor holds a right over it: who got him, the branch of the account or of who got him, the firm's desk."""
    account = current(AccountVersion).subquery()
    return _seen(actor, can, HandoverClient.decided_id, select(account.c.account_id).where(account.c.account_id == HandoverClient.account_id), account.c.branch_id)


def brokers_visible_to(actor: Actor, can: Can = Can.HANDOVER_SEE) -> ColumnElement[bool]:
    """The condition, on HandoverBroker, that an actor holds a right over it: who got him, the branch of the broker or of who got him, the firm's desk."""
    broker = current(BrokerVersion).subquery()
    return _seen(actor, can, HandoverBroker.decided_id, select(broker.c.broker_id).where(broker.c.broker_id == HandoverBroker.broker_id), broker.c.branch_id)


def _seen(actor: Actor, can: Can, successor: InstrumentedAttribute[int | None], own: Select[Any], own_branch: Any) -> ColumnElement[bool]:
    """`own`: what is handed over as the masters have it, with its branch; `successor`: the staff member who got it."""
    scope = actor.scope(can)
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    if scope is Scope.BRANCH:
        branch = select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")).scalar_subquery()
        staff = current(StaffVersion).subquery()
        return or_(own.where(own_branch == branch).exists(), successor.in_(select(staff.c.staff_id).where(staff.c.branch_id == branch)))
    return successor.in_(select(Staff.id).where(Staff.staff_no == (actor.staff_no or "")))


def handovers_of(actor: Actor) -> ColumnElement[bool]:
    """The condition, on Handover, that an actor sees any of its clients or brokers."""
    if actor.scope(Can.HANDOVER_SEE) is Scope.ALL:
        return true()
    clients = exists().where(HandoverClient.handover_id == Handover.id, visible_to(actor)).correlate(Handover)
    return or_(clients, exists().where(HandoverBroker.handover_id == Handover.id, brokers_visible_to(actor)).correlate(Handover))
