"""Whose care a person sees: staff the clients whom they look after on the day, a branch its own, the firm's desk all."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, Select, false, select, true

from models.clients import Account, AccountVersion, Servicing, ServicingRole
from models.partners import Branch, Staff
from portal.actors import Actor
from portal.permissions import Can, Scope
from portal.versions import current


def visible_to(actor: Actor, day: date, can: Can = Can.CARE_SEE) -> ColumnElement[bool]:
    """The condition, on Account and AccountVersion, that an actor may see (or, by `can`, work on) the care of an account on a day."""
    scope = actor.scope(can)
    if scope is Scope.ALL:
        return true()
    if scope is Scope.BRANCH and actor.branch_no:
        return AccountVersion.branch_id.in_(select(Branch.id).where(Branch.branch_no == actor.branch_no))
    if scope is Scope.OWN and actor.staff_no:
        return Account.id.in_(served_by(actor.staff_no, day))
    return false()


def served_by(staff_no: str, day: date) -> Select[int]:
    """The ids of the accounts that a staff member looks after on a day."""
    span = current(Servicing, None, Servicing.staff_id.in_(select(Staff.id).where(Staff.staff_no == staff_no))).subquery()
    return select(span.c.account_id).where(span.c.role == ServicingRole.SERVICER, span.c.valid_from <= day, span.c.valid_to > day)
