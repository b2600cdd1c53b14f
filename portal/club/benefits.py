"""Using what a tier brings: counted anew under the member's row, so that the last use is one use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from models import db
from models.club_membership import BenefitUse, ClubBenefit, ClubMember
from portal.actors import Actor
from portal.audit import log
from portal.club import members, tiers
from portal.club.membership import tier_on
from portal.permissions import Can
from portal.refusals import Conflict, Refusal


class UsedUp(Conflict):
    """A benefit was used as often as it may be this year."""


@dataclass(frozen=True)
class Left:
    """A benefit with how often it was used this year."""

    benefit: ClubBenefit
    used: int

    @property
    def left(self) -> int | None:
        """How often it may still be used; None: as often as one likes. Never below nought, also after the limit was lowered."""
        return None if self.benefit.yearly_limit is None else max(0, self.benefit.yearly_limit - self.used)


def of_member(member_id: int, day: date) -> list[Left]:
    """The benefits that a member has on a day, with how often he used them in its year; none where he has no tier."""
    found = tier_on(members.spans(member_id), day)
    return _counted(member_id, tiers.benefits_of([found.tier_id])[found.tier_id], day) if found else []


def _counted(member_id: int, benefits: Sequence[ClubBenefit], day: date) -> list[Left]:
    query = select(BenefitUse.key, func.count()).where(BenefitUse.member_id == member_id, BenefitUse.year == day.year, BenefitUse.undone_at.is_(None))
    used = {key: int(count) for key, count in db.session.execute(query.group_by(BenefitUse.key))}
    return [Left(benefit, used.get(benefit.key, 0)) for benefit in benefits]


def use(member_id: int, key: str, day: date, *, actor: Actor, moment: datetime) -> BenefitUse:
    """Write down that a member uses a benefit. Raises NotAllowed; UsedUp; Refusal where his tier of the day has no
    such benefit."""
    actor.need(Can.CLUB_DOOR)
    member = members.held(member_id)
    found = next((one for one in of_member(member.id, day) if one.benefit.key == key), None)
    if found is None:
        raise Refusal("this member has no such benefit on that day")
    if found.left == 0:
        raise UsedUp("used %(used)s of %(limit)s times this year: nothing is left", used=found.used, limit=found.benefit.yearly_limit or 0)
    row = BenefitUse(member_id=member.id, key=key, year=day.year, at=moment, actor_id=actor.user_id, actor_label=actor.label, undone_label="")
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "club.benefit_used", "club_member", member.public_id, after={"benefit": key, "number": row.id})
    return row


def take_back(member_id: int, use_id: int, *, actor: Actor, moment: datetime) -> None:
    """A use was written down by mistake. Raises NotAllowed; Refusal where there is none; Conflict where it was taken back already."""
    actor.need(Can.CLUB_DOOR)
    member = members.held(member_id)
    row = db.session.execute(select(BenefitUse).where(BenefitUse.id == use_id, BenefitUse.member_id == member.id)).scalar_one_or_none()
    if row is None:
        raise Refusal("there is no such use")
    if row.undone_at is not None:
        raise Conflict("this use was taken back already")
    row.undone_at, row.undone_label = moment, actor.label
    db.session.flush()
    log.write(actor, moment, "club.benefit_use_taken_back", "club_member", member.public_id, after={"benefit": row.key, "number": row.id})


def uses_of(member: ClubMember, most: int = 30) -> list[BenefitUse]:
    """The latest uses of a member."""
    return list(db.session.execute(select(BenefitUse).where(BenefitUse.member_id == member.id).order_by(BenefitUse.id.desc()).limit(most)).scalars())
