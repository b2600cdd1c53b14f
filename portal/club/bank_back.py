"""Transferring money back: finance makes the transfer at the bank, writes its serial down, and a second person approves; only then it counts
as gone. What was a refund of a payment ends as every refund does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update

from models import db
from models.audit import Approval, ApprovalState
from models.club_bank import BankReturn, BankTransfer, ReturnState, ReturnWhy, TransferState
from models.club_money import Payment, Refund
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.policy import watch
from portal.club import refunds, telling_bank
from portal.fields import one_line
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

OUTGOING = "club.transfer_back"
"""What waits for a second person."""
LONGEST_SERIAL = 60


@dataclass(frozen=True)
class Owed:
    """What goes back, to whom: the transfer that brought it (its payer and serial), and the refund where it is one."""

    row: BankReturn
    transfer: BankTransfer | None
    refund: Refund | None

    @property
    def why(self) -> str:
        """Why, in a code: a refund's own reason, else that of the transfer."""
        return self.refund.why if self.refund is not None else self.row.why

    @property
    def payer(self) -> str:
        """Who transferred it, and gets it back."""
        return self.transfer.payer if self.transfer is not None else ""


def owed(public_id: str) -> Owed:
    """One thing that goes back. Raises NotFound."""
    row = db.session.execute(select(BankReturn).where(BankReturn.public_id == public_id)).scalar_one_or_none()
    if row is None:
        raise NotFound("there is nothing of that kind to be transferred back")
    return _of(row)


def _of(row: BankReturn) -> Owed:
    refund = db.session.get(Refund, row.refund_id) if row.refund_id is not None else None
    query = select(BankTransfer).where(BankTransfer.id == row.transfer_id)
    if refund is not None:
        query = select(BankTransfer).where(BankTransfer.payment_id == refund.payment_id, BankTransfer.state == TransferState.TAKEN).order_by(BankTransfer.id).limit(1)
    return Owed(row, db.session.execute(query).scalar_one_or_none(), refund)


def _held(public_id: str) -> Owed:
    query = select(BankReturn).where(BankReturn.public_id == public_id).with_for_update().execution_options(populate_existing=True)
    row = db.session.execute(query).scalar_one_or_none()
    if row is None:
        raise NotFound("there is nothing of that kind to be transferred back")
    return _of(row)


def prepare(public_id: str, serial: str, sent_on: date, today: date, *, actor: Actor, moment: datetime) -> Approval:
    """Put before a second person that money was transferred back, with the bank's number of it. Raises NotAllowed, NotFound; Refusal for no
    number or a day to come; Conflict where that was prepared already, or the number is another transfer's."""
    actor.need(Can.CLUB_MONEY)
    found = _held(public_id)
    serial = one_line(serial)
    if found.row.state != ReturnState.DUE:
        raise Conflict("this was transferred back already, or waits for a second person")
    if not serial or len(serial) > LONGEST_SERIAL:
        raise Refusal("a transfer has the bank’s serial number, of at most 60 characters")
    if sent_on > today:
        raise Refusal("%(day)s has not come yet: a transfer is recorded when it is made", day=sent_on.isoformat())
    db.session.flush()
    other = db.session.execute(select(BankReturn.amount, BankReturn.sent_on).where(BankReturn.serial == serial)).first()
    if other is not None:
        raise Conflict(
            "the serial number %(serial)s took %(yuan)s yuan back already, on %(day)s", serial=serial, yuan=f"{other.amount // 100}.{other.amount % 100:02d}", day=other.sent_on
        )
    row = found.row
    row.state, row.serial, row.sent_on = ReturnState.PREPARED, serial, sent_on
    payload = {"return": row.id, "see": f"/club/money/returns/{public_id}"}
    approval = approvals.prepare(actor, moment, kind=OUTGOING, subject=serial, payload=payload, preview=_preview(found))
    row.approval_id = approval.id
    db.session.flush()
    return approval


def _preview(found: Owed) -> dict[str, Any]:
    row = found.row
    came = {"came_with": found.transfer.serial, "came_on": found.transfer.received_on.isoformat()} if found.transfer is not None else {}
    return {"serial": row.serial, "sent_on": row.sent_on.isoformat() if row.sent_on else "", "amount": row.amount, "payee": found.payer or "–", "why": found.why, **came}


def hold(approval: Approval) -> None:
    """Hold what an approval will change, in the order in which everybody does."""
    refund_id = db.session.execute(select(BankReturn.refund_id).where(BankReturn.approval_id == approval.id).with_for_update()).scalar()
    if refund_id is not None:
        refunds.held(refund_id)


def done(approval: Approval, approver: Actor, moment: datetime) -> None:
    """A second person let it through: the money is back. Raises Conflict where that was settled otherwise."""
    query = select(BankReturn).where(BankReturn.id == approval.payload["return"], BankReturn.approval_id == approval.id)
    row = db.session.execute(query.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None or row.state != ReturnState.PREPARED:
        raise Conflict("this was transferred back already, or is prepared anew")
    row.state, row.settled_at = ReturnState.DONE, moment
    db.session.flush()
    log.write(approver, moment, "club.transferred_back", "club_bank_return", row.public_id, after={"serial": row.serial, "amount": row.amount})
    found = _of(row)
    if found.refund is not None:
        refunds.transferred(found.refund.id, row.serial or "", actor=approver, moment=moment)
    elif found.transfer is not None:
        telling_bank.went_back(found.transfer, row.amount, actor=approver, moment=moment)


@watch
def undone(approval: Approval, actor: Actor, moment: datetime) -> None:
    """What a second person refused, or its preparer took back, is due again."""
    if approval.kind == OUTGOING and approval.state in (ApprovalState.REFUSED, ApprovalState.WITHDRAWN):
        again = update(BankReturn).where(BankReturn.approval_id == approval.id, BankReturn.state == ReturnState.PREPARED)
        db.session.execute(again.values(state=ReturnState.DUE, serial=None, sent_on=None, approval_id=None))


def of_payments(payment_ids: list[int]) -> dict[int, BankReturn]:
    """What refunds of payments owe by transfer, by refund."""
    query = select(BankReturn).join(Refund, Refund.id == BankReturn.refund_id).join(Payment, Payment.id == Refund.payment_id).where(Payment.id.in_(payment_ids))
    return {row.refund_id or 0: row for row in db.session.execute(query).scalars()}


__all__ = ["OUTGOING", "Owed", "ReturnWhy", "done", "of_payments", "owed", "prepare", "undone"]

approvals.register(OUTGOING, Can.CLUB_MONEY, done, label=N_("Money transferred back"), amounts=("amount",), hold=hold)
