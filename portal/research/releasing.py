"""From a draft to what is read, and out of sight again: a second person releases exactly what was shown, counted as it stood then."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from models import db
from models.audit import Approval, ApprovalState
from models.research import ResearchItem, ResearchState, ResearchVersion
from models.settlement import SettlementDay
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.policy import watch
from portal.clients.segments import AsOf
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.research.audiences import Reach, reach
from portal.research.drafting import digest_of, newest_of, version_of
from portal.research.telling import ZONE, tell_subscribers
from portal.research.verdicts import KEPT_FROM, LEAST
from portal.settlement.windows import as_of_day

APPROVAL = "research.release"
"""The kind of the approval by which a version is read."""
WHY = 400


def ask(item: ResearchItem, actor: Actor, moment: datetime, as_of: AsOf) -> Approval:
    """Put the newest version before a second person, with whom it reaches. The item must be held. Raises NotAllowed; Conflict where it
    waits, is read already, or was withdrawn; Refusal where it is over."""
    actor.need(Can.RESEARCH_EDIT)
    version = newest_of(item)
    if item.approval_id is not None:
        raise Conflict("this version waits for a second person already")
    if item.state == ResearchState.WITHDRAWN or item.published_version == version.number:
        raise Conflict("there is no new version to release: write one first")
    if version.valid_until < as_of.day:
        raise Refusal("it is over before anybody reads it: choose a day from today on")
    payload = {"item": item.id, "version": version.number, "see": f"/research/desk/{item.public_id}"}
    approval = approvals.prepare(actor, moment, kind=APPROVAL, subject=version.title, payload=payload, preview=preview_of(version, reach(version, as_of)))
    item.approval_id = approval.id
    db.session.flush()
    return approval


def preview_of(version: ResearchVersion, found: Reach) -> dict[str, Any]:
    """What a second person is shown: what it needs, for whom it is, and from how many it is kept and why."""
    kept = [{"why_kept": why.value, "people": found.counts[why]} for why in KEPT_FROM if found.counts[why]]
    told = {"title": version.title, "author": version.author, "licence_no": version.licence_no, "risk_line": version.risk_line}
    told |= {"needs_grade": f"{LEAST[version.risk]} / {version.risk}", "valid_until": str(version.valid_until)}
    return told | {"meant": found.meant, "sees": found.sees, "signed_in": found.signed_in, "kept_from": kept, "digest": digest_of(version)}


def withdraw(item: ResearchItem, why: str, actor: Actor, moment: datetime) -> None:
    """Take it out of sight at once, for good. The item must be held. Raises NotAllowed; Refusal without a reason; Conflict where it was withdrawn."""
    actor.need(Can.RESEARCH_WITHDRAW)
    why = why.replace("\0", "").strip()
    if not 2 <= len(why) <= WHY:
        raise Refusal("say why it is withdrawn, in 2 to %(most)s characters", most=WHY)
    if item.state == ResearchState.WITHDRAWN:
        raise Conflict("this was withdrawn already")
    item.state, item.withdrawn_at, item.withdrawn_why, item.approval_id = ResearchState.WITHDRAWN, moment, why, None
    db.session.flush()
    log.write(actor, moment, "research.withdrawn", "research", item.public_id, after={"version": item.published_version}, reason=why)


def as_of_moment(moment: datetime) -> AsOf:
    """As of when people are counted at a moment: the firm's day, and the last settled one."""
    settled = db.session.execute(select(func.max(SettlementDay.trade_date))).scalar()
    return as_of_day(moment.astimezone(ZONE).date(), moment, settled)


def _release(approval: Approval, approver: Actor, moment: datetime) -> None:
    item = _item(approval)
    if item.approval_id != approval.id or item.state == ResearchState.WITHDRAWN:
        raise Conflict("this was withdrawn meanwhile: there is nothing to release")
    version, as_of = version_of(item, approval.payload["version"]), as_of_moment(moment)
    if version.valid_until < as_of.day:
        raise Conflict("its last day is over: a new version has to name a later one")
    item.state, item.published_version, item.published_at, item.released_label, item.approval_id = ResearchState.PUBLISHED, version.number, moment, approver.label, None
    db.session.flush()
    told = tell_subscribers(item, version, as_of, actor=approver, moment=moment)
    log.write(approver, moment, "research.published", "research", item.public_id, after={"version": version.number, "approval": approval.id, "told": told})


@watch
def _refused(approval: Approval, actor: Actor, moment: datetime) -> None:
    """A version that was refused or taken back waits no more."""
    if approval.kind == APPROVAL and approval.state in (ApprovalState.REFUSED, ApprovalState.WITHDRAWN):
        item = _item(approval)
        if item.approval_id == approval.id:
            item.approval_id = None
            db.session.flush()


def _item(approval: Approval) -> ResearchItem:
    query = select(ResearchItem).where(ResearchItem.id == approval.payload["item"]).with_for_update().execution_options(populate_existing=True)
    return db.session.execute(query).scalar_one()


def _hold(approval: Approval) -> None:
    """Hold the item before anything is written: whoever writes or withdraws it holds it first too."""
    _item(approval)


approvals.register(APPROVAL, Can.RESEARCH_APPROVE, _release, label=N_("Report or course to be published"), hold=_hold)
