"""People who sign in: users, their roles, sessions, one-time links and second factors."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.columns import choice, identifier, moment, one_of, text


class Role(enum.StrEnum):
    """What a person is to the firm; rights follow from it (portal/permissions.py)."""

    BROKER = "broker"
    CLIENT = "client"
    STAFF = "staff"
    BRANCH_MANAGER = "branch_manager"
    COMPLIANCE = "compliance"
    FINANCE = "finance"
    AUDITOR = "auditor"
    ADMIN = "admin"


class UserState(enum.StrEnum):
    """Whether a user may sign in."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class LinkPurpose(enum.StrEnum):
    """What a one-time link is good for; never interchangeable."""

    INVITE = "invite"
    RESET = "reset"


class User(Base):
    """A person with a sign-in. Bound to at most one broker, client, staff member and branch, by their numbers. `visitor`: no sign-in, but somebody who takes
    seats at the club's events by links to his mail address (models/club_visitors.py); he holds no role and no password."""

    __tablename__ = "user"
    __table_args__ = (one_of("state", UserState),)

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    email: Mapped[str] = text(254, unique=True)
    name: Mapped[str] = text(120)
    state: Mapped[str] = choice(UserState)
    password_hash: Mapped[str | None] = text(255, null=True)
    locale: Mapped[str] = text(16)
    theme: Mapped[str] = text(16)
    rises: Mapped[str] = mapped_column(String(16), default="", server_default="")
    broker_no: Mapped[str | None] = text(64, null=True, index=True)
    client_no: Mapped[str | None] = text(64, null=True, index=True)
    staff_no: Mapped[str | None] = text(64, null=True, index=True)
    branch_no: Mapped[str | None] = text(64, null=True)
    demo: Mapped[bool] = mapped_column(default=False)
    visitor: Mapped[bool] = mapped_column(default=False, server_default=false())
    totp_secret: Mapped[str | None] = text(255, null=True)
    totp_confirmed_at: Mapped[datetime | None] = moment(null=True)
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = moment()
    roles: Mapped[list[UserRole]] = relationship(back_populates="user", lazy="selectin", order_by="UserRole.role", cascade="all, delete-orphan")


class UserRole(Base):
    """One role of one user."""

    __tablename__ = "user_role"
    __table_args__ = (one_of("role", Role),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    role: Mapped[str] = mapped_column(choice(Role).column.type, primary_key=True)
    user: Mapped[User] = relationship(back_populates="roles")


class UserSession(Base):
    """One signed-in device. Only a digest of its token is kept."""

    __tablename__ = "user_session"

    id: Mapped[int] = identifier()
    token_digest: Mapped[str] = text(64, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    created_at: Mapped[datetime] = moment()
    last_seen_at: Mapped[datetime] = moment()
    expires_at: Mapped[datetime] = moment()
    ended_at: Mapped[datetime | None] = moment(null=True)
    ended_why: Mapped[str] = text(60)
    second_factor_at: Mapped[datetime | None] = moment(null=True)
    fresh_at: Mapped[datetime | None] = moment(null=True)
    user_agent: Mapped[str] = text(300)
    address: Mapped[str] = text(64)


class SignInAttempt(Base):
    """One try to sign in, counted in the database so that the limit holds with several workers."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("ix_sign_in_attempt_account", "account_digest", "at"), Index("ix_sign_in_attempt_address", "address", "at"))

    id: Mapped[int] = identifier()
    at: Mapped[datetime] = moment(index=True)
    account_digest: Mapped[str] = text(64)
    address: Mapped[str] = text(64)
    outcome: Mapped[str] = text(30)


class OneTimeLink(Base):
    """An invitation or reset; its signed token works once. Only a digest of it is kept."""

    __tablename__ = "one_time_link"
    __table_args__ = (one_of("purpose", LinkPurpose),)

    id: Mapped[int] = identifier()
    purpose: Mapped[str] = choice(LinkPurpose)
    token_digest: Mapped[str] = text(64, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    created_at: Mapped[datetime] = moment()
    expires_at: Mapped[datetime] = moment()
    used_at: Mapped[datetime | None] = moment(null=True)


class RecoveryCode(Base):
    """A spare second factor; only its hash is kept, and it works once."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = identifier()
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    code_digest: Mapped[str] = text(64)
    used_at: Mapped[datetime | None] = moment(null=True)
