"""Reading months, statements and lines for pages; every list begins with whose commission the reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, false, func, select, true

from models import db
from models.commission import BrokerDay, CommissionRun, MonthClose, RunStatement
from models.partners import Branch, Broker, BrokerVersion
from models.publication import StatementPublication
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal.actors import Actor
from portal.audit.recordings import LAST
from portal.commission import store
from portal.commission.export import Namer
from portal.commission.statement import COLUMNS
from portal.permissions import Can, Scope
from portal.refusals import NotFound
from portal.versions import current


def visible_brokers(actor: Actor) -> ColumnElement[bool]:
    """The condition, on Broker, that an actor may see a broker's commission."""
    return _visible(actor.scope(Can.COMMISSION_SEE), actor.broker_no or "", actor.branch_no or "")


def _visible(scope: Scope | None, own_no: Any, branch_no: Any) -> ColumnElement[bool]:
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    if scope is Scope.BRANCH:
        return brokers_of_branch(branch_no)
    own: ColumnElement[bool] = Broker.broker_no == own_no
    return own


def brokers_of_branch(branch_no: Any) -> ColumnElement[bool]:
    """The condition, on Broker, that a broker belongs to a branch as known now."""
    version = current(BrokerVersion).subquery()
    return Broker.id.in_(select(version.c.broker_id).join(Branch, Branch.id == version.c.branch_id).where(Branch.branch_no == branch_no))


def broker_for(actor: Actor, broker_no: str) -> Broker:
    """A broker whose commission the actor may see. Raises NotFound, the same for foreign and for missing ones."""
    return broker_and(actor, broker_no)[0]


def broker_and(actor: Actor, broker_no: str, also: tuple[ScalarSelect[Any], ...] = ()) -> tuple[Broker, tuple[Any, ...]]:
    """As `broker_for`, and what is asked of the Broker in the same question."""
    row = db.session.execute(_broker_by_number(actor.scope(Can.COMMISSION_SEE), also), asked_of(actor, broker_no)).one_or_none()
    if row is None:
        raise no_such_broker(broker_no)
    return row[0], tuple(row[1:])


def asked_of(actor: Actor, broker_no: str) -> dict[str, str]:
    """The parameters of `that_he_may_see`."""
    return {"broker_no": broker_no, "own_no": actor.broker_no or "", "branch_no": actor.branch_no or ""}


def that_he_may_see(scope: Scope | None) -> ColumnElement[bool]:
    """The condition, on Broker, that it is the broker of a number and within somebody's scope."""
    return and_(Broker.broker_no == bindparam("broker_no"), _visible(scope, bindparam("own_no"), bindparam("branch_no")))


def no_such_broker(broker_no: str) -> NotFound:
    """What is said of foreign and of missing brokers."""
    return NotFound("there is no broker %(number)s that you may see", number=broker_no)


@cache
def _broker_by_number(scope: Scope | None, also: tuple[ScalarSelect[Any], ...]) -> Select[*tuple[Any, ...]]:
    """The question of `broker_and`, asked at every page of a broker: built once a scope."""
    return select(Broker, *also).where(that_he_may_see(scope))


_VERSION = BrokerVersion.__table__.c


def name_by(broker_id: Any) -> Select[str]:
    """The question for the name of a broker as known now."""
    newest = select(func.max(_VERSION.id)).where(_VERSION.broker_id == broker_id).correlate(Broker.__table__).scalar_subquery()
    return select(_VERSION.name).where(_VERSION.id == newest, ~_VERSION.withdrawn)


NAME = name_by(bindparam("broker_id"))
"""The name of the broker `broker_id`."""
_LAST_DAY = select(func.max(SettlementDay.__table__.c.trade_date))


def name_of(broker: Broker) -> str:
    """The name of a broker as known now; empty where none is known."""
    return db.session.execute(NAME, {"broker_id": broker.id}).scalar() or ""


def last_settled_day() -> date | None:
    """The newest settled day: what "as of" means on every page."""
    return db.session.execute(_LAST_DAY).scalar()


class Now(NamedTuple):
    """What the firm knows at this moment: the newest settled day, the newest step of knowledge, the newest computed run."""

    day: date | None
    known: int
    computed: int | None


_NOW = select(_LAST_DAY.scalar_subquery(), LAST.scalar_subquery(), select(func.max(CommissionRun.__table__.c.id)).scalar_subquery())


def now_known() -> Now:
    """What pages are as of; one question instead of three."""
    return Now(*db.session.execute(_NOW).one())


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


def computed_months() -> list[str]:
    """The months that have a run, newest first."""
    return list(db.session.execute(select(CommissionRun.period).where(CommissionRun.id.in_(newest_run_ids())).order_by(CommissionRun.period.desc())).scalars())


def newest_run_ids() -> Select[tuple[int]]:
    """The run that counts for each month: the frozen one of a closed month, else the newest."""
    frozen = select(MonthClose.run_id)
    closed_periods = select(MonthClose.period)
    newest = select(func.max(CommissionRun.id)).where(CommissionRun.period.not_in(closed_periods)).group_by(CommissionRun.period)
    return frozen.union(newest)  # type: ignore[return-value]


_RUN = select(CommissionRun).where(CommissionRun.period == bindparam("period"), CommissionRun.id.in_(newest_run_ids()))


def run_of(period: str) -> CommissionRun:
    """The run that counts for a month. Raises NotFound where the month was never computed."""
    run = db.session.execute(_RUN, {"period": period}).scalar_one_or_none()
    if run is None:
        raise never_computed(period)
    return run


def never_computed(period: str) -> NotFound:
    """What is said of a month without a run."""
    return NotFound("%(period)s has not been computed yet: preview it first", period=period)


def statements(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Every statement that the actor may see, of the runs that count, with the moments its month was closed and it was published."""
    published = (StatementPublication.broker_id == RunStatement.broker_id) & (StatementPublication.run_id == RunStatement.run_id)
    return (
        select(RunStatement, Broker, CommissionRun, MonthClose.closed_at, StatementPublication.published_at)
        .join(Broker, Broker.id == RunStatement.broker_id)
        .join(CommissionRun, CommissionRun.id == RunStatement.run_id)
        .outerjoin(MonthClose, MonthClose.run_id == RunStatement.run_id)
        .outerjoin(StatementPublication, published)
        .where(CommissionRun.id.in_(newest_run_ids()), visible_brokers(actor))
    )


def totals_of(run: CommissionRun) -> dict[str, int]:
    """What a run's statements add up to, column by column in fen, and how many `brokers` there are."""
    sums = [func.coalesce(func.sum(getattr(RunStatement, name)), 0) for name in COLUMNS]
    brokers, *totals = db.session.execute(select(func.count(), *sums).where(RunStatement.run_id == run.id)).one()
    return {"brokers": int(brokers), **{name: int(total) for name, total in zip(COLUMNS, totals, strict=True)}}


def broker_days(broker_id: int, first: date) -> list[tuple[date, int, int, int, int]]:
    """(day, accounts, equity, retained fee, amount) of a broker from a day on; amounts in fen."""
    query = select(BrokerDay.trade_date, BrokerDay.accounts, BrokerDay.equity, BrokerDay.retained_fee, BrokerDay.amount)
    query = query.where(BrokerDay.broker_id == broker_id, BrokerDay.trade_date >= first, BrokerDay.run_id.in_(newest_run_ids())).order_by(BrokerDay.trade_date)
    return [tuple(row) for row in db.session.execute(query)]  # type: ignore[misc]


def broker_lines(run: CommissionRun, broker: Broker) -> pl.DataFrame:
    """All lines of a broker in a run, in the columns of the export: the newest day first, by account, and then as stored."""
    lines = store.read_lines(run.id, brokers={broker.broker_no: broker.id})
    named = Namer({broker.id: broker.broker_no}).name(lines, run.period)
    return named.sort("trade_date", "account_no", descending=[True, False], maintain_order=True)
