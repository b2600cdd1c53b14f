"""A payer changed the card of his dues at Stripe: he is told, so that one who did not do it learns of it. Which card it is never reaches us."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models import db
from models.club_membership import ClubDues, ClubMember, DuesState
from portal.actors import Actor
from portal.audit import log
from portal.club import members
from portal.club.facts import EventFacts
from portal.club.telling_membership import PAGE
from portal.notices import verbs as notices
from portal.notices.outbox import Letter


def told(event: EventFacts, *, actor: Actor, moment: datetime) -> str:
    """Tell whose card it is, where he pays dues by subscription; a first card, attached while he subscribes, is no change. Returns what came of it. Verb."""
    member = db.session.execute(select(ClubMember).where(ClubMember.customer_id == event.customer_id)).scalar_one_or_none() if event.customer_id else None
    if member is None:
        return "foreign"
    live = select(ClubDues.id).where(ClubDues.member_id == member.id, ClubDues.state == DuesState.LIVE, ClubDues.subscription_id.is_not(None))
    if db.session.execute(live).first() is None:
        return "ignored"
    notices.tell(members.readers_of(member), "club.card_changed", PAGE, {}, actor=actor, moment=moment, letter=Letter(f"card:{event.object_id}"))
    log.write(actor, moment, "club.card_changed", "club_member", member.public_id)
    return "card_changed"
