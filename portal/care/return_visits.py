"""Return-visit lists (回访) from new signings: who calls which new client of a broker, by when. The call itself, its script and what follows from it are
those of portal/leads/confirmation.py; here it gets an owner and a day.

One task an account, whatever the number of brokers who wait for the same call. It is never given to who introduced the client or manages the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, select

from models import db
from models.care import CareTask, TaskState
from models.clients import Account, AccountVersion, Servicing
from models.partners import Broker, BrokerVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.care import people, tasks
from portal.care.book import served
from portal.care.policy import visible_to
from portal.care.tasks import Wanted
from portal.clients.queries import newest_version
from portal.leads.confirmation_queries import waiting_accounts
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.versions import current

KIND = "return_visit"
DueBy = Callable[[date], date]
"""From the first day of an attribution to the day by which its client is called (the rule's trading days: portal/jobs/care.py)."""


class Proposed(NamedTuple):
    """A new client who waits for a call: since when, by when it is due, and who of the staff would make it (None: nobody may)."""

    account_id: int
    since: date
    due_on: date
    owner_id: int | None


def listed(actor: Actor, day: date, can: Can = Can.CARE_SEE) -> Select[*tuple[Any, ...]]:
    """The new clients who wait for a call and whose care the actor sees: account, what is known of him, since when, which broker, and the open task with
    the number and name of its owner (none where nobody has it yet)."""
    waiting, staff = waiting_accounts(day).subquery(), current(StaffVersion).subquery()
    mine = and_(CareTask.account_id == Account.id, CareTask.kind == KIND, CareTask.state == TaskState.OPEN)
    query = select(Account, AccountVersion, waiting.c.since, waiting.c.attribution_id, waiting.c.brokers, Broker.broker_no, CareTask)
    query = query.add_columns(Staff.staff_no, staff.c.name.label("owner_name")).select_from(Account).join(AccountVersion, AccountVersion.account_id == Account.id)
    query = query.join(waiting, waiting.c.account_id == Account.id).join(Broker, Broker.id == waiting.c.broker_id).outerjoin(CareTask, mine)
    query = query.outerjoin(Staff, Staff.id == CareTask.owner_id).outerjoin(staff, staff.c.staff_id == Staff.id)
    return query.where(newest_version(), visible_to(actor, day, can))


def proposals(day: date, due_by: DueBy) -> list[Proposed]:
    """Everybody who waits and whom nobody is to call yet. A constant number of questions."""
    has_task = select(CareTask.account_id).where(CareTask.kind == KIND, CareTask.state == TaskState.OPEN)
    waiting = waiting_accounts(day).subquery()
    rows = db.session.execute(select(waiting.c.account_id, waiting.c.since).where(waiting.c.account_id.not_in(has_task)).order_by(waiting.c.account_id)).all()
    callers = callers_of([row.account_id for row in rows], day)
    return [Proposed(row.account_id, row.since, due_by(row.since), next(iter(callers.get(row.account_id, [])), None)) for row in rows]


def callers_of(account_ids: Sequence[int], day: date) -> dict[int, list[int]]:
    """Who of the staff may call each account: who looks after it, is there, and manages none of the brokers who wait; the one who came first, first."""
    there, barred = people.there(day).subquery(), _managers(account_ids, day)
    query = select(Servicing.account_id, Servicing.staff_id).where(Servicing.account_id.in_(list(account_ids)), served(day), Servicing.staff_id.in_(select(there.c.staff_id)))
    found: dict[int, list[int]] = {}
    for account_id, staff_id in db.session.execute(query.distinct().order_by(Servicing.account_id, Servicing.staff_id)):
        if (account_id, staff_id) not in barred:
            found.setdefault(account_id, []).append(staff_id)
    return found


def _managers(account_ids: Sequence[int], day: date) -> set[tuple[int, int]]:
    """Account and staff of everybody who manages a broker that waits for the account's call."""
    waiting, version = waiting_accounts(day, each=True).subquery(), current(BrokerVersion).subquery()
    query = select(waiting.c.account_id, version.c.manager_staff_id).join(version, version.c.broker_id == waiting.c.broker_id)
    return {(account_id, staff_id) for account_id, staff_id in db.session.execute(query.where(waiting.c.account_id.in_(list(account_ids)))) if staff_id is not None}


def run(day: date, due_by: DueBy, actor: Actor, moment: datetime) -> dict[str, int]:
    """Give every new client who waits to somebody, and finish what nobody waits for any more. Once more is the same as once. Returns how many were set,
    how many have nobody who may call (`return_visits_uncovered`), and how many were finished."""
    done = finish_called(day, actor, moment)
    found = proposals(day, due_by)
    wanted = [Wanted(_key(one.account_id, one.since, moment), KIND, one.account_id, one.owner_id, one.due_on) for one in found if one.owner_id is not None]
    new = tasks.set_many(wanted, actor, moment) if wanted else 0
    return {"return_visits": new, "return_visits_uncovered": len(found) - len(wanted), "return_visits_finished": done}


def give(account: Account, staff_id: int, due_by: DueBy, actor: Actor, moment: datetime, today: date) -> CareTask:
    """Let somebody make the call: the first who gets it, or instead of who has it. Raises NotAllowed; NotFound where the client waits for none; Refusal for
    who has left, or manages the broker; Conflict where it is his already."""
    actor.need(Can.CARE_WORK)
    waiting = waiting_accounts(today).subquery()
    since = db.session.execute(select(waiting.c.since).where(waiting.c.account_id == account.id)).scalar()
    if since is None:
        raise NotFound("the client of account %(number)s waits for no call", number=account.account_no)
    if (account.id, staff_id) in _managers([account.id], today):
        raise Refusal("the call is made by somebody who is neither the introducer nor his manager")
    held = (
        db.session.execute(select(CareTask).where(CareTask.account_id == account.id, CareTask.kind == KIND, CareTask.state == TaskState.OPEN).with_for_update()).scalars().first()
    )
    if held is None:
        wanted = Wanted(_key(account.id, since, moment), KIND, account.id, staff_id, due_by(since))
        return tasks.set_task(wanted, actor, moment, today)
    if held.owner_id == staff_id:
        raise Conflict("this call is his already")
    tasks.move(held, staff_id, "", actor, moment, today)
    return held


def finish_called(day: date, actor: Actor, moment: datetime) -> int:
    """Finish the tasks of clients who wait for no call any more: it was made, or a file confirmed or took back what waited. Returns how many."""
    waiting = waiting_accounts(day).subquery()
    return tasks.finish_elsewhere(KIND, CareTask.account_id.not_in(select(waiting.c.account_id)), actor, moment)


def anybody_waits(day: date) -> bool:
    """Whether somebody waits for a call whom nobody is to call yet."""
    has_task = select(CareTask.account_id).where(CareTask.kind == KIND, CareTask.state == TaskState.OPEN)
    waiting = waiting_accounts(day).subquery()
    return db.session.execute(select(waiting.c.account_id).where(waiting.c.account_id.not_in(has_task)).limit(1)).first() is not None


def counted(actor: Actor, day: date) -> dict[str, int]:
    """How many new clients whose care somebody sees wait for a call, and for how many nobody is named."""
    rows = listed(actor, day).with_only_columns(CareTask.id.label("task_id"), maintain_column_froms=True).subquery()
    found = db.session.execute(select(func.count(), func.count(rows.c.task_id)).select_from(rows)).one()
    return {"waiting": int(found[0]), "nobody": int(found[0]) - int(found[1])}


def _key(account_id: int, since: date, moment: datetime) -> str:
    """What the task is about. An attribution that is taken back and comes again is a new occasion: the day tells them apart."""
    return f"{KIND}:{account_id}:{since}:{moment:%Y%m%d}"
