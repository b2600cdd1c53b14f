"""Reading months, statements and lines for pages; every list begins with whose commission the reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Select, false, func, select, true

from models import db
from models.commission import BrokerDay, CommissionRun, MonthClose, RunStatement
from models.partners import Branch, Broker, BrokerVersion
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal.actors import Actor
from portal.commission import store
from portal.commission.export import Namer
from portal.permissions import Can, Scope
from portal.refusals import NotFound
from portal.versions import current


def visible_brokers(actor: Actor) -> ColumnElement[bool]:
    """The condition, on Broker, that an actor may see a broker's commission."""
    scope = actor.scope(Can.COMMISSION_SEE)
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    if scope is Scope.BRANCH:
        version = current(BrokerVersion).subquery()
        return Broker.id.in_(select(version.c.broker_id).join(Branch, Branch.id == version.c.branch_id).where(Branch.branch_no == (actor.branch_no or "")))
    return Broker.broker_no == (actor.broker_no or "")


def broker_for(actor: Actor, broker_no: str) -> Broker:
    """A broker whose commission the actor may see. Raises NotFound, the same for foreign and for missing ones."""
    broker = db.session.execute(select(Broker).where(Broker.broker_no == broker_no, visible_brokers(actor))).scalar_one_or_none()
    if broker is None:
        raise NotFound("there is no broker %(number)s that you may see", number=broker_no)
    return broker


def last_settled_day() -> date | None:
    """The newest settled day: what "as of" means on every page."""
    return db.session.execute(select(func.max(SettlementDay.trade_date))).scalar()


@dataclass(frozen=True)
class MonthRow:
    """A month on the month list; `run_id` is its frozen or newest computed run, if any."""

    period: str
    settled_days: int
    run_id: int | None
    computed_at: datetime | None
    closed_at: datetime | None
    lines: int


def months() -> list[MonthRow]:
    """Every month with a settled day or a run, newest first."""
    days: dict[str, int] = {}
    for day in db.session.execute(select(SettlementDay.trade_date).distinct()).scalars():
        days[str(Month.of(day))] = days.get(str(Month.of(day)), 0) + 1
    closes = {row.period: row for row in db.session.execute(select(MonthClose)).scalars()}
    runs = {row.period: row for row in db.session.execute(select(CommissionRun).where(CommissionRun.id.in_(newest_run_ids()))).scalars()}
    rows = []
    for period in sorted(days.keys() | runs.keys(), reverse=True):
        run, close = runs.get(period), closes.get(period)
        rows.append(MonthRow(period, days.get(period, 0), run.id if run else None, run.computed_at if run else None, close.closed_at if close else None, run.lines if run else 0))
    return rows


def newest_run_ids() -> Select[tuple[int]]:
    """The run that counts for each month: the frozen one of a closed month, else the newest."""
    frozen = select(MonthClose.run_id)
    closed_periods = select(MonthClose.period)
    newest = select(func.max(CommissionRun.id)).where(CommissionRun.period.not_in(closed_periods)).group_by(CommissionRun.period)
    return frozen.union(newest)  # type: ignore[return-value]


def run_of(period: str) -> CommissionRun:
    """The run that counts for a month. Raises NotFound where the month was never computed."""
    run = db.session.execute(select(CommissionRun).where(CommissionRun.period == period, CommissionRun.id.in_(newest_run_ids()))).scalar_one_or_none()
    if run is None:
        raise NotFound("%(period)s has not been computed yet: preview it first", period=period)
    return run


def statements(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Every statement that the actor may see, of the runs that count, with the moment its month was closed."""
    return (
        select(RunStatement, Broker, CommissionRun, MonthClose.closed_at)
        .join(Broker, Broker.id == RunStatement.broker_id)
        .join(CommissionRun, CommissionRun.id == RunStatement.run_id)
        .outerjoin(MonthClose, MonthClose.run_id == RunStatement.run_id)
        .where(CommissionRun.id.in_(newest_run_ids()), visible_brokers(actor))
    )


def broker_days(broker_id: int, first: date) -> list[tuple[date, int, int, int, int]]:
    """(day, accounts, equity, retained fee, amount) of a broker from a day on; amounts in fen."""
    query = select(BrokerDay.trade_date, BrokerDay.accounts, BrokerDay.equity, BrokerDay.retained_fee, BrokerDay.amount)
    query = query.where(BrokerDay.broker_id == broker_id, BrokerDay.trade_date >= first, BrokerDay.run_id.in_(newest_run_ids())).order_by(BrokerDay.trade_date)
    return [tuple(row) for row in db.session.execute(query)]  # type: ignore[misc]


def firm_days(first: date) -> list[tuple[date, int, int, int]]:
    """(day, accounts, equity, retained fee) of the whole firm from a day on; of each day the newest version."""
    newest = select(func.max(SettlementDay.id)).where(SettlementDay.trade_date >= first).group_by(SettlementDay.trade_date)
    query = select(SettlementDay.trade_date, SettlementDay.accounts, SettlementDay.equity, SettlementDay.retained_fee).where(SettlementDay.id.in_(newest))
    return [tuple(row) for row in db.session.execute(query.order_by(SettlementDay.trade_date))]  # type: ignore[misc]


def broker_lines(run: CommissionRun, broker: Broker) -> pl.DataFrame:
    """All lines of a broker in a run, in the columns of the export: the newest day first, by account, and then as stored."""
    lines = store.read_lines(run.id, brokers={broker.broker_no: broker.id})
    named = Namer({broker.id: broker.broker_no}).name(lines, run.period)
    return named.sort("trade_date", "account_no", descending=[True, False], maintain_order=True)
