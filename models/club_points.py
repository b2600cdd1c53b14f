"""Points of the club (积分): a ledger that only grows. A lot is what was earned at once; entries say what became of it. What somebody
has is the sum of his entries, and nothing else.

Whether a lot waits, can be spent or has expired is decided by its moments and the clock, not by a job.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, day, identifier, moment, one_of, text


class PointFact(enum.StrEnum):
    """What a rule may read; nothing else. The last two speak of trading, and are closed unless the rule set opens them."""

    ATTENDED = "attended"
    LEARNT = "learnt"
    FEEDBACK = "feedback"
    REFERRED = "referred"
    LOTS = "lots"
    COMMISSION = "commission"


class PointWhat(enum.StrEnum):
    """What happened to points. Settled: a later earning paid a debt, two entries that sum to nought."""

    EARNED = "earned"
    SPENT = "spent"
    RESTORED = "restored"
    EXPIRED = "expired"
    REVERSED = "reversed"
    REINSTATED = "reinstated"
    SETTLED = "settled"
    CORRECTED = "corrected"


class RedemptionState(enum.StrEnum):
    """How far a redemption is."""

    ASKED = "asked"
    GIVEN = "given"
    REFUNDED = "refunded"


class PointHolder(Base):
    """Somebody who has points. Whoever changes his lots holds this row."""

    __tablename__ = "club_point_holder"

    id: Mapped[int] = identifier()
    person: Mapped[str] = text(80, unique=True)
    client_no: Mapped[str] = text(64)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class PointRule(Base):
    """What earns points over a span of days; the newest row of a code and first day counts. `per`: for each so many of what is read
    (lots, or fen of commission); `most_a_month`: points that one person gets by it in a month."""

    __tablename__ = "club_point_rule"
    __table_args__ = (one_of("fact", PointFact), CheckConstraint("points > 0 AND per > 0 AND most_a_month > 0 AND wait_days >= 0 AND lasts_days > 0", name="amounts"))

    id: Mapped[int] = identifier()
    code: Mapped[str] = text(40, index=True)
    valid_from: Mapped[date] = day()
    valid_to: Mapped[date] = day()
    fact: Mapped[str] = choice(PointFact)
    points: Mapped[int] = mapped_column()
    per: Mapped[int] = mapped_column(default=1)
    most_a_month: Mapped[int] = mapped_column()
    wait_days: Mapped[int] = mapped_column()
    lasts_days: Mapped[int] = mapped_column()
    title: Mapped[str] = text(120)
    title_en: Mapped[str] = text(120)
    withdrawn: Mapped[bool] = mapped_column(default=False)
    recorded_at: Mapped[datetime] = moment()
    approved_by: Mapped[Any] = mapped_column(JsonText)


class PointLot(Base):
    """What was earned at once: so many points that may be spent from `active_from` until `expires_at`. `source` says what for, so that
    nothing earns twice; `payment_id`: the payment without which it would not have been earned."""

    __tablename__ = "club_point_lot"
    __table_args__ = (
        Index("ix_club_point_lot_person", "person", "expires_at"),
        Index("ix_club_point_lot_expiry", "expires_at"),
        Index("ix_club_point_lot_payment", "payment_id"),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("expires_at > active_from AND active_from >= earned_at", name="order"),
    )

    id: Mapped[int] = identifier()
    person: Mapped[str] = text(80)
    source: Mapped[str] = text(160, unique=True)
    points: Mapped[int] = mapped_column()
    rule_code: Mapped[str] = text(40)
    title: Mapped[str] = text(200)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("club_payment.id"))
    earned_at: Mapped[datetime] = moment()
    active_from: Mapped[datetime] = moment()
    expires_at: Mapped[datetime] = moment()
    recorded_at: Mapped[datetime] = moment()


class PointReward(Base):
    """Something that points are redeemed for. `stock`: how many there are in all; empty: as many as are wanted."""

    __tablename__ = "club_point_reward"
    __table_args__ = (CheckConstraint("cost > 0", name="cost"),)

    id: Mapped[int] = identifier()
    title: Mapped[str] = text(120)
    title_en: Mapped[str] = text(120)
    cost: Mapped[int] = mapped_column()
    stock: Mapped[int | None] = mapped_column()
    ends_at: Mapped[datetime | None] = moment(null=True)
    on_offer: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = moment()


class PointRedemption(Base):
    """Points given for a reward, at the cost of that moment."""

    __tablename__ = "club_point_redemption"
    __table_args__ = (one_of("state", RedemptionState), Index("ix_club_point_redemption_reward", "reward_id", "state"), Index("ix_club_point_redemption_person", "person", "id"))

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    reward_id: Mapped[int] = mapped_column(ForeignKey("club_point_reward.id"))
    person: Mapped[str] = text(80)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    cost: Mapped[int] = mapped_column()
    state: Mapped[str] = choice(RedemptionState)
    at: Mapped[datetime] = moment()
    ended_at: Mapped[datetime | None] = moment(null=True)


class PointEntry(Base):
    """What happened to the points of a lot: never edited. Below nought a lot falls by a reversal alone."""

    __tablename__ = "club_point_entry"
    __table_args__ = (
        Index("ix_club_point_entry_person", "person", "id"),
        Index("ix_club_point_entry_lot", "lot_id"),
        one_of("what", PointWhat),
        CheckConstraint("points <> 0", name="points"),
    )

    id: Mapped[int] = identifier()
    person: Mapped[str] = text(80)
    lot_id: Mapped[int] = mapped_column(ForeignKey("club_point_lot.id"))
    what: Mapped[str] = choice(PointWhat)
    points: Mapped[int] = mapped_column()
    at: Mapped[datetime] = moment()
    redemption_id: Mapped[int | None] = mapped_column(ForeignKey("club_point_redemption.id"))
    reason: Mapped[str] = text(200)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
