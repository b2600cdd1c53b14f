"""Whether a run's own books hold together: its lines against its statements and its days, and each statement against itself."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import polars as pl
from sqlalchemy import case, func, or_, select

from models import db
from models.commission import BrokerDay, CommissionRun, LineSegment, RunLevel, RunStatement, SegmentRole


@dataclass(frozen=True)
class Sums:
    """Two sums in fen that must be one."""

    what: str
    here: int
    there: int


def broken_sums(run: CommissionRun) -> list[Sums]:
    """The sums that do not agree: lines and statements, dated lines and days, corrections and statements. Empty where all is well."""
    earned, corrections = db.session.execute(
        select(func.coalesce(func.sum(RunStatement.earned), 0), func.coalesce(func.sum(RunStatement.corrections), 0)).where(RunStatement.run_id == run.id)
    ).one()
    days = db.session.execute(select(func.coalesce(func.sum(BrokerDay.amount), 0)).where(BrokerDay.run_id == run.id)).scalar_one()
    lines, dated, corrected = _lines((str(db.engine.url), run.id, run.digest))
    levels = _levels(run)
    found = [Sums("lines", lines, int(earned)), Sums("days", dated, int(days)), Sums("corrections", corrected + levels, int(corrections))]
    return [one for one in found if one.here != one.there]


def broken_statements(run: CommissionRun) -> int:
    """How many statements are not what their own columns add up to."""
    row = RunStatement
    payable = row.earned + row.corrections + row.cap_or_guarantee + row.adjustments + row.reserve + row.release + row.carry_over
    positive = case((row.payable > 0, row.payable), else_=0)
    wrong = or_(payable != row.payable, positive - row.withholding != row.net)
    return db.session.execute(select(func.count()).where(row.run_id == run.id, wrong)).scalar_one()


def _levels(run: CommissionRun) -> int:
    query = select(func.coalesce(func.sum(RunLevel.amount), 0)).where(RunLevel.run_id == run.id)
    return int(db.session.execute(query).scalar_one())


@lru_cache(maxsize=16)
def _lines(key: tuple[str, int, str]) -> tuple[int, int, int]:
    """The sums of a run's own lines, of those with a day, and of its corrections; kept by the digest, under which they never change."""
    query = select(LineSegment.role, LineSegment.payload).where(LineSegment.run_id == key[1]).order_by(LineSegment.id)
    own = dated = corrected = 0
    for role, payload in db.session.execute(query):
        frame = pl.read_parquet(io.BytesIO(payload), columns=["amount", "trade_date"])
        amount, with_day = int(frame["amount"].sum()), int(frame.filter(pl.col("trade_date").is_not_null())["amount"].sum())
        sign = {SegmentRole.LINES: 1, SegmentRole.IN: 1, SegmentRole.OUT: -1}.get(SegmentRole(role), 0)
        own, dated = own + sign * amount, dated + sign * with_day
        corrected += amount if role == SegmentRole.CORRECTIONS else 0
    return own, dated, corrected
