"""Questions of the demonstration firm's broker to lines of his newest closed month, put and answered by the verbs that people use.

One was taken up and waits for the firm; one was answered in the broker's favour and waits for him.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import select

from models import db
from models.commission import CommissionRun
from models.disputes import Dispute, Outcome
from models.partners import Broker
from portal.commission import queries
from portal.commission.explain import Question, explain
from portal.commission.vocabulary import Kind
from portal.demo.signed_in import acting
from portal.disputes import verbs
from portal.disputes.evidence import frozen
from portal.disputes.queries import due_from

ASKED = ("这笔手续费的留存部分似乎比合同约定的少，请核对交易所手续费。", "该客户五月起已确认归属于我，请说明为什么只按此比例计算。")
ANSWERED = "已核对：交易所手续费录入偏高，差额由财务以调整形式补入。"
GRANTED = 12_80
"""Fen that the answer grants."""


def add_disputes(period: str, zone: ZoneInfo, moment: datetime) -> int:
    """Put them inside the open transaction where there are none yet. Returns how many: fewer where the broker has too few lines."""
    if db.session.execute(select(Dispute.id).limit(1)).first() is not None:
        return 0
    asker, desk = acting("broker@example.com"), acting("finance@example.com")
    run, broker = queries.run_of(period), queries.broker_for(asker, asker.broker_no or "")
    told = 0
    for place, (line, question) in enumerate(zip(_lines(run, broker), ASKED, strict=False)):
        asked_at = moment - timedelta(days=3 - place)
        explained = explain(run, Question(broker.broker_no, line.account_no, line.trade_date or date.min, line.exchange, line.product, line.kind, alone=True))
        dispute = verbs.ask(
            broker,
            line,
            run,
            amount=sum(one.amount for one in explained),
            evidence=frozen(run, explained, zone),
            question=question,
            due_on=due_from(asked_at.astimezone(zone).date()),
            actor=asker,
            moment=asked_at,
        )
        verbs.step(dispute.id, "take", desk, asked_at + timedelta(hours=5))
        if place:
            verbs.step(dispute.id, "answer", desk, asked_at + timedelta(hours=20), words=ANSWERED, answer=verbs.Answer(Outcome.UPHELD, GRANTED))
        told += 1
    return told


def _lines(run: CommissionRun, broker: Broker) -> list[verbs.Line]:
    """The largest line of each account that earns something, the largest first."""
    lines = queries.broker_lines(run, broker)
    paid = lines.filter((pl.col("origin") == "") & (pl.col("amount_fen") > 0) & (pl.col("trade_date") != "") & (pl.col("kind") == Kind.retained_fee.name))
    largest = paid.sort("amount_fen", "account_no", "trade_date", "exchange", "product", descending=[True, False, False, False, False]).unique(
        "account_no", keep="first", maintain_order=True
    )
    return [
        verbs.Line(run.period, row["kind"], row["account_no"], date.fromisoformat(row["trade_date"]), row["exchange"], row["product"])
        for row in largest.head(len(ASKED)).iter_rows(named=True)
    ]
