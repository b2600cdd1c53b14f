"""The tiers of the club: what is said of them, what they cost, what they bring. A new price is a new row; who paid keeps what he paid for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from models import db
from models.club_membership import ClubBenefit, ClubTier, TierKind, TierPrice
from portal.actors import Actor
from portal.audit import log
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MOST_GRACE, MOST_MONTHS, MOST_USES, MOST_WAIT = 90, 36, 1_000, 9


@dataclass(frozen=True)
class BenefitDraft:
    """A benefit as it is written down; `yearly_limit` None: as often as one likes."""

    key: str
    name: str
    name_en: str
    yearly_limit: int | None = None


@dataclass(frozen=True)
class TierDraft:
    """Everything that is said of a tier. Amounts in fen; `dues` and `months` for a tier that is paid, thresholds for one by equity."""

    key: str
    kind: TierKind
    rank: int
    name: str
    name_en: str
    about: str = ""
    about_en: str = ""
    grace_days: int = 0
    dues: int | None = None
    months: int = 12
    threshold_up: int | None = None
    threshold_down: int | None = None
    by_approval: bool = False
    is_open: bool = True
    wait_priority: int = 0
    benefits: tuple[BenefitDraft, ...] = ()


def keep(draft: TierDraft, *, actor: Actor, moment: datetime, version: int = 0) -> ClubTier:
    """Write a tier down, or change the one of this key (`version`: the one that was looked at).

    Raises NotAllowed, Refusal; Conflict where somebody changed it meanwhile, the key or the rank is taken, or the kind would change.
    """
    actor.need(Can.CLUB_EDIT)
    _check(draft)
    tier = db.session.execute(select(ClubTier).where(ClubTier.key == draft.key).with_for_update()).scalar_one_or_none()
    if (tier.version if tier else 0) != version:
        raise Conflict("this tier was changed by somebody meanwhile: look again, nothing of yours was written")
    if db.session.execute(select(ClubTier.id).where(ClubTier.rank == draft.rank, ClubTier.key != draft.key)).first():
        raise Conflict("another tier has this rank already")
    if tier is None:
        tier = ClubTier(key=draft.key, kind=draft.kind, version=0)
        db.session.add(tier)
    elif tier.kind != draft.kind:
        raise Conflict("how one comes to a tier stays as it is: close this one and write down another")
    for name in ("rank", "name", "name_en", "about", "about_en", "grace_days", "threshold_up", "threshold_down", "by_approval", "is_open", "wait_priority"):
        setattr(tier, name, getattr(draft, name))
    tier.version += 1
    db.session.flush()
    _keep_price(tier, draft, moment)
    _keep_benefits(tier, draft)
    after = {"kind": tier.kind, "rank": tier.rank, "dues": draft.dues, "months": draft.months, "up": tier.threshold_up, "down": tier.threshold_down, "open": tier.is_open}
    log.write(actor, moment, "club.tier_kept", "club_tier", tier.key, after={**after, "wait": tier.wait_priority})
    return tier


def _check(draft: TierDraft) -> None:
    if not KEY.fullmatch(draft.key) or len(draft.key) > 40:
        raise Refusal("a key is small letters, digits and single hyphens")
    if not draft.name.strip() or not draft.name_en.strip():
        raise Refusal("a tier has a name in both languages")
    if not 0 <= draft.grace_days <= MOST_GRACE:
        raise Refusal("grace is 0 to %(most)s days", most=MOST_GRACE)
    if not 0 <= draft.wait_priority <= MOST_WAIT:
        raise Refusal("a priority is 0 to %(most)s", most=MOST_WAIT)
    if draft.kind == TierKind.PAID and not (draft.dues and draft.dues > 0 and 1 <= draft.months <= MOST_MONTHS):
        raise Refusal("a tier that is paid has dues above nought, for 1 to %(most)s months", most=MOST_MONTHS)
    if draft.kind == TierKind.EQUITY:
        if draft.threshold_up is None or draft.threshold_down is None or not 0 < draft.threshold_down <= draft.threshold_up:
            raise Refusal("a tier by equity is reached at one amount, and lost below another that is not higher")
    elif draft.threshold_up is not None or draft.threshold_down is not None:
        raise Refusal("only a tier by equity has thresholds")
    keys = [benefit.key for benefit in draft.benefits]
    if len(set(keys)) < len(keys) or any(not KEY.fullmatch(key) or len(key) > 40 for key in keys):
        raise Refusal("each benefit has a key of its own: small letters, digits and single hyphens")
    if any(not one.name.strip() or (one.yearly_limit is not None and not 1 <= one.yearly_limit <= MOST_USES) for one in draft.benefits):
        raise Refusal("a benefit has a name, and a limit of 1 to %(most)s a year or none", most=MOST_USES)


def _keep_price(tier: ClubTier, draft: TierDraft, moment: datetime) -> None:
    """Prices are immutable: another amount or period is another row."""
    if draft.dues is None or tier.kind != TierKind.PAID:
        return
    now = price_of(tier.id)
    if now is None or (now.amount, now.months) != (draft.dues, draft.months):
        db.session.add(TierPrice(tier_id=tier.id, amount=draft.dues, months=draft.months, created_at=moment))
        db.session.flush()


def _keep_benefits(tier: ClubTier, draft: TierDraft) -> None:
    db.session.execute(delete(ClubBenefit).where(ClubBenefit.tier_id == tier.id))
    for place, one in enumerate(draft.benefits):
        db.session.add(ClubBenefit(tier_id=tier.id, position=place, key=one.key, name=one.name, name_en=one.name_en, yearly_limit=one.yearly_limit))
    db.session.flush()


def all_tiers() -> list[ClubTier]:
    """Every tier, the highest first."""
    return list(db.session.execute(select(ClubTier).order_by(ClubTier.rank.desc())).scalars())


def by_key(key: str) -> ClubTier:
    """A tier by its key. Raises NotFound."""
    found = db.session.execute(select(ClubTier).where(ClubTier.key == key)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such tier")
    return found


def price_of(tier_id: int) -> TierPrice | None:
    """What a tier costs for who joins now."""
    return prices_now([tier_id]).get(tier_id)


def prices_now(tier_ids: Iterable[int]) -> dict[int, TierPrice]:
    """The same of several tiers."""
    newest = select(func.max(TierPrice.id)).where(TierPrice.tier_id.in_(list(tier_ids))).group_by(TierPrice.tier_id)
    return {row.tier_id: row for row in db.session.execute(select(TierPrice).where(TierPrice.id.in_(newest))).scalars()}


def benefits_of(tier_ids: Iterable[int]) -> dict[int, list[ClubBenefit]]:
    """The benefits of tiers in their order."""
    wanted = list(tier_ids)
    found: dict[int, list[ClubBenefit]] = {number: [] for number in wanted}
    for row in db.session.execute(select(ClubBenefit).where(ClubBenefit.tier_id.in_(wanted)).order_by(ClubBenefit.position, ClubBenefit.id)).scalars():
        found[row.tier_id].append(row)
    return found


def known_keys(keys: Iterable[str]) -> list[str]:
    """Keys of tiers as an event keeps them, the highest first. Raises Refusal where there is no such tier."""
    wanted = set(keys)
    found = [tier.key for tier in all_tiers() if tier.key in wanted]
    if len(found) < len(wanted):
        raise Refusal("there is no such tier")
    return found
