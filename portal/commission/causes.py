"""Corrections by the month that they correct, and what made them. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import func, select

from models import db
from models.audit import Recording
from models.commission import CommissionRun, MonthClose, RunLevel, SegmentRole
from models.partners import Broker
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal.commission import store
from portal.commission.knowledge import DATED

SCHEMA = {"origin": pl.String, "broker_no": pl.String, "lines": pl.Int64, "first_day": pl.Date, "last_day": pl.Date, "amount": pl.Int64, "level": pl.Int64, "total": pl.Int64}


@dataclass(frozen=True)
class Cause:
    """Something learnt after the origin month was trued up: a corrected day, or dated facts (`what` names their table)."""

    what: str
    recording: int
    at: datetime
    who: str
    day: date | None = None
    version: int | None = None
    rows: int = 1


@dataclass(frozen=True)
class Origin:
    """What a run corrects in one closed month, in fen, and why."""

    period: str
    brokers: int
    total: int
    causes: list[Cause] = field(default_factory=list)


def corrections(run: CommissionRun) -> pl.DataFrame:
    """A run's corrections, one row per origin month and broker: lines, days, their sum, the cap or guarantee difference, both together."""
    lines = store.read_lines(run.id, SegmentRole.CORRECTIONS)
    numbers = pl.DataFrame([tuple(row) for row in db.session.execute(select(Broker.id, Broker.broker_no))], schema={"broker_id": pl.Int64, "broker_no": pl.String}, orient="row")
    levels = [tuple(row) for row in db.session.execute(select(RunLevel.origin, RunLevel.broker_id, RunLevel.amount).where(RunLevel.run_id == run.id))]
    summed = lines.group_by("origin", "broker_id").agg(
        pl.len().cast(pl.Int64).alias("lines"), pl.col("trade_date").min().alias("first_day"), pl.col("trade_date").max().alias("last_day"), pl.col("amount").sum()
    )
    caps = pl.DataFrame(levels, schema={"origin": pl.String, "broker_id": pl.Int64, "level": pl.Int64}, orient="row")
    both = summed.join(caps, on=["origin", "broker_id"], how="full", coalesce=True).with_columns(pl.col("lines", "amount", "level").fill_null(0))
    named = both.join(numbers, on="broker_id").with_columns(total=pl.col("amount") + pl.col("level"))
    return named.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()).sort("origin", "broker_no")


def origins(run: CommissionRun, rows: pl.DataFrame) -> list[Origin]:
    """The origin months of a run's corrections, newest first, each with what made them."""
    if rows.is_empty():
        return []
    since = _trued_up(run)
    sums = rows.group_by("origin").agg(pl.len().alias("brokers"), pl.col("total").sum()).sort("origin", descending=True)
    learnt = _learnt(since, run.known_recording_id)
    return [Origin(period, brokers, total, _of(Month.parse(period), learnt)) for period, brokers, total in sums.iter_rows()]


def _trued_up(run: CommissionRun) -> int:
    """The knowledge of the last close before this run: all earlier months were trued up with it."""
    query = select(func.max(CommissionRun.known_recording_id)).join(MonthClose, MonthClose.run_id == CommissionRun.id).where(MonthClose.period < run.period)
    return db.session.execute(query).scalar() or 0


def _learnt(since: int, known: int) -> list[tuple[Cause, Any]]:
    """What was recorded between two recordings, each with the first day that it may change."""
    found: list[tuple[Cause, Any]] = []
    days = select(SettlementDay.trade_date, SettlementDay.version, Recording).join(Recording, Recording.id == SettlementDay.recording_id)
    for day, version, recording in db.session.execute(days.where(Recording.id > since, Recording.id <= known, SettlementDay.version > 1).order_by(Recording.id)):
        found.append((Cause("day", recording.id, recording.recorded_at, recording.actor_label, day, version), day))
    for model in DATED:
        name = model.__tablename__
        query = select(Recording.id, Recording.recorded_at, Recording.actor_label, func.count(), func.min(model.valid_from)).join(model, model.recording_id == Recording.id)
        query = query.where(Recording.id > since, Recording.id <= known).group_by(Recording.id, Recording.recorded_at, Recording.actor_label).order_by(Recording.id)
        found += [(Cause(name, number, at, who, rows=rows), first) for number, at, who, rows, first in db.session.execute(query)]
    return found


def _of(origin: Month, learnt: list[tuple[Cause, Any]]) -> list[Cause]:
    return [cause for cause, first in learnt if (Month.of(first) == origin if cause.what == "day" else first <= origin.last)]
