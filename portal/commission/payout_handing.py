"""What the bank is handed of a payment run: account numbers in the clear, of an approved run alone, with a reason and a line in the log."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from models import db
from models.payouts import Payee, Payout, PayoutState
from portal.actors import Actor
from portal.audit import log
from portal.commission import payees
from portal.commission.payout_settling import approved_batch
from portal.permissions import Can
from portal.refusals import Conflict
from portal.sealing import Keyring
from portal.webhooks.recording import Happened, record


class Handed(NamedTuple):
    """One payment as the bank reads it; `amount` in fen."""

    reference: str
    holder: str
    account_no: str
    bank: str
    amount: int
    period: str


def hand_over(number: str, form: str, reason: str, *, actor: Actor, moment: datetime, ring: Keyring, request_id: str = "") -> list[Handed]:
    """The payments of a run that are still open. Raises NotAllowed, NotFound; Conflict for a run that is not approved or has none left;
    Refusal without a reason. Verb: the numbers are out once it is called, and the log says so."""
    actor.need(Can.PAYOUT_PREPARE)
    batch, said = approved_batch(number), payees.reason_of(reason)
    query = select(Payout, Payee).join(Payee, Payee.id == Payout.payee_id).where(Payout.batch_id == batch.id, Payout.state == PayoutState.APPROVED)
    rows = db.session.execute(query.order_by(Payout.id)).all()
    if not rows:
        raise Conflict("no payment of this run is open")
    after = {"fields": ["account_no"], "payments": len(rows), "form": form, "number": secrets.token_hex(6)}
    log.write(actor, moment, "payout.bank_file", "payout_batch", batch.number, after=after, reason=said, request_id=request_id)
    record("payout_batch.sent", [Happened(batch.number, f"/commission/payouts/{batch.number}", {"payments": len(rows)})], moment)
    return [Handed(paid.reference, to.holder, payees.opened(to, ring), to.bank, paid.amount, paid.period) for paid, to in rows]
