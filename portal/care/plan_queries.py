"""Reading service plans: every list begins with the clients whose care the reader sees."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select

from models import db
from models.care import CareTask, TaskState
from models.clients import Account, AccountVersion
from models.partners import Staff, StaffVersion
from models.service_plans import PlanState, ServicePlan, ServicePlanReview, ServicePlanStep
from models.suitability import InvestorKind, SuitabilityTest
from portal.actors import Actor
from portal.care.policy import visible_to
from portal.clients.queries import newest_version
from portal.permissions import Can
from portal.refusals import NotFound
from portal.versions import current


class Grade(NamedTuple):
    """How much risk a client can bear: by his newest test, or by the masters where he took none here. `until` is its last day (None: not known);
    without a grade `grade` is empty."""

    grade: str
    until: date | None
    professional: bool


def grade_of(version: AccountVersion) -> Grade:
    """The grade of a client."""
    query = select(SuitabilityTest).where(SuitabilityTest.client_no == version.client_no).order_by(SuitabilityTest.id.desc()).limit(1)
    test = db.session.execute(query).scalar()
    if test is None:
        return Grade(version.risk_grade, None, False)
    return Grade("C1" if test.unsuitable else test.grade, test.valid_until, test.investor == InvestorKind.PROFESSIONAL)


def _steps(state: TaskState | None = None) -> Any:
    """How many steps a plan has, or how many of them stand so."""
    query = select(func.count()).select_from(ServicePlanStep).join(CareTask, CareTask.id == ServicePlanStep.task_id).where(ServicePlanStep.plan_id == ServicePlan.id)
    return (query if state is None else query.where(CareTask.state == state)).correlate(ServicePlan).scalar_subquery()


def plans(actor: Actor, day: date, can: Can = Can.CARE_SEE) -> Select[*tuple[Any, ...]]:
    """Every plan of a client whom the actor may see: plan, account number, client, number and name of who leads it, steps: all, done, open."""
    staff = current(StaffVersion).subquery()
    query = select(ServicePlan, Account.account_no, AccountVersion.name.label("client"), Staff.staff_no, staff.c.name.label("owner_name"))
    query = query.add_columns(_steps().label("steps"), _steps(TaskState.DONE).label("done"), _steps(TaskState.OPEN).label("open"))
    query = query.join(Account, Account.id == ServicePlan.account_id).join(AccountVersion, AccountVersion.account_id == Account.id)
    query = query.join(Staff, Staff.id == ServicePlan.owner_id).outerjoin(staff, staff.c.staff_id == Staff.id)
    return query.where(newest_version(), visible_to(actor, day, can))


def plan_for(actor: Actor, plan_id: int, day: date, can: Can = Can.CARE_SEE, *, lock: bool = False) -> Any:
    """A plan that the actor may see, as a row of `plans`. Raises NotFound, the same for foreign and for missing ones."""
    query = plans(actor, day, can).where(ServicePlan.id == plan_id)
    if lock:
        query = query.with_for_update(of=ServicePlan).execution_options(populate_existing=True)
    found = db.session.execute(query).one_or_none()
    if found is None:
        raise NotFound("there is no service plan %(number)s that you may see", number=plan_id)
    return found


def active_of(client_no: str) -> ServicePlan | None:
    """The plan of a client that runs."""
    return db.session.execute(select(ServicePlan).where(ServicePlan.client_no == client_no, ServicePlan.state == PlanState.ACTIVE)).scalar_one_or_none()


def steps_of(plan_id: int) -> list[tuple[int, CareTask]]:
    """The steps of a plan: place and task."""
    query = select(ServicePlanStep.place, CareTask).join(CareTask, CareTask.id == ServicePlanStep.task_id).where(ServicePlanStep.plan_id == plan_id)
    return [(place, task) for place, task in db.session.execute(query.order_by(ServicePlanStep.place))]


def reviews_of(plan_id: int) -> list[ServicePlanReview]:
    """What the reviews of a plan found, in their order."""
    return list(db.session.execute(select(ServicePlanReview).where(ServicePlanReview.plan_id == plan_id).order_by(ServicePlanReview.id)).scalars())
