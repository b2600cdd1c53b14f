"""Runs: a month's commission as computed, kept so that pages, exports and the second person all look at the same books."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

import polars as pl
from sqlalchemy import delete, select

from models import db
from models.audit import Approval, ApprovalState
from models.commission import BrokerDay, CommissionRun, LineSegment, MonthClose, RunLevel, RunStatement, RunTier
from models.values.calendar import Month
from portal.audit.recordings import last_recording_id
from portal.bulk import insert_frame, insert_rows
from portal.commission import store
from portal.commission.compute import Computed, compute
from portal.commission.knowledge import first_month, touched_months
from portal.commission.month import Progress, quiet
from portal.commission.statement import COLUMNS
from portal.refusals import Refusal
from portal.versions import table_of


def closed_run(period: Month) -> CommissionRun | None:
    """The run whose books are frozen for a closed month."""
    query = select(CommissionRun).join(MonthClose, MonthClose.run_id == CommissionRun.id).where(MonthClose.period == str(period))
    return db.session.execute(query).scalar_one_or_none()


def fresh_run(period: Month) -> CommissionRun | None:
    """The closed run of a month, or the newest preview if nothing was recorded since it was computed."""
    closed = closed_run(period)
    if closed:
        return closed
    newest = db.session.execute(select(CommissionRun).where(CommissionRun.period == str(period)).order_by(CommissionRun.id.desc()).limit(1)).scalar_one_or_none()
    return newest if newest and newest.known_recording_id == last_recording_id() else None


def compute_now(period: Month, progress: Progress = quiet) -> Computed:
    """Compute an open month with everything known now. Raises Refusal where there is nothing to compute from."""
    known = last_recording_id()
    first = first_month(known)
    if first is None:
        raise Refusal("there is no settled day yet: import the firm's daily files first")
    return compute(period, known, first, touched_months(known), progress)


def store_run(computed: Computed, moment: datetime, *, overrides_allowed: bool) -> CommissionRun:
    """Keep a computed month as a run, in place of earlier previews of the same month. Verb: runs inside a transaction."""
    _drop_previews(computed.month)
    run = CommissionRun(
        period=str(computed.month),
        known_recording_id=computed.known,
        computed_at=moment,
        digest=digest_of(computed),
        lines=computed.lines,
        overrides_allowed=overrides_allowed,
        assumed_open=computed.assumed_open,
        settled_days=computed.days,
    )
    db.session.add(run)
    db.session.flush()
    store.save(run.id, computed.segments)
    statements = ((run.id, broker_id, *row.amounts, row.release_period, row.lines) for broker_id, row in computed.statements.items())
    insert_rows(table_of(RunStatement), ("run_id", "broker_id", *COLUMNS, "reserve_release_period", "lines"), statements)
    tiers = ((run.id, broker_id, period, version, str(tier.measure), tier.total, tier.days) for broker_id, period, version, tier in computed.tiers)
    insert_rows(table_of(RunTier), ("run_id", "broker_id", "period", "plan_version_id", "measure", "total", "days"), tiers)
    insert_rows(table_of(RunLevel), ("run_id", "broker_id", "origin", "amount"), ((run.id, *row) for row in computed.levels))
    days = computed.broker_days.rename({"day": "trade_date"}).select("broker_id", "trade_date", "accounts", "equity", "retained_fee", "amount")
    insert_frame(table_of(BrokerDay), days.select(pl.lit(run.id).alias("run_id"), pl.all()))
    return run


def digest_of(computed: Computed) -> str:
    """The SHA-256 over every line segment and statement: what the second person approves."""
    statements = [[broker_id, *row] for broker_id, row in sorted(computed.statements.items())]
    content = {
        "period": str(computed.month),
        "known": computed.known,
        "days": computed.days,
        "segments": [[segment.role, segment.shard, segment.digest] for segment in computed.segments],
        "statements": statements,
        "levels": sorted(computed.levels),
    }
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _drop_previews(month: Month) -> None:
    """Previews are no facts: a newer one takes their place. Closed runs stay, and those that wait for a second person."""
    waiting = select(Approval.payload).where(Approval.subject == str(month), Approval.state == ApprovalState.WAITING)
    kept = {payload.get("run_id") for payload in db.session.execute(waiting).scalars()} | set(db.session.execute(select(MonthClose.run_id)).scalars())
    runs = db.session.execute(select(CommissionRun.id).where(CommissionRun.period == str(month))).scalars()
    old = [run_id for run_id in runs if run_id not in kept]
    for model in (LineSegment, RunStatement, RunTier, RunLevel, BrokerDay):
        db.session.execute(delete(model).where(model.run_id.in_(old)))
    db.session.execute(delete(CommissionRun).where(CommissionRun.id.in_(old)))
