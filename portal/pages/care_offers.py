"""What the reader of a task or a question may change of it where it stands: who does it and by when, who answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import url_for
from flask_babel import gettext as _

from models.care import CareTask, TaskState
from models.questions import ClientQuestion, QuestionState
from portal.care.changing import DATED, OWNED, question_version, task_version
from portal.web.in_place import Choice, Place, Typed, by_id

DOER, DUE, ANSWERER = "task-owner", "task-due", "question-owner"
Colleagues = Sequence[tuple[int, str, str]]
"""Id, number and name of those to whom something may be given (portal/care/people.py)."""


def of_task(task: CareTask, colleagues: Colleagues, day: date, typed: Typed | None) -> dict[str, Place]:
    """What is changed of a task on which its reader works, by its place."""
    if task.state != TaskState.OPEN:
        return by_id([], typed)
    back, version, found = url_for("care.task", task_id=task.id), task_version(task.id), []
    if task.kind not in OWNED:
        at, choices = url_for("care_places.doer", task_id=task.id), _people(colleagues, task.owner_id)
        found.append(Place(DOER, at, back, version, _("Give it to somebody else"), _("Who does it"), choices, save=_("Give")))
    if task.kind not in DATED:
        at, hint = url_for("care_places.due", task_id=task.id), _("Where no exchange is open on that day, the next trading day counts.")
        found.append(Place(DUE, at, back, version, _("Change the day"), _("Due"), text=task.due_on.isoformat(), least=day.isoformat(), hint=hint))
    return by_id(found, typed)


def of_question(question: ClientQuestion, colleagues: Colleagues, typed: Typed | None) -> dict[str, Place]:
    """What is changed of a question on which its reader works, by its place."""
    if question.state != QuestionState.OPEN:
        return by_id([], typed)
    at, back = url_for("care_places.answerer", question_id=question.id), url_for("care_questions.show", question_id=question.id)
    change = _("Give it to somebody else") if question.owner_id else _("Name somebody")
    return by_id([Place(ANSWERER, at, back, question_version(question.id), change, _("Who answers"), _people(colleagues, question.owner_id), save=_("Give"))], typed)


def _people(colleagues: Colleagues, owner_id: int | None) -> list[Choice]:
    return [Choice(number, f"{name} ({number})") for key, number, name in colleagues if key != owner_id]
