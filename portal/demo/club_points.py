"""Points of the demonstration firm's club: the rules, let through by a second person, something to redeem, and a first gift."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.club_points import PointFact, PointRule
from models.columns import OPEN_END
from portal.audit import approvals
from portal.club import point_rules, points, rewards
from portal.club.point_rules import Draft
from portal.club.points import Earning
from portal.demo.signed_in import acting
from portal.jobs.club_points import trading_allowed
from portal.transaction import transaction

ZONE = ZoneInfo("Asia/Shanghai")
RULES = (
    ("came", PointFact.ATTENDED, 20, 60, 7, "参加活动", "Coming to an event"),
    ("learnt", PointFact.LEARNT, 10, 40, 7, "参加投教活动", "Learning at an event"),
    ("said", PointFact.FEEDBACK, 5, 20, 0, "评价活动", "Saying how it was"),
    ("friend", PointFact.REFERRED, 50, 100, 30, "介绍朋友开户", "A friend who became a client"),
)
REWARDS = (("《基差手册》一册", "The basis, a reader", 40, 30), ("与研究员午餐", "Lunch with an analyst", 120, 4))


def add_points(moment: datetime) -> int:
    """Write rules, rewards and a first gift down, where there are none. Returns how many rules were added."""
    if db.session.execute(select(PointRule.id).limit(1)).first():
        return 0
    db.session.rollback()
    for code, fact, count, most, wait, title, title_en in RULES:
        first = moment.astimezone(ZONE).date().replace(day=1)
        _let_through(Draft(code, first, OPEN_END, fact, count, most, wait, 365, title, title_en), moment)
    admin, client = acting("admin@example.com"), acting("client@example.com")
    gift: dict[str, Any] = {"earned_at": moment, "active_from": moment, "expires_at": moment + timedelta(days=180)}
    with transaction():
        for title, title_en, cost, stock in REWARDS:
            rewards.offer(title, title_en, cost, stock, None, actor=admin, moment=moment)
        points.earn([Earning(rewards.holder_of(client), "gift:opening", 60, "俱乐部开张", **gift)], actor=admin, moment=moment)
    return len(RULES)


def _let_through(draft: Draft, moment: datetime) -> None:
    admin, second = acting("admin@example.com"), acting("compliance@example.com")
    with transaction():
        waits = point_rules.propose(draft, actor=admin, moment=moment, trading_allowed=trading_allowed())
        approvals.approve(waits.id, second, moment, digest=waits.digest)
