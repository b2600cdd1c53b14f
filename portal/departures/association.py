"""The association's monthly report: brokers whose clients are many or whose clients' equity is large at the end of a month (spec: more than
20 clients or more than 2,000,000.00 yuan), due 15 working days after it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import and_, func, or_, select

from models import db
from models.attribution import Attribution, AttributionState
from models.clients import Account, AccountVersion
from models.partners import Branch, Broker, BrokerVersion, Licence
from models.settlement import Balance, SettlementDay
from models.values.calendar import Month
from portal.clients.balances import held
from portal.clients.queries import newest_version
from portal.disputes.queries import due_from
from portal.versions import current

CLIENTS, EQUITY = 20, 200_000_000
"""Who has more clients than this, or clients with more equity (fen), is reported; who has exactly so many is not."""
WORKING_DAYS = 15
COUNTED = (AttributionState.CONFIRMED.value, AttributionState.SUSPENDED.value)
"""A pending attribution is none yet: the client has not confirmed it. One in dispute is: somebody brought him."""
SCHEMA: dict[str, Any] = {
    "broker_no": pl.String,
    "name": pl.String,
    "kind": pl.String,
    "branch": pl.String,
    "licence": pl.String,
    "clients": pl.Int64,
    "equity": pl.Int64,
}


class Report(NamedTuple):
    """A month's report: the settled day it is taken from, until when it is due, and its rows (SCHEMA), the largest equity first."""

    month: Month
    settled: date
    due_on: date
    rows: pl.DataFrame


def months() -> list[Month]:
    """The months that have settled days, newest first."""
    days = db.session.execute(select(SettlementDay.trade_date).distinct().order_by(SettlementDay.trade_date.desc())).scalars()
    return list(dict.fromkeys(Month.of(day) for day in days))


def report(month: Month) -> Report | None:
    """The report of a month; None where it has no settled day. A client is counted for each broker he is attributed to, with his whole equity:
    a share says what a broker is paid and not how many clients he has. Closed accounts are not counted, negative equity counts as it is."""
    settled = db.session.execute(select(func.max(SettlementDay.trade_date)).where(SettlementDay.trade_date.between(month.first, month.last))).scalar()
    if settled is None:
        return None
    return Report(month, settled, due_from(month.last, WORKING_DAYS), _rows(settled))


def _rows(day: date) -> pl.DataFrame:
    span = current(Attribution).subquery()
    here = and_(span.c.valid_from <= day, span.c.valid_to > day, span.c.state.in_(COUNTED))
    open_yet = or_(AccountVersion.closed_on.is_(None), AccountVersion.closed_on > day)
    clients, equity = func.count(AccountVersion.client_no.distinct()), func.coalesce(func.sum(Balance.equity), 0)
    sums = select(span.c.broker_id, clients.label("clients"), equity.label("equity")).join(Account, Account.id == span.c.account_id)
    sums = sums.join(AccountVersion, AccountVersion.account_id == Account.id).outerjoin(Balance, held(day)).where(here, open_yet, newest_version())
    over = sums.group_by(span.c.broker_id).having(or_(clients > CLIENTS, equity > EQUITY)).subquery()
    who, licence = current(BrokerVersion).subquery(), current(Licence).subquery()
    held_now = and_(licence.c.broker_id == over.c.broker_id, licence.c.valid_from <= day, licence.c.valid_to > day)
    query = select(Broker.broker_no, who.c.name, who.c.kind, Branch.branch_no, func.max(licence.c.licence_no), over.c.clients, over.c.equity)
    query = query.join(over, over.c.broker_id == Broker.id).outerjoin(who, who.c.broker_id == Broker.id).outerjoin(Branch, Branch.id == who.c.branch_id)
    query = query.outerjoin(licence, held_now).group_by(Broker.broker_no, who.c.name, who.c.kind, Branch.branch_no, over.c.clients, over.c.equity)
    rows = [(*row[:5], int(row[5]), int(row[6])) for row in db.session.execute(query)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("equity", "broker_no", descending=[True, False]).with_row_index("row")


def days_left(found: Report, today: date) -> int:
    """Calendar days until it is due; below 0 it is late."""
    return (found.due_on - today) // timedelta(days=1)
