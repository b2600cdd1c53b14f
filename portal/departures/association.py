"""The association's monthly report: brokers whose clients are many or whose clients' equity is large at the end of a month (spec: more than
20 clients or more than 2,000,000.00 yuan), due 15 working days after it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from models import db
from models.attribution import Attribution, AttributionState
from models.clients import AccountVersion
from models.partners import Branch, Broker, BrokerVersion, Licence
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal.bulk import among, read_frame
from portal.disputes.queries import due_from
from portal.settlement.facts import day_balances
from portal.versions import newest_frame, version_of

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
    """SCHEMA of the brokers over a limit on a settled day. Everybody is read in columns: to look each account up takes ten times as long."""
    spans = newest_frame(Attribution, {"account_id": pl.Int64, "broker_id": pl.Int64, "valid_from": pl.Date, "valid_to": pl.Date, "state": pl.String})
    here = spans.filter(pl.col("valid_from") <= day, pl.col("valid_to") > day, pl.col("state").is_in(COUNTED))
    accounts = newest_frame(AccountVersion, {"account_id": pl.Int64, "client_no": pl.String, "closed_on": pl.Date})
    open_yet = accounts.filter(pl.col("closed_on").is_null() | (pl.col("closed_on") > day))
    held = here.join(open_yet, on="account_id").join(day_balances(day, ["equity"]), on="account_id", how="left")
    sums = held.group_by("broker_id").agg(clients=pl.col("client_no").n_unique().cast(pl.Int64), equity=pl.col("equity").sum())
    over = sums.filter((pl.col("clients") > CLIENTS) | (pl.col("equity") > EQUITY))
    rows = over.join(_brokers(over["broker_id"].to_list(), day), on="broker_id").select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    return rows.sort("equity", "broker_no", descending=[True, False]).with_row_index("row")


def _brokers(broker_ids: list[int], day: date) -> pl.DataFrame:
    """broker_id, broker_no, name, kind, branch and licence (the one that holds on the day) of some brokers."""
    who, is_his = version_of(BrokerVersion, Broker.id)
    row, newer = aliased(Licence), aliased(Licence)
    later = exists().where(*(getattr(newer, name) == getattr(row, name) for name in Licence.KEY), newer.id > row.id)
    holds = (row.broker_id == Broker.id) & (row.valid_from <= day) & (row.valid_to > day) & ~row.withdrawn & ~later
    licence = select(func.max(row.licence_no)).where(holds).scalar_subquery()
    query = select(Broker.id, Broker.broker_no, who.name, who.kind, Branch.branch_no, licence)
    query = query.select_from(Broker).outerjoin(who, is_his).outerjoin(Branch, Branch.id == who.branch_id)
    names = ("broker_no", "name", "kind", "branch", "licence")
    return read_frame(query.where(among(Broker.id, broker_ids)), {"broker_id": pl.Int64, **dict.fromkeys(names, pl.String)})


def days_left(found: Report, today: date) -> int:
    """Calendar days until it is due; below 0 it is late."""
    return (found.due_on - today) // timedelta(days=1)
