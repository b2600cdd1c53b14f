"""Drafts of plans: begun, saved, thrown away. A draft changes nothing until a second person lets it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.plan_drafts import DraftState, PlanDraft, ShadowRun
from portal.actors import Actor
from portal.audit import log
from portal.commission.plan_sheet import Sheet
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotFound


def open_drafts(actor: Actor) -> Sequence[PlanDraft]:
    """Every draft that is being written or waits, the newest change first."""
    if actor.scope(Can.PLAN_DRAFT_SEE) != Scope.ALL:
        return []
    query = select(PlanDraft).where(PlanDraft.state.in_([DraftState.OPEN, DraftState.ASKED])).order_by(PlanDraft.changed_at.desc(), PlanDraft.id.desc())
    return db.session.execute(query).scalars().all()


def draft_for(actor: Actor, draft_id: int, *, lock: bool = False) -> PlanDraft:
    """A draft that the actor may see. Raises NotFound."""
    query = select(PlanDraft).where(PlanDraft.id == draft_id)
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    draft = db.session.execute(query).scalar_one_or_none() if actor.scope(Can.PLAN_DRAFT_SEE) == Scope.ALL else None
    if draft is None:
        raise NotFound("there is no draft %(id)s that you may see", id=draft_id)
    return draft


def state_of(draft: PlanDraft) -> DraftState:
    """How far a draft is. One whose approval was refused or taken back is open again."""
    state = DraftState(draft.state)
    if state is DraftState.ASKED and draft.approval_id is not None:
        approval = db.session.get(Approval, draft.approval_id)
        if approval is not None and approval.state in {ApprovalState.REFUSED, ApprovalState.WITHDRAWN}:
            return DraftState.OPEN
    return state


def begin(sheet: Sheet, based_on: str, actor: Actor, moment: datetime) -> PlanDraft:
    """Begin a draft. Raises NotAllowed."""
    actor.need(Can.PLAN_EDIT)
    draft = PlanDraft(
        plan_code=sheet["code"][:64],
        sheet=sheet,
        based_on=based_on[:64],
        state=DraftState.OPEN,
        revision=1,
        begun_by_id=actor.user_id,
        changed_label=actor.label,
        changed_at=moment,
    )
    db.session.add(draft)
    db.session.flush()
    log.write(actor, moment, "plan.draft.begun", "plan_draft", str(draft.id), after={"plan": draft.plan_code, "based_on": draft.based_on})
    return draft


def keep(draft: PlanDraft, sheet: Sheet, revision: int, actor: Actor, moment: datetime) -> None:
    """Save a draft's sheet; `revision` is the one that was edited. Raises NotAllowed, and Conflict where it is no longer that
    one or the draft waits or is done."""
    actor.need(Can.PLAN_EDIT)
    _need_open(draft)
    if draft.revision != revision:
        raise Conflict("%(who)s changed this draft since you opened it: here is what you typed; saving it now replaces what they saved", who=draft.changed_label)
    if sheet == draft.sheet:
        return
    draft.sheet, draft.plan_code, draft.state, draft.approval_id = sheet, sheet["code"][:64], DraftState.OPEN, None
    draft.revision, draft.changed_label, draft.changed_at = revision + 1, actor.label, moment
    log.write(actor, moment, "plan.draft.saved", "plan_draft", str(draft.id), after={"plan": draft.plan_code, "revision": draft.revision})


def discard(draft: PlanDraft, actor: Actor, moment: datetime) -> None:
    """Throw a draft away; it stays readable. Raises NotAllowed, and Conflict where it waits or is done."""
    actor.need(Can.PLAN_EDIT)
    _need_open(draft)
    draft.state, draft.changed_label, draft.changed_at = DraftState.DISCARDED, actor.label, moment
    log.write(actor, moment, "plan.draft.discarded", "plan_draft", str(draft.id), after={"plan": draft.plan_code})


def _need_open(draft: PlanDraft) -> None:
    if state_of(draft) is not DraftState.OPEN:
        raise Conflict("this draft can no longer be changed: begin another one from the plan")


def shadows_of(digest: str) -> Sequence[ShadowRun]:
    """The shadow runs of exactly this plan, newest first."""
    return db.session.execute(select(ShadowRun).where(ShadowRun.digest == digest).order_by(ShadowRun.id.desc())).scalars().all()


def shadows_of_draft(draft_id: int) -> Sequence[ShadowRun]:
    """The shadow runs that were asked for from a draft, newest first."""
    return db.session.execute(select(ShadowRun).where(ShadowRun.draft_id == draft_id).order_by(ShadowRun.id.desc())).scalars().all()


def shadow_for(actor: Actor, public_id: str) -> ShadowRun | None:
    """The result of a shadow run's job, if the actor may see drafts and it has ended well."""
    if actor.scope(Can.PLAN_DRAFT_SEE) != Scope.ALL:
        return None
    return db.session.execute(select(ShadowRun).where(ShadowRun.job_public_id == public_id)).scalar_one_or_none()
