"""The friends whom a client brought, as he may see them: a first name and a step, and only of those who allowed it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from models import db
from models.introductions import LeadPurpose
from models.leads import Claim, ClaimState, IntroducerKind, Lead, LeadState
from models.partners import PersonKind
from portal.leads.introducers import Introducer
from portal.leads.lead_consents import who_allow

COMPOUND = ("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "宇文", "长孙", "司徒", "夏侯", "轩辕", "端木", "百里", "南宫", "西门", "独孤")
"""Family names of two characters."""


class FriendStep(enum.StrEnum):
    """How far a friend is, in words that give nothing else away: why somebody came no further is his own affair."""

    IN_TOUCH = "in_touch"
    TALKING = "talking"
    OPENED = "opened"
    ENDED = "ended"


STEPS = {
    LeadState.REGISTERED: FriendStep.IN_TOUCH,
    LeadState.CONTACTED: FriendStep.TALKING,
    LeadState.QUALIFIED: FriendStep.TALKING,
    LeadState.SUITABILITY_PASSED: FriendStep.TALKING,
    LeadState.ACCOUNT_OPENED: FriendStep.OPENED,
    LeadState.ACTIVE: FriendStep.OPENED,
}


@dataclass(frozen=True)
class Friend:
    """A friend; `name` is empty where he did not allow that he is named, and the step is then the first whatever happened."""

    name: str
    step: FriendStep
    since: datetime


def first_name(name: str) -> str:
    """The given name alone: 王小明 → 小明, 欧阳娜娜 → 娜娜, Anna Maria Schmidt → Anna.

    >>> first_name("王小明"), first_name("欧阳娜娜"), first_name("Anna Maria Schmidt"), first_name("李")
    ('小明', '娜娜', 'Anna', '')
    """
    name = name.strip()
    if name and "\u4e00" <= name[0] <= "\u9fff":
        return name[2:] if name.startswith(COMPOUND) and len(name) > 2 else name[1:]
    return name.split()[0] if name else ""


def friends_of(client_no: str, most: int = 100) -> list[Friend]:
    """The friends whom a client introduced and has not lost to another claim, the newest first."""
    mine = Introducer(IntroducerKind.CLIENT, client_no).claimed()
    live = Claim.state.in_([ClaimState.PROTECTED, ClaimState.DISPUTED, ClaimState.CONVERTED, ClaimState.DECIDED])
    rows = db.session.execute(select(Lead, Claim.registered_at).join(Claim, Claim.lead_id == Lead.id).where(mine, live).order_by(Claim.id.desc()).limit(most)).all()
    allow = who_allow(LeadPurpose.INTRODUCER, [lead.id for lead, _ in rows])
    return [_friend(lead, since, lead.id in allow and lead.erased_at is None and lead.kind == PersonKind.PERSON) for lead, since in rows]


def _friend(lead: Lead, since: datetime, shown: bool) -> Friend:
    step = STEPS.get(LeadState(lead.state), FriendStep.ENDED)
    return Friend(first_name(lead.name), step, since) if shown else Friend("", FriendStep.IN_TOUCH, since)
