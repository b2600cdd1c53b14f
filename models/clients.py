"""Clients' trading accounts and who looks after them."""

from __future__ import annotations

import enum
from datetime import date
from typing import ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.assertions import Asserted, Dated, span_check
from models.base import Base
from models.columns import choice, day, identifier, one_of, text
from models.partners import PersonKind


class RiskGrade(enum.StrEnum):
    """A client's risk capacity (风险承受能力等级)."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"


class ServicingRole(enum.StrEnum):
    """What a staff member is to an account: who won it, or who looks after it."""

    ORIGINATOR = "originator"
    SERVICER = "servicer"


class Account(Base):
    """A trading account (资金账号). Its number is text: leading zeros count."""

    __tablename__ = "account"

    id: Mapped[int] = identifier()
    account_no: Mapped[str] = text(64, unique=True)


class AccountVersion(Asserted, Base):
    """An account and its client as the firm knows them. Phone and ID number are sealed (portal/sealing.py)."""

    __tablename__ = "account_version"
    __table_args__ = (Index("ix_account_version_key", "account_id", "id"), Index("ix_account_version_branch", "branch_id", "account_id", "id"), one_of("kind", PersonKind))
    KEY: ClassVar = ("account_id",)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    client_no: Mapped[str] = text(64, index=True)
    name: Mapped[str] = text(120, index=True)
    kind: Mapped[str] = choice(PersonKind)
    id_no_sealed: Mapped[str] = text()
    id_no_index: Mapped[str] = text(64, index=True)
    phone_sealed: Mapped[str] = text()
    phone_index: Mapped[str] = text(64, index=True)
    email: Mapped[str] = text(254)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"))
    opened_on: Mapped[date | None] = day(null=True, index=True)
    closed_on: Mapped[date | None] = day(null=True, index=True)
    risk_grade: Mapped[str] = text(8)
    birthday: Mapped[date | None] = day(null=True)


class Servicing(Dated, Base):
    """Who of the staff won or looks after an account, over a span (服务关系); not what pays a broker."""

    __tablename__ = "servicing"
    __table_args__ = (
        Index("ix_servicing_key", "account_id", "role", "staff_id", "valid_from", "id"),
        Index("ix_servicing_staff", "staff_id"),
        span_check(),
        one_of("role", ServicingRole),
    )
    KEY: ClassVar = ("account_id", "role", "staff_id", "valid_from")

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    role: Mapped[str] = choice(ServicingRole)
