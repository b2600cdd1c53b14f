"""The lessons of a course and their questions. Pure: how they are written, and whether answers are right enough."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from portal.refusals import Refusal

MOST_LESSONS, MOST_QUESTIONS, MOST_OPTIONS = 12, 6, 5
TITLE, LONGEST, WORDS = 120, 12_000, 300
PASS_PERCENT = 80
"""A lesson is passed with so many right answers in a hundred."""
_OPTION = re.compile(r"([-+])\s+(.+)")


def checked_lessons(lessons: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lessons as they are kept: title, text, questions with words, options and the place of the right one. Raises Refusal."""
    if not 1 <= len(lessons) <= MOST_LESSONS:
        raise Refusal("a course has 1 to %(most)s lessons", most=MOST_LESSONS)
    return [_lesson(place, lesson) for place, lesson in enumerate(lessons, start=1)]


def _lesson(place: int, lesson: Mapping[str, Any]) -> dict[str, Any]:
    title, text, questions = str(lesson.get("title", "")).strip(), str(lesson.get("text", "")).strip(), list(lesson.get("questions", ()))
    if not 2 <= len(title) <= TITLE or not 2 <= len(text) <= LONGEST:
        raise Refusal("lesson %(place)s needs a title and a text of at most 12,000 characters", place=place)
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise Refusal("lesson %(place)s needs 1 to %(most)s questions", place=place, most=MOST_QUESTIONS)
    return {"title": title, "text": text, "questions": [_question(place, question) for question in questions]}


def _question(place: int, question: Mapping[str, Any]) -> dict[str, Any]:
    words, options, right = str(question.get("words", "")).strip(), [str(one).strip() for one in question.get("options", ())], question.get("right")
    fits = 2 <= len(words) <= WORDS and 2 <= len(options) <= MOST_OPTIONS and all(1 <= len(one) <= WORDS for one in options)
    if not fits or not isinstance(right, int) or not 0 <= right < len(options):
        raise Refusal("a question of lesson %(place)s needs words, 2 to %(most)s answers, and one right answer", place=place, most=MOST_OPTIONS)
    return {"words": words, "options": options, "right": right}


def read_questions(text: str) -> list[dict[str, Any]]:
    """Questions as they are typed: a line of words, then each answer on a line with `- `, the right one with `+ `; a blank line between two.
    What does not fit is left for `checked_lessons` to refuse.

    >>> read_questions("涨跌停是？\\n- 无限\\n+ 有限")
    [{'words': '涨跌停是？', 'options': ['无限', '有限'], 'right': 1}]
    """
    found = []
    for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines = [line.strip() for line in part.split("\n") if line.strip()]
        marks = [match for line in lines[1:] if (match := _OPTION.fullmatch(line))]
        rights = [place for place, match in enumerate(marks) if match[1] == "+"]
        if lines:
            found.append({"words": lines[0], "options": [match[2] for match in marks], "right": rights[0] if len(rights) == 1 and len(marks) == len(lines) - 1 else None})
    return found


def questions_text(questions: Sequence[Mapping[str, Any]]) -> str:
    """Questions as `read_questions` reads them.

    >>> questions_text(read_questions("a\\n- b\\n+ c"))
    'a\\n- b\\n+ c'
    """
    return "\n\n".join("\n".join([one["words"], *(f"{'+' if place == one['right'] else '-'} {option}" for place, option in enumerate(one["options"]))]) for one in questions)


def right_answers(lesson: Mapping[str, Any], answers: Sequence[int | None]) -> int:
    """How many of the questions of a lesson were answered right."""
    return sum(given == question["right"] for question, given in zip(lesson["questions"], answers, strict=True))


def passes(lesson: Mapping[str, Any], right: int) -> bool:
    """Whether so many right answers pass a lesson.

    >>> [passes({"questions": [0] * 5}, right) for right in (3, 4)], passes({"questions": [0]}, 1)
    ([False, True], True)
    """
    return right * 100 >= PASS_PERCENT * len(lesson["questions"])
