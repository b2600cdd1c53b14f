"""What earlier months hand on to later ones (commission rules §6.5, §6.6): negative payables, and reserves that come back.

It goes to the month for which it is meant. A month that was closed before the other one was takes nothing any more: the first
later month that was still open then does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import func, select

from models import db
from models.commission import CommissionRun, MonthClose, RunStatement
from models.values.calendar import Month
from portal.commission.statement import Statement

Amounts = dict[int, int]
"""Fen by broker_id."""


class Handed(NamedTuple):
    """What one statement hands on: its payable and its reserve (fen), and the month in which that comes back (empty: none)."""

    payable: int
    reserve: int
    release_period: str


@dataclass
class Carried:
    """What is handed on to each open month: carry-overs (negative) and releases, in fen."""

    closes: Mapping[str, int]
    carry_overs: dict[str, Amounts] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    releases: dict[str, Amounts] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    def add(self, month: Month, statements: Mapping[int, Statement | Handed]) -> None:
        """Hand on what an open month comes to, as if it were closed now."""
        after = str(first_open(month.plus(1), self.closes))
        for broker, row in statements.items():
            if row.payable < 0:
                self.carry_overs[after][broker] += row.payable
            if row.release_period:
                self.releases[str(first_open(Month.parse(row.release_period), self.closes))][broker] -= row.reserve


def closes() -> dict[str, int]:
    """The closed months, and the recording up to which each close knew. A later close knew more."""
    query = select(MonthClose.period, CommissionRun.known_recording_id).join(CommissionRun, CommissionRun.id == MonthClose.run_id)
    return dict(db.session.execute(query.order_by(MonthClose.period)).all())


def first_open(month: Month, closed: Mapping[str, int], known: int | None = None) -> Month:
    """The first month from `month` on that was not closed at recording `known` (None: now)."""
    while str(month) in closed and (known is None or closed[str(month)] <= known):
        month = month.plus(1)
    return month


def carried_from_closed(months: Iterable[Month], closed: Mapping[str, int]) -> Carried:
    """What the closed months hand on to the open `months`."""
    wanted, carried = {str(month) for month in months}, Carried(closed)
    into = {period: str(first_open(Month.parse(period).plus(1), closed, known)) for period, known in closed.items()}
    frozen = select(MonthClose.period, RunStatement.broker_id).join(RunStatement, RunStatement.run_id == MonthClose.run_id)
    negative = frozen.add_columns(RunStatement.payable).where(RunStatement.payable < 0, MonthClose.period.in_([period for period, after in into.items() if after in wanted]))
    for period, broker, payable in db.session.execute(negative):
        carried.carry_overs[into[period]][broker] += payable
    fixed = RunStatement.reserve_release_period
    held = select(MonthClose.period, fixed, RunStatement.broker_id, func.sum(RunStatement.reserve)).join(RunStatement, RunStatement.run_id == MonthClose.run_id)
    held = held.where(fixed.is_not(None)).group_by(MonthClose.period, fixed, RunStatement.broker_id)
    for period, release, broker, reserve in db.session.execute(held):
        after = str(first_open(Month.parse(str(release)), closed, closed[period]))
        if after in wanted:
            carried.releases[after][broker] -= int(reserve)
    return carried
