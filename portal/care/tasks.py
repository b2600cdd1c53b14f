"""Tasks: set once by what they are about, finished with an outcome, moved to somebody who is there, or cancelled with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects import postgresql, sqlite

from models import db
from models.care import CareTask, Contact, TaskOutcome, TaskState
from models.care_steps import CareStep
from portal.actors import Actor
from portal.audit import log
from portal.bulk import insert_rows
from portal.care import people
from portal.care.due import on_or_after
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.transaction import on_postgresql
from portal.versions import table_of

LONGEST = 2000
AT_ONCE = 500


@dataclass(frozen=True)
class Wanted:
    """A task to be set. `business_key` says what it is about: the same key once more sets nothing."""

    business_key: str
    kind: str
    account_id: int
    owner_id: int
    due_on: date
    note: str = ""


def set_task(wanted: Wanted, actor: Actor, moment: datetime, today: date) -> CareTask:
    """Set a task, or return the one that is about the same already. It is due on the first trading day that is not before `due_on`.

    For doors and rooms that have asked who may: the actor is written down, not questioned. Raises Refusal where the owner has left by `today`.
    """
    held = db.session.execute(select(CareTask).where(CareTask.business_key == wanted.business_key)).scalar()
    if held is not None:
        return held
    people.need_there(wanted.owner_id, today)
    fresh = set_many([wanted], actor, moment)
    task = db.session.execute(select(CareTask).where(CareTask.business_key == wanted.business_key)).scalar_one()
    if fresh:
        log.write(actor, moment, "care.task_set", "task", str(task.id), after={"kind": task.kind, "due_on": str(task.due_on)})
    return task


def set_many(these: Sequence[Wanted], actor: Actor, moment: datetime) -> int:
    """Set tasks whose owners are known to be there; those that are about the same as an earlier one are passed over. Returns how many were new."""
    due = {day: on_or_after(day) for day in {one.due_on for one in these}}
    told = {"moved_from_id": None, "state": TaskState.OPEN, "outcome": "", "outcome_note": "", "contact_id": None, "created_at": moment, "created_by_id": actor.user_id}
    told |= {"finished_at": None, "finished_by_id": None}
    rows = [{**vars(one), "due_on": due[one.due_on], **told} for one in these]
    insert = postgresql.insert if on_postgresql() else sqlite.insert
    count = 0
    for start in range(0, len(rows), AT_ONCE):
        statement = insert(CareTask).values(rows[start : start + AT_ONCE]).on_conflict_do_nothing(index_elements=["business_key"]).returning(CareTask.id)
        count += len(db.session.execute(statement).all())
    return count


def finish(task: CareTask, outcome: TaskOutcome, note: str, actor: Actor, moment: datetime, *, contact: Contact | None = None) -> None:
    """Finish an open task with what it came to, and the contact in which it was done. Raises Conflict where it is finished, Refusal."""
    need_open(task, actor)
    if contact is not None and contact.account_id != task.account_id:
        raise Refusal("this contact was with another client")
    task.state, task.outcome, task.outcome_note = TaskState.DONE, outcome, _words(note)
    task.contact_id = contact.id if contact is not None else None
    task.finished_at, task.finished_by_id = moment, actor.user_id
    step(task, "finished", note, actor, moment)


def move(task: CareTask, owner_id: int, note: str, actor: Actor, moment: datetime, today: date) -> None:
    """Give an open task to somebody else who is there; who had it stays in its history. Raises Conflict, Refusal."""
    need_open(task, actor)
    if owner_id == task.owner_id:
        raise Refusal("this task is his already")
    people.need_there(owner_id, today)
    task.moved_from_id, task.owner_id = task.owner_id, owner_id
    step(task, "moved", note, actor, moment)


def hand_on(from_id: int, to: Mapping[int, int], actor: Actor, moment: datetime) -> int:
    """Give the open tasks of one who goes to who gets their accounts (account id to staff id), each with a step in its history. For rooms that have
    asked who may, and that these people are there. Returns how many."""
    mine = select(CareTask).where(CareTask.owner_id == from_id, CareTask.state == TaskState.OPEN)
    held = [task for task in db.session.execute(mine.with_for_update()).scalars() if task.account_id in to]
    for task in held:
        task.moved_from_id, task.owner_id = from_id, to[task.account_id]
    db.session.flush()
    columns = ("task_id", "at", "actor_id", "actor_label", "action", "note", "after")
    insert_rows(table_of(CareStep), columns, [(task.id, moment, actor.user_id, actor.label, "moved", "", _standing(task)) for task in held])
    if held:
        log.write(actor, moment, "care.tasks_moved", "staff", str(from_id), after={"tasks": len(held)})
    return len(held)


def finish_elsewhere(kind: str, which: ColumnElement[bool], actor: Actor, moment: datetime) -> int:
    """Finish the open tasks of a kind that meet a condition, because what they asked for was done elsewhere: the actor is written down, not questioned.
    Returns how many."""
    held = list(db.session.execute(select(CareTask).where(CareTask.kind == kind, CareTask.state == TaskState.OPEN, which).with_for_update()).scalars())
    for task in held:
        task.state, task.outcome, task.finished_at, task.finished_by_id = TaskState.DONE, TaskOutcome.DONE, moment, actor.user_id
    db.session.flush()
    columns = ("task_id", "at", "actor_id", "actor_label", "action", "note", "after")
    insert_rows(table_of(CareStep), columns, [(task.id, moment, actor.user_id, actor.label, "finished", "", _standing(task)) for task in held])
    if held:
        log.write(actor, moment, "care.tasks_finished", "care", kind, after={"tasks": len(held)})
    return len(held)


def cancel(task: CareTask, reason: str, actor: Actor, moment: datetime) -> None:
    """Cancel an open task. Raises Refusal without a reason, Conflict where it is finished."""
    need_open(task, actor)
    if len(reason.strip()) < 4:
        raise Refusal("say it in a few words: at least four characters")
    task.state, task.outcome_note = TaskState.CANCELLED, _words(reason)
    task.finished_at, task.finished_by_id = moment, actor.user_id
    step(task, "cancelled", reason, actor, moment)


def need_open(task: CareTask, actor: Actor) -> None:
    """Raises NotAllowed for who works on no care, Conflict where a task is finished."""
    actor.need(Can.CARE_WORK)
    if task.state != TaskState.OPEN:
        raise Conflict("this task is finished already")


def _words(text: str) -> str:
    if len(text.strip()) > LONGEST:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(text.strip()), most=LONGEST)
    return text.strip()


def _standing(task: CareTask) -> dict[str, Any]:
    return {"state": task.state, "outcome": task.outcome, "owner": task.owner_id, "moved_from": task.moved_from_id, "contact": task.contact_id, "due_on": str(task.due_on)}


def step(task: CareTask, action: str, note: str, actor: Actor, moment: datetime, *, before: dict[str, Any] | None = None) -> None:
    """Write down a step that was taken. The log keeps codes only; the words stand in the step."""
    after = _standing(task)
    db.session.add(CareStep(task_id=task.id, at=moment, actor_id=actor.user_id, actor_label=actor.label, action=action, note=_words(note), after=after))
    log.write(actor, moment, f"care.task_{action}", "task", str(task.id), before=before, after=after)
    db.session.flush()
