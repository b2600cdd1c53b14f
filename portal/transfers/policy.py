"""Who sees which transfer: a branch those that it prepared, the firm's desk and its readers all."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, select, true

from models.partners import Branch
from models.transfers import Transfer
from portal.actors import Actor
from portal.permissions import Can, Scope


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition, on Transfer, that an actor may see it."""
    scope = actor.scope(Can.TRANSFER_SEE)
    if scope is None or scope is Scope.OWN:
        return false()
    if scope is Scope.ALL:
        return true()
    return Transfer.branch_id.in_(select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")))
