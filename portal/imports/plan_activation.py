"""A draft becomes the plan: asked for by one person, done when a second one approves, by the same way as an imported plans.json.

What is asserted is a whole plans.json, every plan as believed with the draft in its place: file and screen give the same rows.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.audit import Approval
from models.commission import Agreement, Plan
from models.identity import User
from models.partners import Broker
from models.plan_drafts import DraftState, PlanDraft
from portal.actors import Actor
from portal.audit import approvals, log
from portal.commission import plan_queries
from portal.commission.drafts import state_of
from portal.commission.files import plans_file
from portal.commission.plan_diff import data_changes
from portal.commission.plan_proposal import Proposal, proposal
from portal.commission.plan_reading import NAME, plan_digest, plans_text
from portal.commission.plan_sheet import plan_of
from portal.imports.context import Context
from portal.imports.masters import MasterInput, assert_master, compared, lines_of
from portal.jobs.refresh import ask_for_refresh
from portal.keys import keyring
from portal.notices.verbs import tell
from portal.permissions import Can
from portal.refusals import Conflict, Findings, Refusal
from portal.versions import current

ACTIVATION = "plan.activation"
"""The kind of the approval that puts a draft in force."""


def ask(draft: PlanDraft, digest: str, reason: str, actor: Actor, moment: datetime, *, overrides_allowed: bool) -> Approval:
    """Put a draft before a second person. `digest` is of the plan that the actor looked at, `reason` why its warnings may stand.

    Raises NotAllowed; Conflict where the draft is another by now; Refusal where something blocks it or a reason is missing.
    """
    actor.need(Can.PLAN_EDIT)
    if state_of(draft) is not DraftState.OPEN:
        raise Conflict("this draft can no longer be changed: begin another one from the plan")
    found = proposal(draft.sheet, overrides_allowed=overrides_allowed)
    if found.digest != digest:
        raise Conflict("the draft changed since you looked at it: look at it again")
    _need_ready(found, reason)
    payload = {"draft": draft.id, "digest": found.digest, "see": f"/plans/drafts/{draft.id}"}
    approval = approvals.prepare(actor, moment, kind=ACTIVATION, subject=found.plan["code"], payload=payload, preview=_preview(found, reason))
    draft.state, draft.approval_id, draft.changed_label, draft.changed_at = DraftState.ASKED, approval.id, actor.label, moment
    return approval


def _need_ready(found: Proposal, reason: str) -> None:
    if found.faults:
        raise Refusal("the draft cannot be read as a plan yet: correct what is marked first")
    if found.blocking:
        raise Refusal("the checker found something that blocks: correct it first")
    if not found.changes:
        raise Refusal("the draft says what the plan says already: there is nothing to activate")
    if found.needs_shadow:
        raise Refusal("it reaches back into closed months: run it in the shadow over %(months)s first, to see what it corrects", months=", ".join(found.closed))
    if found.warnings and not reason.strip():
        raise Refusal("say why the warnings may stand")


def _preview(found: Proposal, reason: str) -> dict[str, Any]:
    return {
        "plan": found.plan["code"],
        "counts_from": str(found.first_day) if found.first_day else "",
        "agreements": found.agreements,
        "changes": _plain(found.changes),
        "corrections": [{"period": period, "amount": amount} for period, amount in found.corrections],
        "warnings": [{"finding": check.code, "place": check.place} for check in found.warnings],
        "reason": reason.strip(),
        "digest": found.digest,
    }


def _plain(changes: list[tuple[str, str | None, str | None]]) -> list[dict[str, Any]]:
    return [{"place": place, "was": was, "will_be": will_be} for place, was, will_be in changes]


def activate(approval: Approval, approver: Actor, moment: datetime) -> None:
    """What an approved activation does. Raises Conflict where draft or plan are no longer those that were shown."""
    query = select(PlanDraft).where(PlanDraft.id == approval.payload["draft"]).with_for_update().execution_options(populate_existing=True)
    draft = db.session.execute(query).scalar_one()
    plan = plan_of(draft.sheet)
    if draft.state != DraftState.ASKED or draft.approval_id != approval.id or plan_digest(plan) != approval.payload["digest"]:
        raise Conflict("this is no longer the draft that was shown: ask again")
    plans = plan_queries.entries()
    if _plain(data_changes(plans.get(plan["code"]), plan)) != approval.preview["changes"]:
        raise Conflict("the plan changed since this was shown: look at the draft and ask again")
    _assert(list({**plans, plan["code"]: plan}.values()), Actor(approval.prepared_by_id, approval.prepared_label), approver, moment)
    draft.state, draft.changed_label, draft.changed_at = DraftState.ACTIVATED, approver.label, moment
    after = {"plan": plan["code"], "digest": approval.payload["digest"], "approval": approval.id, "counts_from": approval.preview["counts_from"]}
    log.write(approver, moment, "plan.activated", "plan", plan["code"], after=after, reason=approval.preview["reason"])
    after_activation(plan["code"], approval.preview["counts_from"], approver, moment)


def _assert(plans: list[dict[str, Any]], preparer: Actor, approver: Actor, moment: datetime) -> None:
    """Assert a whole plans.json. Whether overrides are allowed was looked at when it was asked for."""
    text = plans_text(plans)
    data = text.encode()
    given = MasterInput(plans_file(overrides_allowed=True), NAME, hashlib.sha256(data).hexdigest(), len(data), text)
    findings = Findings()
    lines = lines_of(given, findings)
    context = Context(preparer, moment, keyring(), overrides_allowed=True)
    found = compared(given, lines, context, findings) if not findings.refused else None
    if found is None:
        raise Conflict("the plans no longer read as they did: import plans.json and ask again")
    assert_master(given, found, len(lines), context, replace=True, approver=approver)


def after_activation(code: str, counts_from: str, approver: Actor, moment: datetime) -> None:
    """What follows in the same transaction: open months are computed anew, and the plan's brokers are told."""
    ask_for_refresh(approver, moment)
    agreement = current(Agreement).subquery()
    on_it = select(Broker.broker_no).join(agreement, agreement.c.broker_id == Broker.id).join(Plan, Plan.id == agreement.c.plan_id)
    on_it = on_it.where(Plan.plan_code == code, agreement.c.valid_to > moment.date())
    users = db.session.execute(select(User.id).where(User.broker_no.in_(on_it))).scalars()
    tell(sorted(users), "plan.activated", "/terms", {"plan": code, "day": counts_from or str(moment.date())}, actor=approver, moment=moment)


approvals.register(ACTIVATION, Can.PLAN_APPROVE, activate, label="Plan activation", amounts=("amount",))
