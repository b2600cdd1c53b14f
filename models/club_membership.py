"""Membership of the club (会员): tiers with their dues and benefits, and who belongs to which tier from when until when, and why."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, amount, choice, day, identifier, moment, one_of, text


class TierKind(enum.StrEnum):
    """How one comes to a tier: asks for it, pays dues, or has so much equity."""

    FREE = "free"
    PAID = "paid"
    EQUITY = "equity"


class Cause(enum.StrEnum):
    """Why somebody has a tier over a span."""

    APPLIED = "applied"
    PAID = "paid"
    EQUITY = "equity"
    GRANTED = "granted"


class ApplicationState(enum.StrEnum):
    """How far an application for a tier is. `used`: the dues that it opened the way to are paid."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"


class DuesKind(enum.StrEnum):
    """How dues are paid: for one period, or by a subscription that renews itself."""

    ONCE = "once"
    SUBSCRIPTION = "subscription"


class DuesState(enum.StrEnum):
    """How far dues are. Open: somebody is about to pay; live: a subscription is at work; paid: one period is paid; ended: the
    subscription is over; lapsed: nobody paid."""

    OPEN = "open"
    LIVE = "live"
    PAID = "paid"
    ENDED = "ended"
    LAPSED = "lapsed"


ALIVE = sql("state IN ('open', 'live')")
WAITING = sql("state IN ('open', 'approved')")


class ClubTier(Base):
    """A tier. The higher `rank` wins; dues are in `TierPrice`. A tier by equity is reached at `threshold_up` (fen) and lost only
    below `threshold_down` at two month ends in a row. `wait_priority`: where its members stand on waitlists (9 first, 0 as everybody)."""

    __tablename__ = "club_tier"
    __table_args__ = (
        one_of("kind", TierKind),
        CheckConstraint("grace_days >= 0", name="grace"),
        CheckConstraint("(kind = 'equity') = (threshold_up IS NOT NULL)", name="equity_threshold"),
        CheckConstraint("(threshold_up IS NULL) = (threshold_down IS NULL)", name="both_thresholds"),
        CheckConstraint("threshold_down <= threshold_up", name="threshold_order"),
    )

    id: Mapped[int] = identifier()
    key: Mapped[str] = text(40, unique=True)
    kind: Mapped[str] = choice(TierKind)
    rank: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str] = text(60)
    name_en: Mapped[str] = text(60)
    about: Mapped[str] = text(600)
    about_en: Mapped[str] = text(600)
    grace_days: Mapped[int] = mapped_column(default=0)
    threshold_up: Mapped[int | None] = amount(null=True)
    threshold_down: Mapped[int | None] = amount(null=True)
    by_approval: Mapped[bool] = mapped_column(default=False)
    is_open: Mapped[bool] = mapped_column(default=True)
    wait_priority: Mapped[int] = mapped_column(default=0, server_default="0")
    version: Mapped[int] = mapped_column(default=1)


class TierPrice(Base):
    """What a tier costs for a period of so many months; a new price is a new row, and the newest counts for who joins now.
    `price_id` is the same price at Stripe, once somebody subscribed to it."""

    __tablename__ = "club_tier_price"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"), CheckConstraint("months BETWEEN 1 AND 36", name="months"), Index("ix_club_tier_price_tier", "tier_id", "id"))

    id: Mapped[int] = identifier()
    tier_id: Mapped[int] = mapped_column(ForeignKey("club_tier.id"))
    amount: Mapped[int] = amount()
    months: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = moment()
    price_id: Mapped[str | None] = text(120, null=True, unique=True)


class ClubBenefit(Base):
    """What a tier brings. The same `key` in two tiers is the same thing, whose uses are counted together; no `yearly_limit`: as often as one likes."""

    __tablename__ = "club_benefit"
    __table_args__ = (UniqueConstraint("tier_id", "key"), CheckConstraint("yearly_limit > 0", name="limit"))

    id: Mapped[int] = identifier()
    tier_id: Mapped[int] = mapped_column(ForeignKey("club_tier.id"))
    key: Mapped[str] = text(40)
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = text(80)
    name_en: Mapped[str] = text(80)
    yearly_limit: Mapped[int | None] = mapped_column()


class ClubMember(Base):
    """Somebody who has to do with the club: a client (`person` is client:<number>), a sign-in (user:<number>) or a prospect (lead:<number>).

    His row is held by whoever changes anything of his membership. `code` stands on his card; `customer_id` is he at Stripe, made once.
    """

    __tablename__ = "club_member"
    __table_args__ = (Index("ix_club_member_client", "client_no"), Index("ix_club_member_lead", "lead_id"))

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    person: Mapped[str] = text(80, unique=True)
    name: Mapped[str] = text(120)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    client_no: Mapped[str] = text(64)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("lead.id"))
    code: Mapped[str] = text(16, unique=True)
    customer_id: Mapped[str | None] = text(120, null=True, unique=True)
    created_at: Mapped[datetime] = moment()


class ClubDues(Base):
    """Dues of a member: one period, or a subscription with what Stripe says of it. At most one of a member is about to be paid or at work.

    `wanted_price_id`: the price that was asked for and is not paid or not begun yet. `attempt` counts what was asked of Stripe, each under a key of its own.
    """

    __tablename__ = "club_dues"
    __table_args__ = (
        Index("uq_club_dues_alive", "member_id", unique=True, sqlite_where=ALIVE, postgresql_where=ALIVE),
        Index("ix_club_dues_member", "member_id", "id"),
        Index("ix_club_dues_state", "state", "period_end"),
        one_of("kind", DuesKind),
        one_of("state", DuesState),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("club_member.id"))
    tier_price_id: Mapped[int] = mapped_column(ForeignKey("club_tier_price.id"))
    kind: Mapped[str] = choice(DuesKind)
    state: Mapped[str] = choice(DuesState)
    created_at: Mapped[datetime] = moment()
    subscription_id: Mapped[str | None] = text(120, null=True, unique=True)
    item_id: Mapped[str] = text(120)
    status: Mapped[str] = text(40)
    period_end: Mapped[datetime | None] = moment(null=True)
    cancel_at_period_end: Mapped[bool] = mapped_column(default=False)
    wanted_price_id: Mapped[int | None] = mapped_column(ForeignKey("club_tier_price.id"))
    action_url: Mapped[str] = text(1000)
    attempt: Mapped[int] = mapped_column(default=0)
    learnt_at: Mapped[datetime | None] = moment(null=True)
    ended_at: Mapped[datetime | None] = moment(null=True)


class ClubMembership(Base):
    """A member has a tier from `valid_from` up to (not including) `valid_to`; it is appended or ended, never written over.

    `grace_to`: up to when benefits go on where nobody renewed. `ended_on`: it was ended early, and there is no grace. `anchor` is the
    day from which its periods are counted.
    """

    __tablename__ = "club_membership"
    __table_args__ = (
        Index("ix_club_membership_member", "member_id", "valid_from"),
        Index("ix_club_membership_end", "cause", "valid_to"),
        one_of("cause", Cause),
        CheckConstraint("valid_from < valid_to AND valid_to <= grace_to", name="order"),
        CheckConstraint("cause <> 'granted' OR length(reason) > 1", name="granted_reason"),
    )

    id: Mapped[int] = identifier()
    member_id: Mapped[int] = mapped_column(ForeignKey("club_member.id"))
    tier_id: Mapped[int] = mapped_column(ForeignKey("club_tier.id"))
    cause: Mapped[str] = choice(Cause)
    reason: Mapped[str] = text(400)
    anchor: Mapped[date] = day()
    valid_from: Mapped[date] = day()
    valid_to: Mapped[date] = day()
    grace_to: Mapped[date] = day()
    dues_id: Mapped[int | None] = mapped_column(ForeignKey("club_dues.id"))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("club_payment.id"))
    created_at: Mapped[datetime] = moment()
    actor_label: Mapped[str] = text(200)
    ended_on: Mapped[date | None] = day(null=True)
    ended_why: Mapped[str] = text(400)
    reminded_at: Mapped[datetime | None] = moment(null=True)


class ClubApplication(Base):
    """Somebody asks for a tier; one that waits or may be paid at a time."""

    __tablename__ = "club_application"
    __table_args__ = (
        Index("uq_club_application_waiting", "member_id", unique=True, sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_club_application_state", "state", "id"),
        one_of("state", ApplicationState),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("club_member.id"))
    tier_id: Mapped[int] = mapped_column(ForeignKey("club_tier.id"))
    state: Mapped[str] = choice(ApplicationState)
    words: Mapped[str] = text(400)
    applied_at: Mapped[datetime] = moment()
    decided_at: Mapped[datetime | None] = moment(null=True)
    decided_label: Mapped[str] = text(200)
    reason: Mapped[str] = text(400)


class BenefitUse(Base):
    """A member used a benefit. `year` is that of the day; one that was written down by mistake is taken back."""

    __tablename__ = "club_benefit_use"
    __table_args__ = (Index("ix_club_benefit_use_member", "member_id", "key", "year"),)

    id: Mapped[int] = identifier()
    member_id: Mapped[int] = mapped_column(ForeignKey("club_member.id"))
    key: Mapped[str] = text(40)
    year: Mapped[int] = mapped_column()
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    undone_at: Mapped[datetime | None] = moment(null=True)
    undone_label: Mapped[str] = text(200)


class TierRun(Base):
    """The equity of a month end was held against the tiers by equity, once for each month. `moved` counts who reached and who lost one."""

    __tablename__ = "club_tier_run"

    id: Mapped[int] = identifier()
    period: Mapped[str] = text(7, unique=True)
    trade_date: Mapped[date] = day()
    counts_from: Mapped[date] = day()
    at: Mapped[datetime] = moment()
    actor_label: Mapped[str] = text(200)
    moved: Mapped[Any] = mapped_column(JsonText)
