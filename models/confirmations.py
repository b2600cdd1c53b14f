"""How a lead became a client, and the confirmation call (回访) that its attribution waits for."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, day, identifier, moment, one_of, text


class ConversionState(enum.StrEnum):
    """What became of the claim when its lead opened an account.

    `awaited`: the account's number is known, no file has brought it yet. `review`: nobody is paid before people have looked.
    """

    AWAITED = "awaited"
    ATTRIBUTED = "attributed"
    SERVICING = "servicing"
    HOUSE = "house"
    BLOCKED = "blocked"
    REVIEW = "review"
    REFUSED = "refused"


class ConvertedHow(enum.StrEnum):
    """Who noticed that the account is the lead's."""

    BY_HAND = "by_hand"
    BY_IMPORT = "by_import"


class CallOutcome(enum.StrEnum):
    """How a confirmation call ended."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    NOT_REACHED = "not_reached"


class Conversion(Base):
    """A lead that opened an account: once per lead. `reasons` says what people must look at, or which clauses forbid paying:
    a list of {"code", "reason", "details"}. `share` is parts per million of what the claim's broker was given."""

    __tablename__ = "conversion"
    __table_args__ = (
        Index("ix_conversion_state", "state", "id"),
        Index("ix_conversion_account", "account_id"),
        Index("ix_conversion_account_no", "account_no"),
        one_of("state", ConversionState),
        one_of("how", ConvertedHow),
    )

    id: Mapped[int] = identifier()
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"), unique=True)
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))
    account_no: Mapped[str] = text(64)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    opened_on: Mapped[date | None] = day(null=True)
    how: Mapped[str] = choice(ConvertedHow)
    state: Mapped[str] = choice(ConversionState)
    reasons: Mapped[Any] = mapped_column(JsonText)
    share: Mapped[int | None] = mapped_column()
    converted_at: Mapped[datetime] = moment()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))
    decided_at: Mapped[datetime | None] = moment(null=True)
    decided_label: Mapped[str] = text(200)


class ConfirmationCall(Base):
    """One call to a new client of a broker, by the script of a version; append-only. `answers` by question; `evidence` names the
    recording. The attribution is known by account, broker and first day, as its assertions are."""

    __tablename__ = "confirmation_call"
    __table_args__ = (Index("ix_confirmation_call_key", "account_id", "broker_id", "valid_from", "id"), one_of("outcome", CallOutcome))

    id: Mapped[int] = identifier()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    valid_from: Mapped[date] = day()
    called_on: Mapped[date] = day()
    outcome: Mapped[str] = choice(CallOutcome)
    script_version: Mapped[int] = mapped_column()
    script_digest: Mapped[str] = text(64)
    locale: Mapped[str] = text(16)
    answers: Mapped[Any] = mapped_column(JsonText)
    evidence: Mapped[str] = text(200)
    note: Mapped[str] = text(1000)
    at: Mapped[datetime] = moment()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
