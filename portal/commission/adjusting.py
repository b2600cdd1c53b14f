"""One adjustment from the desk: what it would make of the broker's statement, and the second person who books it (rules §6.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from models import db
from models.audit import Approval, ApprovalState
from models.commission import Adjustment, AdjustmentReason, CommissionRun, RunStatement
from models.identity import User
from models.partners import Broker
from models.values.calendar import Month
from portal.actors import Actor
from portal.audit import approvals
from portal.commission.adjust import Entry, book, closed_periods
from portal.commission.load import Part, load_month
from portal.commission.month import guaranteed_brokers
from portal.commission.statement import COLUMNS, Entries, Statement, settle
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

ADJUST = "commission.adjustment"
"""The kind of the approval that books one adjustment."""
LARGEST = 10**13
"""An adjustment stays below this many fen."""


def check(entry: Entry) -> Broker:
    """The broker of an entry. Raises NotFound, Conflict for a closed month, Refusal for an amount or a reason that cannot be."""
    broker = db.session.execute(select(Broker).where(Broker.broker_no == entry.broker_no)).scalar_one_or_none()
    if broker is None:
        raise NotFound("there is no broker %(number)s: check the number", number=entry.broker_no)
    if closed_periods([entry.period]):
        raise Conflict("%(period)s is closed; adjustments go to a month that is open", period=entry.period)
    if entry.amount == 0 or abs(entry.amount) >= LARGEST:
        raise Refusal("an adjustment is an amount in yuan other than 0, such as -120.50")
    if entry.reason not in set(AdjustmentReason):
        raise Refusal("choose one of the coded reasons")
    if entry.reason == AdjustmentReason.OTHER and not entry.note.strip():
        raise Refusal("the reason “other” needs a note that says why")
    return broker


def effect(entry: Entry, run: CommissionRun) -> tuple[Statement, Statement]:
    """The broker's statement as a preview has it, and with the adjustment: reserve, payable, tax and net move with it. Raises as `check`."""
    broker = check(entry)
    month = Month.parse(entry.period)
    row = db.session.get(RunStatement, (run.id, broker.id))
    held = {name: getattr(row, name) if row is not None else 0 for name in COLUMNS}
    facts = load_month(month, run.known_recording_id, Part([], brokers=frozenset({broker.id})))
    b, person = next(((b, person) for b, broker_id, person in facts.brokers.select("b", "broker_id", "person").iter_rows() if broker_id == broker.id), (-1, True))
    terms = facts.terms.get(dict(facts.month_end.select("b", "version").iter_rows()).get(b, -1))
    guaranteed = b in guaranteed_brokers(facts)

    def settled(more: int) -> Statement:
        entries = Entries(person, terms, guaranteed, held["earned"], held["corrections"], held["adjustments"] + more, held["release"], held["carry_over"])
        return settle(month, entries)

    return settled(0), settled(entry.amount)


def prepare(entry: Entry, evidence: str, run: CommissionRun, actor: Actor, moment: datetime) -> Approval:
    """Put an adjustment before a second person, with what it makes of the statement. Raises NotAllowed, and as `check`."""
    actor.need(Can.MONTH_PREPARE)
    before, after = effect(entry, run)
    names = ("adjustments", "reserve", "payable", "withholding", "net")
    moved = [{"what": name, "before": getattr(before, name), "after": getattr(after, name)} for name in names]
    preview = {"broker_no": entry.broker_no, "period": entry.period, "amount": entry.amount, "reason": entry.reason, "note": entry.note, "evidence": evidence, "statement": moved}
    payload = {"entry": list(entry), "evidence": evidence}
    return approvals.prepare(actor, moment, kind=ADJUST, subject=f"{entry.period} {entry.broker_no}", payload=payload, preview=preview)


def booked(period: str) -> Select[*tuple[Any, ...]]:
    """The adjustments of a month that are booked, with their brokers, approvals and the mail address of who approved."""
    query = select(Adjustment, Broker, Approval, User.email).join(Broker, Broker.id == Adjustment.broker_id).outerjoin(Approval, Approval.id == Adjustment.approval_id)
    return query.outerjoin(User, User.id == Approval.decided_by_id).where(Adjustment.period == period)


def waiting(period: str) -> list[Approval]:
    """The adjustments of a month that wait for a second person."""
    query = select(Approval).where(Approval.kind == ADJUST, Approval.state == ApprovalState.WAITING, Approval.subject.startswith(f"{period} "))
    return list(db.session.scalars(query.order_by(Approval.id)))


def _book(approval: Approval, approver: Actor, moment: datetime) -> None:
    """Book what the second person approved."""
    payload: dict[str, Any] = approval.payload
    preparer = Actor(approval.prepared_by_id, approval.prepared_label)
    book([Entry(*payload["entry"])], approval.id, actor=preparer, moment=moment, note=f"approved by {approver.label}")


approvals.register(ADJUST, Can.MONTH_APPROVE, _book, label="Adjustment", amounts=("amount", "before", "after"))
