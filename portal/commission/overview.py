"""The firm at a glance, from the sums of settled days: what stands and what was earned, by day and month, under what, and how
concentrated. No query here reads an account, a trade or a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased

from models import db
from models.audit import Recording
from models.clients import AccountVersion
from models.commission import CommissionRun, MonthClose, Plan, PlanVersion, RunStatement
from models.partners import Branch, BranchVersion, Broker, BrokerVersion
from models.rollups import BrokerBook, FirmDay, ProductDay, RollupDay
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal.actors import Actor
from portal.attribution.channels import came_by
from portal.clients.queries import newest_version
from portal.commission.queries import newest_run_ids, visible_brokers
from portal.permissions import Can, Scope
from portal.refusals import NotFound
from portal.settlement.rollups import missing_days
from portal.versions import current

FIRM = ("accounts", "funded", "active", "equity", "fee", "retained_fee", "deposit", "withdrawal", "lots")
STANDING = ("accounts", "funded", "active", "equity")
"""What stands on a day; everything else is added up over days."""


@dataclass(frozen=True)
class Cut:
    """The part of the firm that is looked at; None: all that the actor may see."""

    branch_id: int | None = None
    branch_no: str | None = None
    channel: str | None = None


@dataclass(frozen=True)
class Note:
    """Something that explains a change: a plan's new terms, a month's close, a corrected day. `kind`: plan, close, correction."""

    day: date
    kind: str
    what: str


def cut_for(actor: Actor, branch_no: str = "", channel: str = "") -> Cut:
    """What an actor may look at of what he asks for. Raises NotAllowed; NotFound for a branch that is not his or is none."""
    if actor.need(Can.OVERVIEW_SEE) < Scope.ALL:
        own = actor.branch_no or ""
        if branch_no and branch_no != own:
            raise NotFound("there is no branch %(number)s that you may see", number=branch_no)
        branch_no = own
        if not own:
            return Cut(0, "", channel or None)
    if not branch_no:
        return Cut(None, None, channel or None)
    branch_id = db.session.execute(select(Branch.id).where(Branch.branch_no == branch_no)).scalar()
    if branch_id is None:
        raise NotFound("there is no branch %(number)s that you may see", number=branch_no)
    return Cut(branch_id, branch_no, channel or None)


def branches() -> dict[int, tuple[str, str]]:
    """Every branch by its id: number and name."""
    version = current(BranchVersion).subquery()
    rows = db.session.execute(select(Branch.id, Branch.branch_no, version.c.name).outerjoin(version, version.c.branch_id == Branch.id).order_by(Branch.id))
    return {key: (number, name or number) for key, number, name in rows}


def unsummed() -> int:
    """How many settled days are not added up yet: after attributions of long ago a job makes their sums anew."""
    return len(missing_days())


def known(day: date | None = None) -> tuple[date, int] | None:
    """The last day that is added up, up to a day where one is asked for (else the first), and the step of knowledge of its sums."""
    rows = select(RollupDay.trade_date, RollupDay.known_recording_id)
    wanted = rows if day is None else rows.where(RollupDay.trade_date <= day)
    row = db.session.execute(wanted.order_by(RollupDay.trade_date.desc()).limit(1)).first()
    if row is None and day is not None:
        row = db.session.execute(rows.order_by(RollupDay.trade_date).limit(1)).first()
    return (row.trade_date, row.known_recording_id) if row else None


def series(cut: Cut, first: date, last: date) -> dict[date, dict[str, int]]:
    """Every added-up day from `first` to `last`, in order, with FIRM's sums (fen, lots, accounts)."""
    query = select(FirmDay.trade_date, *(func.sum(getattr(FirmDay, name)).label(name) for name in FIRM)).where(FirmDay.trade_date.between(first, last), *_within(FirmDay, cut))
    rows = db.session.execute(query.group_by(FirmDay.trade_date).order_by(FirmDay.trade_date))
    return {row.trade_date: {name: int(getattr(row, name)) for name in FIRM} for row in rows}


def by_firm(cut: Cut, key: str, days: tuple[date, date], measure: str) -> dict[Any, int]:
    """A measure by `branch_id` or `channel`: on the last of the days where it stands, over all of them where it is added up."""
    return _grouped(FirmDay, getattr(FirmDay, key), cut, days, measure)


def by_broker(cut: Cut, days: tuple[date, date], measure: str) -> dict[int, int]:
    """A measure by broker, of the accounts whose first broker he is."""
    return _grouped(BrokerBook, BrokerBook.broker_id, cut, days, measure)


def by_product(cut: Cut, days: tuple[date, date], measure: str) -> dict[str, int]:
    """A measure that is traded (lots, retained fee), by exchange and product."""
    query = select(ProductDay.exchange, ProductDay.product, func.sum(getattr(ProductDay, measure))).where(ProductDay.trade_date.between(*days), *_within(ProductDay, cut))
    return {f"{exchange}.{product}": int(value) for exchange, product, value in db.session.execute(query.group_by(ProductDay.exchange, ProductDay.product))}


def _grouped(model: Any, key: Any, cut: Cut, days: tuple[date, date], measure: str) -> dict[Any, int]:
    when = model.trade_date == days[1] if measure in STANDING else model.trade_date.between(*days)
    query = select(key, func.sum(getattr(model, measure))).where(when, *_within(model, cut)).group_by(key)
    return {found: int(value) for found, value in db.session.execute(query)}


def _within(model: Any, cut: Cut) -> list[ColumnElement[bool]]:
    conditions = [] if cut.branch_id is None else [model.branch_id == cut.branch_id]
    if cut.channel and hasattr(model, "channel"):
        conditions.append(model.channel == cut.channel)
    return conditions


def opened_and_closed(cut: Cut, first: date, last: date) -> tuple[int, int]:
    """How many accounts were opened and closed from `first` to `last`; by channel as of the last settled day."""
    found, day = [], select(func.max(SettlementDay.trade_date)).scalar_subquery()
    for column in (AccountVersion.opened_on, AccountVersion.closed_on):
        query = select(func.count()).select_from(AccountVersion).where(newest_version(), column.between(first, last))
        if cut.branch_id is not None:
            query = query.where(AccountVersion.branch_id == cut.branch_id)
        if cut.channel:
            query = query.where(came_by(cut.channel, AccountVersion.account_id, day))
        found.append(int(db.session.execute(query).scalar_one()))
    return found[0], found[1]


def commission_by_month(actor: Actor, cut: Cut, periods: Sequence[str]) -> dict[str, int]:
    """What the brokers earned in each month, in the runs that count; fen. Months without a run are left out."""
    rows = _earned(actor, cut, CommissionRun.period).where(CommissionRun.period.in_(periods)).group_by(CommissionRun.period)
    return {period: int(value) for period, value in db.session.execute(rows)}


def commission_by(actor: Actor, cut: Cut, key: str, period: str) -> dict[Any, int]:
    """A month's earned commission by `broker_id`, or by the broker's `branch_id`."""
    column = RunStatement.broker_id if key == "broker_id" else BrokerVersion.branch_id
    rows = _earned(actor, cut, column).where(CommissionRun.period == period).group_by(column)
    return {found: int(value) for found, value in db.session.execute(rows)}


def _earned(actor: Actor, cut: Cut, column: Any) -> Select[Any, int]:
    query = (
        select(column, func.sum(RunStatement.earned))
        .join(CommissionRun, CommissionRun.id == RunStatement.run_id)
        .join(Broker, Broker.id == RunStatement.broker_id)
        .where(CommissionRun.id.in_(newest_run_ids()), visible_brokers(actor))
    )
    if cut.branch_id is None and column is not BrokerVersion.branch_id:
        return query
    other = aliased(BrokerVersion)
    newest = select(func.max(other.id)).where(other.broker_id == Broker.id).scalar_subquery()  # by key: a list of all the newest would be searched for each broker
    query = query.join(BrokerVersion, BrokerVersion.id == newest)
    return query if cut.branch_id is None else query.where(BrokerVersion.branch_id == cut.branch_id)


def broker_names(ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Number and name of some brokers."""
    version = current(BrokerVersion, None, BrokerVersion.broker_id.in_(ids)).subquery()
    rows = db.session.execute(select(Broker.id, Broker.broker_no, version.c.name).join(version, version.c.broker_id == Broker.id))
    return {key: (number, name) for key, number, name in rows}


def notes(first: date, last: date) -> list[Note]:
    """What explains changes between two days, in their order."""
    plans = select(PlanVersion.valid_from, Plan.plan_code).join(Plan, Plan.id == PlanVersion.plan_id).where(PlanVersion.valid_from.between(first, last)).distinct()
    found = [Note(day, "plan", code) for day, code in db.session.execute(plans)]
    closes = select(MonthClose.period, MonthClose.closed_at).where(MonthClose.period.between(str(Month.of(first)), str(Month.of(last))))
    found += [Note(Month.parse(period).last, "close", period) for period, _at in db.session.execute(closes)]
    corrected = select(SettlementDay.trade_date, func.max(Recording.recorded_at)).join(Recording, Recording.id == SettlementDay.recording_id)
    corrected = corrected.where(SettlementDay.version > 1, SettlementDay.trade_date.between(first, last)).group_by(SettlementDay.trade_date)
    found += [Note(day, "correction", str(day)) for day, _at in db.session.execute(corrected)]
    return sorted(found, key=lambda note: (note.day, note.kind, note.what))
