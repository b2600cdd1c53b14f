"""A desk of research on the firm of tests/rooms/pages/firm.py: reports and courses, written and released."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models import db
from models.audit import Approval
from models.identity import Role, User
from models.research import ResearchKind
from models.service_plans import Interest
from portal import clock
from portal.actors import Actor, actor_of
from portal.audit import approvals
from portal.local_day import today
from portal.research import drafting, releasing
from portal.research.drafting import Draft
from portal.transaction import transaction

LESSON = {"title": "什么是期货", "text": "一份**标准化**的合约。", "questions": [{"words": "保证金是什么？", "options": ["全部货款", "履约的担保"], "right": 1}]}


def draft(**more: Any) -> Draft:
    """A report on steel that needs the grade C4."""
    plain: dict[str, Any] = {
        "title": "螺纹钢周报",
        "summary": "库存下降，需求平稳。",
        "chain": Interest.FERROUS,
        "products": ["rb"],
        "risk": "R4",
        "locale": "zh",
        "body": "# 观点\n\n**中性**",
        "author": "林研究",
        "licence_no": "Z0012345",
        "risk_line": "期货交易有风险，投资须谨慎。",
        "valid_until": today() + timedelta(days=30),
    }
    return Draft(**plain | more)


def actor(role: Role) -> Actor:
    """Somebody of a role, in whose name a test acts."""
    user = db.session.execute(select(User).where(User.email == f"{role.value}@research.example")).scalar_one()
    return actor_of(user)


def written(kind: ResearchKind = ResearchKind.REPORT, **more: Any) -> str:
    """Write one down. Returns its key."""
    with transaction():
        return drafting.begin(kind, draft(**more), actor(Role.STAFF), clock.now(), today()).public_id


def released(key: str) -> None:
    """Put the newest version before a second person, who releases it."""
    with transaction():
        waits = releasing.ask(drafting.held_item(key), actor(Role.STAFF), clock.now(), releasing.as_of_moment(clock.now()))
        number = waits.id
    with transaction():
        waiting = db.session.get_one(Approval, number)
        approvals.approve(number, actor(Role.COMPLIANCE), clock.now(), digest=waiting.digest)


def published(kind: ResearchKind = ResearchKind.REPORT, **more: Any) -> str:
    """Write one and release it. Returns its key."""
    key = written(kind, **more)
    released(key)
    return key


def course(**more: Any) -> str:
    """A course of two lessons that everybody with a grade may take."""
    lessons = [LESSON, {**LESSON, "title": "什么是强平"}]
    return published(ResearchKind.COURSE, **{"title": "期货入门", "chain": Interest.EDUCATION, "products": [], "risk": "R1", "body": "", "lessons": lessons, **more})
