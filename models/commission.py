"""Plans, agreements, adjustments, and what a month's commission came to."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.assertions import Dated, span_check
from models.base import Base
from models.columns import JsonText, amount, choice, identifier, moment, one_of, payload, text


class Plan(Base):
    """A commission plan; its terms stand in its versions."""

    __tablename__ = "plan"

    id: Mapped[int] = identifier()
    plan_code: Mapped[str] = text(64, unique=True)


class PlanVersion(Dated, Base):
    """The terms of a plan over a span of trade dates (commission rules §3), as the file gave them."""

    __tablename__ = "plan_version"
    __table_args__ = (Index("ix_plan_version_key", "plan_id", "valid_from", "id"), span_check())
    KEY: ClassVar = ("plan_id", "valid_from")

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    name: Mapped[str] = text(200)
    terms: Mapped[Any] = mapped_column(JsonText)


class Agreement(Dated, Base):
    """A broker's agreement, naming one plan, over a span."""

    __tablename__ = "agreement"
    __table_args__ = (Index("ix_agreement_key", "broker_id", "valid_from", "id"), span_check())
    KEY: ClassVar = ("broker_id", "valid_from")

    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))


class AdjustmentReason(enum.StrEnum):
    """Why an amount was entered by hand."""

    GOODWILL = "goodwill"
    DISPUTE = "dispute"
    DATA_ERROR = "data_error"
    CONTRACT = "contract"
    PENALTY = "penalty"
    WRITE_OFF = "write_off"
    OTHER = "other"


class Adjustment(Base):
    """An amount entered by hand for a broker's open month, with a coded reason, approved by a second person."""

    __tablename__ = "adjustment"

    id: Mapped[int] = identifier()
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), index=True)
    period: Mapped[str] = text(7, index=True)
    amount: Mapped[int] = amount()
    reason: Mapped[str] = text(40)
    note: Mapped[str] = text()
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), index=True)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))


class RunState(enum.StrEnum):
    """A run is computed, perhaps prepared for closing, perhaps closed."""

    PREVIEW = "preview"
    PREPARED = "prepared"
    CLOSED = "closed"


class CommissionRun(Base):
    """A month's commission as computed from what was known at one recording; `digest` covers its every line and statement."""

    __tablename__ = "commission_run"
    __table_args__ = (Index("ix_commission_run_period", "period", "id"),)

    id: Mapped[int] = identifier()
    period: Mapped[str] = text(7)
    known_recording_id: Mapped[int] = mapped_column(BigInteger)
    computed_at: Mapped[datetime] = moment()
    digest: Mapped[str] = text(64)
    lines: Mapped[int] = mapped_column(BigInteger)
    overrides_allowed: Mapped[bool] = mapped_column()
    assumed_open: Mapped[Any] = mapped_column(JsonText)
    settled_days: Mapped[Any] = mapped_column(JsonText)
    products: Mapped[Any] = mapped_column(JsonText)
    """Every exchange and product of the month's trades, as spelled."""


class MonthClose(Base):
    """A closed month: the run whose books are frozen, who prepared and who approved exactly that run. One per month, for ever."""

    __tablename__ = "month_close"
    __table_args__ = (CheckConstraint("prepared_by_id <> approved_by_id", name="four_eyes"),)

    period: Mapped[str] = mapped_column(text(7).column.type, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("commission_run.id"), unique=True)
    digest: Mapped[str] = text(64)
    closed_at: Mapped[datetime] = moment()
    prepared_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    approved_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    missing_days: Mapped[Any] = mapped_column(JsonText)


class SegmentRole(enum.StrEnum):
    """Lines of the month itself, or corrections of earlier closed months.

    Where corrected days changed a preview, its lines stand and what changed is laid over them: lines taken out, lines put in.
    """

    LINES = "lines"
    CORRECTIONS = "corrections"
    OUT = "out"
    IN = "in"


class LineSegment(Base):
    """The lines of some brokers of a run, in columns (Parquet), immutable. Brokers lie in [first_broker_no, last_broker_no]."""

    __tablename__ = "line_segment"
    __table_args__ = (UniqueConstraint("run_id", "role", "shard"), one_of("role", SegmentRole))

    id: Mapped[int] = identifier()
    run_id: Mapped[int] = mapped_column(ForeignKey("commission_run.id"))
    role: Mapped[str] = choice(SegmentRole)
    shard: Mapped[int] = mapped_column()
    first_broker_no: Mapped[str] = text(64)
    last_broker_no: Mapped[str] = text(64)
    rows: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = text(64)
    payload: Mapped[bytes] = payload()


class RunStatement(Base):
    """A broker's month in one run (commission rules §6); every column in fen with its sign."""

    __tablename__ = "run_statement"
    __table_args__ = (Index("ix_run_statement_broker", "broker_id", "run_id"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("commission_run.id"), primary_key=True)
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), primary_key=True)
    earned: Mapped[int] = amount()
    corrections: Mapped[int] = amount()
    cap_or_guarantee: Mapped[int] = amount()
    adjustments: Mapped[int] = amount()
    reserve: Mapped[int] = amount()
    release: Mapped[int] = amount()
    carry_over: Mapped[int] = amount()
    payable: Mapped[int] = amount()
    withholding: Mapped[int] = amount()
    net: Mapped[int] = amount()
    reserve_release_period: Mapped[str | None] = text(7, null=True)
    lines: Mapped[int] = mapped_column(BigInteger)


class RunTier(Base):
    """What a tiered plan version measured for a broker in a run, and what it gave: the inputs behind every tiered line.

    `summed` is the sum behind the measure: fen of retained fee, fen of equity over all days, or millionths of a lot.
    """

    __tablename__ = "run_tier"

    run_id: Mapped[int] = mapped_column(ForeignKey("commission_run.id"), primary_key=True)
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), primary_key=True)
    period: Mapped[str] = mapped_column(text(7).column.type, primary_key=True)
    plan_version_id: Mapped[int] = mapped_column(ForeignKey("plan_version.id"), primary_key=True)
    measure: Mapped[str] = text(60)
    summed: Mapped[str] = text(60)
    total: Mapped[int] = amount()
    days: Mapped[int] = mapped_column()


class RunLevel(Base):
    """The cap or guarantee difference that a run posted for an earlier closed month; counts in `corrections`."""

    __tablename__ = "run_level"

    run_id: Mapped[int] = mapped_column(ForeignKey("commission_run.id"), primary_key=True)
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), primary_key=True)
    origin: Mapped[str] = mapped_column(text(7).column.type, primary_key=True)
    amount: Mapped[int] = amount()


class BrokerDay(Base):
    """A broker's settled day in a run: attributed equity and retained fee, for trends without reading lines."""

    __tablename__ = "broker_day"

    run_id: Mapped[int] = mapped_column(ForeignKey("commission_run.id"), primary_key=True)
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), primary_key=True)
    trade_date: Mapped[date] = mapped_column(Date, primary_key=True)
    accounts: Mapped[int] = mapped_column()
    equity: Mapped[int] = amount()
    retained_fee: Mapped[int] = amount()
    amount: Mapped[int] = amount()
