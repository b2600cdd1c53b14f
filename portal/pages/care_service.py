"""Service plans on screen: the list, drawing one from what is proposed, following its steps through, and the review."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select

from models.clients import Account, AccountVersion
from models.partners import Staff
from models.service_plans import PlanState, ServicePlan
from portal.care import due, people, queries
from portal.care import plan_queries as found
from portal.care import service_plans as verbs
from portal.care.due import trading_ahead
from portal.care.plan_templates import REVIEW_AFTER, proposed
from portal.jobs.law import jurisdiction
from portal.local_day import today
from portal.pages import care_words, plan_form, question_words, segment_words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("care_service", __name__, url_prefix="/care")
COLUMNS = columns(
    Column("client", _l("Client"), sort=True),
    Column("goal", _l("Goal of the plan"), sort=True),
    Column("interest", _l("Interested in"), sort=True),
    Column("grade", _l("Grade"), sort=True),
    Column("steps", _l("Steps done")),
    Column("review_on", _l("Review on"), sort=True),
    Column("owner", _l("Led by"), sort=True),
    Column("state", _l("State"), sort=True),
)


def _review(text: str) -> ColumnElement[bool]:
    day = today()
    return (ServicePlan.state == PlanState.ACTIVE) & ((ServicePlan.review_on < day) if text == "overdue" else (ServicePlan.review_on >= day))


def listed(asked: Asked) -> Select[*tuple[Any, ...]]:
    """The plans that somebody sees, the running ones where no state is asked for."""
    query = found.plans(asked.actor, today())
    return query if asked.args.get("state") or asked.args.get("account") else query.where(ServicePlan.state == PlanState.ACTIVE)


LIST = declare(
    ListPage(
        "care_service.index",
        _l("Service plans"),
        Listing(
            tiebreak=ServicePlan.id,
            sorts={
                "client": AccountVersion.name, "goal": ServicePlan.goal, "interest": ServicePlan.interest, "grade": ServicePlan.grade,
                "review_on": ServicePlan.review_on, "owner": Staff.staff_no, "state": ServicePlan.state,
            },
            default="review_on",
            filters=(
                Filter("q", _l("Name or account"), lambda text: AccountVersion.name.contains(text, autoescape=True) | (Account.account_no == text), personal=True),
                Filter("state", _l("State"), lambda text: ServicePlan.state == text, choices=tuple((key.value, label) for key, (label, _tone) in plan_form.STATES.items())),
                Filter("review", _l("Review"), _review, choices=(("overdue", _l("overdue")), ("ahead", _l("still ahead")))),
                Filter("goal", _l("Goal of the plan"), lambda text: ServicePlan.goal == text, choices=tuple((key.value, label) for key, label in plan_form.GOALS.items())),
                Filter("interest", _l("Interested in"), lambda text: ServicePlan.interest == text, choices=tuple((key.value, label) for key, label in plan_form.INTERESTS.items())),
                Filter("owner", _l("Staff number"), lambda text: Staff.staff_no == text),
                segment_words.FILTER,
                Filter("account", _l("Account"), lambda text: Account.account_no == text, hidden=True),
            ),
        ),
        COLUMNS,
        source=listed,
        fields=(
            Field("account_no", _l("Account"), lambda row: row.account_no),
            Field("client", _l("Client"), lambda row: row.client),
            Field("goal", _l("Goal of the plan"), lambda row: str(plan_form.GOALS[row[0].goal])),
            Field("interest", _l("Interested in"), lambda row: str(plan_form.INTERESTS[row[0].interest])),
            Field("grade", _l("Grade"), lambda row: row[0].grade),
            Field("steps", _l("Steps"), lambda row: row.steps),
            Field("done", _l("Steps done"), lambda row: row.done),
            Field("review_on", _l("Review on"), lambda row: row[0].review_on),
            Field("owner", _l("Led by"), lambda row: row.staff_no),
            Field("state", _l("State"), lambda row: str(plan_form.STATES[row[0].state][0])),
        ),
        file_name="service-plans",
    )
)  # fmt: skip


@bp.get("/service-plans")
@requires(Can.CARE_SEE)
def index() -> ResponseReturnValue:
    """The running plans, the next review first."""
    return show_list(LIST, "care/plans.html", words=plan_form, today=today())


@bp.get("/clients/<account_no>/plan")
@requires(Can.CARE_WORK)
def new(account_no: str) -> ResponseReturnValue:
    """First what for; then the steps that are proposed. What does not fit the client's grade is refused with the rule, before anything is typed."""
    actor, day = current_actor(), today()
    account, version = queries.client_for(actor, account_no, day, Can.CARE_WORK)
    what, grade, refused = plan_form.chosen(request.args.to_dict()), found.grade_of(version), None
    try:
        if what is not None:
            verbs.need_fit(version, what[0], jurisdiction(), day)
    except Refusal as error:
        refused = error
    steps = proposed(*what, grade.grade) if what is not None and refused is None else []
    return render_template(
        "care/plan_new.html", account=account, version=version, words=plan_form, what=what, grade=grade, refused=refused, steps=steps, running=found.active_of(version.client_no),
        colleagues=people.colleagues(actor, day), own_number=actor.staff_no or "", review_on=trading_ahead(day, REVIEW_AFTER + 1)[REVIEW_AFTER], said=_,
    )  # fmt: skip


@bp.post("/clients/<account_no>/plan")
@requires(Can.CARE_WORK)
def draw(account_no: str) -> ResponseReturnValue:
    """Keep the plan."""
    actor, now = current_actor(), question_words.now()
    with transaction():
        account, version = queries.client_for(actor, account_no, now.today, Can.CARE_WORK)
        owner = people.staff_named(request.form.get("staff_no", ""), actor, now.today)
        plan_id = verbs.draw(account, version, plan_form.drawn(), owner, actor, now, jurisdiction()).id
    flash(_("The plan is kept; its steps stand in the day of who leads it."), "success")
    return redirect(url_for("care_service.show", plan_id=plan_id), 303)


@bp.get("/service-plans/<int:plan_id>")
@requires(Can.CARE_SEE)
def show(plan_id: int) -> ResponseReturnValue:
    """One plan: its steps, and what its reviews found."""
    actor, day = current_actor(), today()
    row = found.plan_for(actor, plan_id, day)
    return render_template(
        "care/plan.html", row=row, plan=row[0], steps=found.steps_of(plan_id), reviews=found.reviews_of(plan_id), words=plan_form, care=care_words, standing=due.standing, today=day,
        may_work=actor.may(Can.CARE_WORK) and row[0].state == PlanState.ACTIVE, review_on=trading_ahead(day, REVIEW_AFTER + 1)[REVIEW_AFTER],
    )  # fmt: skip


@bp.post("/service-plans/<int:plan_id>/steps/<int:place>/<any(done,left):how>")
@requires(Can.CARE_WORK)
def follow(plan_id: int, place: int, how: str) -> ResponseReturnValue:
    """Say of a step that it was done, or why it is left out."""
    actor, now = current_actor(), question_words.now()
    with transaction():
        plan = found.plan_for(actor, plan_id, now.today, Can.CARE_WORK, lock=True)[0]
        verbs.follow(plan, place, done=how == "done", words=request.form.get("words", ""), actor=actor, now=now)
    return redirect(url_for("care_service.show", plan_id=plan_id), 303)


@bp.post("/service-plans/<int:plan_id>/review")
@requires(Can.CARE_WORK)
def review(plan_id: int) -> ResponseReturnValue:
    """Keep what a review found."""
    actor, now, state = current_actor(), question_words.now(), request.form.get("state", "")
    with transaction():
        plan = found.plan_for(actor, plan_id, now.today, Can.CARE_WORK, lock=True)[0]
        if state not in set(PlanState):
            raise Refusal("say whether the plan goes on")
        again = care_words.typed_day("review_on") if state == PlanState.ACTIVE else None
        verbs.review(plan, PlanState(state), again, request.form.get("words", ""), actor, now)
    flash(_("The review is kept."), "success")
    return redirect(url_for("care_service.show", plan_id=plan_id), 303)
