"""Taking a course: lesson by lesson, each with its questions. Passing all of them earns what the club gives for learning, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from models import db
from models.club_points import PointFact
from models.research import LessonPassed, ResearchKind
from portal.actors import Actor
from portal.audit import log
from portal.club import point_awards
from portal.club.point_awards import Deed
from portal.club.rewards import holder_of
from portal.refusals import Conflict, NotFound, Refusal
from portal.research.lessons import passes, right_answers
from portal.research.reading import Reader, Shown, finished
from portal.research.wishes import lessons_of
from portal.transaction import on_postgresql


class Answered(NamedTuple):
    """How the answers to a lesson came out: right of all, whether that passes it, whether the whole course is passed now, and how many
    earnings of points are new."""

    right: int
    of: int
    passed: bool
    whole: bool
    earned: int


def open_lesson(shown: Shown, passed: set[int]) -> int:
    """The number of the first lesson that is not passed; one beyond the last where all are."""
    return next((place for place in range(1, len(shown.version.lessons) + 1) if place not in passed), len(shown.version.lessons) + 1)


def answer(shown: Shown, reader: Reader, lesson: int, answers: Sequence[int | None], actor: Actor, moment: datetime) -> Answered:
    """Answer the questions of a lesson. Raises NotFound; Refusal where one is not answered; Conflict where an earlier lesson is not passed yet."""
    lessons = shown.version.lessons
    if shown.item.kind != ResearchKind.COURSE:
        raise Refusal("a report has no lessons")
    if not 1 <= lesson <= len(lessons):
        raise NotFound("there is no lesson %(number)s of this", number=lesson)
    if lesson > open_lesson(shown, lessons_of(reader.person, shown.item.id)):
        raise Conflict("the lessons stand in their order: pass the one before first")
    questions = lessons[lesson - 1]["questions"]
    if len(answers) != len(questions) or None in answers:
        raise Refusal("answer every question")
    right = right_answers(lessons[lesson - 1], answers)
    if not passes(lessons[lesson - 1], right):
        return Answered(right, len(questions), False, False, 0)
    new = _keep(shown, reader, lesson, right, moment)
    whole = set(range(1, len(lessons) + 1)) <= lessons_of(reader.person, shown.item.id)
    earned = _passed(shown, reader, actor, moment) if whole and new else 0
    return Answered(right, len(questions), True, whole, earned)


def _keep(shown: Shown, reader: Reader, lesson: int, right: int, moment: datetime) -> bool:
    make = postgresql_insert if on_postgresql() else sqlite_insert
    row = {"item_id": shown.item.id, "person": reader.person, "lesson": lesson, "version": shown.version.number, "right_answers": right, "passed_at": moment}
    statement = make(LessonPassed).values(**row).on_conflict_do_nothing(index_elements=["item_id", "person", "lesson"]).returning(LessonPassed.lesson)
    return db.session.execute(statement).first() is not None


def _passed(shown: Shown, reader: Reader, actor: Actor, moment: datetime) -> int:
    """The course is passed: points by the rules of the day for learning, never by what somebody trades; the source of the earning names
    person and course, so that once is all there is."""
    deed = Deed(holder_of(actor), f"course:{shown.item.id}", moment, shown.version.title)
    earned = point_awards.award(PointFact.LEARNT, [deed], actor=actor, moment=moment)
    finished(shown.item, reader, moment)
    if earned:
        log.write(actor, moment, "research.course_passed", "research", shown.item.public_id, after={"version": shown.version.number, "earned": earned})
    return earned
