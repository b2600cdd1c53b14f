"""Statements and lists held against the books: what was compared, and why a difference is none of the books' faults."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, day, identifier, moment, one_of, payload, text


class ImportStep(Base):
    """What one step of an import came to: a day (`step` is the day) or a file (`step` is its kind)."""

    __tablename__ = "import_step"
    __table_args__ = (Index("ix_import_step_step", "step", "import_id"), Index("ix_import_step_trade_date", "trade_date", "import_id"))

    import_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    step: Mapped[str] = mapped_column(text(200).column.type, primary_key=True)
    trade_date: Mapped[date | None] = day(null=True)
    outcome: Mapped[str] = text(20)
    version: Mapped[int | None] = mapped_column()


class Comparison(Base):
    """One file held against the books as they stood at a recording, kept as evidence. `payload` holds every line (Parquet)."""

    __tablename__ = "comparison"
    __table_args__ = (Index("ix_comparison_days", "first_day", "last_day"),)

    id: Mapped[int] = identifier()
    compared_at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    job: Mapped[str] = text(32, index=True)
    kind: Mapped[str] = text(40)
    file: Mapped[str] = text(400)
    file_digest: Mapped[str] = text(64)
    known_recording_id: Mapped[int] = mapped_column(BigInteger)
    first_day: Mapped[date | None] = day(null=True)
    last_day: Mapped[date | None] = day(null=True)
    equal: Mapped[int] = mapped_column(BigInteger)
    differs: Mapped[int] = mapped_column(BigInteger)
    only_here: Mapped[int] = mapped_column(BigInteger)
    only_there: Mapped[int] = mapped_column(BigInteger)
    findings: Mapped[Any] = mapped_column(JsonText)
    digest: Mapped[str] = text(64)
    payload: Mapped[bytes] = payload()


class DifferenceReason(enum.StrEnum):
    """Why a statement or list says something else than the books."""

    ROUNDING = "rounding"
    TIMING = "timing"
    OTHER_MONEY = "other_money"
    EXERCISE_DELIVERY = "exercise_delivery"
    WRONG_THERE = "wrong_there"
    PARTIAL_FILE = "partial_file"
    OTHER = "other"


class DifferenceExplained(Base):
    """A line of a comparison that differs is explained: by one person, confirmed by a second."""

    __tablename__ = "difference_explained"
    __table_args__ = (one_of("reason", DifferenceReason),)

    comparison_id: Mapped[int] = mapped_column(ForeignKey("comparison.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = choice(DifferenceReason)
    note: Mapped[str] = text()
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"), index=True)
    explained_at: Mapped[datetime] = moment()
