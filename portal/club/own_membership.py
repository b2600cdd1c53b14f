"""What a person sees of his own membership, read in a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from models import db
from models.club_membership import ClubApplication, ClubBenefit, ClubDues, ClubMember, ClubMembership, ClubTier, TierPrice
from models.club_money import Payment
from portal.club import applications, benefits, dues, members, tiers
from portal.club.benefits import Left
from portal.club.membership import Span, last_of, tier_on


@dataclass(frozen=True)
class Shelf:
    """All tiers by number, with what they cost now and what they bring."""

    tiers: dict[int, ClubTier]
    prices: dict[int, TierPrice]
    benefits: dict[int, list[ClubBenefit]]


def shelf() -> Shelf:
    """The tiers, the highest first."""
    found = {tier.id: tier for tier in tiers.all_tiers()}
    return Shelf(found, tiers.prices_now(found), tiers.benefits_of(found))


@dataclass(frozen=True)
class Own:
    """A member's own view: what he has on a day, what he had last, dues, application, benefits, money."""

    member: ClubMember
    now: Span | None
    last: Span | None
    dues: ClubDues | None
    wanted_tier: int | None
    application: ClubApplication | None
    left: list[Left]
    payments: Sequence[Payment]
    spans: Sequence[ClubMembership]


def own(person_key: str, day: date) -> Own | None:
    """What a person sees; None where the club does not know him yet."""
    member = members.of_person(person_key)
    return of_member(member, day) if member is not None else None


def of_member(member: ClubMember, day: date) -> Own:
    """The same of a member, as the desk sees it too."""
    spans = members.spans(member.id)
    alive = dues.alive_of(member.id)
    wanted = db.session.get(TierPrice, alive.wanted_price_id) if alive is not None and alive.wanted_price_id is not None else None
    paid = select(Payment).join(ClubDues, ClubDues.id == Payment.dues_id).where(ClubDues.member_id == member.id).order_by(Payment.id.desc()).limit(20)
    rows = select(ClubMembership).where(ClubMembership.member_id == member.id).order_by(ClubMembership.valid_from.desc(), ClubMembership.id.desc()).limit(50)
    return Own(
        member,
        tier_on(spans, day),
        last_of(spans, day),
        alive,
        wanted.tier_id if wanted is not None else None,
        applications.waiting_of(member.id),
        benefits.of_member(member.id, day),
        db.session.execute(paid).scalars().all(),
        db.session.execute(rows).scalars().all(),
    )


def open_page(found: Own | None, moment: Any) -> Payment | None:
    """The page of dues that is open for paying, if any."""
    if found is None or found.dues is None:
        return None
    return next((one for one in dues.of_dues(found.dues.id) if one.state == "open" and one.expires_at > moment and one.url), None)
