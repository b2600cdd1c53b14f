"""Whether the books of a month hang together from day to day: each balance begins where the one before ended."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import polars as pl
from sqlalchemy import func, select

from models import db
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal.refusals import Refusal
from portal.settlement.calendar import trading_days
from portal.settlement.facts import day_balances, previous_settled_day, settled_days


def broken_links(period: Month) -> dict[date, int]:
    """For each settled day of a month, how many accounts begin with another balance than they ended the settled day before with.

    A day that follows a missing trading day is left out: what happened in between is not known.
    """
    newest = db.session.execute(select(func.max(SettlementDay.id)).where(SettlementDay.trade_date <= period.last)).scalar() or 0
    return dict(_broken((str(db.engine.url), newest, str(period))))


@lru_cache(maxsize=32)
def _broken(key: tuple[str, int, str]) -> tuple[tuple[date, int], ...]:
    """Kept until another version of a day is posted."""
    period = Month.parse(key[2])
    days = settled_days(period.first, period.last)
    before = previous_settled_day(period.first)
    found = []
    for day in days:
        if before is not None and not _between(before, day):
            ended = day_balances(before, ["balance"])
            begun = day_balances(day, ["previous_balance"])
            count = begun.join(ended, on="account_id").filter(pl.col("balance") != pl.col("previous_balance")).height
            if count:
                found.append((day, count))
        before = day
    return tuple(found)


def _between(before: date, day: date) -> bool:
    """Whether a trading day lies between two days; an unknown year counts as one."""
    try:
        return any(before < one < day for one in trading_days(before, day))
    except Refusal:
        return True
