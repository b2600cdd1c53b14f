"""Transfers that came in: one person writes down what the bank's statement says and prepares what is to become of it, a second one approves,
and only then it pays its order, by the way that a card payment goes, or is to be transferred back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from models import db
from models.audit import Approval, ApprovalState
from models.club_bank import BankTransfer, ReturnWhy, TransferState
from models.club_membership import ClubDues
from models.club_money import Payment, PaymentState
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.policy import watch
from portal.club import bank_match, bank_owed, dues, members, payments, telling_bank
from portal.club.bank_match import MAY_PAY, UNDECIDED, Fit
from portal.club.bank_time import same_name
from portal.club.booking import held_booking_of
from portal.fields import one_line
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import on_postgresql

INCOMING = "club.transfer_in"
"""What waits for a second person. Its effect is registered in portal/jobs/club_bank.py, which knows the day."""
LONGEST = {"serial": 60, "payer": 120, "remark": 200}
MOST = 100_000_000_00


@dataclass(frozen=True)
class Incoming:
    """A line of the bank's statement: its number, day, amount (fen), who paid, and what he wrote."""

    serial: str
    received_on: date
    amount: int
    payer: str
    remark: str


def checked(line: Incoming, today: date) -> Incoming:
    """A line as it is kept. Raises Refusal where it is none."""
    words = {name: one_line(getattr(line, name)) for name in LONGEST}
    if not words["serial"] or not words["payer"]:
        raise Refusal("a transfer has the bank’s serial number and the payer’s name")
    if any(len(words[name]) > most for name, most in LONGEST.items()):
        raise Refusal("the serial number has at most 60 characters, the name 120, the remark 200")
    if not 0 < line.amount <= MOST:
        raise Refusal("an amount is more than nought, and at most 100 million yuan")
    if line.received_on > today:
        raise Refusal("%(day)s has not come yet: a transfer is recorded when the money is there", day=line.received_on.isoformat())
    return Incoming(received_on=line.received_on, amount=line.amount, **words)


def record(line: Incoming, today: date, *, actor: Actor, moment: datetime) -> BankTransfer:
    """Write a transfer down, held to be for the order that its words name. Raises NotAllowed, Refusal; Conflict where its serial is there."""
    actor.need(Can.CLUB_MONEY)
    line = checked(line, today)
    row = {**vars(line), "public_id": secrets.token_urlsafe(12), "state": TransferState.RECORDED, "recorded_at": moment, "note": ""}
    make = postgresql_insert if on_postgresql() else sqlite_insert
    statement = make(BankTransfer).values(**row, recorded_by_id=actor.user_id, recorded_label=actor.label)
    once = statement.on_conflict_do_nothing(index_elements=["serial"], index_where=text("state <> 'void'")).returning(BankTransfer.id)
    number = db.session.execute(once).scalar_one_or_none()
    if number is None:
        raise _twice(line.serial)
    transfer = db.session.get_one(BankTransfer, number, populate_existing=True)
    _hold_for(transfer, bank_match.named_in(line.remark))
    log.write(actor, moment, "club.transfer_recorded", "club_bank_transfer", transfer.public_id, after={"serial": line.serial, "amount": line.amount})
    return transfer


def _twice(serial: str) -> Conflict:
    known = by_serial(serial)
    said = {"serial": serial, "day": known.received_on.isoformat(), "yuan": f"{known.amount // 100}.{known.amount % 100:02d}", "who": known.recorded_label} if known else {}
    return Conflict("the serial number %(serial)s is recorded already: %(yuan)s yuan of %(day)s, by %(who)s", **said)


def by_serial(serial: str) -> BankTransfer | None:
    """The transfer with a serial number of the bank; one that was taken out as a mistake is none."""
    return db.session.execute(select(BankTransfer).where(BankTransfer.serial == serial, BankTransfer.state != TransferState.VOID)).scalar_one_or_none()


def by_public_id(public_id: str) -> BankTransfer:
    """One transfer. Raises NotFound."""
    found = db.session.execute(select(BankTransfer).where(BankTransfer.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such transfer")
    return found


def held(public_id: str, *states: TransferState) -> BankTransfer:
    """A transfer, held, in one of these states. Raises NotFound, Conflict."""
    query = select(BankTransfer).where(BankTransfer.public_id == public_id).with_for_update().execution_options(populate_existing=True)
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such transfer")
    if found.state not in states:
        raise Conflict("this transfer is not open any more: look at it again")
    return found


def _hold_for(transfer: BankTransfer, payment_id: int | None) -> None:
    """A transfer is held to be for a try: nobody is asked to pay that again meanwhile. What it was held to be for before is open again."""
    before, transfer.payment_id = transfer.payment_id, payment_id
    db.session.flush()
    if before is not None and before != payment_id:
        _let_go(before)
    if payment_id is not None:
        db.session.execute(update(Payment).where(Payment.id == payment_id, Payment.state == PaymentState.OPEN).values(state=PaymentState.PROCESSING))


def _let_go(payment_id: int) -> None:
    """No transfer decides about a try any more: it waits again, as long as its time lasts."""
    still = select(BankTransfer.id).where(BankTransfer.payment_id == payment_id, BankTransfer.state.in_(UNDECIDED))
    if db.session.execute(still.limit(1)).first() is None:
        db.session.execute(update(Payment).where(Payment.id == payment_id, Payment.state == PaymentState.PROCESSING).values(state=PaymentState.OPEN))


def match(public_id: str, reference: str, *, actor: Actor, moment: datetime) -> None:
    """Hold a transfer to be for the order with a reference; without one, for none. Raises NotAllowed, NotFound, Conflict; Refusal where there is no such order."""
    actor.need(Can.CLUB_MONEY)
    transfer = held(public_id, TransferState.RECORDED)
    found = bank_match.named_in(reference)
    if found is None and reference.strip():
        raise Refusal("no order has the reference “%(reference)s”", reference=reference.strip()[:40])
    _hold_for(transfer, found)
    log.write(actor, moment, "club.transfer_matched", "club_bank_transfer", public_id, after={"payment": found})


def void(public_id: str, note: str, *, actor: Actor, moment: datetime) -> None:
    """Take out what was typed in by mistake; its serial may be recorded anew. Raises NotAllowed, NotFound, Conflict; Refusal without a reason."""
    actor.need(Can.CLUB_MONEY)
    transfer = held(public_id, TransferState.RECORDED)
    transfer.note = _reason(note)
    if not transfer.note:
        raise Refusal("say in a few words why")
    transfer.state, transfer.settled_at = TransferState.VOID, moment
    _hold_for(transfer, None)
    log.write(actor, moment, "club.transfer_void", "club_bank_transfer", public_id, reason=transfer.note)


def _reason(note: str) -> str:
    return one_line(note)[:400]


def prepare(public_id: str, pay: bool, note: str, *, actor: Actor, moment: datetime) -> Approval:
    """Put before a second person that a transfer pays its order, or goes back. Raises NotAllowed, NotFound, Conflict; Refusal where it cannot
    pay its order, or another than the member paid, or what would fit goes back, and nobody says why."""
    actor.need(Can.CLUB_MONEY)
    transfer = held(public_id, TransferState.RECORDED)
    found, order = bank_match.fit_of(transfer, moment)
    transfer.note = _reason(note)
    if pay and found not in MAY_PAY:
        raise Refusal("this transfer cannot pay its order: prepare that it goes back")
    other = order is not None and not same_name(order.name, transfer.payer)
    if pay and other and not transfer.note:
        raise Refusal("another than the member paid: say why it counts, or send it back")
    if not pay and found in MAY_PAY and not transfer.note:
        raise Refusal("it fits its order: say why it goes back all the same")
    transfer.state = TransferState.PREPARED
    why = ReturnWhy.OTHER_PAYER if other and found in MAY_PAY else bank_match.goes_back(found)
    asked = order.asked if order is not None else 0
    payload = {"transfer": transfer.id, "pay": pay, "asked": asked, "why": why.value, "see": f"/club/money/transfers/{public_id}"}
    approval = approvals.prepare(actor, moment, kind=INCOMING, subject=transfer.serial, payload=payload, preview=_preview(transfer, found, order, pay))
    transfer.approval_id = approval.id
    db.session.flush()
    return approval


def _preview(transfer: BankTransfer, found: Fit, order: bank_match.Ordered | None, pay: bool) -> dict[str, Any]:
    """What the second person is shown: the line of the statement, the order, what will happen."""
    back = transfer.amount if not pay else transfer.amount - (order.asked if order is not None else 0)
    line = {"serial": transfer.serial, "received_on": transfer.received_on.isoformat(), "amount": transfer.amount, "payer": transfer.payer, "remark": transfer.remark or "–"}
    said = {"effect": "pays" if pay else "goes_back", "back": back, "fit": found.value, "if_no_seat": "goes_back" if pay else "–", "note": transfer.note or "–"}
    if order is None:
        return {**line, **said}
    return {**line, "order": order.reference, "title": order.title, "ordered_by": order.name, "asked": order.asked, **said}


def hold(approval: Approval) -> None:
    """Hold what an approval will change, in the order in which everybody does: the transfer, the event and the booking (or the member and
    his dues), the try."""
    payment_id = db.session.execute(select(BankTransfer.payment_id).where(BankTransfer.approval_id == approval.id).with_for_update()).scalar()
    if payment_id is None:
        return
    found = db.session.execute(select(Payment.booking_id, Payment.dues_id).where(Payment.id == payment_id)).one()
    if found.booking_id is not None:
        held_booking_of(found.booking_id)
    else:
        members.held(db.session.execute(select(ClubDues.member_id).where(ClubDues.id == found.dues_id)).scalar_one())
        dues.held_dues(found.dues_id)
    db.session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)


def take_in(approval: Approval, approver: Actor, moment: datetime, day: date) -> str:
    """A second person let it through: the order is paid, or its money is owed back; whatever became of the order since, never both and never
    neither. Returns `granted`, `refund_due`, `paid_twice` or `goes_back`. Raises Conflict where the order asks for another amount by now."""
    wanted: dict[str, Any] = approval.payload
    query = select(BankTransfer).where(BankTransfer.id == wanted["transfer"], BankTransfer.approval_id == approval.id)
    transfer = db.session.execute(query.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if transfer is None or transfer.state != TransferState.PREPARED:
        raise Conflict("this transfer is not open any more: look at it again")
    transfer.settled_at = moment
    if wanted["pay"]:
        return _pay(transfer, wanted["asked"], approver, moment, day)
    _send_back(transfer, ReturnWhy(wanted["why"]), approver, moment)
    return "goes_back"


def _pay(transfer: BankTransfer, asked: int, actor: Actor, moment: datetime, day: date) -> str:
    found = db.session.execute(select(Payment.booking_id, Payment.dues_id).where(Payment.id == transfer.payment_id)).one()
    if found.booking_id is not None:
        event, booking = held_booking_of(found.booking_id)
        payment = _held_payment(transfer)
        outcome = _once(payment, asked) or payments.money_came(event, booking, payment, actor=actor, moment=moment)
    else:
        member = members.held(db.session.execute(select(ClubDues.member_id).where(ClubDues.id == found.dues_id)).scalar_one())
        row = dues.held_dues(found.dues_id)
        payment = _held_payment(transfer)
        outcome = _once(payment, asked) or dues.money_came(member, row, payment, day, actor=actor, moment=moment)
    if outcome == "paid_twice":
        _send_back(transfer, ReturnWhy.PAID_TWICE, actor, moment)
        return outcome
    transfer.state = TransferState.TAKEN
    db.session.flush()
    if transfer.amount > payment.amount:
        bank_owed.write_for_transfer(transfer, transfer.amount - payment.amount, ReturnWhy.TOO_MUCH, actor=actor, moment=moment)
        telling_bank.goes_back(transfer, transfer.amount - payment.amount, ReturnWhy.TOO_MUCH, actor=actor, moment=moment)
    log.write(actor, moment, "club.transfer_taken", "club_bank_transfer", transfer.public_id, after={"outcome": outcome, "amount": payment.amount})
    return outcome


def _held_payment(transfer: BankTransfer) -> Payment:
    return db.session.get_one(Payment, transfer.payment_id, with_for_update=True, populate_existing=True)


def _once(payment: Payment, asked: int) -> str:
    """What stands against a try being paid now: that it is. Raises Conflict where it asks for another amount than was shown."""
    if payment.state in payments.MONEY_IN:
        return "paid_twice"
    if payment.amount != asked:
        raise Conflict("the order asks for another amount by now: take this back and prepare it anew")
    return ""


def _send_back(transfer: BankTransfer, why: ReturnWhy, actor: Actor, moment: datetime) -> None:
    transfer.state = TransferState.GIVEN_BACK
    db.session.flush()
    bank_owed.write_for_transfer(transfer, transfer.amount, why, actor=actor, moment=moment)
    if transfer.payment_id is not None:
        _let_go(transfer.payment_id)
    telling_bank.goes_back(transfer, transfer.amount, why, actor=actor, moment=moment)


@watch
def undone(approval: Approval, actor: Actor, moment: datetime) -> None:
    """What a second person refused, or its preparer took back, is open again."""
    if approval.kind == INCOMING and approval.state in (ApprovalState.REFUSED, ApprovalState.WITHDRAWN):
        again = update(BankTransfer).where(BankTransfer.approval_id == approval.id, BankTransfer.state == TransferState.PREPARED)
        db.session.execute(again.values(state=TransferState.RECORDED, approval_id=None))
