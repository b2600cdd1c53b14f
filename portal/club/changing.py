"""Changing a subscription: to a higher tier once the difference is paid, to a lower one at the end of what is paid, ended at its end, kept after all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.club_membership import ClubDues, ClubTier, DuesState, TierKind, TierPrice
from portal.actors import Actor
from portal.audit import log
from portal.club import dues, members, tiers
from portal.club.membership import tier_on
from portal.permissions import Can
from portal.refusals import Conflict, Refusal


@dataclass(frozen=True)
class Change:
    """What a change asks of Stripe. `at_once`: the difference is paid now and the tier begins with it; else it begins with the next period."""

    dues_id: int
    subscription_id: str
    params: Mapping[str, Any]
    at_once: bool
    tier: ClubTier
    price: TierPrice


def live_of(person_key: str) -> ClubDues:
    """The subscription that a person has, held with him. Raises Conflict where he has none."""
    member = members.of_person(person_key)
    found = dues.alive_of(members.held(member.id).id) if member is not None else None
    if found is None or found.state != DuesState.LIVE:
        raise Conflict("you have no subscription")
    return dues.held_dues(found.id)


def planned(person_key: str, tier_key: str, at: int, day: date, *, actor: Actor) -> Change:
    """What changing to a tier would ask of Stripe. `at`: the second from which the difference is counted.

    Raises NotAllowed, NotFound; Refusal for a tier that has no dues, needs an approval, or has another period; Conflict where it is the
    tier that is paid already, or the subscription is about to end.
    """
    actor.need(Can.CLUB_BOOK)
    row = live_of(person_key)
    tier = tiers.by_key(tier_key)
    price, now = tiers.price_of(tier.id), db.session.get_one(TierPrice, row.tier_price_id)
    if tier.kind != TierKind.PAID or price is None or not tier.is_open or tier.by_approval:
        raise Refusal("the subscription cannot be changed to this tier")
    if price.months != now.months:
        raise Refusal("this tier is paid for another period: end the subscription, and join it afterwards")
    if row.cancel_at_period_end:
        raise Conflict("your subscription is about to end: keep it first")
    brought = set(members.of_dues(row.id))
    paid = tier_on([span for span in members.spans(row.member_id) if span.id in brought], day)
    if (tier.id == now.tier_id and row.wanted_price_id is None) or row.wanted_price_id == price.id:
        raise Conflict("this is your tier already")
    at_once = paid is None or tier.rank > paid.rank
    return Change(row.id, row.subscription_id or "", _params(row, price, at_once, at), at_once, tier, price)


def _params(row: ClubDues, price: TierPrice, at_once: bool, at: int) -> dict[str, Any]:
    """Stripe changes the price of a higher tier only once the difference is paid; that of a lower one counts from the next invoice on."""
    shared: dict[str, Any] = {"items": [{"id": row.item_id, "price": price.price_id}]}
    if at_once:
        return {**shared, "payment_behavior": "pending_if_incomplete", "proration_behavior": "always_invoice", "proration_date": at}
    return {**shared, "proration_behavior": "none"}


def begin(change: Change, env: str, *, actor: Actor, moment: datetime) -> str:
    """Write down that a change is asked for. Returns the key under which Stripe is asked, once."""
    row = dues.held_dues(change.dues_id)
    row.attempt += 1
    row.wanted_price_id = change.price.id if change.price.id != row.tier_price_id else None
    db.session.flush()
    log.write(actor, moment, "club.dues_change_asked", "club_dues", row.public_id, after={"tier": change.tier.key, "at_once": change.at_once})
    return f"dues:{env}:{row.id}:change:{row.attempt}"


def begin_ending(person_key: str, ends: bool, env: str, *, actor: Actor, moment: datetime) -> tuple[str, dict[str, Any], str]:
    """End a subscription at the end of what is paid, or keep it after all: what is to be asked of Stripe, and under which key.

    Raises NotAllowed; Conflict where it is so already, or there is none.
    """
    actor.need(Can.CLUB_BOOK)
    row = live_of(person_key)
    if row.cancel_at_period_end and ends:
        raise Conflict("your subscription is about to end already")
    if not row.cancel_at_period_end and not ends:
        raise Conflict("your subscription goes on already")
    row.attempt += 1
    db.session.flush()
    log.write(actor, moment, "club.dues_ending_asked", "club_dues", row.public_id, after={"ends": ends})
    return row.subscription_id or "", {"cancel_at_period_end": ends}, f"dues:{env}:{row.id}:change:{row.attempt}"


def keep_price(tier_price_id: int, price_id: str) -> None:
    """Keep the number of a price at Stripe; the first answer counts."""
    row = db.session.execute(select(TierPrice).where(TierPrice.id == tier_price_id).with_for_update()).scalar_one()
    row.price_id = row.price_id or price_id
    db.session.flush()


def price_params(tier: ClubTier, price: TierPrice, env: str) -> tuple[dict[str, Any], str]:
    """A price as it is written down at Stripe, and under which key: once, because prices are immutable there too."""
    every = {"interval": "month", "interval_count": price.months}
    shown = {"name": f"{tier.name} {tier.name_en}", "metadata": {"tier": tier.key, "env": env}}
    params = {"currency": "cny", "unit_amount": price.amount, "recurring": every, "product_data": shown, "metadata": {"price": str(price.id), "env": env}}
    return params, f"price:{env}:{price.id}"
