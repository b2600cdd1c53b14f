"""Asking for a tier, and what the desk says to it; and what the desk gives by itself, with a reason and an end."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from sqlalchemy import func, select

from models import db
from models.club_membership import ApplicationState, Cause, ClubApplication, ClubMember, ClubMembership, ClubTier, TierKind
from models.columns import OPEN_END
from models.identity import Role, User, UserRole, UserState
from portal.actors import Actor
from portal.audit import log
from portal.club import members, tiers
from portal.club.members import Days, Person
from portal.club.membership import VALID, end_of, state_on
from portal.club.telling_membership import PAGE
from portal.notices import verbs as notices
from portal.permissions import PERMISSIONS, Can
from portal.refusals import Conflict, NotFound, Refusal

LONGEST = 400
DESK = "/club/members/applications"
FURTHEST = 5 * 366
"""Days: a grant by hand is looked at again after five years at the latest."""


def apply(person: Person, tier_key: str, words: str, day: date, *, actor: Actor, moment: datetime) -> ClubApplication | None:
    """Ask for a tier inside the open transaction. None where it needs no approval and is had at once.

    Raises NotAllowed, NotFound; Refusal for a tier that is not asked for; Conflict where an application waits, or the tier is had already.
    """
    actor.need(Can.CLUB_BOOK)
    return ask_for(person, tier_key, words, day, actor=actor, moment=moment)


def ask_for(person: Person, tier_key: str, words: str, day: date, *, actor: Actor, moment: datetime) -> ClubApplication | None:
    """The same for whoever came here otherwise than by a sign-in; the caller has seen that he may. Raises as `apply` does."""
    tier = tiers.by_key(tier_key)
    if not tier.is_open or tier.kind == TierKind.EQUITY:
        raise Refusal("this tier cannot be asked for")
    if tier.kind == TierKind.PAID and not tier.by_approval:
        raise Refusal("this tier needs no approval: pay the dues, and you have it")
    member = members.join(person, moment)
    need_without(member, tier, day)
    if waiting_of(member.id) is not None:
        raise Conflict("an application of yours waits already")
    if not tier.by_approval:
        members.append(member, tier.id, Cause.APPLIED, Days(day, OPEN_END, OPEN_END, day), actor=actor, moment=moment)
        return None
    row = ClubApplication(
        public_id=secrets.token_urlsafe(12),
        member_id=member.id,
        tier_id=tier.id,
        state=ApplicationState.OPEN,
        words=words.replace("\0", "").strip()[:LONGEST],
        applied_at=moment,
        decided_label="",
        reason="",
    )
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "club.applied", "club_application", row.public_id, after={"tier": tier.key})
    notices.tell(deciders(), "club.applied", DESK, {"tier": tier.name}, actor=actor, moment=moment)
    return row


def deciders() -> list[int]:
    """Who decides about applications."""
    roles = [role for role in Role if Can.CLUB_MEMBERS in PERMISSIONS[role]]
    query = select(User.id).join(UserRole, UserRole.user_id == User.id).where(UserRole.role.in_(roles), User.state != UserState.DISABLED)
    return list(db.session.execute(query.distinct()).scalars())


def need_without(member: ClubMember, tier: ClubTier, day: date) -> None:
    """Raises Conflict where a member has a tier already by asking or by hand."""
    if any(span.tier_id == tier.id and span.cause != Cause.PAID and state_on(span, day) in VALID for span in members.spans(member.id)):
        raise Conflict("you have this tier already")


def waiting_of(member_id: int) -> ClubApplication | None:
    """The application of a member that waits for an answer, or whose dues may be paid."""
    waiting = ClubApplication.state.in_([ApplicationState.OPEN, ApplicationState.APPROVED])
    return db.session.execute(select(ClubApplication).where(ClubApplication.member_id == member_id, waiting)).scalar_one_or_none()


def decide(public_id: str, approve: bool, reason: str, day: date, *, actor: Actor, moment: datetime) -> ClubApplication:
    """Approve or refuse an application. Approved, a free tier is had from this day on; dues may be paid from now on.

    Raises NotAllowed, NotFound; Conflict where it was decided already; Refusal where a refusal has no reason.
    """
    actor.need(Can.CLUB_MEMBERS)
    row = db.session.execute(select(ClubApplication).where(ClubApplication.public_id == public_id)).scalar_one_or_none()
    if row is None:
        raise NotFound("there is no such application")
    member = members.held(row.member_id)
    db.session.refresh(row)
    if row.state != ApplicationState.OPEN:
        raise Conflict("this application was decided already")
    reason = reason.replace("\0", "").strip()[:LONGEST]
    if not approve and len(reason) < 2:
        raise Refusal("say in a few words why")
    tier = db.session.get_one(ClubTier, row.tier_id)
    row.state, row.decided_at, row.decided_label, row.reason = ApplicationState.APPROVED if approve else ApplicationState.REFUSED, moment, actor.label, reason
    if approve and tier.kind == TierKind.FREE:
        row.state = ApplicationState.USED
        members.append(member, tier.id, Cause.APPLIED, Days(day, OPEN_END, OPEN_END, day), actor=actor, moment=moment)
    db.session.flush()
    log.write(actor, moment, "club.application_decided", "club_application", row.public_id, after={"state": row.state})
    kind = "club.application_approved" if approve else "club.application_refused"
    values = {"tier": tier.name} if approve else {"tier": tier.name, "why": reason}
    notices.tell(members.readers_of(member), kind, PAGE, values, actor=actor, moment=moment)
    return row


def take_back(member: ClubMember, *, actor: Actor, moment: datetime) -> bool:
    """Who asked takes it back, where nobody has decided yet; the member must be held. Returns whether there was anything."""
    row = waiting_of(member.id)
    if row is None or row.state != ApplicationState.OPEN:
        return False
    row.state, row.decided_at, row.decided_label, row.reason = ApplicationState.REFUSED, moment, actor.label, "taken back"
    db.session.flush()
    log.write(actor, moment, "club.application_taken_back", "club_application", row.public_id)
    return True


def used(member_id: int, tier_id: int) -> None:
    """The dues that an application opened the way to are paid."""
    row = waiting_of(member_id)
    if row is not None and row.tier_id == tier_id and row.state == ApplicationState.APPROVED:
        row.state = ApplicationState.USED
        db.session.flush()


def grant(person: Person, tier_key: str, days: tuple[date, date], reason: str, *, actor: Actor, moment: datetime) -> ClubMembership:
    """The desk gives somebody a tier from a day until another (which does not count), with a reason; it overrides a tier by equity until then.

    Raises NotAllowed, NotFound; Refusal where days or reason do not hold; Conflict where another grant covers some of the days.
    """
    actor.need(Can.CLUB_MEMBERS)
    tier = tiers.by_key(tier_key)
    start, end = days
    reason = reason.replace("\0", "").strip()[:LONGEST]
    if len(reason) < 2:
        raise Refusal("say in a few words why")
    if not start < end or (end - start).days > FURTHEST:
        raise Refusal("a grant begins before it ends, and ends after five years at the latest")
    member = members.join(person, moment)
    for span in members.spans(member.id):
        if span.cause == Cause.GRANTED and span.valid_from < end and start < end_of(span):
            raise Conflict("another grant by hand covers some of these days: end it first")
    row = members.append(member, tier.id, Cause.GRANTED, Days(start, end, end, start), actor=actor, moment=moment, reason=reason)
    notices.tell(members.readers_of(member), "club.tier_granted", PAGE, {"tier": tier.name, "until": end.isoformat()}, actor=actor, moment=moment)
    return row


def take_away(member_id: int, membership_id: int, on: date, reason: str, *, actor: Actor, moment: datetime) -> None:
    """The desk ends what was granted by hand or by application. Raises NotAllowed; Refusal without a reason, or where there is none; Conflict
    where it is over already, or was paid for or comes from equity."""
    actor.need(Can.CLUB_MEMBERS)
    members.held(member_id)
    row = db.session.execute(select(ClubMembership).where(ClubMembership.id == membership_id, ClubMembership.member_id == member_id)).scalar_one_or_none()
    if row is None:
        raise Refusal("there is no such membership")
    if row.cause not in (Cause.GRANTED, Cause.APPLIED):
        raise Conflict("what is paid for or comes from equity is not taken away by hand")
    reason = reason.replace("\0", "").strip()[:LONGEST]
    if len(reason) < 2:
        raise Refusal("say in a few words why")
    if not members.end(row.id, on, reason, actor=actor, moment=moment):
        raise Conflict("this membership is over already")


def waiting_count() -> int:
    """How many applications wait for an answer."""
    return db.session.execute(select(func.count()).where(ClubApplication.state == ApplicationState.OPEN)).scalar_one()


def by_public_id(public_id: str) -> tuple[ClubApplication, ClubMember, ClubTier]:
    """An application with who asks and for what. Raises NotFound."""
    query = select(ClubApplication, ClubMember, ClubTier).join(ClubMember, ClubMember.id == ClubApplication.member_id).join(ClubTier, ClubTier.id == ClubApplication.tier_id)
    found = db.session.execute(query.where(ClubApplication.public_id == public_id)).first()
    if found is None:
        raise NotFound("there is no such application")
    return found[0], found[1], found[2]
