"""Whether somebody may book an event: its tiers on the day of the event, each no with a reason and the next step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.club import ClubEvent
from models.club_membership import ClubTier, TierKind
from portal.club import members
from portal.club.membership import Span, expected_on, last_of
from portal.notices.kinds import N_
from portal.refusals import Refusal

OPEN = {
    TierKind.FREE: N_("on %(day)s this evening is for %(tiers)s members: ask for it under Membership"),
    TierKind.PAID: N_("on %(day)s this evening is for %(tiers)s members: join under Membership, or renew until then"),
    TierKind.EQUITY: N_("on %(day)s this evening is for %(tiers)s members: the tier follows the equity at the end of a month; ask your adviser"),
}
"""The reason with the next step, by how one comes to the lowest tier that would do."""
ENDS = N_("on %(day)s this evening is for %(tiers)s members, and your membership ends before: renew it under Membership")


class NotEligible(Refusal):
    """Somebody may not book this event on that day; `message` says why, and what to do."""


@dataclass(frozen=True)
class Answer:
    """Whether somebody may book, and if not why (a sentence with its values)."""

    may: bool
    message: str = ""
    day: str = ""
    tiers: tuple[ClubTier, ...] = ()


def answer(event: ClubEvent, person: str, starts_at: datetime, moment: datetime) -> Answer:
    """Hold a person against the tiers of an event, on its own day by the clocks of its place."""
    if not event.tiers:
        return Answer(True)
    zone = ZoneInfo(event.zone)
    day, today = starts_at.astimezone(zone).date(), moment.astimezone(zone).date()
    wanted = tuple(db.session.execute(select(ClubTier).where(ClubTier.key.in_(event.tiers)).order_by(ClubTier.rank)).scalars())
    member = members.of_person(person)
    spans = members.spans(member.id) if member is not None else []
    found = expected_on(spans, day, today)
    if found is not None and found.tier_id in {tier.id for tier in wanted}:
        return Answer(True, tiers=wanted)
    return Answer(False, _why(spans, wanted, day), day.isoformat(), wanted)


def _why(spans: list[Span], wanted: tuple[ClubTier, ...], day: date) -> str:
    last = last_of(spans, day)
    if last is not None and last.tier_id in {tier.id for tier in wanted}:
        return ENDS
    return OPEN[TierKind(wanted[0].kind)] if wanted else ENDS


def need(event: ClubEvent, person: str, starts_at: datetime, moment: datetime) -> None:
    """Raises NotEligible where a person may not book an event."""
    found = answer(event, person, starts_at, moment)
    if not found.may:
        raise NotEligible(found.message, day=found.day, tiers=" / ".join(f"{tier.name} {tier.name_en}".strip() for tier in found.tiers))
