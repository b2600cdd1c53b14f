"""Second persons are told what waits for them, and whoever prepared it is told what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.identity import User, UserRole, UserState
from portal.actors import Actor
from portal.audit.policy import APPROVABLE, watch
from portal.notices.verbs import settle, tell
from portal.permissions import PERMISSIONS, Can, Scope

WAITING = "approval.waiting"


@watch
def told(approval: Approval, actor: Actor, moment: datetime) -> None:
    """Tell those who may decide that something waits; once it is decided, tell whoever prepared it and nobody else."""
    link = f"/approvals/{approval.id}"
    values = {"what": APPROVABLE[approval.kind].label, "subject": approval.subject, "who": approval.prepared_label}
    if approval.state == ApprovalState.WAITING:
        tell(_second_persons(approval), WAITING, link, values, actor=actor, moment=moment)
        return
    settle(WAITING, link, moment)
    kind = f"approval.{approval.state}"
    if approval.state != ApprovalState.WITHDRAWN and approval.prepared_by_id is not None:
        values |= {"who": actor.label, "note": approval.decision_note}
        tell([approval.prepared_by_id], kind, link, values, actor=actor, moment=moment)


def _second_persons(approval: Approval) -> list[int]:
    """The active people who may decide this, without whoever prepared it."""
    roles = _holders(APPROVABLE[approval.kind].right)
    people = select(User.id).join(UserRole, UserRole.user_id == User.id).where(UserRole.role.in_(roles), User.state == UserState.ACTIVE).distinct()
    return [user_id for user_id in db.session.execute(people).scalars() if user_id != approval.prepared_by_id]


def _holders(right: Can) -> list[str]:
    """The roles that hold a right over everything: a branch's is not enough to decide."""
    return [role.value for role, rights in PERMISSIONS.items() if rights.get(right) == Scope.ALL]
