"""Which statements go into one file: for finance those of a closed month, for a broker his own of the months that were published. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from models import db
from models.commission import CommissionRun, MonthClose, RunStatement
from models.partners import Broker
from models.publication import StatementPublication
from models.values.calendar import Month
from portal.actors import Actor
from portal.commission.publication import closed, of_statement
from portal.permissions import Can
from portal.refusals import NotAllowed, Refusal

MOST_MONTHS = 36


class Wanted(NamedTuple):
    """One statement, by its run and its broker."""

    period: str
    run_id: int
    broker_id: int
    broker_no: str


def of_month(period: str, actor: Actor) -> Sequence[Wanted]:
    """Every statement of a closed month, by broker number. Raises NotAllowed; Refusal for an open month, or one without any."""
    actor.need(Can.MONTH_PREPARE)
    close = closed(period)
    query = select(RunStatement.run_id, RunStatement.broker_id, Broker.broker_no).join(Broker, Broker.id == RunStatement.broker_id)
    found = [Wanted(period, *row) for row in db.session.execute(query.where(RunStatement.run_id == close.run_id).order_by(Broker.broker_no))]
    if not found:
        raise Refusal("%(period)s has no statement", period=period)
    return found


def own(first: Month, last: Month, actor: Actor) -> Sequence[Wanted]:
    """A broker's own statements that were published, from a month through another. Raises NotAllowed for anybody else; Refusal where the
    months are none or too many, or none of them has one."""
    actor.need(Can.COMMISSION_SEE)
    if actor.broker_no is None:
        raise NotAllowed("only a broker takes out his own statements")
    if not 0 <= (last.year - first.year) * 12 + last.month - first.month < MOST_MONTHS:
        raise Refusal("choose a first and a last month, at most %(most)s of them", most=MOST_MONTHS)
    query = select(CommissionRun.period, RunStatement.run_id, RunStatement.broker_id, Broker.broker_no).join(CommissionRun, CommissionRun.id == RunStatement.run_id)
    query = query.join(Broker, Broker.id == RunStatement.broker_id).join(MonthClose, MonthClose.run_id == RunStatement.run_id).join(StatementPublication, of_statement())
    query = query.where(Broker.broker_no == actor.broker_no, CommissionRun.period.between(str(first), str(last)), StatementPublication.published_at.is_not(None))
    found = [Wanted(*row) for row in db.session.execute(query.order_by(CommissionRun.period))]
    if not found:
        raise Refusal("none of your statements of these months is published")
    return found
