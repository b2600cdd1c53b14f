"""What months pay brokers for each account: sums over the lines of their runs, corrections included."""

from __future__ import annotations

import io
from typing import NamedTuple

import polars as pl
from sqlalchemy import select

from models import db
from models.commission import CommissionRun, LineSegment, SegmentRole
from models.values.calendar import Month
from portal.bulk import BY_PARTS
from portal.commission.queries import newest_run_ids
from portal.transaction import snapshot

PAID = {"account_id": pl.Int64, "amount": pl.Int64}
"""Fen for each account."""


class Run(NamedTuple):
    """A run by its key and what its lines come to: under the same digest they never change."""

    id: int
    digest: str


def runs_between(first: Month, last: Month) -> tuple[Run, ...]:
    """The runs that count for the months of a period: of an open month its preview."""
    query = select(CommissionRun.id, CommissionRun.digest).where(CommissionRun.id.in_(newest_run_ids()), CommissionRun.period.between(str(first), str(last)))
    return tuple(Run(*row) for row in db.session.execute(query.order_by(CommissionRun.id)))


def paid_for(runs: tuple[Run, ...]) -> pl.DataFrame:
    """PAID: what the lines of some runs add up to. Rounding lines, which have no account, are left out.

    One question, answered segment after segment, so that only one lies in memory. What a correction took out of a run's lines counts
    against what it put in, as portal/commission/store.py lays them over each other.
    """
    parts = [pl.DataFrame(schema=PAID)]
    query = select(LineSegment.role, LineSegment.payload).where(LineSegment.run_id.in_([run.id for run in runs]))
    with snapshot():
        for role, payload in db.session.execute(query, execution_options=BY_PARTS) if runs else ():
            sign = -1 if role == SegmentRole.OUT else 1
            lines = pl.read_parquet(io.BytesIO(payload), columns=list(PAID)).drop_nulls("account_id")
            parts.append(lines.group_by("account_id").agg(pl.col("amount").sum() * sign))
    return pl.concat(parts).group_by("account_id").agg(pl.col("amount").sum())
