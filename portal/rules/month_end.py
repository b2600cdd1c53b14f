"""What each broker's clients came to at the last month end: how many, and their equity; and when a report is due. Set-based."""

from __future__ import annotations

from datetime import date

import polars as pl
from sqlalchemy import func, select

from models import db
from models.attribution import Attribution
from models.clients import AccountVersion
from models.settlement import Balance, CalendarDay, SettlementDay
from portal.bulk import read_frame
from portal.rules.facts import MonthEnd
from portal.versions import current


def month_ends(day: date, working_days: int) -> dict[int, MonthEnd]:
    """By broker, as of the last settled day of the month before a day. An account that several brokers share counts for each."""
    first = day.replace(day=1)
    end = db.session.execute(select(func.max(SettlementDay.trade_date)).where(SettlementDay.trade_date < first)).scalar()
    if end is None:
        return {}
    spans = current(Attribution).subquery()
    held = read_frame(select(spans.c.broker_id, spans.c.account_id).where(spans.c.valid_from <= end, spans.c.valid_to > end), {"broker_id": pl.Int64, "account_id": pl.Int64})
    people = read_frame(current(AccountVersion).with_only_columns(AccountVersion.account_id, AccountVersion.client_no), {"account_id": pl.Int64, "client_no": pl.String})
    columns = (Balance.account_id, Balance.version, Balance.equity, Balance.gone)
    rows = read_frame(select(*columns).where(Balance.trade_date == end), {"account_id": pl.Int64, "version": pl.Int64, "equity": pl.Int64, "gone": pl.Boolean})
    equity = rows.filter(pl.col("version") == pl.col("version").max().over("account_id")).filter(~pl.col("gone")).select("account_id", "equity")
    book = held.join(people, on="account_id", how="left").join(equity, on="account_id", how="inner")
    sums = book.group_by("broker_id").agg(clients=pl.col("client_no").n_unique(), equity=pl.col("equity").sum())
    due = report_due(end, working_days)
    return {row["broker_id"]: MonthEnd(end, row["clients"], row["equity"], due) for row in sums.iter_rows(named=True)}


def report_due(end: date, working_days: int) -> date | None:
    """The so-many-th trading day after a month end; None where the calendar does not reach it."""
    return trading_day_after(end, working_days)


def trading_day_after(day: date, count: int) -> date | None:
    """The so-many-th trading day after a day; None where the calendar does not reach it."""
    later = select(CalendarDay.day).where(CalendarDay.day > day, CalendarDay.trading).order_by(CalendarDay.day)
    return db.session.execute(later.offset(count - 1).limit(1)).scalar()


def trading_days() -> list[date]:
    """Every trading day that the calendar knows, in order: for due days of many rows at once."""
    return list(db.session.execute(select(CalendarDay.day).where(CalendarDay.trading).order_by(CalendarDay.day)).scalars())
