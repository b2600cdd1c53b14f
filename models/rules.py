"""The rules of law and contract as dated data, facts that no file brings, and what a re-check of the books found."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.assertions import span_check
from models.base import Base
from models.columns import JsonText, choice, day, identifier, moment, one_of, text


class Effect(enum.StrEnum):
    """What a rule does to whoever breaks it."""

    BLOCK = "block"
    WARN = "warn"
    PENDING = "pending"
    REPORT = "report"
    WORK_LIST = "work_list"
    APPROVALS = "approvals"
    PAY = "pay"
    KEEP = "keep"
    ALLOW = "allow"


class FactKind(enum.StrEnum):
    """What somebody recorded because no file brings it. The first six are about a broker, the last two about a client (alone or too)."""

    OTHER_FIRM = "other_firm"
    STAFF_RELATIVE = "staff_relative"
    FINANCIAL_INSTITUTION = "financial_institution"
    CONDUCT = "conduct"
    REGISTRATION = "registration"
    GUARANTEE = "guarantee"
    LEGAL_REPRESENTATIVE = "legal_representative"
    RISK_DISCLOSURE = "risk_disclosure"


class RuleVersion(Base):
    """A rule over a span, as recorded: the newest row of its jurisdiction, code and first day counts. Never edited."""

    __tablename__ = "rule_version"
    __table_args__ = (Index("ix_rule_version_key", "jurisdiction", "code", "valid_from", "id"), one_of("effect", Effect), span_check())

    id: Mapped[int] = identifier()
    jurisdiction: Mapped[str] = text(8)
    code: Mapped[str] = text(40)
    valid_from: Mapped[date] = day()
    valid_to: Mapped[date] = day()
    effect: Mapped[str] = choice(Effect)
    check_name: Mapped[str] = text(40)
    parameters: Mapped[Any] = mapped_column(JsonText)
    title_zh: Mapped[str] = text(120)
    title_en: Mapped[str] = text(120)
    text_zh: Mapped[str] = text()
    text_en: Mapped[str] = text()
    source: Mapped[str] = text(400)
    withdrawn: Mapped[bool] = mapped_column(default=False)
    recorded_at: Mapped[datetime] = moment()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)


class RuleFact(Base):
    """A dated fact about a broker, a client, or both. The newest row of a `fact_no` counts; a withdrawn one takes it back. Never edited.

    `says` is the firm's name, a staff number, a kind of conduct …; `evidence` where the paper lies. No phone or ID numbers.
    """

    __tablename__ = "rule_fact"
    __table_args__ = (
        Index("ix_rule_fact_no", "fact_no", "id"),
        Index("ix_rule_fact_broker", "broker_id"),
        one_of("kind", FactKind),
        span_check(),
        CheckConstraint("broker_id IS NOT NULL OR client_no <> ''", name="about_somebody"),
    )

    id: Mapped[int] = identifier()
    fact_no: Mapped[str] = text(32)
    kind: Mapped[str] = choice(FactKind)
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("broker.id"))
    client_no: Mapped[str] = text(64)
    says: Mapped[str] = text(200)
    evidence: Mapped[str] = text(200)
    valid_from: Mapped[date] = day()
    valid_to: Mapped[date] = day()
    withdrawn: Mapped[bool] = mapped_column(default=False)
    recorded_at: Mapped[datetime] = moment()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)


class RuleCheck(Base):
    """One re-check of all books: for which day, with which knowledge and rules. Never edited."""

    __tablename__ = "rule_check"

    id: Mapped[int] = identifier()
    at: Mapped[datetime] = moment(index=True)
    jurisdiction: Mapped[str] = text(8)
    on_day: Mapped[date] = day()
    known_recording_id: Mapped[int] = mapped_column(BigInteger)
    rule_id: Mapped[int] = mapped_column()
    fact_id: Mapped[int] = mapped_column()
    test_id: Mapped[int] = mapped_column()
    standing: Mapped[int] = mapped_column()
    appeared: Mapped[int] = mapped_column()
    gone: Mapped[int] = mapped_column()


STANDING = sql("gone_at IS NULL")


class RuleBreach(Base):
    """Something in the books that a rule does not allow, from `since` on; `gone_at` when a re-check found it mended.

    `reason` is an English sentence, the key of its translation, filled by `details`.
    """

    __tablename__ = "rule_breach"
    __table_args__ = (
        Index("ix_rule_breach_standing", "gone_at", "code"),
        Index("ix_rule_breach_broker", "broker_id"),
        Index("ix_rule_breach_account", "account_id"),
        one_of("effect", Effect),
    )

    id: Mapped[int] = identifier()
    jurisdiction: Mapped[str] = text(8)
    code: Mapped[str] = text(40)
    effect: Mapped[str] = choice(Effect)
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("broker.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    since: Mapped[date] = day()
    reason: Mapped[str] = text(300)
    details: Mapped[Any] = mapped_column(JsonText)
    found_at: Mapped[datetime] = moment()
    gone_at: Mapped[datetime | None] = moment(null=True)
