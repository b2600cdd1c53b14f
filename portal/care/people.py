"""Who of the staff is there on a day: only they own tasks."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Select, or_, select

from models import db
from models.partners import Branch, Staff, StaffVersion
from portal.actors import Actor
from portal.partners.here import departed
from portal.permissions import Can, Scope
from portal.refusals import Refusal
from portal.versions import current


def there(day: date) -> Select[*tuple[int, str, str, int]]:
    """Id, number, name and branch of everybody who works for the firm on a day: neither left by the masters nor by a departure."""
    row = current(StaffVersion).subquery()
    query = select(row.c.staff_id, Staff.staff_no, row.c.name, row.c.branch_id).join(Staff, Staff.id == row.c.staff_id)
    return query.where(or_(row.c.left_on.is_(None), row.c.left_on > day), row.c.staff_id.not_in(departed(day)))


def names(day: date) -> dict[str, str]:
    """The name of everybody who works for the firm on a day, by number."""
    here = there(day).subquery()
    return {row.staff_no: row.name for row in db.session.execute(select(here.c.staff_no, here.c.name))}


def need_there(staff_id: int, day: date) -> None:
    """Raises Refusal where a staff member has left by a day, so that no task falls to him."""
    row = there(day).subquery()
    if db.session.execute(select(row.c.staff_id).where(row.c.staff_id == staff_id)).first() is None:
        raise Refusal("this staff member has left: choose somebody who is there on %(day)s", day=day)


def colleagues(actor: Actor, day: date) -> list[tuple[int, str, str]]:
    """Id, number and name of those to whom an actor may give a task: himself and those of his branch, or everybody, by number."""
    row = there(day).subquery()
    query = select(row.c.staff_id, row.c.staff_no, row.c.name)
    if actor.scope(Can.CARE_WORK) is not Scope.ALL:
        branch = select(row.c.branch_id).where(row.c.staff_no == actor.staff_no).scalar_subquery()
        of_branch = row.c.branch_id.in_(select(Branch.id).where(Branch.branch_no == actor.branch_no))
        query = query.where(or_(row.c.branch_id == branch, of_branch))
    return [(key, number, name) for key, number, name in db.session.execute(query.order_by(row.c.staff_no))]


def staff_named(staff_no: str, actor: Actor, day: date) -> int:
    """The id of a colleague by his number. Raises Refusal where there is none to whom the actor may give something."""
    for key, number, _name in colleagues(actor, day):
        if number == staff_no:
            return key
    raise Refusal("there is no staff member %(number)s to whom you may give this", number=staff_no[:40])
