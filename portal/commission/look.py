"""A preview beside the month before: who stands out, who is new or gone, who earns nothing and why. Reads only."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl
from sqlalchemy import func, select

from models import db
from models.commission import BrokerDay, CommissionRun, MonthClose, RunStatement
from models.partners import Broker
from models.values.calendar import Month
from portal.commission import outliers, store
from portal.commission.outliers import Outlier
from portal.commission.queries import newest_run_ids
from portal.commission.statement import COLUMNS
from portal.commission.vocabulary import Kind, Reason

FLAGS = ("stands_out", "in_the_firm", "new", "gone", "earns_nothing", "capped", "guaranteed", "negative", "corrected", "adjusted")
"""What may be remarkable about a broker's month."""
Amounts = dict[str, int]


@dataclass(frozen=True)
class Looked:
    """One broker's month beside the one before; amounts in fen. `reasons` says how many lines earn nothing, by their reason."""

    broker_no: str
    amounts: Amounts
    before: Amounts
    flags: tuple[str, ...]
    himself: Outlier | None = None
    firm: Outlier | None = None
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """A preview beside the month before (`previous` is None where there is none)."""

    period: str
    previous: str | None
    totals: Amounts
    before: Amounts
    rows: list[Looked]

    def count(self, flag: str) -> int:
        """How many brokers carry a flag."""
        return sum(flag in row.flags for row in self.rows)


def look(run: CommissionRun) -> Look:
    """Everything that a preview should be looked at for."""
    period = Month.parse(run.period)
    earlier = _runs_before(period)
    previous = earlier[0] if earlier and earlier[0][0] == str(period.plus(-1)) else None
    now = _statements(run.id)
    before = _statements(previous[1]) if previous else {}
    numbers = {row.id: row.broker_no for row in db.session.execute(select(Broker.id, Broker.broker_no))}
    history = _history([run_id for _, run_id in earlier[: outliers.MONTHS]])
    fees = select(BrokerDay.broker_id, func.sum(BrokerDay.retained_fee).label("fee")).where(BrokerDay.run_id == run.id).group_by(BrokerDay.broker_id)
    retained = {row.broker_id: int(row.fee) for row in db.session.execute(fees)}
    firm = outliers.in_the_firm({broker: row["earned"] for broker, row in now.items()}, retained)
    nothing = _why_nothing(run, [broker for broker, row in now.items() if row["earned"] == 0], numbers)
    empty = dict.fromkeys(COLUMNS, 0)
    rows = []
    for broker in sorted(now.keys() | before.keys(), key=lambda one: numbers[one].encode()):
        here, there = now.get(broker), before.get(broker)
        himself = outliers.against_himself(here["earned"], history.get(broker, [])) if here else None
        looked = Looked(numbers[broker], here or empty, there or empty, (), himself, firm.get(broker), nothing.get(broker, {}))
        rows.append(_flagged(looked, new=there is None and previous is not None, gone=here is None))
    return Look(run.period, previous[0] if previous else None, _sums(now), _sums(before), rows)


def _flagged(row: Looked, *, new: bool, gone: bool) -> Looked:
    here = row.amounts
    found = {
        "stands_out": row.himself is not None,
        "in_the_firm": row.firm is not None,
        "new": new,
        "gone": gone,
        "earns_nothing": not gone and here["earned"] == 0 and bool(row.reasons),
        "capped": here["cap_or_guarantee"] < 0,
        "guaranteed": here["cap_or_guarantee"] > 0,
        "negative": here["payable"] < 0 or here["carry_over"] < 0,
        "corrected": here["corrections"] != 0,
        "adjusted": here["adjustments"] != 0,
    }
    return Looked(row.broker_no, here, row.before, tuple(flag for flag in FLAGS if found[flag]), row.himself, row.firm, row.reasons)


def _runs_before(period: Month) -> list[tuple[str, int]]:
    """The runs that count for earlier months, newest first."""
    query = select(CommissionRun.period, CommissionRun.id).where(CommissionRun.period < str(period), CommissionRun.id.in_(newest_run_ids()))
    return [(row.period, row.id) for row in db.session.execute(query.order_by(CommissionRun.period.desc()))]


def _statements(run_id: int) -> dict[int, Amounts]:
    rows = db.session.execute(select(RunStatement.broker_id, *(getattr(RunStatement, name) for name in COLUMNS)).where(RunStatement.run_id == run_id))
    return {broker: dict(zip(COLUMNS, amounts, strict=True)) for broker, *amounts in rows}


def _history(run_ids: list[int]) -> dict[int, list[int]]:
    """What each broker earned in earlier closed months, newest first; months without a statement of his are left out."""
    place = {run_id: number for number, run_id in enumerate(run_ids)}
    query = select(RunStatement.broker_id, RunStatement.run_id, RunStatement.earned).join(MonthClose, MonthClose.run_id == RunStatement.run_id)
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for broker, run_id, earned in db.session.execute(query.where(RunStatement.run_id.in_(run_ids))):
        found[broker].append((place[run_id], earned))
    return {broker: [earned for _, earned in sorted(rows)] for broker, rows in found.items()}


def _sums(rows: dict[int, Amounts]) -> Amounts:
    return {name: sum(row[name] for row in rows.values()) for name in COLUMNS}


def _why_nothing(run: CommissionRun, brokers: list[int], numbers: dict[int, str]) -> dict[int, dict[str, int]]:
    """For brokers who earn nothing, how many of their lines have which reason."""
    if not brokers:
        return {}
    key = (str(db.engine.url), run.id, run.digest)
    return _reasons(key, tuple((broker, numbers[broker]) for broker in brokers))


@lru_cache(maxsize=8)
def _reasons(key: tuple[str, int, str], brokers: tuple[tuple[int, str], ...]) -> dict[int, dict[str, int]]:
    """Kept by the run's digest: the lines of a run never change under it."""
    lines = store.read_lines(key[1], brokers={number: broker for broker, number in brokers}, where=(pl.col("reason") > 0) & (pl.col("kind") != Kind.override.value))
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for broker, reason, count in lines.group_by("broker_id", "reason").len().sort("broker_id", "reason").iter_rows():
        found[broker][Reason(reason).name] = count
    return dict(found)
