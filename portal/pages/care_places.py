"""Changing a task or a question where it stands: who does it and by when, who answers. The page with that one value as a form, and keeping it."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models import db
from models.care import CareTask, TaskState
from models.questions import ClientQuestion, QuestionState
from portal import clock
from portal.care import changing, people, queries
from portal.care import question_queries as asked
from portal.local_day import today
from portal.pages import care, care_questions, question_words
from portal.pages.care_offers import ANSWERER, DOER, DUE
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.web.guard import current_actor, requires
from portal.web.in_place import Kept, Typed, keep
from portal.web.paging import read_day

bp = Blueprint("care_places", __name__, url_prefix="/care")


@bp.get("/tasks/<int:task_id>/owner")
@requires(Can.CARE_WORK)
def doer(task_id: int) -> ResponseReturnValue:
    """The task with the form for who does it."""
    return _task_with(task_id, DOER, closed=changing.OWNED)


@bp.post("/tasks/<int:task_id>/owner")
@requires(Can.CARE_WORK)
def give(task_id: int) -> ResponseReturnValue:
    """Give a task to a colleague."""
    actor, day = current_actor(), today()
    queries.task_for(actor, task_id, day, Can.CARE_WORK)

    def act(staff_no: str, version: int) -> Kept:
        row = queries.task_for(actor, task_id, day, Can.CARE_WORK, lock=True)
        before = row.staff_no
        changing.give_task(row[0], people.staff_named(staff_no, actor, day), version, actor, clock.now(), day)
        return Kept(_("Given to %(number)s.", number=staff_no), before, changing.task_version(task_id))

    def away() -> str:
        """To the list, where he saw the task only because it was his."""
        seen = queries.tasks(actor, day).where(CareTask.id == task_id)
        return "" if db.session.execute(seen).first() else url_for("care.index")

    return keep(DOER, act, lambda typed: _task(task_id, typed), url_for("care.task", task_id=task_id), away=away)


@bp.get("/tasks/<int:task_id>/due")
@requires(Can.CARE_WORK)
def due(task_id: int) -> ResponseReturnValue:
    """The task with the form for its day."""
    return _task_with(task_id, DUE, closed=changing.DATED)


@bp.post("/tasks/<int:task_id>/due")
@requires(Can.CARE_WORK)
def move(task_id: int) -> ResponseReturnValue:
    """Let a task be due on another day."""
    actor, day = current_actor(), today()
    queries.task_for(actor, task_id, day, Can.CARE_WORK)

    def act(text: str, version: int) -> Kept:
        try:
            wanted = read_day(text)
        except ValueError as error:
            raise Refusal("“%(given)s” is no date such as 2026-03-31", given=text[:40]) from error
        task = queries.task_for(actor, task_id, day, Can.CARE_WORK, lock=True)[0]
        before = task.due_on
        changing.date_task(task, wanted, version, actor, clock.now(), day)
        return Kept(_("Due on %(day)s now.", day=task.due_on), before.isoformat() if before >= day else "", changing.task_version(task_id))

    return keep(DUE, act, lambda typed: _task(task_id, typed), url_for("care.task", task_id=task_id))


@bp.get("/questions/<int:question_id>/owner")
@requires(Can.CARE_WORK)
def answerer(question_id: int) -> ResponseReturnValue:
    """The question with the form for who answers."""
    question = asked.question_for(current_actor(), question_id, today(), Can.CARE_WORK)[0]
    if question.state != QuestionState.OPEN:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=question.number, state=question.state)
    return _question(question_id, Typed(ANSWERER))


@bp.post("/questions/<int:question_id>/owner")
@requires(Can.CARE_WORK)
def hand_over(question_id: int) -> ResponseReturnValue:
    """Let a colleague owe the answer."""
    actor, now = current_actor(), question_words.now()
    asked.question_for(actor, question_id, now.today, Can.CARE_WORK)

    def act(staff_no: str, version: int) -> Kept:
        row = asked.question_for(actor, question_id, now.today, Can.CARE_WORK, lock=True)
        before = row.staff_no or ""
        changing.give_question(row[0], people.staff_named(staff_no, actor, now.today), version, actor, now)
        return Kept(_("Given to %(number)s.", number=staff_no), before, changing.question_version(question_id))

    def away() -> str:
        """To the list, where he saw the question only because it was his."""
        seen = asked.questions(actor, now.today).where(ClientQuestion.id == question_id)
        return "" if db.session.execute(seen).first() else url_for("care_questions.index")

    return keep(ANSWERER, act, lambda typed: _question(question_id, typed), url_for("care_questions.show", question_id=question_id), away=away)


def _task_with(task_id: int, place: str, *, closed: frozenset[str]) -> str:
    task = queries.task_for(current_actor(), task_id, today(), Can.CARE_WORK)[0]
    if task.state != TaskState.OPEN:
        raise Conflict("this task is finished already")
    if task.kind in closed:
        raise Conflict("this cannot be changed here: a rule or a page of its own says it")
    return _task(task_id, Typed(place))


def _task(task_id: int, typed: Typed) -> str:
    actor, day = current_actor(), today()
    return care.shown(queries.task_for(actor, task_id, day), actor, day, typed)


def _question(question_id: int, typed: Typed) -> str:
    actor, day = current_actor(), today()
    return care_questions.shown(asked.question_for(actor, question_id, day), actor, day, typed)
