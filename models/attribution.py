"""Attribution (客户归属): which broker has which share of an account, over which days, as believed from when on."""

from __future__ import annotations

import enum
from datetime import date
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.assertions import Dated, span_check
from models.base import Base
from models.columns import choice, day, one_of


class AttributionState(enum.StrEnum):
    """Pending until the confirmation call (回访); only confirmed days earn."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    SUSPENDED = "suspended"


class Attribution(Dated, Base):
    """A broker's share of an account over a span of trade dates (commission rules §1). `share` is parts per million."""

    __tablename__ = "attribution"
    __table_args__ = (
        Index("ix_attribution_key", "account_id", "broker_id", "valid_from", "id"),
        Index("ix_attribution_broker", "broker_id"),
        span_check(),
        one_of("state", AttributionState),
        CheckConstraint("share BETWEEN 0 AND 1000000", name="share"),
    )
    KEY: ClassVar = ("account_id", "broker_id", "valid_from")
    RULED: ClassVar = True

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    broker_id: Mapped[int] = mapped_column(ForeignKey("broker.id"))
    share: Mapped[int] = mapped_column()
    state: Mapped[str] = choice(AttributionState)
    confirmed_on: Mapped[date | None] = day(null=True)
