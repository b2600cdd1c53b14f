"""Previews kept current: after files, approvals and closes the open months are computed anew, so that pages show today's books."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import func, select

from models import db
from models.commission import CommissionRun, MonthClose
from models.jobs import Job, JobState
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.audit.recordings import hold_clock, last_recording_id
from portal.commission import runs
from portal.commission.month import Progress, quiet
from portal.departures import books, limits
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.local_day import today
from portal.settlement import windows
from portal.transaction import lock_months, transaction

REFRESH = "commission.refresh"
"""The kind of the job. It has no arguments."""


@handler(REFRESH)
def refresh_job(work: Work) -> dict[str, Any]:
    """Preview every open month that something was recorded for since; keep what every account came to up to the newest settled day, and on how few
    the equity stands; hold the limits against it."""
    return {"months": refresh(work.progress)}


def renew_windows() -> None:
    """Keep what every account came to up to the newest settled day, where that is not kept or holds no more. For doors."""
    found = windows.made() if windows.is_stale() else None
    if found is not None:
        with transaction():
            windows.keep(found)


def renew_concentration(progress: Progress = quiet) -> int:
    """Keep on how few the equity stands on every settled day where that is not kept or holds no more, some days in each transaction, then hold the
    limits against the newest. Returns how many days were made. For doors."""
    known, days = last_recording_id(), books.stale_days()
    for start in range(0, len(days), books.AT_ONCE):
        with transaction():
            hold_clock()
            books.keep(days[start : start + books.AT_ONCE], progress)
    with transaction():
        if days:
            books.all_hold(known)
        limits.check(actor=TERMINAL, moment=clock.now(), today=today())
    return len(days)


def refresh(progress: Progress) -> list[str]:
    """Preview the open months that are stale, the earliest first, each in a transaction of its own, and renew what every account came to and
    on how few the equity stands. Returns which months."""
    done = []
    for month in open_months():
        if runs.fresh_run(month) is not None:
            continue
        computed = runs.compute_now(month, progress)
        with transaction():
            lock_months()
            if runs.fresh_run(month) is None:
                runs.store_run(computed, clock.now(), overrides_allowed=current_app.config["PORTAL"].allow_overrides)
                done.append(str(month))
    renew_windows()
    renew_concentration(progress)
    return done


def open_months() -> list[Month]:
    """Months with a settled day that are not closed, in their order."""
    days = db.session.execute(select(SettlementDay.trade_date).distinct()).scalars()
    closed = set(db.session.execute(select(MonthClose.period)).scalars())
    return sorted({Month.of(day) for day in days} - {Month.parse(period) for period in closed})


def is_stale() -> bool:
    """Whether something was recorded since the newest preview of an open month, or a settled day stands without its concentration."""
    query = select(CommissionRun.period, func.max(CommissionRun.known_recording_id)).group_by(CommissionRun.period)
    newest = dict(db.session.execute(query).all())
    known = last_recording_id()
    return any(newest.get(str(month)) != known for month in open_months()) or books.is_missing()


def ask_for_refresh(actor: Actor, moment: datetime) -> Job | None:
    """Ask for the job inside the open transaction; where one waits already, that one will do."""
    waits = select(Job.id).where(Job.kind == REFRESH, Job.state == JobState.WAITING).limit(1)
    return None if db.session.execute(waits).first() else enqueue(actor, moment, REFRESH, {})
