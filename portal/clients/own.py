"""A client's own accounts, and whose bills a person may read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import ColumnElement, select

from models import db
from models.clients import Account, AccountVersion, Servicing, ServicingRole
from models.partners import BranchVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.clients.queries import accounts, visible_to
from portal.refusals import NotFound
from portal.versions import current


@dataclass(frozen=True)
class OwnAccount:
    """An account with what a bill's head says of it."""

    account_id: int
    account_no: str
    name: str
    client_no: str
    branch: str
    opened_on: date | None
    closed_on: date | None


def billed_to(actor: Actor, day: date) -> ColumnElement[bool]:
    """The condition, on Account and AccountVersion, that an actor may read an account's bills: his own as a client, or those he
    serves. An introducing broker is no reader of bills, whatever else he is."""
    return visible_to(replace(actor, broker_no=None), day)


def account_for(actor: Actor, account_no: str, day: date) -> OwnAccount:
    """An account whose bills the actor may read. Raises NotFound, the same for foreign and for missing ones."""
    found = _named(Account.account_no == account_no, billed_to(actor, day))
    if not found:
        raise NotFound("there is no account %(number)s that you may see", number=account_no)
    return found[0]


def own_accounts(actor: Actor) -> list[OwnAccount]:
    """All accounts of the client that the actor is, the open ones first, by number."""
    found = _named(AccountVersion.client_no == actor.client_no) if actor.client_no else []
    return sorted(found, key=lambda account: (account.closed_on is not None, account.account_no.encode()))


def _named(*conditions: ColumnElement[bool]) -> list[OwnAccount]:
    branch = current(BranchVersion).subquery()
    query = accounts().outerjoin(branch, branch.c.branch_id == AccountVersion.branch_id).add_columns(branch.c.name.label("branch")).where(*conditions)
    rows = db.session.execute(query)
    return [OwnAccount(row[0].id, row[0].account_no, row[1].name, row[1].client_no, row.branch or "", row[1].opened_on, row[1].closed_on) for row in rows]


@dataclass(frozen=True)
class Helper:
    """Somebody of the staff who won or looks after an account."""

    name: str
    role: str
    email: str
    branch: str
    since: date


def helpers(account_id: int, day: date) -> list[Helper]:
    """Who of the staff is there for an account on a day: who looks after it first."""
    row = current(Servicing, None, Servicing.account_id == account_id).subquery()
    staff, branch = current(StaffVersion).subquery(), current(BranchVersion).subquery()
    query = select(staff.c.name, row.c.role, staff.c.email, branch.c.name.label("branch"), row.c.valid_from)
    query = query.join(Staff, Staff.id == row.c.staff_id).join(staff, staff.c.staff_id == Staff.id).outerjoin(branch, branch.c.branch_id == staff.c.branch_id)
    found = [Helper(name, role, email, at or "", since) for name, role, email, at, since in db.session.execute(query.where(row.c.valid_from <= day, row.c.valid_to > day))]
    return sorted(found, key=lambda helper: (helper.role != ServicingRole.SERVICER, helper.since, helper.name))
