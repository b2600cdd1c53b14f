"""A client's own questions to the firm: putting one, reading the answer, asking again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.clients import Account
from models.questions import AskedVia, ClientQuestion
from portal import clock
from portal.care import question_queries as found
from portal.care import questions as verbs
from portal.care.fee_requests import Wish
from portal.care.question_states import Side, steps_from
from portal.care.questions import Asked
from portal.clients.own import own_accounts
from portal.pages import question_words as words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("own_questions", __name__, url_prefix="/questions")
SHOWN = ("asked", "answer", "withdraw", "close", "reopen")
"""What a client is shown of what was done; to whom it was given inside the firm is not his."""
COLUMNS = columns(
    Column("asked_at", _l("Asked on"), sort=True),
    Column("subject", _l("Subject"), sort=True),
    Column("words", _l("Question")),
    Column("state", _l("State"), sort=True),
    Column("due_at", _l("Answer due"), sort=True),
)
LIST = declare(
    ListPage(
        "own_questions.index",
        _l("My questions"),
        Listing(
            tiebreak=ClientQuestion.id,
            sorts={"asked_at": ClientQuestion.asked_at, "subject": ClientQuestion.subject, "state": ClientQuestion.state, "due_at": ClientQuestion.due_at},
            default="-asked_at",
            filters=(
                Filter("state", _l("State"), lambda text: ClientQuestion.state == text, choices=tuple((key.value, label) for key, (label, _tone) in words.STATES.items())),
                Filter("subject", _l("Subject"), lambda text: ClientQuestion.subject == text, choices=tuple((key.value, label) for key, label in words.SUBJECTS.items())),
                Filter("account", _l("Account"), lambda text: Account.account_no == text),
            ),
        ),
        COLUMNS,
        source=lambda asked: found.own_questions(asked.actor),
        fields=(
            Field("number", _l("Number"), lambda row: row[0].number),
            Field("asked_at", _l("Asked on"), lambda row: row[0].asked_at),
            Field("account_no", _l("Account"), lambda row: row.account_no),
            Field("subject", _l("Subject"), lambda row: str(words.SUBJECTS[row[0].subject])),
            Field("words", _l("Question"), lambda row: row[0].words),
            Field("state", _l("State"), lambda row: str(words.STATES[row[0].state][0])),
        ),
        file_name="my-questions",
    )
)


@bp.get("")
@requires(Can.QUESTION_ASK)
def index() -> ResponseReturnValue:
    """His questions, the newest first, and the form for the next one."""
    return show_list(LIST, "care/own_questions.html", words=words, accounts=own_accounts(current_actor()), moment_now=clock.now())


@bp.post("")
@requires(Can.QUESTION_ASK)
def ask() -> ResponseReturnValue:
    """Put a question about one of his accounts."""
    actor, now, number = current_actor(), words.now(), request.form.get("account", "")
    own = next((one for one in own_accounts(actor) if one.account_no == number), None)
    if own is None:
        raise Refusal("“%(number)s” is none of your accounts: choose one of them", number=number[:64])
    with transaction():
        made = verbs.ask(
            own.account_id, Asked(words.typed_subject(), request.form.get("words", ""), AskedVia.PORTAL, Wish(wanted=request.form.get("fee_wanted", ""))), None, actor, now
        )
        question_id, due = made.id, made.due_at.astimezone(now.zone)
    flash(_("Your question is with the firm: it is answered by %(due)s.", due=f"{due:%Y-%m-%d %H:%M}"), "success")
    return redirect(url_for("own_questions.show", question_id=question_id), 303)


@bp.get("/<int:question_id>")
@requires(Can.QUESTION_ASK)
def show(question_id: int) -> ResponseReturnValue:
    """One question with its answer."""
    row = found.own_question(current_actor(), question_id)
    said = [entry for entry in found.entries(question_id) if entry.action in SHOWN]
    return render_template("care/own_question.html", row=row, question=row[0], entries=said, words=words, steps=steps_from(row[0].state, Side.CLIENT), moment_now=clock.now())


@bp.post("/<int:question_id>/<any(withdraw,close,reopen):name>")
@requires(Can.QUESTION_ASK)
def step(question_id: int, name: str) -> ResponseReturnValue:
    """Settle a question, take it back, or ask again."""
    actor, now = current_actor(), words.now()
    with transaction():
        question = found.own_question(actor, question_id, lock=True)[0]
        verbs.step(question, name, Side.CLIENT, actor, now, words=request.form.get("words", ""))
        number = question.number
    flash(_("%(number)s: %(action)s.", number=number, action=words.STEPS[name]), "success")
    return redirect(url_for("own_questions.show", question_id=question_id), 303)
