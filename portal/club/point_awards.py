"""From what somebody did to his points: the rules of the day, capped for each person and month. What earned already earns no second time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from models import db
from models.clients import AccountVersion
from models.club import Booking, ClubEvent
from models.club_money import Payment
from models.club_points import PointFact, PointHolder, PointRule
from models.leads import Claim, ClaimState, IntroducerKind
from models.settlement import Balance, Trade
from models.values.calendar import Month
from portal.actors import Actor
from portal.club import point_rules, points
from portal.club.points import Earning, Holder
from portal.club.refunds import KEPT

ZONE = ZoneInfo("Asia/Shanghai")
"""Days and months of the rules are those of this place."""


@dataclass(frozen=True)
class Deed:
    """Something that somebody did: `ref` says what, so that it counts once; `amount` is what a rule counts `per`."""

    holder: Holder
    ref: str
    at: datetime
    title: str
    payment_id: int | None = None
    amount: int = 1

    @property
    def day(self) -> date:
        """The day on which it counts."""
        return self.at.astimezone(ZONE).date()


def award(fact: PointFact, deeds: Sequence[Deed], *, actor: Actor, moment: datetime) -> int:
    """Give what the rules give for deeds, inside the open transaction. Returns how many earnings are new."""
    held = point_rules.rules() if deeds else []
    asked: dict[tuple[int, Month], list[Deed]] = {}
    for deed in deeds:
        for rule in point_rules.on(held, fact, deed.day):
            asked.setdefault((rule.id, Month.of(deed.day)), []).append(deed)
    if asked:
        points.hold(deed.holder for deed in deeds)
    by_id = {rule.id: rule for rule in held}
    return sum(_award_month(by_id[number], month, found, actor, moment) for (number, month), found in asked.items())


def _award_month(rule: PointRule, month: Month, deeds: Sequence[Deed], actor: Actor, moment: datetime) -> int:
    """The deeds of a month under a rule: each person gets what his cap leaves, the earlier deed first."""
    sources = {_source(rule, deed): deed for deed in sorted(deeds, key=lambda deed: (deed.at, deed.ref))}
    known = points.known_sources(sources)
    had = dict(points.earned_in_month({deed.holder.person for deed in deeds}, rule.code, *_span(month)))
    new = []
    for source, deed in sources.items():
        if source in known:
            continue
        person = deed.holder.person
        part = min(rule.points * (deed.amount // rule.per), rule.most_a_month - had.get(person, 0))
        earning = _earning(rule, deed, source, part)
        if part > 0 and earning.expires_at > moment:
            had[person] = had.get(person, 0) + part
            new.append(earning)
    return points.earn(new, actor=actor, moment=moment)


def _source(rule: PointRule, deed: Deed) -> str:
    return f"{rule.code}:{deed.ref}:{deed.holder.person}"[:160]


def _earning(rule: PointRule, deed: Deed, source: str, part: int) -> Earning:
    active_from = deed.at + timedelta(days=rule.wait_days)
    return Earning(deed.holder, source, part, deed.title, deed.at, active_from, active_from + timedelta(days=rule.lasts_days), rule.code, deed.payment_id)


def _span(month: Month) -> tuple[datetime, datetime]:
    first, end = (datetime.combine(of.first, time(), ZONE).astimezone(UTC) for of in (month, month.plus(1)))
    return first, end


def attended(event: ClubEvent, booking_ids: Collection[int], at: datetime, *, actor: Actor, moment: datetime) -> int:
    """Those who came to an evening: they attended, and where it was education alone they learnt."""
    kept = select(func.max(Payment.id)).where(Payment.booking_id == Booking.id, Payment.state.in_(KEPT)).correlate(Booking).scalar_subquery()
    query = select(Booking.person, Booking.client_no, Booking.user_id, kept.label("payment_id")).where(Booking.id.in_(list(booking_ids)))
    rows = db.session.execute(query.order_by(Booking.id)).all()
    deeds = [Deed(Holder(row.person, row.client_no, row.user_id), f"event:{event.id}", at, event.title, row.payment_id) for row in rows]
    facts = [PointFact.ATTENDED, PointFact.LEARNT] if event.education_only else [PointFact.ATTENDED]
    return sum(award(fact, deeds, actor=actor, moment=moment) for fact in facts)


def friends_since(moment: datetime) -> list[tuple[int, str, datetime]]:
    """Friends who became clients since a moment: the lead, the number of the client who brought him, when."""
    query = select(Claim.lead_id, Claim.client_no, Claim.ended_at).where(Claim.kind == IntroducerKind.CLIENT, Claim.state == ClaimState.CONVERTED, Claim.ended_at >= moment)
    return [(row.lead_id, row.client_no, row.ended_at) for row in db.session.execute(query.order_by(Claim.id))]


def referred(rows: Iterable[tuple[int, str, datetime]], *, actor: Actor, moment: datetime) -> int:
    """Thank clients for friends who became clients."""
    deeds = [Deed(Holder(f"client:{client_no}", client_no, None), f"lead:{lead_id}", at, "") for lead_id, client_no, at in rows]
    return award(PointFact.REFERRED, deeds, actor=actor, moment=moment)


def traded(month: Month, *, actor: Actor, moment: datetime) -> int:
    """What a month's trading earns, where rules that the rule set allows say so. The month must be over."""
    newer = aliased(Balance)
    newest = select(func.max(newer.version)).where(newer.trade_date == Trade.trade_date, newer.account_id == Trade.account_id).scalar_subquery()
    owner = select(func.max(AccountVersion.id)).group_by(AccountVersion.account_id)
    query = select(AccountVersion.client_no, func.sum(Trade.lots).label("lots"), func.sum(Trade.fee).label("fee")).join(Trade, Trade.account_id == AccountVersion.account_id)
    query = query.where(AccountVersion.id.in_(owner), Trade.version == newest, Trade.trade_date.between(month.first, month.last))
    members = select(PointHolder.client_no).where(PointHolder.client_no != "")
    rows = db.session.execute(query.where(AccountVersion.client_no.in_(members)).group_by(AccountVersion.client_no)).all()
    at = _span(month)[1] - timedelta(seconds=1)
    holders = [(Holder(f"client:{row.client_no}", row.client_no, None), row) for row in rows]
    by_lots = [Deed(holder, f"lots:{month}", at, str(month), amount=int(row.lots)) for holder, row in holders]
    by_fee = [Deed(holder, f"commission:{month}", at, str(month), amount=int(row.fee)) for holder, row in holders]
    return award(PointFact.LOTS, by_lots, actor=actor, moment=moment) + award(PointFact.COMMISSION, by_fee, actor=actor, moment=moment)
