"""Changing one thing of what is owed to a client: who does a task or answers a question, and by when. Each change names the version that its maker
saw, so that of two at once the second is told and overwrites nothing."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from models import db
from models.care import CareTask
from models.care_steps import CareStep
from models.questions import ClientQuestion, QuestionEntry
from portal.actors import Actor
from portal.care import questions, tasks
from portal.care.due import on_or_after
from portal.care.response_times import Now
from portal.refusals import Conflict, Refusal

OWNED = frozenset({"return_visit"})
"""Kinds of tasks that are given to somebody in a way of their own (portal/care/return_visits.py): not everybody may make that call."""
DATED = frozenset({"return_visit", "handover.first_call", "plan_review"})
"""Kinds of tasks whose day a rule or a plan sets: it is moved there, or not at all."""
FURTHEST = timedelta(days=370)


def task_version(task_id: int) -> int:
    """The version of a task: every step that is taken about it makes the next."""
    return 1 + _count(CareStep.id, CareStep.task_id == task_id)


def question_version(question_id: int) -> int:
    """The version of a question: everything that is said or done about it makes the next."""
    return _count(QuestionEntry.id, QuestionEntry.question_id == question_id)


def give_task(task: CareTask, owner_id: int, version: int, actor: Actor, moment: datetime, today: date) -> None:
    """Give an open task that is held to somebody who is there. Raises NotAllowed; Conflict where it is finished or was changed since it was looked
    at; Refusal where it is his already, he has left, or this kind is given in another way."""
    tasks.need_open(task, actor)
    _need_seen(task_version(task.id), version)
    if task.kind in OWNED:
        raise Refusal("who makes this call is chosen among the return visits")
    tasks.move(task, owner_id, "", actor, moment, today)


def date_task(task: CareTask, due_on: date, version: int, actor: Actor, moment: datetime, today: date) -> None:
    """Let an open task that is held be due on another day: the first trading day that is not before `due_on`. Raises NotAllowed; Conflict where it is
    finished or was changed since it was looked at; Refusal for a day that is gone by, beyond a year or the one it has, and where a rule sets the day."""
    tasks.need_open(task, actor)
    _need_seen(task_version(task.id), version)
    if task.kind in DATED:
        raise Refusal("the day of this task is set by a rule or a plan: it is not moved here")
    if not today <= due_on <= today + FURTHEST:
        raise Refusal("a task is due from today on, within a year")
    due = on_or_after(due_on)
    if due == task.due_on:
        raise Refusal("this task is due on %(day)s already", day=due)
    before, task.due_on = task.due_on, due
    tasks.step(task, "dated", "", actor, moment, before={"due_on": str(before)})


def give_question(question: ClientQuestion, owner_id: int, version: int, actor: Actor, now: Now) -> None:
    """Let somebody else who is there owe the answer to a question that is held. Raises as `questions.move`, and Conflict where something was said or
    done about it since it was looked at."""
    _need_seen(question_version(question.id), version)
    questions.move(question, owner_id, "", actor, now)


def _need_seen(version: int, seen: int) -> None:
    if version != seen:
        raise Conflict("this was changed by somebody meanwhile: look again, nothing of yours was written")


def _count(key: Any, which: Any) -> int:
    return int(db.session.execute(select(func.count(key)).where(which)).scalar_one())
