"""Members of the demonstration firm's club, by the verbs that people use: five tiers, those that follow the equity, one asked for, one given by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from models import db
from models.club_membership import ClubMember, ClubTier, TierKind
from models.identity import User
from models.values.calendar import Month
from portal.actors import TERMINAL
from portal.club import applications, equity_tiers, persons, tiers
from portal.club.tiers import BenefitDraft, TierDraft
from portal.demo.club import CLIENT
from portal.demo.signed_in import acting
from portal.local_day import day_of
from portal.transaction import transaction

REPORT = BenefitDraft("report", "月度研究报告", "The monthly research report", 12)
ROOM = BenefitDraft("guest-room", "营业部会客室", "The guest room of a branch", 6)
TALK = BenefitDraft("analyst-hour", "与研究员面谈一小时", "An hour with an analyst", 1)
TIERS = (
    TierDraft(
        "friend",
        TierKind.FREE,
        10,
        "会友",
        "Friend",
        "愿意一起学习的人。申请后由俱乐部确认。",
        "For who wants to learn with us. Ask for it; the club says yes.",
        by_approval=True,
        benefits=(REPORT,),
    ),
    TierDraft(
        "silver",
        TierKind.PAID,
        20,
        "银卡",
        "Silver",
        "小班课优先报名。",
        "Small classes first.",
        grace_days=14,
        dues=60_000,
        wait_priority=1,
        benefits=(REPORT, BenefitDraft("class", "小班课席位", "A seat in a small class", 4)),
    ),
    TierDraft(
        "gold",
        TierKind.PAID,
        30,
        "金卡",
        "Gold",
        "再加一次与研究员的面谈。",
        "And an hour with an analyst.",
        grace_days=30,
        dues=188_000,
        wait_priority=2,
        benefits=(REPORT, BenefitDraft("class", "小班课席位", "A seat in a small class", 12), ROOM, TALK),
    ),
    TierDraft(
        "equity",
        TierKind.EQUITY,
        40,
        "权益卡",
        "Equity",
        "按月末权益自动取得，无需缴费。",
        "Follows the equity at the end of a month; nothing is to be paid.",
        threshold_up=50_000_000,
        threshold_down=40_000_000,
        wait_priority=2,
        benefits=(REPORT, ROOM),
    ),
    TierDraft(
        "equity-gold", TierKind.EQUITY, 50, "权益金卡", "Equity Gold", "", "", threshold_up=200_000_000, threshold_down=160_000_000, wait_priority=3, benefits=(REPORT, ROOM, TALK)
    ),
)


def add_members(last_settled_day: date, moment: datetime) -> int:
    """Write the tiers down and let people join, where that was not done yet. Returns how many members there are."""
    if db.session.execute(select(ClubTier.id)).first() is None:
        db.session.rollback()
        with transaction():
            for draft in TIERS:
                tiers.keep(draft, actor=TERMINAL, moment=moment)
        with transaction():
            equity_tiers.apply(equity_tiers.moves(Month.of(last_settled_day).first), actor=TERMINAL, moment=moment)
        _by_people(moment)
    count = db.session.execute(select(func.count()).select_from(ClubMember)).scalar_one()
    db.session.rollback()
    return count


def _by_people(moment: datetime) -> None:
    """The client of the printed sign-ins asks to be a friend of the club, and is; somebody else is given gold by hand."""
    client, day = acting(CLIENT), day_of(moment)
    member = select(ClubMember.client_no).where(ClubMember.client_no != client.client_no).order_by(ClubMember.client_no).limit(1)
    other = db.session.execute(member).scalar_one_or_none()
    name = db.session.execute(select(User.name).where(User.id == client.user_id)).scalar_one()
    db.session.rollback()
    with transaction():
        asked = applications.apply(persons.oneself(client, name), "friend", "想参加套保和期权的课程。", day, actor=client, moment=moment)
        if asked is not None:
            applications.decide(asked.public_id, True, "", day, actor=TERMINAL, moment=moment)
    if other is not None:
        with transaction():
            reason = "为俱乐部主讲两场套保课程"
            applications.grant(persons.client(other), "gold", (day, day + timedelta(days=365)), reason, actor=TERMINAL, moment=moment)
