"""What is shown for an application: each item's own facts, read and checked for their form alone. What they must come to stands in checks.py."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal.fields import Expected, number
from portal.onboarding.texts import DECLARATION_VERSION, QUESTIONS, STATEMENTS, TEST_VERSION, digest, percent_of
from portal.refusals import Refusal

MOST_HOURS = 10_000


def licence(licence_no: str, first: date, end: date) -> dict[str, Any]:
    """A licence: its number, its first day, and the first day without it. Raises Refusal."""
    try:
        return {"licence_no": number(licence_no.strip()), **_span(first, end)}
    except Expected as error:
        raise Refusal("a licence has a number") from error


def training(hours: int) -> dict[str, Any]:
    """Hours of the association's training. Raises Refusal."""
    if not 0 <= hours <= MOST_HOURS:
        raise Refusal("hours lie between %(least)s and %(most)s", least=0, most=MOST_HOURS)
    return {"hours": hours}


def declaration(declared: list[str]) -> dict[str, Any]:
    """Which statements were declared, with the version and digest of the text that was read."""
    known = [statement.key for statement in STATEMENTS]
    return {"version": DECLARATION_VERSION, "digest": digest(STATEMENTS), "declared": [key for key in known if key in declared]}


def test(answers: list[int]) -> dict[str, Any]:
    """The answers as given, with the version of the questions and how many of a hundred are right. Raises Refusal where one is no answer."""
    if len(answers) != len(QUESTIONS) or any(not 0 <= given < len(question.answers) for question, given in zip(QUESTIONS, answers, strict=True)):
        raise Refusal("every question needs one of its answers")
    return {"version": TEST_VERSION, "digest": digest(QUESTIONS), "answers": answers, "percent": percent_of(answers)}


def agreement(plan_code: str, first: date, end: date) -> dict[str, Any]:
    """The agreement: its plan, its first day, and the first day without it. Raises Refusal."""
    return {"plan_code": plan_code, **_span(first, end)}


def _span(first: date, end: date) -> dict[str, str]:
    if first >= end:
        raise Refusal("the last day lies before the first")
    return {"valid_from": str(first), "valid_to": str(end)}
