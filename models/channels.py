"""Channels: by which way clients are won, and what each way costs."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import amount, choice, identifier, moment, one_of, text


class LeadChannel(enum.StrEnum):
    """By which way a client is won; portal/channels/claims.py says which claim speaks for which."""

    STAFF = "staff"
    REFERRAL = "referral"
    BROKER = "broker"
    EVENT = "event"
    RESEARCH = "research"
    CAMPAIGN = "campaign"
    DIRECT = "direct"


class ChannelCost(Base):
    """What a channel cost in a month (fen), for a branch or the whole firm; append-only: what was entered wrongly is set off by another row."""

    __tablename__ = "channel_cost"
    __table_args__ = (Index("ix_channel_cost_period", "period", "channel"), one_of("channel", LeadChannel))

    id: Mapped[int] = identifier()
    channel: Mapped[str] = choice(LeadChannel)
    period: Mapped[str] = text(7)
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    amount: Mapped[int] = amount()
    note: Mapped[str] = text(400)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
