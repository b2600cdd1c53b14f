"""Pages: the audit log with its lines, and what waits for a second person."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.audit import ApprovalState
from portal import clock, local_day
from portal.audit import approvals as verbs
from portal.audit import heads, policy, queries, showing
from portal.audit.forms import DECIDED_LIST, LOG_LIST, STATES, kind_label
from portal.audit.wording import NAMES, name_of, value_of
from portal.permissions import Can
from portal.settings import Settings
from portal.transaction import lock_months, transaction
from portal.web.formats import moment_text
from portal.web.guard import current_actor, requires
from portal.web.list_pages import show_list
from portal.web.templating import give

bp = Blueprint("audit", __name__)


@bp.get("/audit", endpoint="log")
@requires(Can.AUDIT_READ)
def log_page() -> ResponseReturnValue:
    """The log, newest first."""
    return show_list(LOG_LIST, "audit/log.html")


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
    return show_list(DECIDED_LIST, "audit/approvals.html", waiting=queries.waiting_for(actor), own=queries.prepared_by(actor))


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
        shown=showing.preview(found.preview, kind.amounts if kind else (), order=tuple(NAMES)),
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


def _readable(name: str, text: str) -> str:
    """A value of a preview as people read it: a part of a million as per cent, a moment by the firm's clock, a coded one in words."""
    if name.endswith("_ppm") and (digits := text.replace(",", "")).isdecimal():
        return f"{Decimal(digits) / 10_000:f} %"
    if name.endswith("_at"):
        try:
            return moment_text(datetime.fromisoformat(text), local_day.zone())
        except ValueError:
            return text
    return value_of(name, text)


def _note() -> str:
    return request.form.get("note", "").strip()[:2_000]


def _settings() -> Settings:
    settings: Settings = current_app.config["PORTAL"]
    return settings


give(bp, approval_states=STATES, approval_kind=kind_label, preview_name=name_of, preview_value=_readable)
