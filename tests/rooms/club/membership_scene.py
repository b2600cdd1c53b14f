"""Tiers and members for tests: a free tier, two that are paid, two by equity; and whoever joins them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from models import db
from models.club_membership import Cause, ClubDues, ClubMember, ClubTier, DuesKind, TierKind
from models.club_money import Payment
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import benefits, members, tiers
from portal.club.booking import person_of
from portal.club.dues import Order
from portal.club.members import Days, Person
from portal.club.membership import Span, tier_on
from portal.club.payments import Terms
from portal.club.tiers import BenefitDraft, TierDraft
from portal.jobs import club_dues
from portal.local_day import today
from portal.standin import rules_dues
from portal.transaction import transaction
from tests.rooms.club.scene import Shop

SILVER, GOLD = 60_000, 120_000
FAR = 10_000_000_00
GUEST_ROOM = BenefitDraft("guest-room", "会员接待室", "Guest room", 1)
REPORT = BenefitDraft("report", "研究报告", "Research reports", 12)


def tier_drafts() -> list[TierDraft]:
    """The five tiers, the lowest first."""
    return [
        TierDraft("friend", TierKind.FREE, 10, "会友", "Friend", by_approval=True, benefits=(REPORT,)),
        TierDraft("silver", TierKind.PAID, 20, "银卡", "Silver", grace_days=14, dues=SILVER, months=12, benefits=(REPORT,)),
        TierDraft("equity-silver", TierKind.EQUITY, 25, "权益银卡", "Equity Silver", threshold_up=50_000_000, threshold_down=40_000_000),
        TierDraft("gold", TierKind.PAID, 30, "金卡", "Gold", grace_days=14, dues=GOLD, months=12, benefits=(REPORT, GUEST_ROOM)),
        TierDraft("equity-gold", TierKind.EQUITY, 40, "权益金卡", "Equity Gold", threshold_up=200_000_000, threshold_down=160_000_000, benefits=(GUEST_ROOM,)),
    ]


def add_tiers() -> dict[str, int]:
    """Write the tiers down. Returns their numbers by key."""
    with transaction():
        for draft in tier_drafts():
            tiers.keep(draft, actor=TERMINAL, moment=clock.now())
    return {tier.key: tier.id for tier in db.session.execute(select(ClubTier)).scalars()}


def himself(actor: Actor) -> Person:
    """A signed-in person as the club knows him."""
    return Person(person_of(actor), "王小明", actor.user_id, actor.client_no or "")


def with_tier(actor: Actor, tier_id: int, start: date, end: date, cause: Cause = Cause.PAID, grace: int = 14, **more: Any) -> int:
    """Give somebody a span as it is. Returns the member's number."""
    with transaction():
        member = members.join(himself(actor), clock.now())
        days = Days(start, end, end + timedelta(days=grace if cause == Cause.PAID else 0), start)
        members.append(member, tier_id, cause, days, actor=TERMINAL, moment=clock.now(), reason="for a test", **more)
        return member.id


def pay_page(shop: Shop, actor: Actor, tier: str, kind: DuesKind) -> str:
    """Begin to pay dues. Returns the session whose page the payer is sent to."""
    terms = Terms(shop.till.env, shop.till.livemode, "x", "https://portal.example/paid", "https://portal.example/back")
    return club_dues.pay(himself(actor), Order(tier, kind), shop.till, terms, actor).rsplit("/", 1)[-1]


def subscribed(shop: Shop, actor: Actor, tier: str = "silver") -> str:
    """Subscribe and pay the first period. Returns the subscription's number at Stripe."""
    shop.pays(pay_page(shop, actor, tier, DuesKind.SUBSCRIPTION))
    assert set(shop.deliver()) == {200}
    return dues_of(actor)[-1].subscription_id or ""


def dues_of(actor: Actor) -> list[ClubDues]:
    """The dues of somebody as the database has them now."""
    db.session.rollback()
    query = select(ClubDues).join(ClubMember, ClubMember.id == ClubDues.member_id).where(ClubMember.person == person_of(actor)).order_by(ClubDues.id)
    return list(db.session.execute(query.execution_options(populate_existing=True)).scalars())


def payments_of(actor: Actor) -> list[Payment]:
    """The payments of somebody's dues."""
    numbers = [row.id for row in dues_of(actor)]
    return list(db.session.execute(select(Payment).where(Payment.dues_id.in_(numbers)).order_by(Payment.id)).scalars())


def spans_of(actor: Actor) -> list[Span]:
    """The spans of somebody."""
    db.session.rollback()
    member = members.of_person(person_of(actor))
    return members.spans(member.id) if member is not None else []


def tier_of(actor: Actor, day: date | None = None) -> str:
    """The key of the tier that somebody has on a day (today); empty where he has none."""
    found = tier_on(spans_of(actor), day or today())
    return db.session.get_one(ClubTier, found.tier_id).key if found is not None else ""


def benefit_keys(actor: Actor, day: date | None = None) -> list[str]:
    """What somebody may use on a day."""
    db.session.rollback()
    member = members.of_person(person_of(actor))
    return [one.benefit.key for one in benefits.of_member(member.id, day or today())] if member is not None else []


def renew(shop: Shop, subscription_id: str, how: str = "pays") -> None:
    """The next period of a subscription begins at Stripe."""
    with shop.desk() as desk:
        rules_dues.renew(desk, subscription_id, how)
