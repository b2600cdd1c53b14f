"""What is to be transferred back: one row for each refund of a payment that a transfer brought, and for each transfer (or its rest) that
fits no order. Written in the transaction of its cause, so that no money is ever owed without its row."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select

from models import db
from models.club_bank import BankReturn, BankTransfer, ReturnState, ReturnWhy
from models.club_money import Payment, Refund, RefundState, Way
from portal.actors import Actor
from portal.audit import log


def write_for_refunds(payment_ids: Sequence[int], moment: datetime) -> int:
    """Write down what refunds of payments by transfer owe, each once; card payments owe nothing here. Returns how many are new."""
    query = select(Refund.id, Refund.amount).join(Payment, Payment.id == Refund.payment_id).outerjoin(BankReturn, BankReturn.refund_id == Refund.id)
    query = query.where(Payment.id.in_(payment_ids), Payment.way == Way.TRANSFER, Refund.state == RefundState.DUE, BankReturn.id.is_(None))
    found = db.session.execute(query.order_by(Refund.id)).all()
    rows = [{"refund_id": row.id, "amount": row.amount, **_shared(ReturnWhy.REFUND, moment)} for row in found]
    if rows:
        db.session.execute(insert(BankReturn), rows)
    return len(rows)


def write_for_transfer(transfer: BankTransfer, amount: int, why: ReturnWhy, *, actor: Actor, moment: datetime) -> None:
    """Write down that a transfer, or the rest of it (fen), goes back. The transfer must be held."""
    db.session.execute(insert(BankReturn), [{"transfer_id": transfer.id, "amount": amount, **_shared(why, moment)}])
    log.write(actor, moment, "club.transfer_owed", "club_bank_transfer", transfer.public_id, after={"amount": amount, "why": why.value})


def _shared(why: ReturnWhy, moment: datetime) -> dict[str, object]:
    return {"public_id": secrets.token_urlsafe(12), "why": why, "state": ReturnState.DUE, "asked_at": moment}
