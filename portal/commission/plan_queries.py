"""Reading plans for pages: what is believed now as entries of plans.json, and who is on them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, true

from models import db
from models.audit import Recording
from models.columns import OPEN_END
from models.commission import Agreement, BrokerDay, CommissionRun, MonthClose, Plan, PlanVersion, RunStatement
from models.partners import Broker, BrokerVersion
from models.settlement import ExchangeFee
from models.values.calendar import Month
from portal.actors import Actor
from portal.commission.plans import TERMS
from portal.commission.queries import newest_run_ids, visible_brokers
from portal.permissions import Can, Scope
from portal.refusals import NotFound
from portal.versions import current


def entries(known: int | None = None) -> dict[str, dict[str, Any]]:
    """Every plan that is believed, as an entry of plans.json, by its code in order."""
    rows = current(PlanVersion, known).subquery()
    query = select(Plan.plan_code, rows.c.name, rows.c.valid_from, rows.c.valid_to, rows.c.terms).join(rows, rows.c.plan_id == Plan.id)
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(db.session.execute(query), key=lambda row: (row.plan_code.encode(), row.valid_from)):
        plan = found.setdefault(row.plan_code, {"code": row.plan_code, "name": row.name, "versions": []})
        plan["name"] = row.name
        plan["versions"].append(_version(row))
    return found


def _version(row: Any) -> dict[str, Any]:
    terms = json.loads(row.terms) if isinstance(row.terms, str) else row.terms
    span = {"valid_from": str(row.valid_from), "valid_to": "" if row.valid_to == OPEN_END else str(row.valid_to)}
    return {**span, **{name: terms[name] for name in TERMS if name in terms}}


def visible_plans(actor: Actor) -> ColumnElement[bool]:
    """The condition, on Plan, that an actor may see a plan: all, or those that brokers whom he may see have or had an agreement on."""
    scope = actor.scope(Can.PLAN_SEE)
    if scope is Scope.ALL:
        return true()
    agreed = current(Agreement).subquery()
    mine = select(agreed.c.plan_id).join(Broker, Broker.id == agreed.c.broker_id).where(visible_brokers(actor))
    return Plan.id.in_(mine)


def plan_for(actor: Actor, plan_code: str) -> Plan:
    """A plan that the actor may see. Raises NotFound, the same for foreign and for missing ones."""
    plan = db.session.execute(select(Plan).where(Plan.plan_code == plan_code, visible_plans(actor))).scalar_one_or_none()
    if plan is None:
        raise NotFound("there is no plan %(code)s that you may see", code=plan_code)
    return plan


@dataclass(frozen=True)
class OnPlan:
    """A broker's agreement that names a plan; `equity` is his attributed equity on the last settled day, None where unknown."""

    broker_no: str
    name: str
    valid_from: date
    valid_to: date
    equity: int | None


def on_plan(plan_id: int, actor: Actor) -> list[OnPlan]:
    """Every agreement that names a plan, of the brokers whom the actor may see, the newest first."""
    agreed, version = current(Agreement).subquery(), current(BrokerVersion).subquery()
    equity = equities().subquery()
    query = (
        select(Broker.broker_no, version.c.name, agreed.c.valid_from, agreed.c.valid_to, equity.c.equity)
        .join(agreed, agreed.c.broker_id == Broker.id)
        .join(version, version.c.broker_id == Broker.id)
        .outerjoin(equity, equity.c.broker_id == Broker.id)
        .where(agreed.c.plan_id == plan_id, visible_brokers(actor))
    )
    rows = [OnPlan(*row) for row in db.session.execute(query)]
    return sorted(sorted(rows, key=lambda row: row.broker_no.encode()), key=lambda row: row.valid_to, reverse=True)


def equities() -> Any:
    """The query for (broker_id, equity in fen) of the last day that a computed month knows."""
    last = select(func.max(BrokerDay.trade_date)).scalar_subquery()
    return select(BrokerDay.broker_id, BrokerDay.equity).where(BrokerDay.trade_date == last, BrokerDay.run_id.in_(newest_run_ids()))


def equity_day() -> date | None:
    """The day of `equities`."""
    return db.session.execute(select(func.max(BrokerDay.trade_date))).scalar()


@dataclass(frozen=True)
class PlanRow:
    """A plan on the list, with who is on it on the last settled day and what the newest computed month paid them (fen)."""

    code: str
    name: str
    versions: int
    since: date
    until: date
    brokers: int
    equity: int
    paid: int | None


def plan_rows(actor: Actor, on: date, period: str | None) -> list[PlanRow]:
    """Every plan that the actor may see, by code; agreements are those of the day `on`, pay is that of the month `period`."""
    plans = dict(db.session.execute(select(Plan.plan_code, Plan.id).where(visible_plans(actor))).all())
    agreed = current(Agreement).subquery()
    agreements = select(agreed.c.plan_id, agreed.c.broker_id).where(agreed.c.valid_from <= on, agreed.c.valid_to > on)
    who: dict[int, list[int]] = defaultdict(list)
    for plan_id, broker_id in db.session.execute(agreements):
        who[plan_id].append(broker_id)
    held = dict(db.session.execute(equities()).all())
    paid = _paid(period) if period else {}
    rows = []
    for code, entry in entries().items():
        if code in plans:
            spans = [(version["valid_from"], version["valid_to"] or str(OPEN_END)) for version in entry["versions"]]
            brokers = who[plans[code]]
            since, until = date.fromisoformat(min(start for start, _end in spans)), date.fromisoformat(max(end for _start, end in spans))
            amount = sum(paid.get(broker, 0) for broker in brokers) if period else None
            rows.append(PlanRow(code, entry["name"], len(spans), since, until, len(brokers), sum(held.get(broker, 0) for broker in brokers), amount))
    return rows


def _paid(period: str) -> dict[int, int]:
    query = select(RunStatement.broker_id, RunStatement.earned + RunStatement.cap_or_guarantee).join(CommissionRun, CommissionRun.id == RunStatement.run_id)
    return dict(db.session.execute(query.where(CommissionRun.period == period, CommissionRun.id.in_(newest_run_ids()))).all())


def computed_periods() -> list[str]:
    """Every month that was computed, newest first."""
    return sorted(db.session.execute(select(CommissionRun.period).distinct()).scalars(), reverse=True)


def closed_since(day: date) -> list[str]:
    """The closed months that a change from a day on reaches, in order."""
    periods = db.session.execute(select(MonthClose.period).order_by(MonthClose.period)).scalars()
    return [period for period in periods if Month.parse(period).last >= day]


def agreements_since(plan_code: str, day: date) -> int:
    """How many brokers have an agreement that names a plan on a day or later."""
    agreed = current(Agreement).subquery()
    query = select(func.count(agreed.c.broker_id.distinct())).join(Plan, Plan.id == agreed.c.plan_id)
    return int(db.session.execute(query.where(Plan.plan_code == plan_code, agreed.c.valid_to > day)).scalar_one())


def known_products() -> list[tuple[str, str]]:
    """Every exchange and product that was traded in a computed month or stands in the exchange fee table, without an instrument's month."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for products in db.session.execute(select(CommissionRun.products).where(CommissionRun.id.in_(newest_run_ids()))).scalars():
        for exchange, product in products:
            found.setdefault((exchange.upper(), product.lower()), (exchange, product))
    fees = current(ExchangeFee).subquery()
    for exchange, product in db.session.execute(select(fees.c.exchange, fees.c.product).distinct()):
        if not any(letter.isdigit() for letter in product):
            found.setdefault((exchange.upper(), product.lower()), (exchange, product))
    return [found[key] for key in sorted(found)]


def history(plan_id: int) -> Sequence[tuple[datetime, str, date, date, bool]]:
    """Everything that was ever recorded of a plan's versions, newest first: when, by whom, the span, and whether it was taken out."""
    query = select(Recording.recorded_at, Recording.actor_label, PlanVersion.valid_from, PlanVersion.valid_to, PlanVersion.withdrawn)
    query = query.join(Recording, Recording.id == PlanVersion.recording_id).where(PlanVersion.plan_id == plan_id).order_by(PlanVersion.id.desc())
    return [tuple(row) for row in db.session.execute(query)]  # type: ignore[misc]
