"""A month's days and how each stands, and what a version of a day changed. Reads only."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from sqlalchemy import func, select

from models import db
from models.audit import Recording
from models.settlement import CalendarDay, SettlementDay, SettlementDayFile, SettlementFile
from models.values.calendar import Month
from portal.settlement.around import account_ids
from portal.settlement.day import AMOUNTS
from portal.settlement.facts import day_frames

MISSING, POSTED, CORRECTED, REFUSED, CLOSED, FUTURE, UNKNOWN = "missing", "posted", "corrected", "refused", "closed", "future", "unknown"
STATES = (MISSING, POSTED, CORRECTED, REFUSED, CLOSED, FUTURE, UNKNOWN)
"""How a calendar day stands: `closed` is one without trading, `unknown` one of a year that the calendar does not have."""
TRADE_AMOUNTS = ("lots", "turnover", "fee", "exchange_fee")
CHANGES: dict[str, pl.DataType | type[pl.DataType]] = {
    "account_no": pl.String,
    "exchange": pl.String,
    "product": pl.String,
    "field": pl.String,
    "before": pl.Int64,
    "after": pl.Int64,
    "delta": pl.Int64,
}


@dataclass(frozen=True)
class DayState:
    """One calendar day; counts and equity (fen) of its newest version, None where nothing is posted."""

    day: date
    state: str
    note: str = ""
    version: int | None = None
    accounts: int | None = None
    trades: int | None = None
    equity: int | None = None
    refused_by: int | None = None


@dataclass(frozen=True)
class VersionRow:
    """A version of a settled day: when, by whom, from which files, and the day's totals as they then stood."""

    row: SettlementDay
    at: datetime
    who: str
    files: tuple[str, ...]


def month_states(period: Month, today: date, refused: dict[date, int]) -> list[DayState]:
    """Every calendar day of a month. `refused` names the import that refused a day and was not mended since."""
    newest = select(func.max(SettlementDay.id)).where(SettlementDay.trade_date.between(period.first, period.last)).group_by(SettlementDay.trade_date)
    posted = {row.trade_date: row for row in db.session.scalars(select(SettlementDay).where(SettlementDay.id.in_(newest)))}
    known = {row.day: row for row in db.session.scalars(select(CalendarDay).where(CalendarDay.day.between(period.first, period.last)))}
    days = (date(period.year, period.month, number) for number in range(1, calendar.monthrange(period.year, period.month)[1] + 1))
    return [_state(day, posted.get(day), known.get(day), today, refused.get(day)) for day in days]


def _state(day: date, row: SettlementDay | None, known: CalendarDay | None, today: date, refused: int | None) -> DayState:
    note = known.note if known else ""
    if row is not None:
        word = REFUSED if refused else CORRECTED if row.version > 1 else POSTED
        return DayState(day, word, note, row.version, row.accounts, row.trades, row.equity, refused)
    if refused:
        return DayState(day, REFUSED, note, refused_by=refused)
    if known is None:
        return DayState(day, UNKNOWN)
    if not known.trading:
        return DayState(day, CLOSED, note)
    return DayState(day, FUTURE if day > today else MISSING, note)


def versions(day: date) -> list[VersionRow]:
    """The versions of a day, newest first."""
    query = select(SettlementDay, Recording.recorded_at, Recording.actor_label).join(Recording, Recording.id == SettlementDay.recording_id)
    rows = db.session.execute(query.where(SettlementDay.trade_date == day).order_by(SettlementDay.version.desc())).all()
    named: dict[int, list[str]] = {}
    files = select(SettlementDayFile.day_id, SettlementFile.name).join(SettlementFile, SettlementFile.id == SettlementDayFile.file_id)
    for day_id, name in db.session.execute(files.where(SettlementDayFile.day_id.in_([row.SettlementDay.id for row in rows])).order_by(SettlementFile.id)):
        named.setdefault(day_id, []).append(name)
    return [VersionRow(row.SettlementDay, row.recorded_at, row.actor_label, tuple(named.get(row.SettlementDay.id, ()))) for row in rows]


def changes(day: date, before: int, after: int) -> pl.DataFrame:
    """What differs between the day as known at two recordings: one row per account (and product) and amount (CHANGES)."""
    old, new = (_long(day, known) for known in (before, after))
    keys = ["account_no", "exchange", "product", "field"]
    both = old.rename({"value": "before"}).join(new.rename({"value": "after"}), on=keys, how="full", coalesce=True)
    differing = both.filter(pl.col("before").fill_null(0) != pl.col("after").fill_null(0))
    frame = differing.with_columns(delta=pl.col("after").fill_null(0) - pl.col("before").fill_null(0)).sort("account_no", "exchange", "product", "field")
    return frame.select(pl.col(name).cast(kind) for name, kind in CHANGES.items())


def _long(day: date, known: int) -> pl.DataFrame:
    balances, trades = day_frames(day, known)
    numbers = account_ids()
    own = balances.join(numbers, on="account_id").select("account_no", *AMOUNTS).unpivot(index="account_no", variable_name="field", value_name="value")
    traded = trades.join(numbers, on="account_id").select("account_no", "exchange", "product", *(pl.col(name).alias(f"trade_{name}") for name in TRADE_AMOUNTS))
    by_product = traded.unpivot(index=["account_no", "exchange", "product"], variable_name="field", value_name="value")
    whole = own.with_columns(exchange=pl.lit(""), product=pl.lit(""))
    names = ["account_no", "exchange", "product", "field", "value"]
    return pl.concat([part.select(pl.col(name).cast(pl.Int64 if name == "value" else pl.String) for name in names) for part in (whole, by_product)])
