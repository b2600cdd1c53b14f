"""What an import may only do with a second person: take rows out of a dated file, and book adjustments.

What waits is kept whole and sealed, since files hold ID numbers; on approval it is read and compared again, so that what
happens is judged by what is believed then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.identity import User, UserState
from portal.actors import Actor, actor_of
from portal.audit import approvals
from portal.imports.context import Context
from portal.imports.masters import SHOWN, MasterInput, assert_master, compared, lines_of, master_files, vanished_rows
from portal.keys import keyring
from portal.permissions import Can
from portal.refusals import Conflict, Findings, Refusal
from portal.versions import Difference

REPLACEMENT = "import.replacement"
"""The kind of the approval that lets a dated file take rows out."""


def replacement(given: MasterInput, found: Difference, gone: list[str], context: Context) -> Approval:
    """Put a replacement before a second person, once; where one stands by, it is approved and done."""
    waits = waiting(REPLACEMENT, given.spec.name, given.digest)
    if waits is not None and context.approver is None:
        return waits
    payload = {"file": given.spec.name, "name": given.name, "digest": given.digest, "size": given.size, "sealed": context.keyring.seal(given.text, _about(given.digest))}
    preview = {"file": given.name, "digest": given.digest, "counts": found.counts, "vanished": gone[:SHOWN]}
    return put(context, kind=REPLACEMENT, subject=given.spec.name, payload=payload, preview=preview)


def put(context: Context, *, kind: str, subject: str, payload: dict[str, Any], preview: dict[str, Any]) -> Approval:
    """Prepare something, and approve it at once where a second person stands by."""
    if context.approver is None:
        return approvals.prepare(context.actor, context.moment, kind=kind, subject=subject, payload=payload, preview=preview)
    return approvals.approve_at_once(context.actor, context.approver, context.moment, kind=kind, subject=subject, payload=payload, preview=preview)


def waiting(kind: str, subject: str, digest: str) -> Approval | None:
    """The approval that the same bytes wait in already, so that handing them in twice makes one thing to decide."""
    rows = db.session.scalars(select(Approval).where(Approval.kind == kind, Approval.subject == subject, Approval.state == ApprovalState.WAITING.value))
    return next((row for row in rows if row.payload.get("digest") == digest), None)


def replace_approved(approval: Approval, approver: Actor, moment: datetime) -> None:
    """What an approved replacement does. Raises Conflict where it no longer fits what is believed."""
    payload = approval.payload
    spec = master_files(overrides_allowed=True)[payload["file"]]  # whether overrides are allowed was checked when it was prepared
    text = keyring().open(payload["sealed"], _about(payload["digest"]))
    given = MasterInput(spec, payload["name"], payload["digest"], payload["size"], text)
    findings = Findings()
    lines = lines_of(given, findings)
    context = Context(Actor(approval.prepared_by_id, approval.prepared_label), moment, keyring(), overrides_allowed=True)
    found = compared(given, lines, context, findings) if not findings.refused else None
    if found is None:
        raise Conflict("%(file)s no longer fits what is known; import it again", file=given.name)
    if sorted(vanished_rows(spec, found))[:SHOWN] != sorted(approval.preview["vanished"])[:SHOWN]:
        raise Conflict("other rows would be taken out than were shown; import %(file)s again", file=given.name)
    assert_master(given, found, len(lines), context, replace=True, approver=approver)


def second_person(user: User | None, email: str) -> Actor:
    """The second person named on a command. Raises Refusal for somebody unknown, disabled or without the right."""
    if user is None or user.state == UserState.DISABLED:
        raise Refusal("%(email)s is no active user", email=email)
    person = actor_of(user)
    person.need(Can.IMPORT_APPROVE)
    return person


def _about(digest: str) -> str:
    return f"approval.payload:{digest}"


approvals.register(REPLACEMENT, Can.IMPORT_APPROVE, replace_approved, label="Replacement of a dated file")
