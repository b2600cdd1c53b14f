"""Who sees which application: a branch its own, the firm's desk and its readers all."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, select, true

from models.onboarding import Application
from models.partners import Branch
from portal.actors import Actor
from portal.permissions import Can, Scope


def visible_to(actor: Actor, can: Can = Can.ONBOARD_SEE) -> ColumnElement[bool]:
    """The condition, on Application, that an actor may see it (or hold another right over it)."""
    scope = actor.scope(can)
    if scope is None or scope is Scope.OWN:
        return false()
    if scope is Scope.ALL:
        return true()
    return Application.branch_id.in_(select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")))
