"""Answers that are used again: the list, proposing one, and retiring it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.questions import QuestionState, ReusableAnswer
from portal import clock
from portal.care import answers
from portal.care import question_queries as found
from portal.care.answers import Proposed
from portal.local_day import today
from portal.pages import question_words as words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.formats import language
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("care_answers", __name__, url_prefix="/care/answers")
COLUMNS = columns(
    Column("title", _l("Reusable answer")),
    Column("subject", _l("Subject"), sort=True),
    Column("state", _l("State"), sort=True),
    Column("used", _l("Times used"), sort=True, number=True),
    Column("prepared_at", _l("Proposed on"), sort=True),
)
LIST = declare(
    ListPage(
        "care_answers.index",
        _l("Reusable answers"),
        Listing(
            tiebreak=ReusableAnswer.id,
            sorts={"subject": ReusableAnswer.subject, "state": ReusableAnswer.state, "used": answers.used(), "prepared_at": ReusableAnswer.prepared_at},
            default="-used",
            filters=(
                Filter("q", _l("Words"), answers.matches),
                Filter("subject", _l("Subject"), lambda text: ReusableAnswer.subject == text, choices=tuple((key.value, label) for key, label in words.SUBJECTS.items())),
                Filter("state", _l("State"), lambda text: ReusableAnswer.state == text, choices=tuple((key.value, label) for key, (label, _tone) in words.ANSWER_STATES.items())),
            ),
        ),
        COLUMNS,
        source=lambda asked: answers.listed(),
        fields=(
            Field("subject", _l("Subject"), lambda row: str(words.SUBJECTS[row[0].subject])),
            Field("title_zh", _l("Title in Chinese"), lambda row: row[0].title_zh),
            Field("title_en", _l("Title in English"), lambda row: row[0].title_en),
            Field("text_zh", _l("Answer in Chinese"), lambda row: row[0].text_zh),
            Field("text_en", _l("Answer in English"), lambda row: row[0].text_en),
            Field("state", _l("State"), lambda row: str(words.ANSWER_STATES[row[0].state][0])),
            Field("used", _l("Times used"), lambda row: row.used),
        ),
        file_name="reusable-answers",
    )
)


@bp.get("")
@requires(Can.ANSWER_SEE)
def index() -> ResponseReturnValue:
    """Every reusable answer, the most used first."""
    return show_list(LIST, "care/answers.html", words=words, language=language())


@bp.get("/new")
@requires(Can.ANSWER_WRITE)
def new() -> ResponseReturnValue:
    """The form that proposes one; with `question` from what was answered there."""
    question_id, subject, text = request.args.get("question", type=int), request.args.get("subject", ""), ""
    if question_id:
        question = found.question_for(current_actor(), question_id, today())[0]
        said = [entry.text for entry in found.entries(question_id) if entry.action == "answer"]
        subject, text = question.subject, said[-1] if said else ""
    return render_template("care/answer_new.html", words=words, subject=subject, text=text, question_id=question_id or "")


@bp.post("")
@requires(Can.ANSWER_WRITE)
def propose() -> ResponseReturnValue:
    """Put an answer before a second person."""
    actor, form, question_id = current_actor(), request.form, request.form.get("question", type=int)
    if question_id and found.question_for(actor, question_id, today())[0].state == QuestionState.OPEN:
        raise Refusal("answer the question first")
    proposed = Proposed(words.typed_subject(), *(form.get(name, "") for name in ("title_zh", "title_en", "text_zh", "text_en")))
    with transaction():
        answer_id = answers.propose(proposed, question_id, actor, clock.now()).id
    flash(_("It waits for a second person; then everybody can put it in."), "success")
    return redirect(url_for("care_answers.show", answer_id=answer_id), 303)


@bp.get("/<int:answer_id>")
@requires(Can.ANSWER_SEE)
def show(answer_id: int) -> ResponseReturnValue:
    """One answer in both languages."""
    return render_template("care/answer.html", answer=answers.answer_by(answer_id), words=words, may_write=current_actor().may(Can.ANSWER_WRITE))


@bp.post("/<int:answer_id>/retire")
@requires(Can.ANSWER_WRITE)
def retire(answer_id: int) -> ResponseReturnValue:
    """Let an answer be used no more."""
    with transaction():
        answers.retire(answers.answer_by(answer_id), current_actor(), clock.now())
    flash(_("It is used no more; where it was used it stays."), "success")
    return redirect(url_for("care_answers.index"), 303)
