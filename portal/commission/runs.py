"""Runs: a month's commission as computed, kept so that pages, exports and the second person all look at the same books."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import bindparam, delete, select

from models import db
from models.audit import Approval, ApprovalState
from models.commission import BrokerDay, CommissionRun, LineSegment, MonthClose, RunLevel, RunStatement, RunTier
from models.values.calendar import Month
from portal.audit.recordings import last_recording_id
from portal.bulk import insert_frame, insert_rows, read_frame
from portal.commission import store
from portal.commission.again import DAY_COLUMNS, Change, change_of
from portal.commission.compute import Computed, compute
from portal.commission.knowledge import first_month, touched_months
from portal.commission.month import Progress, quiet
from portal.commission.statement import COLUMNS, Statement
from portal.commission.tiers import TierResult
from portal.refusals import Conflict, Refusal
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
    newest = newest_run(period)
    return newest if newest and newest.known_recording_id == last_recording_id() else None


def newest_run(period: Month) -> CommissionRun | None:
    """The newest run of a month, preview or closed."""
    return db.session.execute(select(CommissionRun).where(CommissionRun.period == str(period)).order_by(CommissionRun.id.desc()).limit(1)).scalar_one_or_none()


def compute_now(period: Month, progress: Progress = quiet) -> Computed | Change:
    """Compute an open month with everything known now; where only days of it were corrected since its newest preview, what they
    change in that. `store_run` keeps either. Raises Refusal where there is nothing to compute from."""
    newest = newest_run(period)
    change = change_of(newest, last_recording_id()) if newest and closed_run(period) is None else None
    return change or compute_whole(period, progress)


def compute_whole(period: Month, progress: Progress = quiet) -> Computed:
    """Compute an open month from its facts. Raises Refusal where there is nothing to compute from."""
    known = last_recording_id()
    first = first_month(known)
    if first is None:
        raise Refusal("there is no settled day yet: import the firm's daily files first")
    return compute(period, known, first, touched_months(known), progress)


def store_run(computed: Computed | Change, moment: datetime, *, overrides_allowed: bool) -> CommissionRun:
    """Keep a computed month as a run, in place of earlier previews of the same month; a change becomes part of the preview that
    it changes. Verb: runs inside a transaction. Raises Conflict where that preview is no more as it was."""
    if isinstance(computed, Change):
        return _store_change(computed, moment, overrides_allowed=overrides_allowed)
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
        products=computed.products,
    )
    db.session.add(run)
    db.session.flush()
    store.save(run.id, computed.segments)
    _insert_statements(run.id, computed.statements)
    _insert_tiers(run.id, computed.tiers)
    insert_rows(table_of(RunLevel), ("run_id", "broker_id", "origin", "amount"), ((run.id, *row) for row in computed.levels))
    days = computed.broker_days.rename({"day": "trade_date"}).select("broker_id", "trade_date", "accounts", "equity", "retained_fee", "amount")
    insert_frame(table_of(BrokerDay), days.select(pl.lit(run.id).alias("run_id"), pl.all()))
    return run


def _store_change(change: Change, moment: datetime, *, overrides_allowed: bool) -> CommissionRun:
    run = db.session.execute(select(CommissionRun).where(CommissionRun.id == change.run_id)).scalar_one_or_none()
    period = Month.parse(run.period) if run else None
    if run is None or period is None or run.digest != change.digest or closed_run(period):
        raise Conflict("the month was previewed by somebody else meanwhile: preview it again")
    store.save(run.id, change.segments)
    brokers = list(change.statements)
    db.session.execute(delete(RunStatement).where(RunStatement.run_id == run.id, RunStatement.broker_id.in_(brokers)))
    _insert_statements(run.id, {broker_id: row for broker_id, row in change.statements.items() if row is not None})
    moved = {broker_id for broker_id, _, _ in change.tiers}
    db.session.execute(delete(RunTier).where(RunTier.run_id == run.id, RunTier.period == run.period, RunTier.broker_id.in_(moved)))
    _insert_tiers(run.id, [(broker_id, run.period, version, tier) for broker_id, version, tier in change.tiers])
    _replace_days(run.id, change.broker_days)
    run.known_recording_id, run.computed_at, run.lines, run.products = change.known, moment, run.lines + change.lines, change.products
    run.overrides_allowed = overrides_allowed
    db.session.flush()
    db.session.expire_all()
    run.digest = _digest_of_stored(run)
    return run


def _insert_statements(run_id: int, statements: dict[int, Statement]) -> None:
    rows = ((run_id, broker_id, *row.amounts, row.release_period, row.lines) for broker_id, row in statements.items())
    insert_rows(table_of(RunStatement), ("run_id", "broker_id", *COLUMNS, "reserve_release_period", "lines"), rows)


def _insert_tiers(run_id: int, tiers: list[tuple[int, str, int, TierResult]]) -> None:
    rows = ((run_id, broker_id, period, version, str(tier.measure), str(tier.summed), tier.total, tier.days) for broker_id, period, version, tier in tiers)
    insert_rows(table_of(RunTier), ("run_id", "broker_id", "period", "plan_version_id", "measure", "summed", "total", "days"), rows)


def _replace_days(run_id: int, days: pl.DataFrame) -> None:
    """Put brokers' days in the place of those that are there, and touch no other: a correction moves one day of many brokers.

    Each is named by its whole key: with lists PostgreSQL reads the run whole as long as it has not counted a new one."""
    table = table_of(BrokerDay)
    one = delete(table).where(table.c.run_id == run_id, table.c.broker_id == bindparam("broker"), table.c.trade_date == bindparam("day"))
    if days.height:
        db.session.execute(one, days.select(broker="broker_id", day="trade_date").to_dicts())
    held = days.filter(pl.any_horizontal(pl.col(DAY_COLUMNS) != 0))
    insert_frame(table_of(BrokerDay), held.select(pl.lit(run_id).alias("run_id"), pl.all()))


def _digest_of_stored(run: CommissionRun) -> str:
    """The digest of a run as its tables hold it: the same content as `digest_of` covers."""
    names = dict.fromkeys(("broker_id", *COLUMNS), pl.Int64) | {"reserve_release_period": pl.String, "lines": pl.Int64}
    query = select(*(getattr(RunStatement, name) for name in names)).where(RunStatement.run_id == run.id).order_by(RunStatement.broker_id)
    statements = list(read_frame(query, names).iter_rows())
    levels = [list(row) for row in db.session.execute(select(RunLevel.broker_id, RunLevel.origin, RunLevel.amount).where(RunLevel.run_id == run.id))]
    return _digest(run.period, run.known_recording_id, run.settled_days, [list(row) for row in store.segments_of(run.id)], statements, sorted(levels))


def digest_of(computed: Computed) -> str:
    """The SHA-256 over every line segment and statement: what the second person approves."""
    segments = [[segment.role, segment.shard, segment.digest] for segment in computed.segments]
    statements = [[broker_id, *row] for broker_id, row in sorted(computed.statements.items())]
    return _digest(str(computed.month), computed.known, computed.days, segments, statements, sorted(computed.levels))


def _digest(period: str, known: int, days: list[str], segments: list[Any], statements: list[Any], levels: list[Any]) -> str:
    content = {"period": period, "known": known, "days": days, "segments": segments, "statements": statements, "levels": levels}
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _drop_previews(month: Month) -> None:
    """Previews are no facts: a newer one takes their place. Closed runs stay, and those that wait for a second person."""
    waiting = select(Approval.payload).where(Approval.subject == str(month), Approval.state == ApprovalState.WAITING)
    wanted = {payload.get("digest") for payload in db.session.execute(waiting).scalars()}
    closed = set(db.session.execute(select(MonthClose.run_id)).scalars())
    runs = db.session.execute(select(CommissionRun.id, CommissionRun.digest).where(CommissionRun.period == str(month)))
    old = [run_id for run_id, digest in runs if run_id not in closed and digest not in wanted]
    for model in (LineSegment, RunStatement, RunTier, RunLevel, BrokerDay):
        db.session.execute(delete(model).where(model.run_id.in_(old)))
    db.session.execute(delete(CommissionRun).where(CommissionRun.id.in_(old)))
