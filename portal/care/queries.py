"""Reading contacts and tasks: every list begins with the clients whom the reader may see."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import aliased

from models import db
from models.care import CareTask, Contact
from models.care_steps import CareStep
from models.clients import Account, AccountVersion
from models.partners import Staff, StaffVersion
from portal.actors import Actor
from portal.care.policy import visible_to
from portal.clients.queries import accounts, newest_version
from portal.permissions import Can, Scope
from portal.refusals import NotFound
from portal.versions import current


def client_for(actor: Actor, account_no: str, day: date, can: Can = Can.CARE_SEE) -> tuple[Account, AccountVersion]:
    """An account whose care the actor may see. Raises NotFound, the same for foreign and for missing ones."""
    found = db.session.execute(accounts().where(Account.account_no == account_no, visible_to(actor, day, can))).one_or_none()
    if found is None:
        raise NotFound("there is no account %(number)s that you may see", number=account_no)
    return found[0], found[1]


def effective() -> ColumnElement[bool]:
    """The condition that a Contact counts: no later one replaces it."""
    later = aliased(Contact)
    return ~exists().where(later.replaces_id == Contact.id)


def contacts(actor: Actor, day: date) -> Select[*tuple[Any, ...]]:
    """Every contact that counts with a client whom the actor may see: contact, account number, client, number and name of who made it."""
    staff = current(StaffVersion).subquery()
    query = select(Contact, Account.account_no, AccountVersion.name.label("client"), Staff.staff_no, staff.c.name.label("staff_name"))
    query = query.join(Account, Account.id == Contact.account_id).join(AccountVersion, AccountVersion.account_id == Account.id)
    query = query.join(Staff, Staff.id == Contact.staff_id).outerjoin(staff, staff.c.staff_id == Staff.id)
    return query.where(newest_version(), effective(), visible_to(actor, day))


def contact_for(actor: Actor, contact_id: int, day: date, can: Can = Can.CARE_SEE) -> tuple[Contact, Account]:
    """A contact with a client whom the actor may see, also one that was replaced. Raises NotFound."""
    query = select(Contact, Account).join(Account, Account.id == Contact.account_id).join(AccountVersion, AccountVersion.account_id == Account.id)
    found = db.session.execute(query.where(Contact.id == contact_id, newest_version(), visible_to(actor, day, can))).one_or_none()
    if found is None:
        raise NotFound("there is no contact %(number)s that you may see", number=contact_id)
    return found[0], found[1]


def tasks(actor: Actor, day: date, can: Can = Can.CARE_SEE) -> Select[*tuple[Any, ...]]:
    """Every task that the actor may see, his own or of a client whom he may see: task, account number, client, number and name of the owner."""
    staff = current(StaffVersion).subquery()
    query = select(CareTask, Account.account_no, AccountVersion.name.label("client"), Staff.staff_no, staff.c.name.label("owner_name"))
    query = query.join(Account, Account.id == CareTask.account_id).join(AccountVersion, AccountVersion.account_id == Account.id)
    query = query.join(Staff, Staff.id == CareTask.owner_id).outerjoin(staff, staff.c.staff_id == Staff.id)
    seen = visible_to(actor, day, can)
    if actor.scope(can) is Scope.OWN and actor.staff_no:
        seen = or_(seen, Staff.staff_no == actor.staff_no)
    return query.where(newest_version(), seen)


def task_for(actor: Actor, task_id: int, day: date, can: Can = Can.CARE_SEE, *, lock: bool = False) -> Any:
    """A task that the actor may see, as a row of `tasks`. Raises NotFound, the same for foreign and for missing ones."""
    query = tasks(actor, day, can).where(CareTask.id == task_id)
    if lock:
        query = query.with_for_update(of=CareTask).execution_options(populate_existing=True)
    found = db.session.execute(query).one_or_none()
    if found is None:
        raise NotFound("there is no task %(number)s that you may see", number=task_id)
    return found


def steps_of(task_id: int) -> list[CareStep]:
    """What was done about a task, in its order."""
    return list(db.session.execute(select(CareStep).where(CareStep.task_id == task_id).order_by(CareStep.id)).scalars())
