"""Asking for a transfer, keeping what it moves, putting it before a second person, and doing exactly what he approved."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.clients import AccountVersion
from models.partners import Branch, Broker
from models.transfers import Transfer, TransferKind, TransferState
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.policy import watch
from portal.audit.recordings import hold_clock, last_recording_id, open_recording
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.sealing import Keyring
from portal.transfers.asked import Asked, from_plain
from portal.transfers.policy import visible_to
from portal.transfers.proposal import Proposal, proposal
from portal.transfers.writing import need_lawful, write_rows
from portal.versions import current

TRANSFER = "transfers.transfer"
"""The kind of the approval that lets a transfer happen."""
SHOWN = 200
"""So many accounts and brokers stand in what the second person is shown; the transfer's page has all of them."""


def draft(asked: Asked, actor: Actor, moment: datetime, jurisdiction: str) -> Transfer:
    """Write down what is asked, with the rows that it would write. Raises NotAllowed, Refusal, NotFound, Conflict, and Stopped
    where a rule forbids the new owner one of the accounts."""
    scope = actor.need(Can.TRANSFER_PREPARE)
    found = proposal(asked)
    _need_branch(found, scope, actor)
    need_lawful(found, jurisdiction)
    brokers = dict(db.session.execute(select(Broker.broker_no, Broker.id).where(Broker.broker_no.in_([asked.from_broker, asked.to_broker]))).all())
    row = Transfer(
        public_id=secrets.token_urlsafe(12),
        kind=asked.kind,
        state=TransferState.DRAFT,
        from_broker_id=brokers.get(asked.from_broker),
        to_broker_id=brokers.get(asked.to_broker),
        effective_on=asked.day,
        reason=asked.reason,
        evidence=asked.evidence.strip(),
        note=asked.note.strip(),
        asked=found.asked.plain(),
        rows=found.plain(),
        prepared_at=moment,
        prepared_by_id=actor.user_id,
        prepared_label=actor.label,
        branch_id=db.session.execute(select(Branch.id).where(Branch.branch_no == (actor.branch_no or ""))).scalar(),
    )
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "transfer.drafted", "transfer", row.number, after=_facts(row), reason=row.evidence)
    return row


def transfer_for(actor: Actor, public_id: str, *, lock: bool = False) -> Transfer:
    """A transfer that the actor may see. Raises NotFound, the same for foreign and for missing ones."""
    query = select(Transfer).where(Transfer.public_id == public_id, visible_to(actor))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no transfer that you may see under this address")
    return found


def keep_preview(transfer_id: int, money: Any, rows: Any, known: int) -> None:
    """Keep what a transfer moves, as known at a recording. What waits or is done already stays as it was shown."""
    row = db.session.execute(select(Transfer).where(Transfer.id == transfer_id).with_for_update().execution_options(populate_existing=True)).scalar_one()
    if row.state in (TransferState.DRAFT, TransferState.PREVIEWED):
        row.money, row.rows, row.known_recording_id, row.state = money, rows, known, TransferState.PREVIEWED


def ask(public_id: str, digest: str, actor: Actor, moment: datetime) -> Approval:
    """Put a previewed transfer before a second person. `digest` is of the rows that the actor looked at.

    Raises NotFound, NotAllowed, and Conflict where it was not previewed, or something was recorded since."""
    actor.need(Can.TRANSFER_PREPARE)
    hold_clock()
    row = transfer_for(actor, public_id, lock=True)
    if row.state != TransferState.PREVIEWED:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=row.number, state=row.state)
    if digest != rows_digest(row):
        raise Conflict("these are not the rows that you looked at: open %(number)s again", number=row.number)
    _need_fresh(row)
    payload = {"transfer": row.id, "digest": rows_digest(row), "known": row.known_recording_id, "see": f"/transfers/{row.public_id}"}
    approval = approvals.prepare(actor, moment, kind=TRANSFER, subject=row.number, payload=payload, preview=_preview(row))
    row.state, row.approval_id = TransferState.WAITING, approval.id
    return approval


def withdraw(public_id: str, actor: Actor, moment: datetime) -> Transfer:
    """Take a transfer back that does not wait for anybody yet. Raises NotFound, NotAllowed, Conflict."""
    actor.need(Can.TRANSFER_PREPARE)
    row = transfer_for(actor, public_id, lock=True)
    if row.state not in (TransferState.DRAFT, TransferState.PREVIEWED):
        raise Conflict("%(number)s is in another state by now: %(state)s", number=row.number, state=row.state)
    row.state = TransferState.WITHDRAWN
    log.write(actor, moment, "transfer.withdrawn", "transfer", row.number)
    return row


def do(approval: Approval, approver: Actor, moment: datetime, today: date, jurisdiction: str, keyring: Keyring | None = None) -> Transfer:
    """Do what was approved, inside the approval's transaction. Raises Stopped where a rule forbids it by now.

    Raises Conflict where it is no longer exactly what was shown."""
    row = db.session.execute(select(Transfer).where(Transfer.id == approval.payload["transfer"]).with_for_update().execution_options(populate_existing=True)).scalar_one()
    if row.state != TransferState.WAITING or row.approval_id != approval.id or rows_digest(row) != approval.payload["digest"]:
        raise Conflict("this is no longer the transfer that was shown: preview it again")
    _need_fresh(row)
    found = proposal(from_plain(row.asked))
    if found.plain() != row.rows:
        raise Conflict("the rows of %(number)s changed since it was shown: preview it again", number=row.number)
    recording = open_recording(Actor(approval.prepared_by_id, approval.prepared_label), moment, "transfer", f"{row.number}, approved by {approver.label}")
    write_rows(found, recording.id, today, jurisdiction, keyring)
    row.state, row.recording_id, row.done_at = TransferState.DONE, recording.id, moment
    log.write(approver, moment, "transfer.done", "transfer", row.number, after={**_facts(row), "approval": approval.id, "recording": recording.id}, reason=row.evidence)
    return row


def rows_digest(row: Transfer) -> str:
    """The SHA-256 of what was asked and the rows that it writes."""
    return hashlib.sha256(log.canonical({"asked": row.asked, "rows": row.rows}).encode()).hexdigest()


@watch
def _decided(approval: Approval, actor: Actor, moment: datetime) -> None:
    """A transfer whose approval was refused or taken back is over: another one is drafted from it."""
    if approval.kind != TRANSFER or approval.state not in (ApprovalState.REFUSED, ApprovalState.WITHDRAWN):
        return
    row = db.session.execute(select(Transfer).where(Transfer.id == approval.payload["transfer"]).with_for_update()).scalar_one()
    row.state = TransferState.REFUSED if approval.state == ApprovalState.REFUSED else TransferState.WITHDRAWN


def _need_fresh(row: Transfer) -> None:
    if row.known_recording_id != last_recording_id():
        raise Conflict("something was recorded since %(number)s was previewed: preview it again", number=row.number)


def _need_branch(found: Proposal, scope: Scope, actor: Actor) -> None:
    """Whoever may move accounts of a branch only names no other."""
    if scope is Scope.ALL:
        return
    mine = select(Branch.id).where(Branch.branch_no == (actor.branch_no or ""))
    ids = [one.account_id for one in found.accounts]
    if found.asked.kind is TransferKind.BOOK:
        ids_there = set(db.session.execute(current(AccountVersion).with_only_columns(AccountVersion.account_id).where(AccountVersion.branch_id.in_(mine))).scalars())
    else:
        there = current(AccountVersion, None, AccountVersion.account_id.in_(ids)).where(AccountVersion.branch_id.in_(mine))
        ids_there = set(db.session.execute(there.with_only_columns(AccountVersion.account_id)).scalars())
    if not set(ids) <= ids_there:
        raise NotAllowed("some of these accounts are of another branch: compliance or an administrator prepares this transfer")


def _facts(row: Transfer) -> dict[str, Any]:
    """What the log says of a transfer: codes and numbers alone."""
    asked = {name: row.asked[name] for name in ("kind", "from_broker", "to_broker", "day", "reason", "confirmed_on", "servicer", "downline")}
    return {**asked, "accounts": len(row.rows["accounts"]), "digest": rows_digest(row)}


def _preview(row: Transfer) -> dict[str, Any]:
    """What the second person is shown."""
    if not row.money:
        raise Refusal("preview the transfer first")
    asked = {name: row.asked[name] for name in ("kind", "from_broker", "to_broker", "day", "reason", "evidence", "note", "confirmed_on", "servicer")}
    accounts = row.rows["accounts"]
    return {
        **asked,
        "accounts": len(accounts),
        "first_accounts": [one["account"] for one in accounts[:SHOWN]],
        "downline": row.rows["downline"],
        "servicing_changes": len(row.rows["servicing"]),
        "months": [
            {"period": one["period"], "origins": ", ".join(one["days"]), **{name: one["totals"][name] for name in ("earned", "corrections", "withholding", "net")}}
            for one in row.money["months"]
        ],
        "by_broker": [{"broker": one["broker_no"], "amount": one["amount"]} for one in row.money["brokers"][:SHOWN]],
        "digest": rows_digest(row),
    }
