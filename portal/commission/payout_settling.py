"""What the bank did with an approved run: each payment was paid on a day under a number, or failed; and one that was paid may come back later.

A payment that failed or came back makes its statement payable again. Nothing is taken out: a payment is only ever turned to `returned`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update

from models import db
from models.partners import Broker
from models.payouts import BatchState, Payout, PayoutBatch, PayoutState
from portal.actors import Actor
from portal.audit import log
from portal.audit.log import Line
from portal.commission.payouts import batch_of, hold_payouts
from portal.commission.publication import users_of_brokers
from portal.fields import one_line
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell_each
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.webhooks.recording import Happened, record

PAID, RETURNED = "payment.paid", "payment.returned"
SERIAL_LONGEST, WHY_SHORTEST, WHY_LONGEST = 60, 4, 400

register(
    PAID,
    N_("%(amount_fen)s of your statement %(month)s was paid on %(day)s."),
    "money",
    label=N_("A statement is paid"),
    tone="good",
    mail=N_("Your statement of %(month)s is paid."),
)
register(
    RETURNED,
    N_("The payment of your statement %(month)s (%(amount_fen)s) came back: %(why)s"),
    "money",
    label=N_("A payment to me came back"),
    tone="bad",
    mail=N_("A payment to you came back: please look at the portal."),
)


@dataclass(frozen=True)
class Answer:
    """What the bank says of a payment, by its reference: paid on a day under its number, or not, and why."""

    reference: str
    paid_on: date | None
    serial: str
    why: str = ""


def settle(number: str, answers: Sequence[Answer], today: date, *, actor: Actor, moment: datetime) -> tuple[int, int]:
    """Write down what the bank did with payments of a run. Returns how many were paid and how many returned. Raises NotAllowed, NotFound;
    Conflict for a run that is not approved or a payment that is not open; Refusal for a day to come, or without a number or a reason."""
    actor.need(Can.PAYOUT_PREPARE)
    hold_payouts()
    batch = approved_batch(number, held=True)
    open_rows = _open(batch.id)
    changes = [_change(answer, open_rows, today) for answer in answers]
    if len({one["id"] for one in changes}) < len(changes):
        raise Refusal("a payment stands twice in this answer")
    _write(batch, changes, actor, moment)
    paid = sum(one["state"] == PayoutState.PAID for one in changes)
    return paid, len(changes) - paid


def settle_rest(number: str, paid_on: date, serial: str, today: date, *, actor: Actor, moment: datetime) -> int:
    """All payments of a run that are still open were paid on one day under one number. Returns how many. Raises as `settle`."""
    actor.need(Can.PAYOUT_PREPARE)
    hold_payouts()
    rows = _open(approved_batch(number, held=True).id)
    if not rows:
        raise Conflict("no payment of this run is open")
    return settle(number, [Answer(reference, paid_on, serial) for reference in rows], today, actor=actor, moment=moment)[0]


def give_back(reference: str, why: str, *, actor: Actor, moment: datetime) -> Payout:
    """A payment that was paid came back from the bank: its statement is payable again. Raises NotAllowed, NotFound, Refusal, Conflict."""
    actor.need(Can.PAYOUT_PREPARE)
    hold_payouts()
    query = select(Payout, PayoutBatch).join(PayoutBatch, PayoutBatch.id == Payout.batch_id).where(Payout.reference == reference)
    found = db.session.execute(query.with_for_update(of=Payout).execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound("there is no payment %(reference)s", reference=reference[:40])
    if found.Payout.state != PayoutState.PAID:
        raise Conflict("only a payment that was paid can come back")
    change = {"id": found.Payout.id, "state": PayoutState.RETURNED, "paid_on": found.Payout.paid_on, "serial": found.Payout.serial, "why": _why(why)}
    _write(found.PayoutBatch, [change], actor, moment)
    payout: Payout = found.Payout
    return payout


def approved_batch(number: str, *, held: bool = False) -> PayoutBatch:
    """A run that a second person let through; `held` until the transaction ends. Raises NotFound, Conflict."""
    batch = batch_of(number, held=held)
    if batch.state not in {BatchState.APPROVED, BatchState.DONE}:
        raise Conflict("only an approved payment run is handed to the bank and paid")
    return batch


def _open(batch_id: int) -> dict[str, int]:
    rows = db.session.execute(select(Payout.reference, Payout.id).where(Payout.batch_id == batch_id, Payout.state == PayoutState.APPROVED).order_by(Payout.id))
    return {row.reference: row.id for row in rows}


def _change(answer: Answer, open_rows: Mapping[str, int], today: date) -> dict[str, object]:
    if answer.reference not in open_rows:
        raise Conflict("the payment %(reference)s is not open in this run", reference=answer.reference[:40])
    row: dict[str, object] = {"id": open_rows[answer.reference], "paid_on": answer.paid_on, "serial": "", "why": ""}
    if answer.paid_on is None:
        return row | {"state": PayoutState.RETURNED, "why": _why(answer.why)}
    if answer.paid_on > today:
        raise Refusal("%(day)s has not come yet: a payment is paid when the bank has done it", day=answer.paid_on.isoformat())
    serial = one_line(answer.serial)
    if not 0 < len(serial) <= SERIAL_LONGEST:
        raise Refusal("a payment has the bank’s number, of at most %(most)s characters", most=SERIAL_LONGEST)
    return row | {"state": PayoutState.PAID, "serial": serial}


def _why(text: str) -> str:
    said = one_line(text)
    if not WHY_SHORTEST <= len(said) <= WHY_LONGEST:
        raise Refusal("say in %(shortest)s to %(longest)s characters why the payment came back", shortest=WHY_SHORTEST, longest=WHY_LONGEST)
    return said


def _write(batch: PayoutBatch, changes: Sequence[dict[str, object]], actor: Actor, moment: datetime) -> None:
    db.session.execute(update(Payout), [{**change, "settled_at": moment, "settled_label": actor.label} for change in changes])
    db.session.expire_all()
    query = select(Payout, Broker.broker_no).join(Broker, Broker.id == Payout.broker_id).where(Payout.id.in_([change["id"] for change in changes]))
    rows = db.session.execute(query.order_by(Payout.id)).all()
    log.write_many(actor, moment, [_line(row.Payout) for row in rows])
    page = f"/commission/payouts/{batch.number}"
    for state in (PayoutState.PAID, PayoutState.RETURNED):
        told = [Happened(row.Payout.reference, page, {"batch": batch.number, "broker_no": row.broker_no}) for row in rows if row.Payout.state == state]
        record(f"payout.{state.value}", told, moment)
    left = db.session.execute(select(func.count()).where(Payout.batch_id == batch.id, Payout.state == PayoutState.APPROVED)).scalar_one()
    if not left and batch.state == BatchState.APPROVED:
        batch.state, batch.done_at = BatchState.DONE, moment
        log.write(actor, moment, "payout.done", "payout_batch", batch.number)
        record("payout_batch.done", [Happened(batch.number, page)], moment)
    db.session.flush()
    _tell([(row.broker_no, row.Payout) for row in rows], actor, moment)


def _line(row: Payout) -> Line:
    after = {"state": row.state, "paid_on": row.paid_on.isoformat() if row.paid_on else None, "serial": row.serial, "amount": row.amount}
    return Line(f"payout.{row.state}", "payout", row.reference, after=after, reason=row.why)


def _tell(rows: Sequence[tuple[str, Payout]], actor: Actor, moment: datetime) -> None:
    """Tell every broker's users of what became of his payments."""
    users = users_of_brokers({number for number, _row in rows})
    for kind, state in ((PAID, PayoutState.PAID), (RETURNED, PayoutState.RETURNED)):
        told = [(user, f"/commission/statements/{row.period}/{number}", _values(row)) for number, row in rows if row.state == state for user in users.get(number, ())]
        if told:
            tell_each(told, kind, actor=actor, moment=moment)


def _values(row: Payout) -> dict[str, str | int]:
    return {"month": row.period, "amount_fen": row.amount, "day": row.paid_on.isoformat() if row.paid_on else "", "why": row.why}
