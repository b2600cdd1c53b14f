"""A prospect's own page of the club, without a sign-in: by a link that opens once, and then by the browser that opened it.

He sees his card and what his tier brings, asks for a free tier with his consent, and may leave again. Who does not want to be approached, whose
data is erased, or who is a client by now has no such page: an open one is dead at once.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta

from sqlalchemy import select, update

from models import db
from models.club_membership import Cause, ClubApplication, ClubMember, ClubTier, TierKind
from models.club_prospects import ClubProspectLink
from models.leads import Lead
from portal.actors import Actor
from portal.audit import log
from portal.club import applications, members, persons, tiers
from portal.club.membership import VALID, state_on
from portal.identity import tokens
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

LASTS = timedelta(days=3)
"""How long a link waits to be opened."""
HOLDS = timedelta(hours=12)
"""How long the browser that opened it may go on."""
PURPOSE = "juyuan.club.prospect"
EDITION = "prospect-2026-12"
"""The words of the consent (templates/club/prospect.html); another wording is another edition."""


class DeadLink(NotFound):
    """A link that was used, has expired, was replaced, was cut on its way, or never was: which of these is not told."""

    def __init__(self) -> None:
        super().__init__(N_("This link does not work any more: it was opened already, has expired, or was not copied whole. Ask the firm for a new one."))


def issue(lead_public_id: str, *, secret: str, actor: Actor, moment: datetime) -> tuple[str, ClubMember]:
    """Make the link of a prospect, who is known to the club from now on, and return its token; those before end. Raises NotAllowed, NotFound; Refusal
    where nobody may approach him or he is a client by now. Verb."""
    actor.need(Can.CLUB_MEMBERS)
    member = members.join(persons.prospect(lead_public_id, actor), moment)
    earlier = update(ClubProspectLink).where(ClubProspectLink.member_id == member.id, ClubProspectLink.ended_at.is_(None))
    db.session.execute(earlier.values(ended_at=moment), execution_options={"synchronize_session": False})
    token = tokens.fresh(secret, PURPOSE)
    made = {"created_at": moment, "created_by_id": actor.user_id, "expires_at": moment + LASTS, "consent_edition": ""}
    db.session.add(ClubProspectLink(member_id=member.id, token_digest=tokens.digest(token), **made))
    db.session.flush()
    log.write(actor, moment, "club.prospect_link", "club_member", member.public_id)
    return token, member


def look(token: str, *, secret: str, moment: datetime) -> ClubProspectLink:
    """The link of a token that was not opened yet; it is not used up. Raises DeadLink."""
    if not tokens.is_signed(token, secret, PURPOSE):
        raise DeadLink
    waits = (ClubProspectLink.token_digest == tokens.digest(token), ClubProspectLink.used_at.is_(None))
    return _live(moment, *waits)[0]


def open_link(token: str, *, secret: str, moment: datetime) -> str:
    """Use a link up and return the grant that its browser keeps; of two at once one wins. Raises DeadLink. Verb."""
    link, grant = look(token, secret=secret, moment=moment), secrets.token_urlsafe(24)
    used = update(ClubProspectLink).where(ClubProspectLink.id == link.id, ClubProspectLink.used_at.is_(None), ClubProspectLink.ended_at.is_(None))
    values = {"used_at": moment, "grant_digest": tokens.digest(grant), "expires_at": moment + HOLDS}
    if not db.session.execute(used.values(**values), execution_options={"synchronize_session": False}).rowcount:  # type: ignore[attr-defined]
        raise DeadLink
    member = db.session.get_one(ClubMember, link.member_id)
    log.write(prospect(member), moment, "club.prospect_link_opened", "club_member", member.public_id)
    return grant


def member_of(grant: str, moment: datetime) -> tuple[ClubProspectLink, ClubMember]:
    """Whose page a browser's grant opens. Raises DeadLink."""
    return _live(moment, ClubProspectLink.grant_digest == tokens.digest(grant))


def _live(moment: datetime, *conditions: object) -> tuple[ClubProspectLink, ClubMember]:
    query = select(ClubProspectLink, ClubMember).join(ClubMember, ClubMember.id == ClubProspectLink.member_id).join(Lead, Lead.id == ClubMember.lead_id)
    reachable = (~Lead.suppressed, Lead.erased_at.is_(None), Lead.account_id.is_(None), ClubMember.client_no == "")
    found = db.session.execute(query.where(*conditions, *reachable, ClubProspectLink.ended_at.is_(None), ClubProspectLink.expires_at > moment)).one_or_none()  # type: ignore[arg-type]
    if found is None:
        raise DeadLink
    return found[0], found[1]


def free_tiers() -> list[ClubTier]:
    """What a prospect may ask for."""
    return [tier for tier in tiers.all_tiers() if tier.kind == TierKind.FREE and tier.is_open]


def apply(grant: str, tier_key: str, words: str, edition: str, day: date, *, moment: datetime) -> ClubApplication | None:
    """A prospect asks for a free tier, with his consent. None where it is had at once. Raises DeadLink, NotFound; Refusal without the consent to
    the words that count, or for a tier that has dues; Conflict where an application waits, or he has the tier. Verb."""
    link, member = member_of(grant, moment)
    if edition != EDITION:
        raise Refusal("without your consent the club may not keep you as a member: read it, and tick it")
    if tiers.by_key(tier_key).kind != TierKind.FREE:
        raise Refusal("dues are paid by who has a sign-in: ask the firm for one")
    link.consent_edition, link.consented_at = EDITION, moment
    actor = prospect(member)
    log.write(actor, moment, "club.prospect_consented", "club_member", member.public_id, after={"edition": EDITION, "tier": tier_key})
    return applications.ask_for(persons.of_member(member), tier_key, words, day, actor=actor, moment=moment)


def give_up(grant: str, day: date, *, moment: datetime) -> int:
    """A prospect leaves the club: what he asked for or was given ends today, and an application that waits is taken back. Returns how many tiers
    ended. Raises DeadLink; Conflict where there was nothing. Verb."""
    _link, member = member_of(grant, moment)
    members.held(member.id)
    actor = prospect(member)
    own = [span for span in members.spans(member.id) if span.cause in (Cause.APPLIED, Cause.GRANTED) and state_on(span, day) in VALID]
    ended = [span for span in own if members.end(span.id, day, "left by himself", actor=actor, moment=moment)]
    waiting = applications.take_back(member, actor=actor, moment=moment)
    if not ended and not waiting:
        raise Conflict("there is no membership of yours that could end")
    return len(ended)


def leave(grant: str, moment: datetime) -> None:
    """End a browser's grant. Once more is the same as once. Verb."""
    held = update(ClubProspectLink).where(ClubProspectLink.grant_digest == tokens.digest(grant), ClubProspectLink.ended_at.is_(None))
    db.session.execute(held.values(ended_at=moment), execution_options={"synchronize_session": False})


def prospect(member: ClubMember) -> Actor:
    """The prospect as the log names him: by his card at the club."""
    return Actor(user_id=None, label=f"prospect {member.public_id}")
