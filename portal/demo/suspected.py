"""Two suspicions of the demonstration firm and how they were heard: one of the staff answered and was right; of a broker who was heard by word of mouth
the suspicion stands. By the verbs that people use, each at its moment."""

from __future__ import annotations

from datetime import date

from models.departures import DepartureKind
from models.identity import Role
from portal.actors import TERMINAL, actor_of
from portal.demo import stories
from portal.demo.club_past import at_hour
from portal.demo.signed_in import acting
from portal.departures import hearing, register
from portal.departures.register import Told
from portal.identity import verbs
from portal.identity.queries import user_by_email

ADMIN, COMPLIANCE = "admin@example.com", "compliance@example.com"
SIGN_IN, SINCE = "s013@example.com", date(2025, 10, 20)
QUIET = "七月六日起没有任何客户联系记录，此前每周都有"
ANSWER = "七月六日到八月十四日在总部参加期权培训，客户由同事代为照看。没有离职打算。"
RIGHT = "人事部确认这六周的培训安排，期间没有客户联系记录属正常。"
FADES = "八月以来名下客户连续出金、停止交易，多人要求下调手续费；本人四十余天未登录，两个多月未介绍客户"
SAID = "称客户亏损后自行观望，本人没有与其他期货公司接触。"
STANDS = "客户出金与停止交易集中在他名下，同期其他居间人的客户没有这样的变化；他的说明没有解释这一点。"


def add_hearings(hashed: str) -> int:
    """Tell both inside the open transaction where they are not told yet; `hashed` is the printed password of the one who answers. Returns how many."""
    if user_by_email(SIGN_IN) is not None:
        return 0
    _of_staff(hashed)
    _of_broker()
    return 2


def _of_staff(hashed: str) -> None:
    compliance, day = acting(COMPLIANCE), date(2026, 8, 10)
    user = verbs.add_user(email=SIGN_IN, name="职员十三", roles=[Role.STAFF], staff_no=stories.AWAY, demo_password_hash=hashed, actor=TERMINAL, moment=at_hour(SINCE))
    made = register.record(Told(DepartureKind.STAFF_LEAVES, stories.AWAY, None, evidence=QUIET), actor=compliance, moment=at_hour(day), today=day)
    hearing.tell(made.id, QUIET, actor=compliance, moment=at_hour(date(2026, 8, 11)))
    hearing.answer(made.id, ANSWER, actor=actor_of(user), moment=at_hour(date(2026, 8, 17), 9))
    judged = date(2026, 8, 19)
    hearing.judge(made.id, True, RIGHT, actor=acting(ADMIN), moment=at_hour(judged, 15), today=judged)


def _of_broker() -> None:
    compliance, day, heard, judged = acting(COMPLIANCE), date(2026, 9, 21), date(2026, 9, 24), date(2026, 9, 28)
    made = register.record(Told(DepartureKind.BROKER_MOVES, stories.FADING_BROKER, None, evidence=FADES), actor=compliance, moment=at_hour(day), today=day)
    hearing.tell(made.id, FADES, actor=compliance, moment=at_hour(date(2026, 9, 22)))
    hearing.hear(made.id, SAID, heard, "合规专员，电话录音", actor=compliance, moment=at_hour(heard, 16), today=heard)
    hearing.judge(made.id, False, STANDS, actor=acting(ADMIN), moment=at_hour(judged, 11), today=judged)
