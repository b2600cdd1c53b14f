"""A client's own suitability: his grade, the questions, what his answers would give, and handing them in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.clock import now
from portal.jobs.law import jurisdiction
from portal.local_day import day_of, today
from portal.pages.suitability_words import WHERE, answers_in, meaning_of
from portal.permissions import Can
from portal.refusals import Refusal
from portal.suitability import own
from portal.suitability.grading import Graded
from portal.suitability.own import Answers
from portal.suitability.questionnaires import asked_on, version
from portal.suitability.repeating import Earlier, again
from portal.transaction import transaction
from portal.web.formats import language
from portal.web.guard import current_actor, requires

bp = Blueprint("own_suitability", __name__, url_prefix="/my-suitability")


@bp.get("")
@requires(Can.SUITABILITY_OWN)
def index() -> ResponseReturnValue:
    """His grade and until when, the questions where he may answer them, and his tests before."""
    return _page()


@bp.post("/change")
@requires(Can.SUITABILITY_OWN)
def change() -> ResponseReturnValue:
    """The questions with what he answered, to be answered otherwise; nothing is kept."""
    return _page(given=request.form)


@bp.post("/look")
@requires(Can.SUITABILITY_OWN)
def look() -> ResponseReturnValue:
    """What the answers would give, before they are handed in."""
    moment, actor = now(), current_actor()
    day, answers = day_of(moment), _answers()
    try:
        with transaction():
            result, valid_until = own.look(answers, actor, moment, day, jurisdiction())
    except Refusal as refusal:
        return _page(refusal, request.form)
    return _looked(answers, result, valid_until, day)


@bp.post("")
@requires(Can.SUITABILITY_OWN)
def hand_in() -> ResponseReturnValue:
    """Keep his answers with their grade."""
    moment, actor = now(), current_actor()
    try:
        with transaction():
            grade = own.hand_in(_answers(), actor, moment, day_of(moment), jurisdiction()).grade
    except Refusal as refusal:
        return _page(refusal, request.form)
    flash(_("Your answers are kept: your grade is %(grade)s.", grade=grade), "success")
    return redirect(url_for("own_suitability.index"), 303)


@bp.get("/<test_key>")
@requires(Can.SUITABILITY_OWN)
def show(test_key: str) -> ResponseReturnValue:
    """One of his tests, with what he answered."""
    test = own.own_test(current_actor(), test_key)
    given = json.loads(test.answers) if test.answers else {}
    return render_template("suitability/own_test.html", test=test, given=given, questions=version(test.questions_version), language=language(), where=WHERE, today=today())


def _page(refusal: Refusal | None = None, given: Mapping[str, str] | None = None) -> ResponseReturnValue:
    day, rules, actor = today(), jurisdiction(), current_actor()
    standing = own.standing(actor, day, rules)
    shown: dict[str, Any] = {"standing": standing, "refusal": _(standing.message, **standing.values) if standing.message else "", "where": WHERE, "today": day}
    shown |= {"tests": own.tests_of(actor.client_no or ""), "rule": own.repeat_rule(rules, day), "questions": asked_on(day), "language": language(), "given": given or {}}
    shown |= {"by_masters": own.grade_by_masters(actor) if standing.test is None else "", "meaning": _meaning(standing.test)}
    shown |= {"fault": _(refusal.message, **refusal.values) if refusal is not None and refusal.message != standing.message else ""}
    return render_template("suitability/own.html", **shown), refusal.status if refusal is not None else 200


def _meaning(test: Any) -> str:
    return meaning_of(test.grade, closed=test.grade == "C1" or bool(test.unsuitable), day=today()) if test is not None else ""


def _looked(answers: Answers, result: Graded, valid_until: date, day: date) -> ResponseReturnValue:
    """The preview, with the answers in the form that hands them in."""
    rules, standing, questions = jurisdiction(), own.standing(current_actor(), day, jurisdiction()), asked_on(day)
    rule = own.repeat_rule(rules, day)
    after = again([Earlier(day, True), *own.earlier_of(current_actor())], rule, day)
    letters = {question.key: answers.letters[question.key] for question in questions.questions}
    return render_template(
        "suitability/own_look.html",
        result=result,
        valid_until=valid_until,
        before=standing.test.grade if standing.test is not None else "",
        again_on=after.on.isoformat(),
        hidden=[("version", questions.version), *((f"q-{key}", letter) for key, letter in letters.items())],
        letters=letters,
        questions=questions,
        language=language(),
        meaning=meaning_of(result.grade, closed=result.closed, day=day),
    )


def _answers() -> Answers:
    return Answers(*answers_in(request.form), str(get_locale()))
