"""What opens the way into a powerful sign-in: a second administrator approves it before it is done.

Whoever could take a second factor away and choose a password for somebody with rights over money could pay himself in that
person's name. So for those people both steps wait for another administrator. A shell on the machine is outside of this: it
could write the database itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, select

from models import db
from models.audit import Approval, ApprovalState
from models.identity import LinkPurpose, OneTimeLink, Role, User, UserRole, UserState
from portal.actors import Actor
from portal.audit import approvals
from portal.identity import factors, policy, verbs
from portal.permissions import PERMISSIONS, Can
from portal.refusals import Conflict, Refusal

REMOVAL = "identity.second_factor.removal"
RESET = "identity.password_link"
POWERS = frozenset({Can.MONTH_PREPARE, Can.MONTH_APPROVE, Can.IMPORT_APPROVE, Can.APPROVAL_DECIDE, Can.USER_MANAGE})
"""Rights over money or over people: who holds one is protected."""
PERMIT_LASTS = timedelta(hours=24)
"""How long after the approval the link may be made."""


def protected(user: User) -> bool:
    """Whether a user holds a right over money or over people."""
    return any(POWERS & PERMISSIONS[Role(row.role)].keys() for row in user.roles)


def ask_removal(*, user: User, reason: str, actor: Actor, moment: datetime) -> Approval:
    """Put the removal of a protected user's second factor before another administrator.

    Raises Refusal for oneself and where nobody could approve it, Conflict where there is none to remove or it waits already.
    """
    actor.need(Can.USER_MANAGE)
    policy.check_not_oneself(actor, user)
    if not factors.enrolled(user):
        raise Conflict("%(who)s has no second factor.", who=user.email)
    return _ask(REMOVAL, user, reason, actor, moment)


def ask_reset(*, user: User, reason: str, actor: Actor, moment: datetime) -> Approval:
    """Put a new password link for a protected user before another administrator. Raises as `ask_removal` does."""
    actor.need(Can.USER_MANAGE)
    policy.check_not_oneself(actor, user)
    return _ask(RESET, user, reason, actor, moment)


def may_reset(*, user: User, actor: Actor, moment: datetime) -> bool:
    """Whether a link may be made for a user now: at once for who is not protected or has no password yet; else once, by
    whoever asked, within a day of the approval."""
    if actor.at_terminal or not protected(user) or not user.password_hash:
        return True
    approved = Approval.decided_at
    made_since = exists().where(OneTimeLink.user_id == user.id, OneTimeLink.purpose == LinkPurpose.RESET, OneTimeLink.created_at >= approved)
    found = select(Approval.id).where(
        Approval.kind == RESET,
        Approval.subject == user.email,
        Approval.state == ApprovalState.APPROVED,
        Approval.prepared_by_id == actor.user_id,
        approved > moment - PERMIT_LASTS,
        ~made_since,
    )
    return db.session.execute(found.limit(1)).first() is not None


def _ask(kind: str, user: User, reason: str, actor: Actor, moment: datetime) -> Approval:
    waits = select(Approval.id).where(Approval.kind == kind, Approval.subject == user.email, Approval.state == ApprovalState.WAITING)
    if db.session.execute(waits.limit(1)).first():
        raise Conflict("This waits for a second administrator already.")
    others = select(User.id).join(UserRole, UserRole.user_id == User.id).where(UserRole.role == Role.ADMIN, User.state == UserState.ACTIVE)
    if not db.session.execute(others.where(User.id.not_in([actor.user_id or 0, user.id])).limit(1)).first():
        raise Refusal("A second administrator has to approve this, and there is no other. Invite one, or use the terminal on the machine.")
    preview = {"user": user.email, "roles": sorted(str(row.role) for row in user.roles), "reason": reason}
    return approvals.prepare(actor, moment, kind=kind, subject=user.email, payload={"user": user.public_id, "reason": reason}, preview=preview)


def _remove(approval: Approval, approver: Actor, moment: datetime) -> None:
    """Take the second factor away; the person concerned cannot be the one who approves."""
    verbs.remove_second_factor(user=_concerned(approval), reason=approval.payload["reason"], actor=approver, moment=moment)


def _permit(approval: Approval, approver: Actor, moment: datetime) -> None:
    """Nothing happens yet: whoever asked may now make the link, once."""
    policy.check_not_oneself(approver, _concerned(approval))


def _concerned(approval: Approval) -> User:
    user = db.session.execute(select(User).where(User.public_id == approval.payload["user"])).scalar_one_or_none()
    if user is None:
        raise Conflict("The sign-in that this speaks of is no longer there.")
    return user


approvals.register(REMOVAL, Can.USER_MANAGE, _remove, label="Removal of a second factor")
approvals.register(RESET, Can.USER_MANAGE, _permit, label="New password link")
