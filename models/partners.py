"""The firm's branches and staff, and its introducing brokers with what is dated about them."""

from __future__ import annotations

import enum
from datetime import date
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.assertions import Asserted, Dated, span_check
from models.base import Base
from models.columns import choice, day, identifier, one_of, text


class PersonKind(enum.StrEnum):
    """Natural person or institution."""

    PERSON = "person"
    INSTITUTION = "institution"


class BrokerState(enum.StrEnum):
    """A broker's status on a day; no row on a day means not active."""

    APPLICANT = "applicant"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Relation(enum.StrEnum):
    """How a client is tied to a broker so that the broker may not be paid for him."""

    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    CHILD_SPOUSE = "child_spouse"
    CONTROLLER = "controller"
    STAFF_OF_INSTITUTION = "staff_of_institution"


class Branch(Base):
    """A branch (营业部); what is known of it stands in its versions."""

    __tablename__ = "branch"

    id: Mapped[int] = identifier()
    branch_no: Mapped[str] = text(64, unique=True)


class BranchVersion(Asserted, Base):
    """A branch as the firm knows it."""

    __tablename__ = "branch_version"
    __table_args__ = (Index("ix_branch_version_key", "branch_id", "id"),)
    KEY: ClassVar = ("branch_id",)

    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"))
    name: Mapped[str] = text(120)


class Staff(Base):
    """An employee of the firm."""

    __tablename__ = "staff"

    id: Mapped[int] = identifier()
    staff_no: Mapped[str] = text(64, unique=True)


class StaffVersion(Asserted, Base):
    """A staff member as the firm knows him; the phone is sealed (portal/sealing.py)."""

    __tablename__ = "staff_version"
    __table_args__ = (Index("ix_staff_version_key", "staff_id", "id"),)
    KEY: ClassVar = ("staff_id",)

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    name: Mapped[str] = text(120)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"))
    email: Mapped[str] = text(254)
    phone_sealed: Mapped[str] = text()
    phone_index: Mapped[str] = text(64, index=True)
    joined_on: Mapped[date | None] = day(null=True)
    left_on: Mapped[date | None] = day(null=True)


class Broker(Base):
    """An introducing broker (居间人). Numbers are text and compare byte by byte."""

    __tablename__ = "broker"

    id: Mapped[int] = identifier()
    broker_no: Mapped[str] = text(64, unique=True)


class BrokerVersion(Asserted, Base):
    """A broker as the firm knows him. Kind and ID number are undated: a change counts for all days."""

    __tablename__ = "broker_version"
    __table_args__ = (Index("ix_broker_version_key", "broker_id", "id"), one_of("kind", PersonKind))
    KEY: ClassVar = ("broker_id",)

    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    name: Mapped[str] = text(120)
    kind: Mapped[str] = choice(PersonKind)
    id_no_sealed: Mapped[str] = text()
    id_no_index: Mapped[str] = text(64, index=True)
    phone_sealed: Mapped[str] = text()
    phone_index: Mapped[str] = text(64, index=True)
    email: Mapped[str] = text(254)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"))
    manager_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class BrokerStatus(Dated, Base):
    """A broker's status over a span."""

    __tablename__ = "broker_status"
    __table_args__ = (Index("ix_broker_status_key", "broker_id", "valid_from", "id"), span_check(), one_of("status", BrokerState))
    KEY: ClassVar = ("broker_id", "valid_from")

    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    status: Mapped[str] = choice(BrokerState)


class Licence(Dated, Base):
    """A broker's licence over a span; spans may overlap."""

    __tablename__ = "licence"
    __table_args__ = (Index("ix_licence_key", "broker_id", "licence_no", "valid_from", "id"), span_check())
    KEY: ClassVar = ("broker_id", "licence_no", "valid_from")

    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    licence_no: Mapped[str] = text(64)


class Upline(Dated, Base):
    """A broker's direct upline over a span; one at a time, never in a loop."""

    __tablename__ = "upline"
    __table_args__ = (Index("ix_upline_key", "broker_id", "valid_from", "id"), span_check(), CheckConstraint("broker_id <> upline_id", name="not_oneself"))
    KEY: ClassVar = ("broker_id", "valid_from")

    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    upline_id: Mapped[int] = mapped_column(ForeignKey("broker.id"), index=True)


class Relative(Dated, Base):
    """A client related to a broker, known by the blind index of the ID number; spans may overlap."""

    __tablename__ = "relative"
    __table_args__ = (Index("ix_relative_key", "broker_id", "id_no_index", "relation", "valid_from", "id"), span_check(), one_of("relation", Relation))
    KEY: ClassVar = ("broker_id", "id_no_index", "relation", "valid_from")

    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    id_no_sealed: Mapped[str] = text()
    id_no_index: Mapped[str] = text(64, index=True)
    relation: Mapped[str] = choice(Relation)
