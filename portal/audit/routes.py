"""Pages: the audit log with its lines, and what waits for a second person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select

from models import db
from models.audit import ApprovalState, AuditEntry
from portal import clock
from portal.audit import approvals as verbs
from portal.audit import heads, log, policy, queries, showing
from portal.permissions import Can
from portal.settings import Settings
from portal.transaction import lock_months, transaction
from portal.web.downloads import as_file, wants_file
from portal.web.exports import Cell
from portal.web.guard import current_actor, requires
from portal.web.paging import Column, Filter, Listing, columns, day_filter, page_of, read
from portal.web.requests import request_id

bp = Blueprint("audit", __name__)

LOG_COLUMNS = columns(
    Column("seq", _l("Line"), sort=True),
    Column("at", _l("When")),
    Column("person", _l("Who")),
    Column("action", _l("Action")),
    Column("subject", _l("About")),
    Column("reason", _l("Reason")),
)
_SEQ = AuditEntry.__table__.c.seq
LOG = Listing(
    tiebreak=_SEQ,
    sorts={"seq": _SEQ},
    default="-seq",
    filters=(
        Filter("person", _l("Person"), queries.by_person),
        Filter("action", _l("Action"), queries.by_action),
        Filter("subject", _l("About"), queries.by_subject),
        day_filter("from", _l("From"), lambda day: queries.since(day, _zone())),
        day_filter("to", _l("To"), lambda day: queries.until(day, _zone())),
    ),
    per_page=50,
    keyset=True,
)
DECIDED_COLUMNS = columns(
    Column("number", _l("Number"), number=True),
    Column("kind", _l("What")),
    Column("prepared", _l("Prepared")),
    Column("state", _l("State")),
    Column("decided", _l("Decided")),
    Column("note", _l("Note")),
)
STATES = {
    ApprovalState.WAITING.value: (_l("Waiting"), "info"),
    ApprovalState.APPROVED.value: (_l("Approved"), "good"),
    ApprovalState.REFUSED.value: (_l("Refused"), "bad"),
    ApprovalState.WITHDRAWN.value: (_l("Withdrawn"), "neutral"),
}
KINDS = {"Month close": _l("Month close"), "Adjustments": _l("Adjustments"), "Replacement of a dated file": _l("Replacement of a dated file")}
NAMES = {
    "amount": _l("Amount"),
    "brokers": _l("Brokers"),
    "count": _l("Count"),
    "digest": _l("Digest"),
    "file": _l("File"),
    "lines": _l("Lines"),
    "period": _l("Month"),
    "rows": _l("Rows"),
    "settled_days": _l("Settled days"),
    "vanished": _l("Rows taken out"),
}
"""What the parts of a preview are called; others are shown by their own names."""


@bp.get("/audit", endpoint="log")
@requires(Can.AUDIT_READ)
def log_page() -> ResponseReturnValue:
    """The log, newest first."""
    wanted = read(LOG, request.args, request.path)
    statement = queries.lines(current_actor())
    if wants_file() == "csv":
        with transaction():
            log.write(current_actor(), clock.now(), "audit.exported", "audit_log", "", after={"filters": wanted.address()}, request_id=request_id())
        rows: Any = stream_with_context(_cells(wanted.order(wanted.narrow(statement))))
        headers = ["seq", "at", "person", "action", "subject_type", "subject_key", "reason", "request_id"]
        return as_file("csv", "audit-log", headers, rows)
    return render_template("audit/log.html", page=page_of(statement, wanted), columns=LOG_COLUMNS)


@bp.get("/audit/<int:seq>")
@requires(Can.AUDIT_READ)
def entry(seq: int) -> ResponseReturnValue:
    """One line: who, what, why, and what it changed."""
    found, before, after = queries.entry(current_actor(), seq)
    return render_template("audit/entry.html", entry=found, before=before, after=after, changes=showing.changes(found.before, found.after))


@bp.get("/approvals")
@requires(Can.APPROVAL_DECIDE)
def approvals() -> ResponseReturnValue:
    """What waits for the reader, what he prepared, and what was decided."""
    actor = current_actor()
    before = request.args.get("before", "")
    decided, older = queries.decided(actor, before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None)
    return render_template(
        "audit/approvals.html",
        waiting=queries.waiting_for(actor),
        own=queries.prepared_by(actor),
        decided=decided,
        older=older,
        columns=DECIDED_COLUMNS,
    )


@bp.get("/approvals/<int:approval_id>")
@requires(Can.APPROVAL_DECIDE)
def approval(approval_id: int) -> ResponseReturnValue:
    """What is to be approved, as it was prepared, with the buttons that decide it."""
    actor = current_actor()
    found = queries.approval(actor, approval_id)
    kind = policy.APPROVABLE.get(found.kind)
    return render_template(
        "audit/approval.html",
        approval=found,
        shown=showing.preview(found.preview, kind.amounts if kind else ()),
        may_decide=policy.may_decide(actor, found),
        may_withdraw=found.state == ApprovalState.WAITING and found.prepared_by_id == actor.user_id,
        decided_by=queries.label_of(found.decided_by_id),
    )


@bp.post("/approvals/<int:approval_id>/approve")
@requires(Can.APPROVAL_DECIDE)
def approve(approval_id: int) -> ResponseReturnValue:
    """Approve exactly what was shown, and do it."""
    queries.approval(current_actor(), approval_id)
    with transaction():
        lock_months()
        verbs.approve(approval_id, current_actor(), clock.now(), digest=request.form.get("digest", ""), note=_note())
    heads.publish_current(_settings().instance, clock.now())
    flash(_("Approved, and done."), "success")
    return redirect(url_for("audit.approval", approval_id=approval_id), 303)


@bp.post("/approvals/<int:approval_id>/refuse")
@requires(Can.APPROVAL_DECIDE)
def refuse(approval_id: int) -> ResponseReturnValue:
    """Refuse it, with a reason."""
    queries.approval(current_actor(), approval_id)
    with transaction():
        verbs.refuse(approval_id, current_actor(), clock.now(), digest=request.form.get("digest", ""), note=_note())
    flash(_("Refused. Whoever prepared it sees your reason."), "success")
    return redirect(url_for("audit.approval", approval_id=approval_id), 303)


@bp.post("/approvals/<int:approval_id>/withdraw")
@requires(Can.OWN_SETTINGS)
def withdraw(approval_id: int) -> ResponseReturnValue:
    """Take back what one prepared oneself; for others there is no such thing."""
    queries.own_approval(current_actor(), approval_id)
    with transaction():
        verbs.withdraw(approval_id, current_actor(), clock.now(), note=_note())
    flash(_("Taken back."), "success")
    return redirect(url_for("audit.approval", approval_id=approval_id) if current_actor().may(Can.APPROVAL_DECIDE) else url_for("identity.me"), 303)


@bp.app_context_processor
def words() -> dict[str, object]:
    """What the templates of this room call."""

    def kind_label(kind: str) -> object:
        label = policy.APPROVABLE[kind].label if kind in policy.APPROVABLE else kind
        return KINDS.get(label, label)

    return {"approval_states": STATES, "approval_kind": kind_label, "preview_name": lambda name: NAMES.get(name, name.replace("_", " "))}


def _cells(statement: Select[Any]) -> Iterator[tuple[Cell, ...]]:
    zone = _zone()
    for row in db.session.execute(statement.execution_options(yield_per=1_000)):
        yield row.seq, row.at.astimezone(zone), row.actor_label, row.action, row.subject_type, row.subject_key, row.reason, row.request_id


def _note() -> str:
    return request.form.get("note", "").strip()[:2_000]


def _settings() -> Settings:
    settings: Settings = current_app.config["PORTAL"]
    return settings


def _zone() -> ZoneInfo:
    return ZoneInfo(_settings().timezone)
