"""Onboarding: applications to become an introducing broker, what was shown for them, and what was said about lapses."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, day, identifier, moment, one_of, text
from models.partners import PersonKind


class ApplicationState(enum.StrEnum):
    """How far an application is; portal/onboarding/states.py says which step leads where."""

    DRAFT = "draft"
    CHECKED = "checked"
    WAITING = "waiting"
    ACTIVE = "active"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Item(enum.StrEnum):
    """What must be shown before somebody becomes a broker."""

    DOCUMENTS = "documents"
    LICENCE = "licence"
    TRAINING = "training"
    DECLARATION = "declaration"
    TEST = "test"
    AGREEMENT = "agreement"


class Lapsing(enum.StrEnum):
    """What of a broker's lapses, so that pay stops that day."""

    LICENCE = "licence"
    AGREEMENT = "agreement"


LIVE = sql("state IN ('draft', 'checked', 'waiting')")


class Application(Base):
    """An application (居间人入职申请). Phone and ID number are sealed; of one ID number and one broker number one is live at a time."""

    __tablename__ = "application"
    __table_args__ = (
        Index("uq_application_id_no", "id_no_index", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("uq_application_broker_no", "broker_no", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_application_state", "state", "id"),
        one_of("state", ApplicationState),
        one_of("kind", PersonKind),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    state: Mapped[str] = choice(ApplicationState)
    broker_no: Mapped[str] = text(64)
    name: Mapped[str] = text(120)
    kind: Mapped[str] = choice(PersonKind)
    id_no_sealed: Mapped[str] = text()
    id_no_index: Mapped[str] = text(64)
    phone_sealed: Mapped[str] = text()
    phone_index: Mapped[str] = text(64)
    email: Mapped[str] = text(254)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), index=True)
    manager_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    opened_at: Mapped[datetime] = moment()
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    opened_label: Mapped[str] = text(200)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recording.id"))
    ended_at: Mapped[datetime | None] = moment(null=True)

    @property
    def number(self) -> str:
        """How people call it: A2026-00012."""
        return f"A{self.opened_at:%Y}-{self.id:05d}"


class ApplicationItem(Base):
    """Something shown for an application: where the evidence is and of which day; append-only, the newest of each kind counts.

    `details` are the kind's own facts as plain JSON: numbers, days, hours, answers, versions of texts. No phone or ID numbers.
    """

    __tablename__ = "application_item"
    __table_args__ = (Index("ix_application_item_application", "application_id", "id"), one_of("item", Item))

    id: Mapped[int] = identifier()
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    item: Mapped[str] = choice(Item)
    evidence: Mapped[str] = text(200)
    shown_on: Mapped[date] = day()
    details: Mapped[Any] = mapped_column(JsonText)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)


class ApplicationLink(Base):
    """An applicant's own link to his application: opened once, then it holds for the browser that opened it until `expires_at`.

    Only digests are kept: of the token in the link, and of the grant that the browser got for it.
    """

    __tablename__ = "application_link"
    __table_args__ = (Index("ix_application_link_application", "application_id"),)

    id: Mapped[int] = identifier()
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    token_digest: Mapped[str] = text(64, unique=True)
    grant_digest: Mapped[str | None] = text(64, null=True, unique=True)
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    expires_at: Mapped[datetime] = moment()
    used_at: Mapped[datetime | None] = moment(null=True)
    ended_at: Mapped[datetime | None] = moment(null=True)


class LapseMark(Base):
    """That it was said, so many days before, that something of a broker's lapses on a day: each once; append-only."""

    __tablename__ = "lapse_mark"
    __table_args__ = (
        UniqueConstraint("broker_id", "what", "lapses_on", "days_before"),
        one_of("what", Lapsing),
        CheckConstraint("days_before > 0", name="before"),
    )

    id: Mapped[int] = identifier()
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    what: Mapped[str] = choice(Lapsing)
    lapses_on: Mapped[date] = day()
    days_before: Mapped[int] = mapped_column()
    at: Mapped[datetime] = moment()
