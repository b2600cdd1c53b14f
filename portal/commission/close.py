"""Closing a month (commission rules §7): a preview, a second person who approves exactly that preview, and books that never change."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import exists, func, or_, select

from models import db
from models.audit import Approval
from models.commission import Adjustment, CommissionRun, MonthClose, RunStatement
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.recordings import last_recording_id, open_recording
from portal.commission.knowledge import DATED, first_month, identity_changed_since
from portal.commission.statement import COLUMNS
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.settlement.calendar import missing_days
from portal.webhooks.recording import Happened, record

CLOSE = "commission.month.close"
"""The kind of the approval that closes a month."""


def blockers(period: Month, known: int) -> tuple[list[str], list[date]]:
    """What stands before a close: earlier months still open, and trading days of the month that are not settled."""
    closed = set(db.session.execute(select(MonthClose.period)).scalars())
    first = first_month(known) or period
    earlier = [str(month) for month in first.until(period.plus(-1)) if str(month) not in closed]
    settled = select(SettlementDay.trade_date).where(SettlementDay.trade_date.between(period.first, period.last), SettlementDay.recording_id <= known).distinct()
    return earlier, missing_days(period, list(db.session.execute(settled).scalars()))


def prepare_close(run: CommissionRun, actor: Actor, moment: datetime, *, accept_missing: bool, accepted: dict[str, str] | None = None) -> Approval:
    """Put a computed month before a second person. Raises Refusal where earlier months are open or settled days are missing.

    `accepted` says what else was accepted by name; the second person is shown it."""
    actor.need(Can.MONTH_PREPARE)
    period = Month.parse(run.period)
    missing = _check(run, period)
    if missing and not accept_missing:
        days = ", ".join(str(day) for day in missing)
        raise Refusal("%(period)s lacks the settled days %(days)s: import them, or close with the missing days accepted by name", period=run.period, days=days)
    payload = {"digest": run.digest, "missing_days": [str(day) for day in missing]}
    return approvals.prepare(actor, moment, kind=CLOSE, subject=run.period, payload=payload, preview={**preview_of(run), **(accepted or {})})


def preview_of(run: CommissionRun) -> dict[str, Any]:
    """What the second person is shown: the digest of the books and their totals in fen."""
    sums = [func.coalesce(func.sum(getattr(RunStatement, name)), 0) for name in COLUMNS]
    totals = db.session.execute(select(func.count(), *sums).where(RunStatement.run_id == run.id)).one()
    amounts = {name: int(total) for name, total in zip(COLUMNS, totals[1:], strict=True)}
    return {"period": run.period, "digest": run.digest, "lines": run.lines, "brokers": totals[0], "settled_days": len(run.settled_days), **amounts}


def _check(run: CommissionRun, period: Month) -> list[date]:
    if db.session.get(MonthClose, run.period):
        raise Conflict("%(period)s is closed already; what was learnt since is corrected in the month that is open now", period=run.period)
    earlier, missing = blockers(period, run.known_recording_id)
    if earlier:
        raise Refusal("close %(earlier)s first: %(period)s builds on it", earlier=", ".join(earlier), period=run.period)
    if run.assumed_open:
        raise Conflict("the preview of %(period)s was computed while %(earlier)s was open: preview it again", period=run.period, earlier=", ".join(run.assumed_open))
    if changed_since(run, period):
        raise Conflict("the firm's books changed since %(period)s was previewed: preview it again", period=run.period)
    return missing


def changed_since(run: CommissionRun, period: Month) -> bool:
    """Whether something recorded after a run was computed could change it."""
    since = run.known_recording_id
    if since == last_recording_id():
        return False
    questions = [
        select(SettlementDay.id).where(SettlementDay.recording_id > since, SettlementDay.trade_date <= period.last),
        select(Adjustment.id).where(Adjustment.recording_id > since, Adjustment.period <= run.period),
        *(select(model.id).where(model.recording_id > since, model.valid_from <= period.last) for model in DATED),
    ]
    return bool(db.session.execute(select(or_(*(exists(question) for question in questions)))).scalar()) or identity_changed_since(since)


def _close(approval: Approval, actor: Actor, moment: datetime) -> None:
    """Freeze the approved run. Runs inside the approver's transaction, once."""
    same = select(CommissionRun).where(CommissionRun.period == approval.subject, CommissionRun.digest == approval.payload["digest"])
    run = db.session.execute(same.order_by(CommissionRun.id.desc()).limit(1)).scalar_one_or_none()
    if run is None:
        raise Conflict("the preview that was prepared is no longer there: prepare the close again")
    _check(run, Month.parse(run.period))
    if approval.prepared_by_id is None or actor.user_id is None:
        raise Refusal("closing a month needs two named people: one who prepares it and one who approves it")
    open_recording(actor, moment, CLOSE, run.period)
    db.session.add(
        MonthClose(
            period=run.period,
            run_id=run.id,
            digest=run.digest,
            closed_at=moment,
            prepared_by_id=approval.prepared_by_id,
            approved_by_id=actor.user_id,
            missing_days=approval.payload["missing_days"],
        )
    )
    log.write(actor, moment, CLOSE, "month", run.period, after={"digest": run.digest, "missing_days": approval.payload["missing_days"]})
    record("month.closed", [Happened(run.period, f"/commission/months/{run.period}")], moment)
    db.session.flush()


approvals.register(CLOSE, Can.MONTH_APPROVE, _close, label="Month close", amounts=COLUMNS)
