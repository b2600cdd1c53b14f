"""Where a broker puts a question to a line of his own; empty for everybody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import url_for

from portal.commission.explain import Question
from portal.commission.vocabulary import Kind
from portal.permissions import Can
from portal.web.guard import current_actor


def may_ask(broker_no: str) -> bool:
    """Whether the reader is this broker and may question his lines."""
    actor = current_actor()
    return actor.may(Can.DISPUTE_ASK) and actor.broker_no == broker_no


def of_explained(period: str, question: Question) -> Callable[[str], str]:
    """The address for one of the lines explained, by its kind."""
    if not may_ask(question.broker_no):
        return lambda kind: ""
    line: dict[str, Any] = {"period": period, "account": question.account_no, "date": question.trade_date, "exchange": question.exchange, "product": question.product}
    return lambda kind: url_for("disputes.new", broker=question.broker_no, kind=kind, **line)


def of_line(row: dict[str, Any]) -> str:
    """The address for a line that has no day (rounding); other lines are questioned from their explanation."""
    if row["trade_date"] or row["origin"] or row["kind"] != Kind.rounding.name or not may_ask(row["broker_no"]):
        return ""
    return url_for("disputes.new", period=row["period"], broker=row["broker_no"], kind=row["kind"])
