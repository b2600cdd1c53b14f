"""What the clock decides about memberships is written down and told: dues that are to be renewed, memberships that lapsed. The clock alone decides."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import aliased

from models import db
from models.club_membership import Cause, ClubDues, ClubMember, ClubMembership, ClubTier, DuesKind, DuesState
from models.identity import User, UserState
from portal.actors import Actor
from portal.club.telling_membership import PAGE
from portal.notices import verbs as notices

AHEAD = timedelta(days=14)
"""So long before their end people are told to renew dues that do not renew themselves."""
PART = 2_000
LAPSED = "lapsed"


def _last_ones(what: Any) -> Any:
    """Paid spans of which something holds and that no later one follows, with whom to tell."""
    later = aliased(ClubMembership)
    follows = exists().where(later.member_id == ClubMembership.member_id, later.cause == Cause.PAID, later.valid_to > ClubMembership.valid_to, later.ended_on.is_(None))
    query: Any = select(ClubMembership.id, ClubMembership.valid_to, ClubMembership.grace_to, ClubTier.name, User.id.label("user_id"))
    query = query.join(ClubMember, ClubMember.id == ClubMembership.member_id).join(ClubTier, ClubTier.id == ClubMembership.tier_id)
    query = query.outerjoin(User, (User.id == ClubMember.user_id) & (User.state != UserState.DISABLED))
    return query.where(ClubMembership.cause == Cause.PAID, ClubMembership.ended_on.is_(None), ~follows, what).order_by(ClubMembership.id).limit(PART)


def _ending(day: date) -> Any:
    """Periods that end soon and that no subscription renews."""
    at_work = exists().where(ClubDues.id == ClubMembership.dues_id, ClubDues.kind == DuesKind.SUBSCRIPTION, ClubDues.state == DuesState.LIVE)
    return _last_ones(ClubMembership.reminded_at.is_(None) & (ClubMembership.valid_to <= day + AHEAD) & (ClubMembership.grace_to > day) & ~at_work)


def _over(day: date) -> Any:
    """Periods whose grace is over and that nobody has written down as lapsed."""
    return _last_ones((ClubMembership.grace_to <= day) & (ClubMembership.ended_why != LAPSED))


def tidy(day: date, *, actor: Actor, moment: datetime) -> dict[str, int]:
    """Tell who is to renew, and who has lapsed, each once; a part at a time, inside the open transaction. Returns how many."""
    ending, over = db.session.execute(_ending(day)).all(), db.session.execute(_over(day)).all()
    db.session.execute(update(ClubMembership).where(ClubMembership.id.in_([row.id for row in ending])).values(reminded_at=moment))
    db.session.execute(update(ClubMembership).where(ClubMembership.id.in_([row.id for row in over])).values(ended_why=LAPSED))
    soon = [(row.user_id, PAGE, {"tier": row.name, "until": (row.valid_to - timedelta(days=1)).isoformat()}) for row in ending if row.user_id is not None]
    gone = [(row.user_id, PAGE, {"tier": row.name, "day": row.grace_to.isoformat()}) for row in over if row.user_id is not None]
    notices.tell_each(soon, "club.dues_end", actor=actor, moment=moment)
    notices.tell_each(gone, "club.lapsed", actor=actor, moment=moment)
    return {"reminded": len(ending), "lapsed": len(over)}


def is_due(day: date) -> bool:
    """Whether there is something to tell."""
    return db.session.execute(_ending(day).limit(1)).first() is not None or db.session.execute(_over(day).limit(1)).first() is not None
