"""Where a broker is paid: one account at a time, set by two people, its number sealed. Who changes it unseen could have all money sent elsewhere."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.partners import Broker
from models.payouts import Payee, PayeeState, masked_account
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.policy import watch
from portal.commission.queries import name_of
from portal.fields import one_line
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.sealing import Keyring

PAYEE = "commission.payee"
"""What waits for a second person."""
LONGEST, SHORTEST_REASON, LONGEST_REASON = 120, 4, 300
_NUMBER = re.compile(r"[0-9]{8,32}")


def account_of(broker_id: int, state: PayeeState = PayeeState.VALID) -> Payee | None:
    """The account that a broker is paid to; with another state, the one that waits for a second person."""
    return db.session.execute(select(Payee).where(Payee.broker_id == broker_id, Payee.state == state)).scalar_one_or_none()


def shown(account: Payee | None) -> str:
    """An account as it may be shown to everybody who sees payments; a dash where there is none."""
    return masked_account(account.bank, account.account_tail) if account is not None else "–"


def propose(broker: Broker, holder: str, bank: str, account_no: str, *, actor: Actor, moment: datetime, ring: Keyring) -> Approval:
    """Put an account before a second person. Raises NotAllowed; Refusal where something is missing or is no number; Conflict where it is the
    account already, or another one waits."""
    actor.need(Can.PAYOUT_PREPARE)
    holder, bank = (one_line(text) for text in (holder, bank))
    number = "".join(account_no.replace("-", "").split())
    if not holder or not bank or max(len(holder), len(bank)) > LONGEST:
        raise Refusal("an account has the name of its holder and its bank, each of at most 120 characters")
    if not _NUMBER.fullmatch(number):
        raise Refusal("an account number has 8 to 32 digits")
    index, now = ring.blind_index(number), account_of(broker.id)
    if now is not None and (now.account_index, now.holder, now.bank) == (index, holder, bank):
        raise Conflict("this is the account already: nothing would change")
    if account_of(broker.id, PayeeState.WAITING) is not None:
        raise Conflict("another account of this broker waits for a second person: take it back, or let it be decided first")
    public_id = secrets.token_urlsafe(12)
    row = Payee(public_id=public_id, broker_id=broker.id, holder=holder, bank=bank, account_index=index, account_tail=number[-4:], state=PayeeState.WAITING)
    row.account_no_sealed, row.recorded_at, row.recorded_label = ring.seal(number, f"payee.account_no_sealed:{public_id}"), moment, actor.label
    db.session.add(row)
    db.session.flush()
    preview = {"broker_no": broker.broker_no, "payee_name": holder, "bank": bank, "bank_account_no": f"•••• {row.account_tail}", "before": shown(now)}
    preview |= {"name_on_file": name_of(broker) or "–", "same_account_of": _others(row) or "–"}
    approval = approvals.prepare(actor, moment, kind=PAYEE, subject=broker.broker_no, payload={"payee": row.id, "see": f"/commission/payees/{broker.broker_no}"}, preview=preview)
    row.approval_id = approval.id
    db.session.flush()
    return approval


def _others(row: Payee) -> str:
    """The other brokers who are paid to this very account: two people behind one account are worth a look."""
    query = select(Broker.broker_no).join(Payee, Payee.broker_id == Broker.id)
    found = query.where(Payee.account_index == row.account_index, Payee.broker_id != row.broker_id, Payee.state == PayeeState.VALID)
    return ", ".join(db.session.execute(found.order_by(Broker.broker_no)).scalars())


def _change(approval: Approval, approver: Actor, moment: datetime) -> None:
    """A second person let an account through: it counts from now on. Payments of runs that wait are not turned to it."""
    row = db.session.get_one(Payee, approval.payload["payee"], with_for_update=True, populate_existing=True)
    if row.state != PayeeState.WAITING:
        raise Conflict("this account does not wait any more: look at it again")
    before = account_of(row.broker_id)
    if before is not None:
        before.state, before.decided_at = PayeeState.REPLACED, moment
        db.session.flush()  # one valid account at a time
    row.state, row.decided_at = PayeeState.VALID, moment
    log.write(approver, moment, "payee.set", "broker", approval.subject, before={"payee": before.id if before else None}, after={"payee": row.id})
    db.session.flush()


@watch
def _dropped(approval: Approval, actor: Actor, moment: datetime) -> None:
    """An account that was refused or taken back does not wait any more."""
    if approval.kind != PAYEE or approval.state not in {ApprovalState.REFUSED, ApprovalState.WITHDRAWN}:
        return
    row = db.session.get_one(Payee, approval.payload["payee"])
    row.state, row.decided_at = PayeeState.REFUSED, moment
    db.session.flush()


def reveal(account: Payee, broker_no: str, *, reason: str, actor: Actor, moment: datetime, ring: Keyring, request_id: str = "") -> str:
    """An account number in the clear, and who looked at it and why in the log. Raises NotAllowed, and Refusal without a reason."""
    actor.need(Can.PAYOUT_PREPARE)
    log.write(actor, moment, "payee.reveal", "broker", broker_no, after={"payee": account.id}, reason=reason_of(reason), request_id=request_id)
    return opened(account, ring)


def reason_of(text: str) -> str:
    """A reason as it stands in the log. Raises Refusal where it is none."""
    reason = one_line(text)
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Refusal(
            "say why you need the numbers, in %(shortest)s to %(longest)s characters: the reason stands in the audit log", shortest=SHORTEST_REASON, longest=LONGEST_REASON
        )
    return reason


def opened(account: Payee, ring: Keyring) -> str:
    """The number of an account. Raises Unreadable where no key opens it."""
    return ring.open(account.account_no_sealed, f"payee.account_no_sealed:{account.public_id}")


approvals.register(PAYEE, Can.PAYOUT_APPROVE, _change, label=N_("Account that a broker is paid to"))
