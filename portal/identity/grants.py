"""Who is given rights over money or people: somebody else who decides approves it before it is done.

Four eyes are worth as much as it is hard to get a second pair of one's own. An administrator who could invite a second
finance clerk, or make one of a client's sign-in, alone would be both persons of every approval. Taking rights away, or
keeping somebody out, he does alone and at once. A shell on the machine is outside of this, as in second_person.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.identity import Role, User, UserRole, UserState
from portal.actors import Actor, actor_of
from portal.audit import approvals
from portal.identity import policy, queries, verbs
from portal.identity.second_person import POWERS
from portal.permissions import PERMISSIONS, Can, Scope
from portal.refusals import Conflict, Refusal

GRANT = "identity.powers.grant"
INVITATION = "identity.powers.invitation"
DECIDES = Can.APPROVAL_DECIDE
"""The right of the second person: any other administrator, finance or compliance."""
Numbers = dict[str, str | None]


def adds_power(roles: Sequence[Role], held: Sequence[Role] = ()) -> bool:
    """Whether these roles bring a right over money or people that the `held` ones do not."""
    return bool(_powers(roles) - _powers(held))


def ask_invitation(*, email: str, name: str, roles: Sequence[Role], numbers: Numbers, actor: Actor, moment: datetime) -> Approval:
    """Put the invitation of somebody powerful before a second person. Raises Refusal where the address or the name is none or
    nobody could approve it, Conflict where the address has a sign-in or this waits already."""
    actor.need(Can.USER_MANAGE)
    address, called = verbs.free_email(email), verbs.checked_name(name)
    payload = {"email": address, "name": called, "roles": [role.value for role in roles], "numbers": numbers}
    return _ask(INVITATION, address, payload, {"user": address, "name": called, "roles": sorted(role.value for role in roles)}, actor, moment)


def ask_grant(*, user: User, roles: Sequence[Role], numbers: Numbers, reason: str, actor: Actor, moment: datetime) -> Approval:
    """Put more powerful roles for a user before a second person. Raises Refusal for oneself and where nobody could approve
    it, Conflict where this waits already."""
    actor.need(Can.USER_MANAGE)
    policy.check_not_oneself(actor, user)
    payload = {"user": user.public_id, "roles": [role.value for role in roles], "numbers": numbers, "reason": reason, "seen": verbs.standing_digest(user)}
    preview = {"user": user.email, "roles_now": sorted(str(row.role) for row in user.roles), "roles": sorted(role.value for role in roles), "reason": reason}
    return _ask(GRANT, user.email, payload, preview, actor, moment, but=user.id)


def _powers(roles: Sequence[Role]) -> set[Can]:
    return {right for role in roles for right in POWERS & PERMISSIONS[Role(role)].keys()}


def _ask(kind: str, subject: str, payload: object, preview: object, actor: Actor, moment: datetime, *, but: int = 0) -> Approval:
    waits = select(Approval.id).where(Approval.kind == kind, Approval.subject == subject, Approval.state == ApprovalState.WAITING)
    if db.session.execute(waits.limit(1)).first():
        raise Conflict("This waits for a second person already.")
    deciding = [role.value for role, rights in PERMISSIONS.items() if rights.get(DECIDES) == Scope.ALL]
    others = select(User.id).join(UserRole, UserRole.user_id == User.id).where(UserRole.role.in_(deciding), User.state == UserState.ACTIVE)
    if not db.session.execute(others.where(User.id.not_in([actor.user_id or 0, but])).limit(1)).first():
        raise Refusal("These roles bring rights over money or people, so a second person has to approve them, and there is none yet. Add one at the terminal: flask users add.")
    return approvals.prepare(actor, moment, kind=kind, subject=subject, payload=payload, preview=preview)


def _invite(approval: Approval, approver: Actor, moment: datetime) -> None:
    """Add the user in the name of whoever asked; he then makes the link."""
    asked = approval.payload
    verbs.add_user(email=asked["email"], name=asked["name"], roles=[Role(role) for role in asked["roles"]], **asked["numbers"], actor=_asker(approval), moment=moment)


def _grant(approval: Approval, approver: Actor, moment: datetime) -> None:
    """Give the roles in the name of whoever asked. The person concerned cannot be the one who approves."""
    asked = approval.payload
    user = queries.locked_user(asked["user"])
    policy.check_not_oneself(approver, user)
    roles = [Role(role) for role in asked["roles"]]
    verbs.change_roles(user=user, roles=roles, numbers=asked["numbers"], reason=asked["reason"], seen=asked["seen"], actor=_asker(approval), moment=moment)


def _asker(approval: Approval) -> Actor:
    """Whoever asked, as the database knows him now. Raises Conflict where he may do nothing any more."""
    user = db.session.get(User, approval.prepared_by_id, populate_existing=True) if approval.prepared_by_id else None
    if user is None or user.state != UserState.ACTIVE:
        raise Conflict("%(who)s, who asked for this, may no longer act: ask anew.", who=approval.prepared_label)
    return actor_of(user)


approvals.register(INVITATION, DECIDES, _invite, label="Invitation with rights over money or people")
approvals.register(GRANT, DECIDES, _grant, label="Rights over money or people")
