"""Suitability (投资者适当性): tests that were taken, their grades, and the written warnings that were shown."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.clients import RiskGrade
from models.columns import JsonText, choice, day, identifier, moment, one_of, text


class InvestorKind(enum.StrEnum):
    """Ordinary or professional investor (普通/专业投资者)."""

    ORDINARY = "ordinary"
    PROFESSIONAL = "professional"


class TakenWhere(enum.StrEnum):
    """How the answers came to be given."""

    AT_DESK = "at_desk"
    BY_PHONE = "by_phone"
    ON_PAPER = "on_paper"
    BY_ONESELF = "online"


class SuitabilityTest(Base):
    """A test as it was taken by a lead or a client; append-only. The newest of a person counts until `valid_until`, the last day.

    `answers` (letters by question) and `present` (who of the staff sat by) are blanked when the person's data is erased;
    `answers_digest` stays. `unsuitable` names the answer that forbids futures altogether, empty where none does.
    """

    __tablename__ = "suitability_test"
    __table_args__ = (
        Index("ix_suitability_test_lead", "lead_id", "id"),
        Index("ix_suitability_test_client", "client_no", "id"),
        Index("ix_suitability_test_valid", "valid_until"),
        one_of("grade", RiskGrade),
        one_of("investor", InvestorKind),
        one_of("taken_where", TakenWhere),
        CheckConstraint("(lead_id IS NOT NULL AND client_no = '') OR (lead_id IS NULL AND client_no <> '')", name="of_one"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("lead.id"))
    client_no: Mapped[str] = text(64)
    investor: Mapped[str] = choice(InvestorKind)
    criteria: Mapped[Any] = mapped_column(JsonText)
    questions_version: Mapped[int] = mapped_column()
    questions_digest: Mapped[str] = text(64)
    locale: Mapped[str] = text(16)
    answers: Mapped[str] = text()
    answers_digest: Mapped[str] = text(64)
    score: Mapped[int] = mapped_column()
    grade: Mapped[str] = choice(RiskGrade)
    unsuitable: Mapped[str] = text(60)
    taken_on: Mapped[date] = day()
    valid_until: Mapped[date] = day()
    taken_where: Mapped[str] = choice(TakenWhere)
    present: Mapped[str] = text(400)
    evidence: Mapped[str] = text(200)
    recorded_at: Mapped[datetime] = moment(index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)


class RiskWarning(Base):
    """A written warning that a product's risk is above what a test's grade allows, as it was read; append-only."""

    __tablename__ = "risk_warning"
    __table_args__ = (Index("ix_risk_warning_test", "test_id"),)

    id: Mapped[int] = identifier()
    test_id: Mapped[int] = mapped_column(ForeignKey("suitability_test.id"))
    product_risk: Mapped[str] = text(4)
    text_version: Mapped[int] = mapped_column()
    text_digest: Mapped[str] = text(64)
    locale: Mapped[str] = text(16)
    accepted: Mapped[bool] = mapped_column()
    evidence: Mapped[str] = text(200)
    at: Mapped[datetime] = moment()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
