"""Contacts with clients: the list of all that one sees, and one client's care with the form that records the next."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models import db
from models.care import CareTask, Contact, TaskState
from models.clients import Account, AccountVersion
from models.partners import Staff
from models.questions import ClientQuestion
from models.service_plans import PlanState, ServicePlan
from portal import clock, local_day
from portal.actors import Actor
from portal.care import book, contacts, due, people, plan_queries, queries, question_queries, response
from portal.care.contacts import Promise
from portal.care.response_times import Running, due_times
from portal.commission.queries import last_settled_day
from portal.local_day import today
from portal.pages import care_words as words
from portal.pages import plan_form, question_words, segment_words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("care_contacts", __name__, url_prefix="/care")
SHOWN = 20
COLUMNS = columns(
    Column("at", _l("When"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("channel", _l("How")),
    Column("outcome", _l("How it went")),
    Column("note", _l("Note")),
    Column("staff_no", _l("Who"), sort=True),
)
LIST = declare(
    ListPage(
        "care_contacts.index",
        _l("Contacts"),
        Listing(
            tiebreak=Contact.id,
            sorts={"at": Contact.at, "client": AccountVersion.name, "staff_no": Staff.staff_no},
            default="-at",
            filters=(
                Filter("q", _l("Name or account"), lambda text: AccountVersion.name.contains(text, autoescape=True) | (Account.account_no == text), personal=True),
                Filter("channel", _l("How"), lambda text: Contact.channel == text, choices=tuple(words.CHANNELS.items())),
                Filter("outcome", _l("How it went"), lambda text: Contact.outcome == text, choices=tuple((key.value, label) for key, (label, _tone) in words.OUTCOMES.items())),
                segment_words.FILTER,
                Filter("staff", _l("Staff number"), lambda text: Staff.staff_no == text),
                day_filter("from", _l("From"), lambda day: Contact.at >= words.midnight(day)),
            ),
        ),
        COLUMNS,
        source=lambda asked: queries.contacts(asked.actor, today()),
        fields=(
            Field("account_no", _l("Account"), lambda row: row.account_no, heading="account_no"),
            Field("staff_no", _l("Who"), lambda row: row.staff_no, heading="staff_no"),
            Field("at", _l("When"), lambda row: row[0].at, heading="at"),
            Field("channel", _l("How"), lambda row: row[0].channel, heading="channel"),
            Field("outcome", _l("How it went"), lambda row: row[0].outcome, heading="outcome"),
            Field("note", _l("Note"), lambda row: row[0].note, heading="note"),
        ),
        file_name="contacts",
    )
)


@bp.get("/contacts")
@requires(Can.CARE_SEE)
def index() -> ResponseReturnValue:
    """Every contact, the newest first."""
    return show_list(LIST, "care/contacts.html", words=words)


@bp.get("/clients/<account_no>")
@requires(Can.CARE_SEE)
def client(account_no: str) -> ResponseReturnValue:
    """A client's care: who looks after him, what was said, what is to be done, and his other accounts."""
    actor, day = current_actor(), today()
    account, version = queries.client_for(actor, account_no, day)
    return render_template("care/client.html", account=account, version=version, words=words, today=day, standing=due.standing, **_around(actor, account, version))


def _around(actor: Actor, account: Account, version: AccountVersion) -> dict[str, Any]:
    day = today()
    said = queries.contacts(actor, day).where(Contact.account_id == account.id).order_by(Contact.at.desc(), Contact.id.desc()).limit(SHOWN)
    todo = queries.tasks(actor, day).where(CareTask.account_id == account.id, CareTask.state == TaskState.OPEN).order_by(CareTask.due_on)
    asked = question_queries.questions(actor, day).where(ClientQuestion.account_id == account.id).order_by(ClientQuestion.asked_at.desc()).limit(5)
    plans = plan_queries.plans(actor, day)
    return {
        "contacts": db.session.execute(said).all(),
        "questions": db.session.execute(asked).all(),
        "question_words": question_words,
        "plan": db.session.execute(plans.where(ServicePlan.client_no == version.client_no, ServicePlan.state == PlanState.ACTIVE)).one_or_none(),
        "plan_words": plan_form,
        "tasks": db.session.execute(todo).all(),
        "servicers": book.servicers([account.id], day).get(account.id, []),
        "group": book.group_of(version, actor, day, last_settled_day()),
        "may_work": actor.may(Can.CARE_WORK),
        "colleagues": people.colleagues(actor, day) if actor.may(Can.CARE_WORK) else [],
        "own_number": actor.staff_no or "",
    }


@bp.post("/clients/<account_no>/contacts")
@requires(Can.CARE_WORK)
def record(account_no: str) -> ResponseReturnValue:
    """Record a contact, and what was promised in it."""
    actor, day, moment = current_actor(), today(), clock.now()
    with transaction():
        account, _version = queries.client_for(actor, account_no, day, Can.CARE_WORK)
        made = contacts.record(account, _who(actor), words.typed_contact(moment), actor, moment)
        if request.form.get("promise", "").strip():
            contacts.promise(made, account, Promise(request.form["promise"], _promised_by(account.id)), actor, moment, day)
    flash(_("Recorded."), "success")
    return redirect(url_for("care_contacts.client", account_no=account_no), 303)


def _promised_by(account_id: int) -> date:
    """The day that was promised; where none was, the one on which the response time for contacts is over. Raises Refusal."""
    if request.form.get("promise_due", "").strip():
        return words.typed_day("promise_due")
    now = question_words.now()
    (due_at,) = due_times([Running(account_id, response.CONTACT, now.moment)], now)
    return due_at.astimezone(now.zone).date()


def _who(actor: Actor) -> int:
    """Who made the contact: the actor himself, or the colleague whom he names. Raises Refusal."""
    number = request.form.get("staff_no", "").strip() or actor.staff_no
    if not number:
        raise Refusal("say who made the contact")
    return people.staff_named(number, actor, today())


@bp.get("/contacts/<int:contact_id>")
@requires(Can.CARE_SEE)
def show(contact_id: int) -> ResponseReturnValue:
    """One contact, and the form that corrects it."""
    contact, account = queries.contact_for(current_actor(), contact_id, today())
    return render_template(
        "care/contact.html", contact=contact, account=account, words=words, may_work=current_actor().may(Can.CARE_WORK), at=contact.at.astimezone(local_day.zone())
    )


@bp.post("/contacts/<int:contact_id>/correct")
@requires(Can.CARE_WORK)
def correct(contact_id: int) -> ResponseReturnValue:
    """Record a contact as it really was."""
    actor, moment = current_actor(), clock.now()
    with transaction():
        contact, account = queries.contact_for(actor, contact_id, today(), Can.CARE_WORK)
        contacts.correct(contact, account, words.typed_contact(moment), actor, moment)
    flash(_("Corrected; the earlier row stays and counts no more."), "success")
    return redirect(url_for("care_contacts.client", account_no=account.account_no), 303)
