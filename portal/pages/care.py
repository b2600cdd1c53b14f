"""My day: what is to be done for whom, today, overdue and coming; and one task with what was done about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, case, func, select

from models import db
from models.care import CareTask, Contact, TaskOutcome, TaskState
from models.clients import Account, AccountVersion
from models.partners import Staff
from models.settlement import Balance
from portal import clock, local_day
from portal.actors import Actor
from portal.care import due, people, queries, response
from portal.care import tasks as verbs
from portal.care.changing import OWNED
from portal.care.due import Standing
from portal.care.key_clients import is_key
from portal.clients.balances import held
from portal.local_day import today
from portal.pages import care_book, segment_words
from portal.pages import care_words as words
from portal.pages.care_offers import of_task
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.in_place import Typed
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("care", __name__, url_prefix="/care")
LONGEST_AGO = timedelta(days=400)
COLUMNS = columns(
    Column("due_on", _l("Due"), sort=True),
    Column("kind", _l("What"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("note", _l("Note")),
    Column("owner", _l("Who does it"), sort=True),
    Column("reaction", _l("First reaction")),
    Column("state", _l("State")),
)


def stands(text: str) -> ColumnElement[bool]:
    """The open tasks that stand so today."""
    day = today()
    which = {Standing.OVERDUE: CareTask.due_on < day, Standing.TODAY: CareTask.due_on == day, Standing.COMING: CareTask.due_on > day}
    return which[Standing(text)] & (CareTask.state == TaskState.OPEN)


def listed(asked: Asked) -> Select[*tuple[Any, ...]]:
    """The tasks that somebody sees, the open ones where no state is asked for, each with the first contact since it was set."""
    reacted = select(func.min(Contact.at)).where(Contact.account_id == CareTask.account_id, Contact.at >= CareTask.created_at).scalar_subquery()
    query = queries.tasks(asked.actor, today()).outerjoin(Balance, held(care_book.counting().settled))
    query = query.add_columns(reacted.label("reacted_at"), is_key(*care_book.rule()).label("is_key"))
    return query if asked.args.get("state") else query.where(CareTask.state == TaskState.OPEN)


LIST = declare(
    ListPage(
        "care.index",
        _l("My day"),
        Listing(
            tiebreak=CareTask.id,
            sorts={"due_on": CareTask.due_on, "kind": CareTask.kind, "client": AccountVersion.name, "owner": Staff.staff_no},
            default="due_on",
            filters=(
                Filter("when", _l("Due"), stands, choices=tuple((key.value, label) for key, (label, _tone) in words.STANDINGS.items())),
                Filter("state", _l("State"), lambda text: CareTask.state == text, choices=tuple((key.value, label) for key, (label, _tone) in words.TASK_STATES.items())),
                Filter("kind", _l("What"), lambda text: CareTask.kind == text, choices=tuple(words.KINDS.items())),
                Filter("owner", _l("Staff number"), lambda text: Staff.staff_no == text),
                segment_words.FILTER,
                Filter("account", _l("Account"), lambda text: Account.account_no == text, hidden=True),
                day_filter("due_to", _l("Due until"), lambda day: CareTask.due_on <= day),
            ),
        ),
        COLUMNS,
        source=listed,
        fields=(
            Field("due_on", _l("Due"), lambda row: row[0].due_on),
            Field("kind", _l("What"), lambda row: str(words.KINDS.get(row[0].kind, row[0].kind))),
            Field("account_no", _l("Account"), lambda row: row.account_no),
            Field("client", _l("Client"), lambda row: row.client),
            Field("note", _l("Note"), lambda row: row[0].note),
            Field("owner", _l("Who does it"), lambda row: row.staff_no),
            Field("state", _l("State"), lambda row: str(words.TASK_STATES[row[0].state][0])),
            Field("outcome", _l("Outcome"), lambda row: str(words.TASK_OUTCOMES.get(row[0].outcome, ""))),
        ),
        file_name="care-tasks",
    )
)


@bp.get("")
@requires(Can.CARE_SEE)
def index() -> ResponseReturnValue:
    """What is to be done, the most urgent first."""
    actor, day = current_actor(), today()
    return show_list(LIST, "care/index.html", words=words, today=day, counts=counted(actor, day), reaction_of=reactions(day), standing=due.standing)


def counted(actor: Actor, day: date) -> dict[str, int]:
    """How many open tasks of the actor himself (where he is nobody of the staff: that he sees) are overdue, of today, coming."""
    rows = queries.tasks(actor, day).where(CareTask.state == TaskState.OPEN)
    if actor.staff_no:
        rows = rows.where(Staff.staff_no == actor.staff_no)
    of = rows.with_only_columns(CareTask.due_on).subquery()
    sums = (func.coalesce(func.sum(case((which, 1), else_=0)), 0) for which in (of.c.due_on < day, of.c.due_on == day, of.c.due_on > day))
    found = db.session.execute(select(*sums)).one()
    return dict(zip(("overdue", "today", "coming"), map(int, found), strict=True))


def reactions(day: date) -> Callable[[Any], tuple[Any, ...]]:
    """Says of a row of the list how the first reaction stands: a badge's words and tone, and the day by which it is due."""
    trading, zone, time = due.trading_between(day - LONGEST_AGO, day), local_day.zone(), response.read(care_book.counting().values)[response.CONTACT]

    def of(row: Any) -> tuple[Any, ...]:
        task = row[0]
        set_on = task.created_at.astimezone(zone).date()
        later = [one for one in trading if one >= set_on]
        by = response.due_day(task.created_at, time.of(is_key=bool(row.is_key)), later, zone) if later else task.due_on
        first = min((at for at in (row.reacted_at, task.finished_at) if at is not None), default=None)
        return (*words.REACTIONS[due.reaction(by, first.astimezone(zone).date() if first else None, day)], by)

    return of


@bp.get("/tasks/<int:task_id>")
@requires(Can.CARE_SEE)
def task(task_id: int) -> ResponseReturnValue:
    """One task: what it is about, and what was done."""
    actor, day = current_actor(), today()
    return shown(queries.task_for(actor, task_id, day), actor, day)


def shown(row: Any, actor: Actor, day: date, typed: Typed | None = None) -> str:
    """The page of a task; `typed` while one of its values is a form."""
    held, works = row[0], works_on(actor, row[0].id, day)
    return render_template(
        "care/task.html", row=row, task=held, steps=queries.steps_of(held.id), words=words, standing=due.standing, today=day, may_work=works, own_way=held.kind in OWNED,
        recent=recent_contacts(actor, held, day), places=of_task(held, people.colleagues(actor, day), day, typed) if works else {},
    )  # fmt: skip


def works_on(actor: Actor, task_id: int, day: date) -> bool:
    """Whether an actor may do something about a task that he sees."""
    return actor.may(Can.CARE_WORK) and db.session.execute(queries.tasks(actor, day, Can.CARE_WORK).where(CareTask.id == task_id)).first() is not None


def recent_contacts(actor: Actor, task: CareTask, day: date) -> list[Any]:
    """The last contacts with the client of a task, among which is the one in which it was done."""
    return list(db.session.execute(queries.contacts(actor, day).where(Contact.account_id == task.account_id).order_by(Contact.at.desc()).limit(10)))


@bp.post("/tasks/<int:task_id>/finish")
@requires(Can.CARE_WORK)
def finish(task_id: int) -> ResponseReturnValue:
    """Say what a task came to."""
    outcome, actor, day = request.form.get("outcome", ""), current_actor(), today()
    with transaction():
        found = queries.task_for(actor, task_id, day, Can.CARE_WORK, lock=True)[0]
        if outcome not in set(TaskOutcome):
            raise Refusal("say what the task came to")
        contact_id = request.form.get("contact", type=int)
        contact = queries.contact_for(actor, contact_id, day)[0] if contact_id else None
        verbs.finish(found, TaskOutcome(outcome), request.form.get("note", ""), actor, clock.now(), contact=contact)
    flash(_("Finished."), "success")
    return redirect(url_for("care.index"), 303)


@bp.post("/tasks/<int:task_id>/cancel")
@requires(Can.CARE_WORK)
def cancel(task_id: int) -> ResponseReturnValue:
    """Cancel a task that is not needed any more."""
    actor = current_actor()
    with transaction():
        found = queries.task_for(actor, task_id, today(), Can.CARE_WORK, lock=True)[0]
        verbs.cancel(found, request.form.get("reason", ""), actor, clock.now())
    flash(_("Cancelled."), "success")
    return redirect(url_for("care.index"), 303)
