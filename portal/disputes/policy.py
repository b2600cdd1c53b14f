"""Who sees which dispute: a broker his own, a branch those of its brokers, the firm's desk all."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, select, true

from models.disputes import Dispute
from models.partners import Branch, Broker, BrokerVersion
from portal.actors import Actor
from portal.disputes.states import Side
from portal.permissions import Can, Scope
from portal.versions import current


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition, on Dispute, that an actor may see it."""
    scope = actor.scope(Can.DISPUTE_SEE)
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    if scope is Scope.BRANCH:
        version = current(BrokerVersion).subquery()
        return Dispute.broker_id.in_(select(version.c.broker_id).join(Branch, Branch.id == version.c.branch_id).where(Branch.branch_no == (actor.branch_no or "")))
    return Dispute.broker_id.in_(select(Broker.id).where(Broker.broker_no == (actor.broker_no or "")))


def sides_of(actor: Actor, broker_no: str) -> list[Side]:
    """On which sides of a dispute about this broker an actor stands."""
    sides = []
    if actor.may(Can.DISPUTE_ASK) and actor.broker_no == broker_no:
        sides.append(Side.BROKER)
    if actor.may(Can.DISPUTE_ANSWER):
        sides.append(Side.DESK)
    return sides
