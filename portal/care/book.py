"""A relationship manager's book: each client with what he has, when he was last spoken with, what comes next, and who looks after him."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Date, Select, bindparam, distinct, exists, func, or_, select
from sqlalchemy.orm import aliased

from models import db
from models.care import CareTask, Contact, ContactOutcome, TaskState
from models.clients import Account, AccountVersion, Servicing, ServicingRole
from models.partners import Staff, StaffVersion
from models.settlement import Balance
from portal.actors import Actor
from portal.care import people
from portal.care.policy import visible_to
from portal.care.queries import effective
from portal.clients.balances import held
from portal.clients.queries import accounts, newest_version
from portal.versions import current


class Servicer(NamedTuple):
    """Somebody of the staff who looks after an account, and whether he is still there."""

    staff_no: str
    name: str
    there: bool


def served(day: date) -> ColumnElement[bool]:
    """The condition that a Servicing row counts on a day as looking after its account."""
    newer = aliased(Servicing)
    same = (newer.account_id == Servicing.account_id, newer.role == Servicing.role, newer.staff_id == Servicing.staff_id, newer.valid_from == Servicing.valid_from)
    return (
        (Servicing.role == ServicingRole.SERVICER)
        & (Servicing.valid_from <= day)
        & (Servicing.valid_to > day)
        & ~Servicing.withdrawn
        & ~exists().where(*same, newer.id > Servicing.id)
    )


def coverage(day: date) -> ColumnElement[int]:
    """How many of the staff who are there look after an Account on a day."""
    there = people.there(day).subquery()
    query = select(func.count(distinct(Servicing.staff_id))).where(Servicing.account_id == Account.id, served(day), Servicing.staff_id.in_(select(there.c.staff_id)))
    return query.correlate(Account).scalar_subquery()


def is_covered(day: date, least: int, most: int | None = None) -> ColumnElement[bool]:
    """The condition, on Account, that from `least` to `most` (None: any number) of the staff who are there look after it: all accounts are
    looked through at once, where `coverage` looks at one."""
    there = people.there(day).subquery()
    looked_after = select(Servicing.account_id).where(served(day), Servicing.staff_id.in_(select(there.c.staff_id)))
    if least == 0:
        return Account.id.not_in(looked_after)
    many = func.count(distinct(Servicing.staff_id))
    having = many >= least if most is None else many.between(least, most)
    return Account.id.in_(looked_after.group_by(Servicing.account_id).having(having))


def spoken_with() -> ColumnElement[Any]:
    """When a client was last spoken with about an Account."""
    return select(func.max(Contact.at)).where(Contact.account_id == Account.id, Contact.outcome == ContactOutcome.REACHED, effective()).correlate(Account).scalar_subquery()


def next_due() -> ColumnElement[Any]:
    """When the next open task about an Account is due."""
    return select(func.min(CareTask.due_on)).where(CareTask.account_id == Account.id, CareTask.state == TaskState.OPEN).correlate(Account).scalar_subquery()


def _looked_after_by(day: date) -> ColumnElement[Any]:
    there = people.there(day).subquery()
    name = select(func.min(there.c.name)).select_from(Servicing).join(there, there.c.staff_id == Servicing.staff_id)
    return name.where(Servicing.account_id == Account.id, served(day)).correlate(Account).scalar_subquery()


def listed(actor: Actor, day: date, settled: date) -> Select[*tuple[Any, ...]]:
    """The open accounts whose care the actor sees, with their balance of the last settled day."""
    query = accounts().outerjoin(Balance, held(settled)).where(visible_to(actor, day), or_(AccountVersion.closed_on.is_(None), AccountVersion.closed_on > day))
    return query.add_columns(
        Balance.equity, spoken_with().label("spoken_at"), next_due().label("next_due"), _looked_after_by(day).label("servicer"), coverage(day).label("coverage")
    )


def servicers(account_ids: Sequence[int], day: date) -> dict[int, list[Servicer]]:
    """Who looks after each of some accounts on a day, also those who have left, by number."""
    found: dict[int, list[Servicer]] = defaultdict(list)
    for account_id, *one in db.session.execute(_servicers(), {"accounts": list(account_ids), "day": day}):
        found[account_id].append(Servicer(*one))
    return found


@cache
def _servicers() -> Select[*tuple[Any, ...]]:
    """The question of `servicers`: putting it together takes longer than answering it, so that is done once."""
    day: Any = bindparam("day", type_=Date)
    staff, there = current(StaffVersion).subquery(), people.there(day).subquery()
    query = select(Servicing.account_id, Staff.staff_no, staff.c.name, there.c.staff_id.is_not(None)).join(Staff, Staff.id == Servicing.staff_id)
    query = query.outerjoin(staff, staff.c.staff_id == Staff.id).outerjoin(there, there.c.staff_id == Staff.id)
    return query.where(Servicing.account_id.in_(bindparam("accounts", expanding=True)), served(day)).order_by(Staff.staff_no)


def same_person(version: AccountVersion) -> ColumnElement[bool]:
    """The condition that an AccountVersion is of the same client number or the same ID number; nothing beyond that is guessed."""
    same = AccountVersion.client_no == version.client_no
    return same if not version.id_no_index else same | (AccountVersion.id_no_index == version.id_no_index)


def group_of(version: AccountVersion, actor: Actor, day: date, settled: date | None) -> list[Any]:
    """The other accounts of the same person that the actor may see: account, what is known of it, equity."""
    query = accounts().outerjoin(Balance, held(settled or date.min)).add_columns(Balance.equity)
    others = query.where(same_person(version), AccountVersion.account_id != version.account_id, newest_version(), visible_to(actor, day))
    return list(db.session.execute(others.order_by(Account.account_no)))


def client_no_of(account_id: int) -> str:
    """The number of the client whose account it is; empty where none is known."""
    query = select(AccountVersion.client_no).where(AccountVersion.account_id == account_id, newest_version())
    return db.session.execute(query).scalar() or ""
