"""Drawing a service plan, following its steps through, and reviewing it. A step is a task: it is due on a trade date and stands in somebody's day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select, update

from models import db
from models.care import CareTask, TaskOutcome, TaskState
from models.clients import Account, AccountVersion
from models.service_plans import Goal, Interest, PlanState, ServicePlan, ServicePlanReview, ServicePlanStep
from portal.actors import Actor
from portal.audit import log
from portal.care import people, tasks
from portal.care.due import on_or_after, trading_ahead
from portal.care.plan_queries import Grade, active_of, grade_of, steps_of
from portal.care.plan_templates import risk_of, too_risky
from portal.care.response_times import Now
from portal.care.tasks import Wanted
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.rules import book
from portal.suitability.sittings import product_risk

STEP, REVIEW = "plan_step", "plan_review"
"""The kinds of the tasks that a plan sets."""
MOST_STEPS, MOST_DAYS, LONGEST = 12, 250, 400
RULE = "suit-no-push"
FURTHEST = timedelta(days=370)


@dataclass(frozen=True)
class Drawn:
    """A plan as it is drawn: what for, and its steps (words, and within how many trading days)."""

    interest: Interest
    goal: Goal
    note: str
    steps: Sequence[tuple[str, int]]
    review_on: date


def need_fit(version: AccountVersion, interest: Interest, jurisdiction: str, today: date) -> tuple[Grade, str]:
    """The client's grade and the risk class of a plan that fits it. Raises Refusal, with the rule, where the plan would push something riskier than he
    can bear; where he has no grade; and where it ran out."""
    grade, risk = grade_of(version), risk_of(interest, product_risk(jurisdiction, today))
    if not grade.grade:
        raise Refusal("this client has no grade: let him answer the questions of suitability first")
    if grade.until is not None and grade.until < today:
        raise Refusal("the grade of this client ran out on %(day)s: let him answer the questions again", day=grade.until)
    if too_risky(grade.grade, risk, professional=grade.professional):
        rule = book.one(jurisdiction, RULE, today)
        source = rule.source if rule is not None else RULE
        raise Refusal("the plan would push products of risk %(risk)s at a client of grade %(grade)s: this is forbidden (%(source)s)", risk=risk, grade=grade.grade, source=source)
    return grade, risk


def draw(account: Account, version: AccountVersion, drawn: Drawn, owner_id: int, actor: Actor, now: Now, jurisdiction: str) -> ServicePlan:
    """Keep a plan and set its tasks. Raises NotAllowed; Refusal as `need_fit`, and where steps or the review's day cannot be; Conflict where a plan of the
    client runs already."""
    actor.need(Can.CARE_WORK)
    grade, risk = need_fit(version, drawn.interest, jurisdiction, now.today)
    steps, review_on = _checked(drawn, now.today), on_or_after(drawn.review_on)
    people.need_there(owner_id, now.today)
    his = select(AccountVersion.account_id).where(AccountVersion.client_no == version.client_no)
    db.session.execute(select(Account.id).where(Account.id.in_(his)).order_by(Account.id).with_for_update())  # of two at once, the second finds the first
    if active_of(version.client_no) is not None:
        raise Conflict("a plan of this client runs already: review it first")
    plan = ServicePlan(
        client_no=version.client_no, account_id=account.id, owner_id=owner_id, grade=grade.grade, interest=drawn.interest, product_risk=risk, goal=drawn.goal,
        note=_words(drawn.note), state=PlanState.ACTIVE, begun_at=now.moment, begun_by_id=actor.user_id, begun_label=actor.label, review_on=review_on,
    )  # fmt: skip
    db.session.add(plan)
    db.session.flush()
    _set_steps(plan, steps, actor, now)
    _set_review(plan, actor, now)
    after = {"interest": plan.interest, "goal": plan.goal, "grade": plan.grade, "risk": risk, "steps": len(steps), "review_on": str(review_on)}
    log.write(actor, now.moment, "care.plan_drawn", "service_plan", str(plan.id), after={**after, "account": account.account_no})
    return plan


def follow(plan: ServicePlan, place: int, *, done: bool, words: str, actor: Actor, now: Now) -> None:
    """Say of a step that it was done, or why it is left out. Raises Refusal where there is no such step, or no reason; Conflict where it is settled."""
    task = dict(steps_of(plan.id)).get(place)
    if task is None:
        raise Refusal("there is no step %(number)s in this plan", number=place)
    if done:
        tasks.finish(task, TaskOutcome.DONE, words, actor, now.moment)
    else:
        tasks.cancel(task, words, actor, now.moment)


def review(plan: ServicePlan, state: PlanState, review_on: date | None, words: str, actor: Actor, now: Now) -> None:
    """Keep what a review found: the plan goes on until another review, or is over. Raises Conflict where it is over or steps of a plan that ends are
    still open; Refusal without words or without a day ahead."""
    actor.need(Can.CARE_WORK)
    if plan.state != PlanState.ACTIVE:
        raise Conflict("this plan is over: draw a new one")
    if len(words.strip()) < 4:
        raise Refusal("say it in a few words: at least four characters")
    if state is not PlanState.ACTIVE and any(task.state == TaskState.OPEN for _place, task in steps_of(plan.id)):
        raise Conflict("steps of this plan are still open: do them, or leave them out with a reason")
    _finish_review(plan, words, actor, now)
    if state is PlanState.ACTIVE:
        plan.review_on = on_or_after(_ahead(review_on, now.today))
        _set_review(plan, actor, now)
    else:
        plan.state, plan.ended_at = state, now.moment
    found = ServicePlanReview(plan_id=plan.id, at=now.moment, actor_id=actor.user_id, actor_label=actor.label, state=plan.state, review_on=plan.review_on, note=_words(words))
    db.session.add(found)
    db.session.flush()
    log.write(actor, now.moment, "care.plan_reviewed", "service_plan", str(plan.id), after={"state": plan.state, "review_on": str(plan.review_on)})


def hand_on(from_id: int, to: Mapping[int, int]) -> None:
    """Let who gets the accounts (account id to staff id) lead the running plans of one who goes; their tasks go by `tasks.hand_on`."""
    held = db.session.execute(select(ServicePlan.id, ServicePlan.account_id).where(ServicePlan.owner_id == from_id, ServicePlan.state == PlanState.ACTIVE)).all()
    given = [{"id": plan_id, "owner_id": to[account_id]} for plan_id, account_id in held if account_id in to]
    if given:
        db.session.execute(update(ServicePlan), given)


def _checked(drawn: Drawn, today: date) -> list[tuple[str, int]]:
    steps = [(_words(words), days) for words, days in drawn.steps if words.strip()]
    if not 1 <= len(steps) <= MOST_STEPS:
        raise Refusal("a plan has 1 to %(most)s steps", most=MOST_STEPS)
    if any(not 0 <= days <= MOST_DAYS for _words_of, days in steps):
        raise Refusal("a step is due within 0 to %(most)s trading days", most=MOST_DAYS)
    _ahead(drawn.review_on, today)
    return steps


def _ahead(day: date | None, today: date) -> date:
    if day is None or not today < day <= today + FURTHEST:
        raise Refusal("a plan is reviewed within a year, from tomorrow on")
    return day


def _words(text: str) -> str:
    if len(text.strip()) > LONGEST:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(text.strip()), most=LONGEST)
    return text.strip()


def _set_steps(plan: ServicePlan, steps: Sequence[tuple[str, int]], actor: Actor, now: Now) -> None:
    """A task for each step, and which step it is."""
    trading = trading_ahead(now.today, max(days for _words_of, days in steps) + 2)
    later = [day for day in trading if day > now.today]
    due = [on_or_after(now.today) if days == 0 else later[days - 1] for _words_of, days in steps]
    keys = [f"plan:{plan.id}:{place}" for place in range(1, len(steps) + 1)]
    wanted = [Wanted(key, STEP, plan.account_id, plan.owner_id, day, words) for key, day, (words, _days) in zip(keys, due, steps, strict=True)]
    tasks.set_many(wanted, actor, now.moment)
    made = {task.business_key: task.id for task in db.session.execute(select(CareTask).where(CareTask.business_key.in_(keys))).scalars()}
    db.session.add_all(ServicePlanStep(plan_id=plan.id, place=place, task_id=made[key]) for place, key in enumerate(keys, start=1))
    db.session.flush()


def _set_review(plan: ServicePlan, actor: Actor, now: Now) -> None:
    tasks.set_task(Wanted(_review_key(plan), REVIEW, plan.account_id, plan.owner_id, plan.review_on), actor, now.moment, now.today)


def _finish_review(plan: ServicePlan, words: str, actor: Actor, now: Now) -> None:
    task = db.session.execute(select(CareTask).where(CareTask.business_key == _review_key(plan), CareTask.state == TaskState.OPEN)).scalar()
    if task is not None:
        tasks.finish(task, TaskOutcome.DONE, words, actor, now.moment)


def _review_key(plan: ServicePlan) -> str:
    return f"plan:{plan.id}:review:{plan.review_on}"
