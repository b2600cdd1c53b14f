"""Service plans of the demonstration firm: one in the middle of its steps, one whose review is late, one that reached its goal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select

from models import db
from models.clients import Account, AccountVersion
from models.partners import Staff
from models.service_plans import Goal, Interest, PlanState
from portal.care import service_plans as verbs
from portal.care.policy import served_by
from portal.care.response_times import Now
from portal.care.service_plans import Drawn
from portal.clients.queries import accounts
from portal.demo.signed_in import acting


class Told(NamedTuple):
    """A plan of the story: what for, its steps, how many days ago it was drawn, after how many it is reviewed, how many steps are done, how it ended."""

    interest: Interest
    goal: Goal
    steps: tuple[tuple[str, int], ...]
    ago: int
    review: int
    done: int
    ended: PlanState = PlanState.ACTIVE


STEPS = (("电话沟通：了解持仓习惯与关注品种", 2), ("发送黑色系周报", 5), ("演示条件单与价格提醒", 10), ("询问方案是否有帮助并记录", 30))
TOLD = (
    Told(Interest.FERROUS, Goal.TRADE, STEPS, 10, 90, 2),
    Told(Interest.AGRICULTURE, Goal.HEDGE, (("拜访企业，了解套保需求", 5), ("发送套保方案提纲", 10)), 60, 45, 1),
    Told(Interest.EDUCATION, Goal.LEARN, (("发送入门课程", 3), ("邀请参加俱乐部课程", 10)), 70, 60, 2, PlanState.REACHED),
)


def add_plans(now: Now, jurisdiction: str) -> int:
    """Draw the plans for clients whose grade they fit, inside the open transaction. Returns how many."""
    who = acting("staff@example.com")
    owner = db.session.execute(select(Staff.id).where(Staff.staff_no == who.staff_no)).scalar_one()
    mine = accounts().where(Account.id.in_(served_by(who.staff_no or "", now.today)), AccountVersion.risk_grade.in_(("C4", "C5"))).order_by(Account.account_no)
    found = db.session.execute(mine.limit(len(TOLD))).all()
    for (account, version), told in zip(found, TOLD, strict=False):
        then = replace(now, moment=now.moment - timedelta(days=told.ago), today=now.today - timedelta(days=told.ago))
        drawn = Drawn(told.interest, told.goal, "", told.steps, then.today + timedelta(days=told.review))
        plan = verbs.draw(account, version, drawn, owner, who, then, jurisdiction)
        for place in range(1, told.done + 1):
            verbs.follow(plan, place, done=True, words="", actor=who, now=replace(then, moment=then.moment + timedelta(days=place)))
        if told.ended is not PlanState.ACTIVE:
            verbs.review(plan, told.ended, None, "客户已能独立看懂结算单，目标达成", who, now)
    return len(found)
