"""Which report was opened before which lead was registered. "Before" is no "because": the same person may have read five reports and come for none.

A lead is preceded by a report where, within some days before it was registered, the report was opened by the client who referred the person
(by his link or by name), or by the person himself at a sign-in of his own. Only first and last openings are kept, so only these two count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, func, literal, or_, select, true, union_all

from models import db
from models.club_membership import ClubMember
from models.identity import User
from models.leads import Claim, IntroducerKind, Lead, LeadState
from models.research import ResearchOpen
from portal.leads.erasure import CLIENTS

REFERRED, HIMSELF = "referred", "himself"


class Pair(NamedTuple):
    """An opening and a lead that was registered after its beginning."""

    item_id: int
    first_at: datetime
    last_at: datetime
    lead_id: int
    registered_at: datetime
    converted: bool
    way: str


@dataclass(frozen=True)
class Preceded:
    """A lead that a report preceded: so many whole days after the latest opening that counts, whether it became a client, and by which way."""

    lead_id: int
    days: int
    converted: bool
    way: str


def days_after(pair: Pair, within: int) -> int | None:
    """How many whole days before the lead the report was opened; None where neither its first nor its last opening lies within so many days."""
    gaps = [pair.registered_at - at for at in (pair.first_at, pair.last_at)]
    fitting = [gap for gap in gaps if timedelta(0) <= gap <= timedelta(days=within)]
    return min(fitting).days if fitting else None


def by_item(pairs: Iterable[Pair], within: int) -> dict[int, list[Preceded]]:
    """The leads of each report, each once, the nearest opening counting; the earliest lead first."""
    found: dict[int, dict[int, Preceded]] = {}
    for pair in sorted(pairs, key=lambda pair: (pair.registered_at, pair.lead_id)):
        days = days_after(pair, within)
        if days is None:
            continue
        held = found.setdefault(pair.item_id, {})
        if pair.lead_id not in held or days < held[pair.lead_id].days:
            held[pair.lead_id] = Preceded(pair.lead_id, days, pair.converted, pair.way)
    return {item_id: list(leads.values()) for item_id, leads in found.items()}


def pairs(item_id: int | None = None) -> list[Pair]:
    """Every opening with each lead that came after it, of one report or of all."""
    converted = or_(Lead.account_id.is_not(None), Lead.state.in_(CLIENTS))
    columns = (ResearchOpen.item_id, ResearchOpen.first_at, ResearchOpen.last_at, Lead.id, Lead.registered_at, converted)
    after = and_(Lead.registered_at >= ResearchOpen.first_at, Lead.state != LeadState.MERGED, ResearchOpen.item_id == item_id if item_id is not None else true())
    referrer = and_(Claim.lead_id == Lead.id, Claim.kind == IntroducerKind.CLIENT)
    referred = (
        select(*columns, literal(REFERRED))
        .select_from(Lead)
        .join(Claim, referrer)
        .join(ResearchOpen, and_(ResearchOpen.client_no == Claim.client_no, ResearchOpen.client_no != ""))
    )
    member = select(*columns, literal(HIMSELF)).select_from(Lead).join(ClubMember, ClubMember.lead_id == Lead.id).join(ResearchOpen, ResearchOpen.person == ClubMember.person)
    same = and_(func.lower(User.email) == func.lower(Lead.email), Lead.email != "")
    signed = select(*columns, literal(HIMSELF)).select_from(Lead).join(User, same).join(ResearchOpen, and_(ResearchOpen.user_id == User.id, ResearchOpen.client_no == ""))
    whole = union_all(*(query.where(after) for query in (referred, member, signed)))
    return [Pair(*row[:5], bool(row[5]), row[6]) for row in db.session.execute(whole)]
