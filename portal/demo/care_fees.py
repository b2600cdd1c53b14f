"""Requests for lower fees in the demonstration firm: a few here and there through the year, and many at once from the clients of the broker whose
clients fade."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.clients import Account
from models.partners import Broker
from models.questions import AskedVia, FeeAsker, FeeDecision, QuestionSubject
from portal.actors import TERMINAL
from portal.care import questions
from portal.care.fee_requests import Wish
from portal.care.question_states import Side
from portal.care.questions import Asked
from portal.care.response_times import Now
from portal.demo.stories import FADING_BROKER
from portal.versions import current

CLIENT, BROKER = FeeAsker.CLIENT, FeeAsker.BROKER
HERE_AND_THERE = ("B001", "B003", "B005", "B010", "B014")
TOGETHER = (
    (26, CLIENT, "交易所 + 1 分", "朋友在别家期货公司开户，手续费比这里低，能否下调？", FeeDecision.KEPT),
    (22, CLIENT, "交易所 + 5 分", "螺纹钢手续费能否降低？", FeeDecision.PARTLY),
    (19, CLIENT, "", "最近手续费占亏损很大一部分，希望下调。", FeeDecision.KEPT),
    (15, BROKER, "交易所 + 1 分", "居间人代客户要求下调手续费，称客户正在比较其他公司。", FeeDecision.KEPT),
    (15, BROKER, "交易所 + 1 分", "居间人代客户要求下调手续费。", FeeDecision.KEPT),
    (9, CLIENT, "交易所 + 1 分", "别家报价只加一分，希望同等标准。", FeeDecision.KEPT),
    (4, BROKER, "交易所 + 1 分", "居间人代客户要求下调手续费，否则考虑转走。", FeeDecision.KEPT),
)
"""Days before the last settled day, who asks, what is wanted, the words, and what was decided."""
ANSWERED = "已核对您的成交与权益，并按公司手续费标准答复。"


def add_fee_requests(now: Now) -> int:
    """Put the requests and answer them, inside the open transaction. Returns how many there are."""
    asked = [(account_id, *one) for account_id, one in zip(_clients_of(FADING_BROKER, now), TOGETHER, strict=False)]
    for place, number in enumerate(HERE_AND_THERE):
        asked += [(account_id, 20 + 47 * place, CLIENT, "交易所 + 2 角", "想了解能否降低手续费。", FeeDecision.LOWERED) for account_id in _clients_of(number, now)[:1]]
    for account_id, days, asker, wanted, words, decision in asked:
        day = now.settled - timedelta(days=days)
        then = replace(now, moment=datetime.combine(day, time(10, 20), now.zone), today=day)
        made = questions.ask(account_id, Asked(QuestionSubject.FEES, words, AskedVia.PHONE, Wish(asker, wanted)), None, TERMINAL, then)
        after = replace(then, moment=then.moment + timedelta(hours=3))
        questions.step(made, "answer", Side.STAFF, TERMINAL, after, words=ANSWERED, decision=decision)
    return len(asked)


def _clients_of(broker_no: str, now: Now) -> list[int]:
    """The clients of a broker on the last settled day, by account number."""
    row = current(Attribution, None, Attribution.broker_id.in_(select(Broker.id).where(Broker.broker_no == broker_no))).subquery()
    query = select(Account.id).join(row, row.c.account_id == Account.id).where(row.c.valid_from <= now.settled, row.c.valid_to > now.settled, row.c.share > 0)
    return list(db.session.execute(query.order_by(Account.account_no)).scalars())
