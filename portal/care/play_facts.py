"""The facts that plays look at, read for all clients at once: a constant number of questions, joined in columns."""

from __future__ import annotations

from datetime import date

import polars as pl
from sqlalchemy import and_, func, or_, select

from models import db
from models.attribution import Attribution
from models.care import Contact, ContactOutcome
from models.clients import Account, AccountVersion, Servicing
from models.departures import Departure, DepartureState
from models.settlement import Balance, SettlementDay
from portal.care import people
from portal.care.book import served
from portal.care.key_clients import KeyRule, cut_offs, is_key
from portal.care.plays import FACTS, LOSING_DAYS
from portal.care.queries import effective
from portal.clients.balances import held
from portal.clients.queries import accounts, newest_version
from portal.leads.confirmation_queries import waiting_accounts
from portal.versions import current

GONE = (DepartureState.EFFECTIVE.value, DepartureState.SETTLED.value)
"""A broker's departure sets a task once it is effective."""
LOOKED_BACK = 20
"""So many settled days are looked at for a losing streak."""


def facts_on(day: date, settled: date, rule: KeyRule) -> pl.DataFrame:
    """What plays know of every open account on a day, with the balances of a settled one."""
    key = func.coalesce(is_key(rule, cut_offs(settled, rule)), False)
    query = accounts().outerjoin(Balance, held(settled)).where(newest_version(), or_(AccountVersion.closed_on.is_(None), AccountVersion.closed_on > day))
    rows = query.with_only_columns(
        Account.id, AccountVersion.name, AccountVersion.birthday, AccountVersion.opened_on, Balance.equity, Balance.margin, key, maintain_column_froms=True
    )
    columns = {name: FACTS[name] for name in ("account_id", "name", "birthday", "opened_on", "equity", "margin", "is_key")}
    found = pl.DataFrame([tuple(row) for row in db.session.execute(rows)], schema=columns, orient="row")
    for other in (_owners(day), _losing(settled), _spoken(), _left(day), _awaiting(day)):
        found = found.join(other, on="account_id", how="left")
    return found.select(pl.col(name).cast(kind) for name, kind in FACTS.items()).sort("account_id")


def _owners(day: date) -> pl.DataFrame:
    """Who looks after each account and is there; of several the one with the lowest id, so that a play keeps to him."""
    there = people.there(day).subquery()
    query = select(Servicing.account_id, func.min(Servicing.staff_id)).where(served(day), Servicing.staff_id.in_(select(there.c.staff_id))).group_by(Servicing.account_id)
    return pl.DataFrame([tuple(row) for row in db.session.execute(query)], schema={"account_id": pl.Int64, "owner_id": pl.Int64}, orient="row")


def _losing(settled: date) -> pl.DataFrame:
    """For how many settled days in a row each account's trading has lost, and since when; only streaks that a play looks at."""
    days = list(
        db.session.execute(
            select(SettlementDay.trade_date).where(SettlementDay.trade_date <= settled).distinct().order_by(SettlementDay.trade_date.desc()).limit(LOOKED_BACK)
        ).scalars()
    )
    schema = {"account_id": pl.Int64, "losing_days": pl.Int64, "losing_since": pl.Date}
    if len(days) < LOSING_DAYS:
        return pl.DataFrame(schema=schema)
    result = Balance.realized_pnl + Balance.mtm_pnl - Balance.fee
    newest = func.row_number().over(partition_by=(Balance.account_id, Balance.trade_date), order_by=Balance.version.desc()).label("place")
    rows = select(Balance.account_id, Balance.trade_date, Balance.gone, result.label("result"), newest).where(Balance.trade_date.in_(days)).subquery()
    counted = and_(rows.c.place == 1, ~rows.c.gone)
    last_good = select(rows.c.account_id, func.max(rows.c.trade_date).label("at")).where(counted, rows.c.result >= 0).group_by(rows.c.account_id).subquery()
    query = select(rows.c.account_id, func.count(), func.min(rows.c.trade_date)).outerjoin(last_good, last_good.c.account_id == rows.c.account_id)
    query = query.where(counted, or_(last_good.c.at.is_(None), rows.c.trade_date > last_good.c.at)).group_by(rows.c.account_id).having(func.count() >= LOSING_DAYS)
    return pl.DataFrame([tuple(row) for row in db.session.execute(query)], schema=schema, orient="row")


def _spoken() -> pl.DataFrame:
    """When each account was last spoken with, as a day of UTC: a play counts in tens of days."""
    query = select(Contact.account_id, func.max(Contact.at)).where(Contact.outcome == ContactOutcome.REACHED, effective()).group_by(Contact.account_id)
    return pl.DataFrame([(account, at.date()) for account, at in db.session.execute(query)], schema={"account_id": pl.Int64, "spoken_on": pl.Date}, orient="row")


def _left(day: date) -> pl.DataFrame:
    """On which day the broker of an account left, where its attribution led to him then or the day before."""
    gone = select(Departure.broker_id, func.max(Departure.effective_on).label("on")).where(
        Departure.broker_id.is_not(None), Departure.state.in_(GONE), Departure.effective_on <= day
    )
    left, span = gone.group_by(Departure.broker_id).subquery(), current(Attribution).subquery()
    query = select(span.c.account_id, func.max(left.c.on)).join(left, left.c.broker_id == span.c.broker_id)
    query = query.where(span.c.valid_from < left.c.on, span.c.valid_to >= left.c.on).group_by(span.c.account_id)
    return pl.DataFrame([tuple(row) for row in db.session.execute(query)], schema={"account_id": pl.Int64, "broker_left_on": pl.Date}, orient="row")


def _awaiting(day: date) -> pl.DataFrame:
    """The accounts whose clients wait for the confirmation call."""
    waiting = waiting_accounts(day).subquery()
    found = [(key, True) for key in db.session.execute(select(waiting.c.account_id)).scalars()]
    return pl.DataFrame(found, schema={"account_id": pl.Int64, "awaits_call": pl.Boolean}, orient="row")
