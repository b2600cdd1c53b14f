"""Departures: a staff member or a broker who goes, as far as the firm knows of it, and every step of that knowledge."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, day, identifier, moment, one_of, text


class DepartureKind(enum.StrEnum):
    """Who goes and how."""

    STAFF_LEAVES = "staff_leaves"
    STAFF_MOVES = "staff_moves"
    BROKER_ENDS = "broker_ends"
    BROKER_MOVES = "broker_moves"
    BROKER_LAPSES = "broker_lapses"


class DepartureState(enum.StrEnum):
    """How far it is: suspected by signals alone, announced, effective from a day on, settled when every client's outcome stands; or withdrawn."""

    SUSPECTED = "suspected"
    ANNOUNCED = "announced"
    EFFECTIVE = "effective"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"


LIVE = sql("state IN ('suspected', 'announced')")


class Departure(Base):
    """A departure of one person. Exactly one of `staff_id` and `broker_id` is set, as the kind says.

    `announced_on` is the day on which the firm was told, `effective_on` the first day without the person (trade dates count from it on).
    `recorded_at` is when the portal came to know of it, and every later step stands with its moment in `DepartureStep`.
    """

    __tablename__ = "departure"
    __table_args__ = (
        Index("ix_departure_state", "state", "effective_on"),
        Index("uq_departure_live_staff", "staff_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("uq_departure_live_broker", "broker_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        one_of("kind", DepartureKind),
        one_of("state", DepartureState),
        CheckConstraint("(staff_id IS NULL) <> (broker_id IS NULL)", name="one_person"),
        CheckConstraint("(kind IN ('staff_leaves', 'staff_moves')) = (staff_id IS NOT NULL)", name="person_of_kind"),
        CheckConstraint("state NOT IN ('effective', 'settled') OR effective_on IS NOT NULL", name="effective_has_day"),
    )

    id: Mapped[int] = identifier()
    kind: Mapped[str] = choice(DepartureKind)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("broker.id"), index=True)
    state: Mapped[str] = choice(DepartureState)
    announced_on: Mapped[date | None] = day(null=True)
    effective_on: Mapped[date | None] = day(null=True)
    cause: Mapped[str] = text(200)
    destination: Mapped[str] = text(200)
    evidence: Mapped[str] = text()
    recorded_at: Mapped[datetime] = moment()
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    @property
    def number(self) -> str:
        """How people call it: L2026-00012."""
        return f"L{self.recorded_at:%Y}-{self.id:05d}"


class DepartureStep(Base):
    """One step of a departure; append-only. `after` holds what the row said from `at` on: state, days, cause, destination."""

    __tablename__ = "departure_step"

    id: Mapped[int] = identifier()
    departure_id: Mapped[int] = mapped_column(ForeignKey("departure.id"), index=True)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    action: Mapped[str] = text(20)
    note: Mapped[str] = text()
    after: Mapped[Any] = mapped_column(JsonText)
