"""Four eyes: one person prepares, a second approves exactly what was shown, and only then it happens.

`prepare` stores what is to be done with a preview of its effect, under one digest. `approve` needs that digest, so nobody
approves what he has not seen; it needs another person, not disabled, who holds the right of that kind; and it runs the registered
effect in the same transaction, so that "approved" and "done" are never apart. A thing is decided once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select

from models import db
from models.audit import Approval, ApprovalState
from models.identity import User, UserState
from portal.actors import Actor, actor_of
from portal.audit import log
from portal.audit.policy import APPROVABLE, WATCHERS, Approvable, Effect, holds_right, register
from portal.audit.recordings import hold_clock
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal

__all__ = ["APPROVABLE", "Approvable", "Effect", "approve", "approve_at_once", "digest_of", "prepare", "refuse", "register", "withdraw"]


def digest_of(kind: str, subject: str, payload: Any, preview: Any) -> str:
    """The SHA-256 of the canonical JSON of what is to be approved."""
    what = {"kind": kind, "subject": subject, "payload": payload, "preview": preview}
    return hashlib.sha256(log.canonical(what).encode()).hexdigest()


def prepare(actor: Actor, moment: datetime, *, kind: str, subject: str, payload: Any, preview: Any) -> Approval:
    """Put something before a second person.

    `payload` is what the effect needs, `preview` what the second person is shown (amounts in fen, numbers, counts; no phone
    or ID numbers: the digest and the rows outlive erasure). Both are plain JSON. Who may prepare is for the caller to check.
    Raises Refusal for a kind that nobody registered.
    """
    approval = _put(actor, moment, kind=kind, subject=subject, payload=payload, preview=preview)
    _tell(approval, actor, moment)
    return approval


def _put(actor: Actor, moment: datetime, *, kind: str, subject: str, payload: Any, preview: Any) -> Approval:
    if kind not in APPROVABLE:
        raise Refusal("nothing of the kind %(kind)s can be approved", kind=kind)
    payload, preview = _plain(payload), _plain(preview)
    approval = Approval(
        kind=kind,
        subject=subject,
        payload=payload,
        preview=preview,
        digest=digest_of(kind, subject, payload, preview),
        state=ApprovalState.WAITING,
        prepared_by_id=actor.user_id,
        prepared_label=actor.label,
        prepared_at=moment.astimezone(UTC),
        decision_note="",
    )
    db.session.add(approval)
    db.session.flush()
    log.write(actor, moment, "approval.prepared", "approval", str(approval.id), after={"kind": kind, "subject": subject, "digest": approval.digest})
    return approval


def approve(approval_id: int, actor: Actor, moment: datetime, *, digest: str, note: str = "") -> Approval:
    """Approve exactly the preview with this digest, and do it.

    Raises NotFound; NotAllowed for the preparer, a disabled person or one without the right; Conflict where it was decided
    already or the digest is another one; and whatever the effect refuses, which undoes the approval with it.
    """
    hold_clock()  # what an effect records is decided by what is believed now
    approval = _waiting(approval_id)
    approver = _second_person(approval, actor)
    _same(approval, digest)
    hold = APPROVABLE[approval.kind].hold
    if hold is not None:
        hold(approval)
    _decide(approval, ApprovalState.APPROVED, approver, moment, note)
    APPROVABLE[approval.kind].effect(approval, approver, moment)
    return approval


def refuse(approval_id: int, actor: Actor, moment: datetime, *, digest: str, note: str) -> Approval:
    """Refuse what was prepared, with a reason. Raises as `approve` does, and Refusal without a reason."""
    approval = _waiting(approval_id)
    refuser = _second_person(approval, actor)
    _same(approval, digest)
    if not note.strip():
        raise Refusal("a refusal needs a reason")
    _decide(approval, ApprovalState.REFUSED, refuser, moment, note)
    return approval


def withdraw(approval_id: int, actor: Actor, moment: datetime, *, note: str = "") -> Approval:
    """Take back what one prepared oneself; the terminal may take back anything. Raises NotFound, NotAllowed, Conflict."""
    approval = _waiting(approval_id)
    if not actor.at_terminal and (actor.user_id is None or actor.user_id != approval.prepared_by_id):
        raise NotAllowed("only %(who)s may withdraw this", who=approval.prepared_label)
    _decide(approval, ApprovalState.WITHDRAWN, actor, moment, note)
    return approval


def approve_at_once(preparer: Actor, approver: Actor, moment: datetime, *, kind: str, subject: str, payload: Any, preview: Any, note: str = "") -> Approval:
    """Prepare and approve in one transaction, where the second person is named in the same breath (a command's --approved-by).

    Raises as `prepare` and `approve` do.
    """
    hold_clock()
    approval = _put(preparer, moment, kind=kind, subject=subject, payload=payload, preview=preview)  # nobody needs to be told that it waits
    return approve(approval.id, approver, moment, digest=approval.digest, note=note)


def _waiting(approval_id: int) -> Approval:
    """The approval, locked until the transaction ends: of two who decide at once, the second finds it decided."""
    approval = db.session.execute(locked(approval_id).execution_options(populate_existing=True)).scalar_one_or_none()
    if approval is None:
        raise NotFound("there is no approval %(id)s", id=approval_id)
    if approval.state != ApprovalState.WAITING:
        raise Conflict("this was decided already: %(state)s", state=approval.state)
    return approval


def locked(approval_id: int) -> Select[Approval]:
    """The query that locks an approval. On SQLite the write lock of the transaction does it."""
    return select(Approval).where(Approval.id == approval_id).with_for_update()


def _second_person(approval: Approval, actor: Actor) -> Actor:
    """The actor as the database knows him now: not disabled, not the preparer, holding the right of this kind."""
    if actor.user_id is None:
        raise NotAllowed("this needs a named second person, not %(who)s", who=actor.label)
    if actor.user_id == approval.prepared_by_id:
        raise NotAllowed("%(who)s prepared this; a second person must decide it", who=actor.label)
    user = db.session.get(User, actor.user_id, populate_existing=True)
    if user is None or user.state == UserState.DISABLED:
        raise NotAllowed("%(who)s may not act: the user is disabled", who=actor.label)
    person = actor_of(user)
    if approval.kind not in APPROVABLE:
        raise Refusal("nothing of the kind %(kind)s can be approved", kind=approval.kind)
    if not holds_right(person, approval.kind):
        raise NotAllowed("%(who)s does not hold the right %(right)s", who=person.label, right=APPROVABLE[approval.kind].right.value)
    return person


def _same(approval: Approval, digest: str) -> None:
    """What the person saw, what was stored and what it hashes to now are one and the same."""
    now = digest_of(approval.kind, approval.subject, approval.payload, approval.preview)
    if not (hmac.compare_digest(now, approval.digest) and hmac.compare_digest(now.encode(), digest.encode())):
        raise Conflict("this is not what was shown: digest %(found)s, expected %(expected)s", found=digest[:12], expected=approval.digest[:12])


def _decide(approval: Approval, state: ApprovalState, actor: Actor, moment: datetime, note: str) -> None:
    approval.state = state
    approval.decided_by_id = actor.user_id
    approval.decided_at = moment.astimezone(UTC)
    approval.decision_note = note.strip()
    after = {"kind": approval.kind, "subject": approval.subject, "digest": approval.digest, "prepared_by": approval.prepared_by_id}
    log.write(actor, moment, f"approval.{state.value}", "approval", str(approval.id), after=after, reason=approval.decision_note)
    _tell(approval, actor, moment)


def _tell(approval: Approval, actor: Actor, moment: datetime) -> None:
    for watcher in WATCHERS:
        watcher(approval, actor, moment)


def _plain(value: Any) -> Any:
    """The value as JSON gives it back, so that what is hashed now is what will be read later."""
    return json.loads(log.canonical(value))
