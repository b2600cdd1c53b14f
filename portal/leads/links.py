"""Personal links and links of campaigns: `/r/CODE`. A code is random and says nothing but who introduces; it can be revoked and may end.

A code that was never given out, was revoked, has ended, or whose owner has left is answered in one and the same way.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select, update

from models import db
from models.leads import Campaign, CampaignKind, Claim, IntroducerKind, IntroductionLink, LeadDoor
from models.partners import Branch, Broker, Staff
from portal.actors import NOBODY, Actor
from portal.audit import log
from portal.leads.campaigns import OF_CLUB
from portal.leads.introducers import FIRM, Introducer, introducer_of
from portal.leads.register import Source
from portal.leads.standing import standing_branch
from portal.notices.kinds import N_
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotFound, Refusal

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and capitals that are not mistaken for one another: a code is also read aloud and typed."""
LENGTH = 12
MOST_LIVE = 20
"""Links of one owner that work at the same time."""
LIKE = str.maketrans("OIL", "011")


class DeadLink(NotFound):
    """A link that does not work; why is not told."""

    def __init__(self) -> None:
        super().__init__(N_("This link does not work any more. Ask the person who gave it to you for a new one, or call the firm."))


@dataclass(frozen=True)
class Live:
    """A link that works today: who introduces, and where its leads go."""

    link: IntroductionLink
    introducer: Introducer
    source: Source
    one_place: bool
    """Whether its visitors stand in one room and so may share one address: an event's."""


@dataclass(frozen=True)
class Own:
    """A link as its owner sees it, with the leads that came through it."""

    link: IntroductionLink
    campaign: str
    leads: int
    works: bool


def typed(text: str) -> str:
    """A code as it is kept, from what somebody typed; empty where it can be none."""
    code = text.strip().upper().translate(LIKE)
    return code if len(code) == LENGTH and all(letter in ALPHABET for letter in code) else ""


def make(actor: Actor, moment: datetime, today: date, *, expires_on: date | None = None, campaign_id: int | None = None, for_firm: bool = False) -> IntroductionLink:
    """Make a link of the actor's own, or (with `for_firm`) of the firm for a campaign.

    Raises NotAllowed; Refusal where he may not introduce now, has too many links, the end has passed, or the firm's link names
    no campaign; NotFound for a campaign that is not his to use.
    """
    actor.need(Can.CAMPAIGN_EDIT if for_firm else Can.LEAD_REGISTER)
    introducer = FIRM if for_firm else introducer_of(actor)
    if expires_on is not None and expires_on < today:
        raise Refusal("the last day of a link may not have passed")
    if campaign_id is not None:
        _campaign(actor, campaign_id, today)
    elif for_firm or introducer.kind is IntroducerKind.FIRM:
        raise Refusal("a link in the firm's name belongs to a campaign: choose one")
    if standing_branch(introducer, today) is None:
        raise Refusal("you cannot introduce anybody at present: your agreement or your account is not active")
    if _made_himself(introducer, today) >= MOST_LIVE:
        raise Conflict("you have %(most)s links that work already: end one first", most=MOST_LIVE)
    return _written(introducer, actor, moment, expires_on, campaign_id)


def _made_himself(introducer: Introducer, today: date) -> int:
    """How many links of an owner work, without those that the club made for his guests."""
    of_club = select(Campaign.id).where(Campaign.code.startswith(OF_CLUB))
    elsewhere = or_(IntroductionLink.campaign_id.is_(None), IntroductionLink.campaign_id.not_in(of_club))
    return db.session.execute(select(func.count()).where(_of(introducer), _works(today), elsewhere)).scalar_one()


def _written(introducer: Introducer, actor: Actor, moment: datetime, expires_on: date | None, campaign_id: int | None) -> IntroductionLink:
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    link = IntroductionLink(code=code, **introducer.columns, campaign_id=campaign_id, created_at=moment, created_by_id=actor.user_id, expires_on=expires_on, visits=0)
    db.session.add(link)
    db.session.flush()
    log.write(
        actor, moment, "introduction_link.made", "introduction_link", code, after={"introducer": introducer.key, "campaign": campaign_id, "expires_on": str(expires_on or "")}
    )
    return link


def of_event(actor: Actor, campaign: Campaign, moment: datetime, today: date) -> IntroductionLink | None:
    """The actor's own link for an event to which he brings somebody, made where it is missing; None where he may introduce nobody now.

    Not one of the links that he makes himself: it ends with the campaign, and MOST_LIVE does not count."""
    if not actor.may(Can.LEAD_REGISTER):
        return None
    introducer = introducer_of(actor)
    if standing_branch(introducer, today) is None:
        return None
    held = select(IntroductionLink).where(_of(introducer), IntroductionLink.campaign_id == campaign.id, _works(today))
    link = db.session.execute(held.order_by(IntroductionLink.id).limit(1)).scalar_one_or_none()
    if link is None:
        link = _written(introducer, actor, moment, campaign.ends_on, campaign.id)
    return link


def of_firm(campaign: Campaign, moment: datetime, today: date) -> IntroductionLink:
    """The firm's own link for an event to which people come by themselves, made where it is missing."""
    held = select(IntroductionLink).where(_of(FIRM), IntroductionLink.campaign_id == campaign.id, _works(today))
    link = db.session.execute(held.order_by(IntroductionLink.id).limit(1)).scalar_one_or_none()
    return link if link is not None else _written(FIRM, NOBODY, moment, campaign.ends_on, campaign.id)


def works(code: str, today: date) -> bool:
    """Whether a link opens its form today."""
    try:
        live(code, today)
    except DeadLink:
        return False
    return True


def revoke(actor: Actor, moment: datetime, code: str) -> IntroductionLink:
    """End a link for good. Raises NotFound for a foreign or missing one, Conflict for one that was ended before."""
    link = one_for(actor, code)
    ended = update(IntroductionLink).where(IntroductionLink.id == link.id, IntroductionLink.revoked_at.is_(None)).values(revoked_at=moment)
    if not db.session.execute(ended, execution_options={"synchronize_session": False}).rowcount:  # type: ignore[attr-defined]
        raise Conflict("this link was ended already")
    log.write(actor, moment, "introduction_link.revoked", "introduction_link", link.code)
    return link


def one_for(actor: Actor, code: str) -> IntroductionLink:
    """A link that is the actor's to look after. Raises NotFound, the same for foreign and for missing ones."""
    found = db.session.execute(select(IntroductionLink).where(IntroductionLink.code == typed(code), visible_to(actor))).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no link of yours with this code")
    return found


def own(actor: Actor, today: date) -> list[Own]:
    """The actor's links with what came of them, the working ones first, then the newest."""
    came = select(func.count()).where(Claim.link_id == IntroductionLink.id).scalar_subquery()
    query = select(IntroductionLink, Campaign.name, came).outerjoin(Campaign, Campaign.id == IntroductionLink.campaign_id).where(visible_to(actor))
    rows = db.session.execute(query.order_by(IntroductionLink.id.desc()).limit(200))
    found = [Own(link, name or "", leads, link.revoked_at is None and (link.expires_on is None or link.expires_on >= today)) for link, name, leads in rows]
    return sorted(found, key=lambda one: not one.works)


def live(code: str, today: date) -> Live:
    """The link behind a code, where it works today. Raises DeadLink for everything else."""
    link = db.session.execute(select(IntroductionLink).where(IntroductionLink.code == typed(code), _works(today))).scalar_one_or_none()
    if link is None:
        raise DeadLink
    campaign = db.session.get(Campaign, link.campaign_id) if link.campaign_id else None
    introducer = _introducer(link)
    branch = standing_branch(introducer, today)
    if branch is None:
        raise DeadLink
    if campaign is not None and introducer.kind is IntroducerKind.FIRM:
        branch = campaign.branch_id or branch
    at_event = campaign is not None and campaign.kind == CampaignKind.EVENT
    door = LeadDoor.LINK if campaign is None else LeadDoor.EVENT if at_event else LeadDoor.CAMPAIGN
    return Live(link, introducer, Source(door, branch, link.campaign_id, link.id), at_event)


def count_visit(link_id: int) -> None:
    """One more browser has opened the link."""
    db.session.execute(update(IntroductionLink).where(IntroductionLink.id == link_id).values(visits=IntroductionLink.visits + 1), execution_options={"synchronize_session": False})


def campaigns(actor: Actor, today: date) -> list[Campaign]:
    """The running campaigns to which an employee may make a link: the firm's and his branch's."""
    return list(db.session.execute(select(Campaign).where(_usable(actor, today)).order_by(Campaign.ends_on, Campaign.id).limit(100)).scalars())


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition, on IntroductionLink, that a link is the actor's own, or the firm's in his scope of campaigns."""
    if not actor.may(Can.LEAD_REGISTER):
        return false()
    introducer = introducer_of(actor)
    ways = [] if introducer.kind is IntroducerKind.FIRM else [_of(introducer)]
    scope = actor.scope(Can.CAMPAIGN_EDIT)
    if scope is not None:
        of_campaign = select(Campaign.id) if scope is Scope.ALL else select(Campaign.id).where(Campaign.branch_id.in_(_branch(actor)))
        ways.append(and_(IntroductionLink.kind == IntroducerKind.FIRM, IntroductionLink.campaign_id.in_(of_campaign)))
    return or_(*ways) if ways else false()


def _of(introducer: Introducer) -> ColumnElement[bool]:
    return and_(*(getattr(IntroductionLink, name) == value for name, value in introducer.columns.items() if value is not None))


def _works(today: date) -> ColumnElement[bool]:
    return and_(IntroductionLink.revoked_at.is_(None), or_(IntroductionLink.expires_on.is_(None), IntroductionLink.expires_on >= today))


def _usable(actor: Actor, today: date) -> ColumnElement[bool]:
    if not actor.may(Can.CAMPAIGN_EDIT) and (actor.broker_no or not actor.staff_no):
        return false()
    mine = or_(Campaign.branch_id.is_(None), Campaign.branch_id.in_(_branch(actor)))
    return Campaign.ends_on >= today if actor.scope(Can.CAMPAIGN_EDIT) is Scope.ALL else and_(mine, Campaign.ends_on >= today)


def _branch(actor: Actor) -> ColumnElement[int]:
    return select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")).scalar_subquery()


def _campaign(actor: Actor, campaign_id: int, today: date) -> Campaign:
    found = db.session.execute(select(Campaign).where(Campaign.id == campaign_id, _usable(actor, today))).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no running campaign of yours with this number")
    return found


def _introducer(link: IntroductionLink) -> Introducer:
    if link.broker_id is not None:
        return Introducer(IntroducerKind.BROKER, db.session.get_one(Broker, link.broker_id).broker_no, link.broker_id)
    if link.staff_id is not None:
        return Introducer(IntroducerKind.STAFF, db.session.get_one(Staff, link.staff_id).staff_no, link.staff_id)
    return Introducer(IntroducerKind.CLIENT, link.client_no) if link.client_no else FIRM
