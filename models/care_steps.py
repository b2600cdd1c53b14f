"""What was done about a care task, and the dated settings of care: which plays are on, who counts as a key client."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, day, identifier, moment, text


class CareStep(Base):
    """One step of a task: moved, finished, cancelled; append-only. `after` holds what the row said from `at` on."""

    __tablename__ = "care_step"

    id: Mapped[int] = identifier()
    task_id: Mapped[int] = mapped_column(ForeignKey("care_task.id"), index=True)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    action: Mapped[str] = text(20)
    note: Mapped[str] = text()
    after: Mapped[Any] = mapped_column(JsonText)


class CareSetting(Base):
    """A setting of care from a day on; append-only: of those that count on a day, the newest row does.

    `name` is `play.<name>` ({"on": true}), `key_clients` ({"equity": fen, "share": parts per million}) or `response.<subject>`
    ({"count", "unit", "key_count", "key_unit"}: portal/care/response.py).
    """

    __tablename__ = "care_setting"
    __table_args__ = (Index("ix_care_setting_name", "name", "id"),)

    id: Mapped[int] = identifier()
    name: Mapped[str] = text(60)
    counts_from: Mapped[date] = day()
    value: Mapped[Any] = mapped_column(JsonText)
    set_at: Mapped[datetime] = moment()
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    set_by_label: Mapped[str] = text(200)
