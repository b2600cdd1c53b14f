"""Payment runs (付款批次): what is payable up to a closed month, put before a second person, and paid at most once.

Payable is the net amount of a published statement that no standing payment pays. What waits (a hold, no account, less than the least payout)
stays payable and is in the next run. A statement has at most one payment that stands: the database says so, whatever runs at the same moment.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, select, text, update

from models import db
from models.audit import Approval, ApprovalState
from models.commission import RunStatement
from models.partners import Broker, BrokerVersion
from models.payouts import BatchState, Payee, PayeeState, Payout, PayoutBatch, PayoutHold, PayoutState, masked_account
from models.publication import StatementPublication
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.policy import watch
from portal.commission.publication import closed
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import on_postgresql
from portal.versions import version_of
from portal.webhooks.recording import Happened, record

PAYOUT = "commission.payout"
"""The kind of the approval of a payment run."""
STANDING = (PayoutState.PREPARED, PayoutState.APPROVED, PayoutState.PAID)
"""Payments that pay a statement, or are about to."""
HELD, NO_ACCOUNT, BELOW_LEAST = "held", "no_account", "below_least"
"""Why something payable waits; empty: it is paid by the next run."""


@dataclass(frozen=True)
class Due:
    """A statement that is payable, in fen: whose, of which month, to which account, and why it waits (empty: it does not)."""

    broker_id: int
    broker_no: str
    name: str
    period: str
    amount: int
    payee_id: int | None
    account: str
    waits: str


def hold_payouts() -> None:
    """Serialise those who prepare, approve and hold payments. SQLite's write lock does so already."""
    if on_postgresql():
        db.session.execute(text("SELECT pg_advisory_xact_lock(727007)"))


def unpaid() -> ColumnElement[bool]:
    """The condition, on a published statement, that it is payable: more than nought, and no payment of it stands."""
    stands = exists().where(Payout.broker_id == StatementPublication.broker_id, Payout.period == StatementPublication.period, Payout.state.in_(STANDING))
    return and_(RunStatement.net > 0, ~stands)


def _payable(period: str) -> Select[*tuple[object, ...]]:
    version, is_his = version_of(BrokerVersion, Broker.id)
    of_statement = and_(RunStatement.run_id == StatementPublication.run_id, RunStatement.broker_id == StatementPublication.broker_id)
    columns = (Broker.id, Broker.broker_no, version.name, StatementPublication.period, RunStatement.net, Payee.id.label("payee_id"), Payee.bank, Payee.account_tail)
    return (
        select(*columns, PayoutHold.id.label("hold_id"))
        .select_from(StatementPublication)
        .join(RunStatement, of_statement)
        .join(Broker, Broker.id == StatementPublication.broker_id)
        .outerjoin(version, is_his)
        .outerjoin(Payee, and_(Payee.broker_id == Broker.id, Payee.state == PayeeState.VALID))
        .outerjoin(PayoutHold, and_(PayoutHold.broker_id == Broker.id, PayoutHold.ended_at.is_(None)))
        .where(StatementPublication.period <= period, unpaid())
        .order_by(Broker.broker_no, StatementPublication.period)
    )


def due(period: str, least: int) -> list[Due]:
    """Everything payable up to a month, by broker and month; `least` is the least payout (fen) that a broker's sum must reach."""
    rows = db.session.execute(_payable(period)).all()
    sums: Counter[int] = Counter()
    for row in rows:
        sums[row.id] += row.net

    def waits(row: object) -> str:
        if row.hold_id is not None:  # type: ignore[attr-defined]
            return HELD
        return NO_ACCOUNT if row.payee_id is None else BELOW_LEAST if sums[row.id] < least else ""  # type: ignore[attr-defined]

    account = (masked_account(row.bank, row.account_tail) if row.payee_id else "" for row in rows)
    return [Due(row.id, row.broker_no, row.name or "", row.period, row.net, row.payee_id, to, waits(row)) for row, to in zip(rows, account, strict=True)]


def digest_of(rows: Sequence[Due]) -> str:
    """What a preview showed, in a word: who is paid what for which month, and to which account."""
    paid = [[one.broker_id, one.period, one.amount, one.payee_id] for one in rows if not one.waits]
    return hashlib.sha256(json.dumps(paid).encode()).hexdigest()


def prepare(period: str, shown: str, least: int, *, actor: Actor, moment: datetime) -> PayoutBatch:
    """Put a run before a second person: everything payable up to a closed month that does not wait. Raises NotAllowed; Refusal for an open
    month or where nothing is payable; Conflict where another run would come of it than was shown."""
    actor.need(Can.PAYOUT_PREPARE)
    closed(period)
    hold_payouts()
    rows = due(period, least)
    paid, waiting = [one for one in rows if not one.waits], [one for one in rows if one.waits]
    if not paid:
        raise Refusal("nothing is payable up to %(period)s that does not wait", period=period)
    if digest_of(rows) != shown:
        raise Conflict("something else is payable by now: look at the preview again, nothing was prepared")
    batch = _batch(period, paid, actor, moment)
    preview = {"period": period, "payments": len(paid), "brokers": len({one.broker_id for one in paid}), "amount": batch.amount}
    preview |= {"first_period": min(one.period for one in paid), "payments_waiting": len(waiting), "amount_waiting": sum(one.amount for one in waiting)}
    payload = {"batch": batch.id, "payments": shown, "see": f"/commission/payouts/{batch.number}"}
    batch.approval_id = approvals.prepare(actor, moment, kind=PAYOUT, subject=batch.number, payload=payload, preview=preview).id
    db.session.flush()
    return batch


def _batch(period: str, paid: Sequence[Due], actor: Actor, moment: datetime) -> PayoutBatch:
    count = db.session.execute(select(func.count()).where(PayoutBatch.period == period)).scalar_one() + 1
    number = f"{period}-{count:02d}"
    batch = PayoutBatch(number=number, period=period, state=BatchState.PREPARED, payments=len(paid), amount=sum(one.amount for one in paid), approved_label="")
    batch.prepared_at, batch.prepared_label = moment, actor.label
    db.session.add(batch)
    db.session.flush()
    shared = {"batch_id": batch.id, "state": PayoutState.PREPARED, "serial": "", "why": "", "settled_label": ""}
    stem = f"P{period.replace('-', '')}-{count:02d}"
    rows = [
        {**shared, "reference": f"{stem}-{place:04d}", "broker_id": one.broker_id, "period": one.period, "payee_id": one.payee_id, "amount": one.amount}
        for place, one in enumerate(paid, start=1)
    ]
    db.session.execute(insert(Payout), rows)
    log.write(actor, moment, "payout.prepared", "payout_batch", number, after={"payments": len(paid), "amount": batch.amount, "digest": digest_of(paid)})
    return batch


def batch_of(number: str, *, held: bool = False) -> PayoutBatch:
    """A run; `held` until the transaction ends. Raises NotFound."""
    query = select(PayoutBatch).where(PayoutBatch.number == number)
    if held:
        query = query.with_for_update().execution_options(populate_existing=True)
    batch = db.session.execute(query).scalar_one_or_none()
    if batch is None:
        raise NotFound("there is no payment run %(number)s", number=number[:40])
    return batch


def _approve(approval: Approval, approver: Actor, moment: datetime) -> None:
    """A second person let a run through: it may be handed to the bank. Raises Conflict where somebody in it is held back by now, or is paid elsewhere."""
    batch = batch_of(approval.subject, held=True)
    if batch.state != BatchState.PREPARED:
        raise Conflict("this payment run does not wait any more: look at it again")
    _still_right(batch)
    db.session.execute(update(Payout).where(Payout.batch_id == batch.id, Payout.state == PayoutState.PREPARED).values(state=PayoutState.APPROVED))
    batch.state, batch.approved_at, batch.approved_label = BatchState.APPROVED, moment, approver.label
    log.write(approver, moment, "payout.approved", "payout_batch", batch.number, after={"payments": batch.payments, "amount": batch.amount})
    record("payout_batch.approved", [Happened(batch.number, f"/commission/payouts/{batch.number}", {"payments": batch.payments})], moment)
    db.session.flush()


def _still_right(batch: PayoutBatch) -> None:
    query = select(Broker.broker_no).join(Payout, Payout.broker_id == Broker.id).join(Payee, Payee.id == Payout.payee_id)
    query = query.outerjoin(PayoutHold, and_(PayoutHold.broker_id == Broker.id, PayoutHold.ended_at.is_(None)))
    changed = query.where(Payout.batch_id == batch.id, (PayoutHold.id.is_not(None)) | (Payee.state != PayeeState.VALID)).distinct().order_by(Broker.broker_no)
    found = list(db.session.execute(changed).scalars())
    if found:
        raise Conflict("since this run was prepared, payments of %(brokers)s are held back or go to another account: refuse it, and prepare it anew", brokers=", ".join(found))


@watch
def _dropped(approval: Approval, actor: Actor, moment: datetime) -> None:
    """A run that was refused or taken back: what was in it is payable again."""
    if approval.kind != PAYOUT or approval.state not in {ApprovalState.REFUSED, ApprovalState.WITHDRAWN}:
        return
    batch = batch_of(approval.subject, held=True)
    batch.state, batch.done_at = BatchState.VOID, moment
    gone = {"state": PayoutState.VOID, "settled_at": moment, "settled_label": actor.label}
    db.session.execute(update(Payout).where(Payout.batch_id == batch.id, Payout.state == PayoutState.PREPARED).values(**gone))
    log.write(actor, moment, "payout.void", "payout_batch", batch.number)
    db.session.flush()


approvals.register(PAYOUT, Can.PAYOUT_APPROVE, _approve, label=N_("Payment run"), amounts=("amount", "amount_waiting"), hold=lambda approval: hold_payouts())
