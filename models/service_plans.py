"""Service plans made to measure (量体裁衣): for one client, by his grade, what he is interested in and what he wants, with its steps."""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.clients import RiskGrade
from models.columns import choice, day, identifier, moment, one_of, text


class Interest(enum.StrEnum):
    """The products that a client is interested in; `education` is none: to learn alone."""

    FERROUS = "ferrous"
    ENERGY = "energy"
    AGRICULTURE = "agriculture"
    METALS = "metals"
    FINANCIAL = "financial"
    OPTIONS = "options"
    EDUCATION = "education"


class Goal(enum.StrEnum):
    """What a client wants of the firm."""

    LEARN = "learn"
    TRADE = "trade"
    HEDGE = "hedge"
    PRESERVE = "preserve"


class PlanState(enum.StrEnum):
    """Whether a plan runs, or how it ended."""

    ACTIVE = "active"
    REACHED = "reached"
    ENDED = "ended"


ONE_ACTIVE = sql("state = 'active'")


class ServicePlan(Base):
    """A plan for a client (`client_no`), kept on one of his accounts: at most one active plan a client.

    `grade` is his grade and `product_risk` the risk of what he is interested in when the plan was drawn (R1 to R5). It is reviewed on `review_on`.
    """

    __tablename__ = "service_plan"
    __table_args__ = (
        Index("uq_service_plan_active", "client_no", unique=True, sqlite_where=ONE_ACTIVE, postgresql_where=ONE_ACTIVE),
        Index("ix_service_plan_review", "state", "review_on"),
        one_of("grade", RiskGrade),
        one_of("interest", Interest),
        one_of("goal", Goal),
        one_of("state", PlanState),
        CheckConstraint("(state = 'active') = (ended_at IS NULL)", name="ended"),
    )

    id: Mapped[int] = identifier()
    client_no: Mapped[str] = text(64, index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    grade: Mapped[str] = choice(RiskGrade)
    interest: Mapped[str] = choice(Interest)
    product_risk: Mapped[str] = text(4)
    goal: Mapped[str] = choice(Goal)
    note: Mapped[str] = text()
    state: Mapped[str] = choice(PlanState)
    begun_at: Mapped[datetime] = moment()
    begun_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    begun_label: Mapped[str] = text(200)
    review_on: Mapped[date] = day()
    ended_at: Mapped[datetime | None] = moment(null=True)


class ServicePlanStep(Base):
    """A step of a plan: the task (models/care.py) in which it is followed through."""

    __tablename__ = "service_plan_step"

    plan_id: Mapped[int] = mapped_column(ForeignKey("service_plan.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    task_id: Mapped[int] = mapped_column(ForeignKey("care_task.id"), unique=True)


class ServicePlanReview(Base):
    """What a review found; append-only. `state` is that of the plan from then on, `review_on` when it is looked at again."""

    __tablename__ = "service_plan_review"

    id: Mapped[int] = identifier()
    plan_id: Mapped[int] = mapped_column(ForeignKey("service_plan.id"), index=True)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    state: Mapped[str] = choice(PlanState)
    review_on: Mapped[date] = day()
    note: Mapped[str] = text()
