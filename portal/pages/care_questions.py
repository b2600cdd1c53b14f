"""Questions of clients for the staff: what waits for an answer, one question with what was said, and answering it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select

from models.clients import Account, AccountVersion
from models.partners import Staff
from models.questions import AskedVia, ClientQuestion, QuestionState
from portal import clock
from portal.actors import Actor
from portal.care import answers, people, queries
from portal.care import question_queries as found
from portal.care import questions as verbs
from portal.care.question_states import Side, steps_from
from portal.care.questions import Asked
from portal.local_day import today
from portal.pages import question_words as words
from portal.pages import segment_words
from portal.pages.care_offers import of_question
from portal.permissions import Can
from portal.transaction import transaction
from portal.web.formats import language
from portal.web.guard import current_actor, requires
from portal.web.in_place import Typed
from portal.web.list_pages import Asked as AskedList
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("care_questions", __name__, url_prefix="/care")
COLUMNS = columns(
    Column("due_at", _l("Answer due"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("subject", _l("Subject"), sort=True),
    Column("words", _l("Question")),
    Column("owner", _l("Who answers"), sort=True),
    Column("state", _l("State"), sort=True),
    Column("asked_at", _l("Asked on"), sort=True),
)


def _when(text: str) -> ColumnElement[bool]:
    late = ClientQuestion.due_at < clock.now()
    return (late if text == "overdue" else ~late) & (ClientQuestion.state == QuestionState.OPEN)


def listed(asked: AskedList) -> Select[*tuple[Any, ...]]:
    """The questions that somebody sees, the open ones where no state is asked for."""
    query = found.questions(asked.actor, today())
    return query if asked.args.get("state") or asked.args.get("account") else query.where(ClientQuestion.state == QuestionState.OPEN)


LIST = declare(
    ListPage(
        "care_questions.index",
        _l("Questions of clients"),
        Listing(
            tiebreak=ClientQuestion.id,
            sorts={
                "due_at": ClientQuestion.due_at, "client": AccountVersion.name, "subject": ClientQuestion.subject, "owner": Staff.staff_no,
                "state": ClientQuestion.state, "asked_at": ClientQuestion.asked_at,
            },
            default="due_at",
            filters=(
                Filter("q", _l("Name, account or words"), lambda text: AccountVersion.name.contains(text, autoescape=True) | (Account.account_no == text) | ClientQuestion.words.contains(text, autoescape=True), personal=True),
                Filter("when", _l("Answer due"), _when, choices=(("overdue", _l("overdue")), ("running", _l("within its time")))),
                Filter("state", _l("State"), lambda text: ClientQuestion.state == text, choices=tuple((key.value, label) for key, (label, _tone) in words.STATES.items())),
                Filter("subject", _l("Subject"), lambda text: ClientQuestion.subject == text, choices=tuple((key.value, label) for key, label in words.SUBJECTS.items())),
                Filter("owner", _l("Staff number"), lambda text: Staff.staff_no == text),
                Filter("owed", _l("Who answers"), lambda text: ClientQuestion.owner_id.is_(None), choices=(("nobody", _l("nobody is named")),)),
                segment_words.FILTER,
                Filter("account", _l("Account"), lambda text: Account.account_no == text, hidden=True),
                day_filter("from", _l("Asked from"), lambda day: ClientQuestion.asked_at >= words.midnight(day)),
            ),
        ),
        COLUMNS,
        source=listed,
        fields=(
            Field("number", _l("Number"), lambda row: row[0].number),
            Field("due_at", _l("Answer due"), lambda row: row[0].due_at),
            Field("account_no", _l("Account"), lambda row: row.account_no),
            Field("client", _l("Client"), lambda row: row.client),
            Field("subject", _l("Subject"), lambda row: str(words.SUBJECTS[row[0].subject])),
            Field("words", _l("Question"), lambda row: row[0].words),
            Field("fee_asker", _l("Who asks for lower fees"), lambda row: str(words.FEE_ASKERS[row[0].fee_asker]) if row[0].fee_asker else ""),
            Field("fee_wanted", _l("Fee that is wanted"), lambda row: row[0].fee_wanted or ""),
            Field("fee_decision", _l("Decided about the fees"), lambda row: str(words.FEE_DECISIONS[row[0].fee_decision][0]) if row[0].fee_decision else ""),
            Field("owner", _l("Who answers"), lambda row: row.staff_no or ""),
            Field("state", _l("State"), lambda row: str(words.STATES[row[0].state][0])),
            Field("asked_at", _l("Asked on"), lambda row: row[0].asked_at),
            Field("answered_at", _l("Answered on"), lambda row: row[0].answered_at),
        ),
        file_name="client-questions",
    )
)  # fmt: skip


@bp.get("/questions")
@requires(Can.CARE_SEE)
def index() -> ResponseReturnValue:
    """What waits for an answer, the most urgent first."""
    actor, moment = current_actor(), clock.now()
    return show_list(LIST, "care/questions.html", words=words, moment_now=moment, counts=found.counted(actor, today(), moment))


@bp.get("/clients/<account_no>/question")
@requires(Can.CARE_WORK)
def new(account_no: str) -> ResponseReturnValue:
    """The form in which a question that a client tells is written down."""
    actor, day = current_actor(), today()
    account, version = queries.client_for(actor, account_no, day, Can.CARE_WORK)
    owner_id = verbs.default_owner(account.id, words.now())
    return render_template("care/question_new.html", account=account, version=version, words=words, colleagues=people.colleagues(actor, day), owner_id=owner_id)


@bp.post("/clients/<account_no>/question")
@requires(Can.CARE_WORK)
def ask(account_no: str) -> ResponseReturnValue:
    """Write down a question that a client told."""
    actor, now = current_actor(), words.now()
    with transaction():
        account, _version = queries.client_for(actor, account_no, now.today, Can.CARE_WORK)
        named = request.form.get("staff_no", "").strip()
        owner = people.staff_named(named, actor, now.today) if named else None
        made = verbs.ask(account.id, Asked(words.typed_subject(), request.form.get("words", ""), AskedVia.PHONE, words.typed_wish()), owner, actor, now)
        question_id, number = made.id, made.number
    flash(_("%(number)s is kept.", number=number), "success")
    return redirect(url_for("care_questions.show", question_id=question_id), 303)


@bp.get("/questions/<int:question_id>")
@requires(Can.CARE_SEE)
def show(question_id: int) -> ResponseReturnValue:
    """One question: what was said, the answers that fit, and the next step."""
    actor, day = current_actor(), today()
    return shown(found.question_for(actor, question_id, day), actor, day)


def shown(row: Any, actor: Actor, day: date, typed: Typed | None = None) -> str:
    """The page of a question; `typed` while one of its values is a form."""
    question = row[0]
    steps = steps_from(question.state, Side.STAFF) if actor.may(Can.CARE_WORK) else []
    put_in = answers.usable(request.args.get("answer", type=int) or 0) if request.args.get("answer") else None
    in_chinese = request.args.get("in", language()) == "zh"
    asked_words, colleagues = request.args.get("words", "")[:100], people.colleagues(actor, day) if "answer" in steps else []
    return render_template(
        "care/question.html", row=row, question=question, entries=found.entries(question.id), words=words, steps=steps, moment_now=clock.now(),
        fitting=answers.fitting(question.subject, asked_words) if "answer" in steps and actor.may(Can.ANSWER_SEE) else [], asked_words=asked_words,
        put_in=put_in, draft=(put_in.text_zh if in_chinese else put_in.text_en) if put_in else "",
        colleagues=colleagues, places=of_question(question, colleagues, typed) if steps else {},
        may_keep=actor.may(Can.ANSWER_WRITE) and question.state != QuestionState.OPEN,
    )  # fmt: skip


@bp.post("/questions/<int:question_id>/<any(answer,withdraw,close,reopen):name>")
@requires(Can.CARE_WORK)
def step(question_id: int, name: str) -> ResponseReturnValue:
    """Answer a question, settle it, take it up again."""
    actor, now = current_actor(), words.now()
    with transaction():
        question = found.question_for(actor, question_id, now.today, Can.CARE_WORK, lock=True)[0]
        chosen = request.form.get("answer_id", type=int)
        answer = answers.usable(chosen) if chosen and name == "answer" else None
        verbs.step(question, name, Side.STAFF, actor, now, words=request.form.get("words", ""), answer=answer, decision=words.typed_decision())
        number = question.number
    flash(_("%(number)s: %(action)s.", number=number, action=words.STEPS[name]), "success")
    return redirect(url_for("care_questions.show", question_id=question_id), 303)


@bp.post("/questions/<int:question_id>/move")
@requires(Can.CARE_WORK)
def move(question_id: int) -> ResponseReturnValue:
    """Let a colleague owe the answer, with a note for him; without one it is done where the name stands (portal/pages/care_places.py)."""
    actor, now = current_actor(), words.now()
    with transaction():
        question = found.question_for(actor, question_id, now.today, Can.CARE_WORK, lock=True)[0]
        verbs.move(question, people.staff_named(request.form.get("staff_no", ""), actor, now.today), request.form.get("note", ""), actor, now)
    flash(_("Given to %(number)s.", number=request.form.get("staff_no", "")), "success")
    return redirect(url_for("care_questions.index"), 303)
