"""A statement of the bank held against what waits for money: which line pays which order, which needs a hand, which is there already. Taking it in
makes the same facts as by hand: each line recorded once by the bank's serial number, what fits put before a second person."""

from __future__ import annotations

import enum
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from models import db
from models.club_bank import BankTransfer, TransferState
from models.club_money import Payment, PaymentState, Way
from portal.actors import Actor
from portal.audit import log
from portal.audit.log import Line
from portal.club import bank_in, bank_match, bank_time
from portal.club.bank_in import Incoming
from portal.club.bank_match import UNDECIDED, Fit, Ordered
from portal.permissions import Can
from portal.refusals import Conflict
from portal.transaction import on_postgresql


class Verdict(enum.StrEnum):
    """What becomes of a line. Matched: its words name one order, the amount is exact, the payer is the member; look: its order is known, something
    else does not fit; ambiguous: it names several orders, or none while some wait for just this amount; unmatched: nothing
    waits for it; known: its serial number is recorded already; differs: so it is, with another amount."""

    MATCHED = "matched"
    LOOK = "look"
    AMBIGUOUS = "ambiguous"
    UNMATCHED = "unmatched"
    KNOWN = "known"
    DIFFERS = "differs"


NEW = (Verdict.MATCHED, Verdict.LOOK, Verdict.AMBIGUOUS, Verdict.UNMATCHED)
"""What is recorded when the statement is taken in."""


@dataclass(frozen=True)
class Judged:
    """A line with what is known of it: its row, how it fits, the order that it is for, how many others it may be for."""

    line: int
    came: Incoming
    verdict: Verdict
    fit: Fit | None = None
    order: Ordered | None = None
    candidates: int = 0


def judge(lines: Sequence[tuple[int, Incoming]], moment: datetime) -> list[Judged]:
    """Hold lines against orders and against what is recorded; in a few statements, however many lines. Nothing is written."""
    known = _recorded(came.serial for _line, came in lines)
    named = {came.serial: bank_time.references(came.remark) for _line, came in lines}
    numbers = _named({one for found in named.values() for one in found})
    orders = bank_match.orders(numbers.values())
    held, waiting = _held(orders), _waiting({came.amount for _line, came in lines})
    return [_judged(line, came, known, [numbers[one] for one in named[came.serial] if one in numbers], orders, held, waiting, moment) for line, came in lines]


def _judged(
    line: int,
    came: Incoming,
    known: dict[str, int],
    named: Sequence[int],
    orders: dict[int, Ordered],
    held: Counter[int],
    waiting: Counter[int],
    moment: datetime,
) -> Judged:
    if came.serial in known:
        return Judged(line, came, Verdict.KNOWN if known[came.serial] == came.amount else Verdict.DIFFERS)
    if len(named) != 1 or named[0] not in orders:
        found = max(len(named), waiting[came.amount])
        return Judged(line, came, Verdict.AMBIGUOUS if found else Verdict.UNMATCHED, Fit.NO_ORDER, candidates=found)
    order = orders[named[0]]
    fit = bank_match.fit(order, came.amount, held[named[0]], moment)
    held[named[0]] += 1
    exact = fit is Fit.EXACT and bank_time.same_name(order.name, came.payer)
    return Judged(line, came, Verdict.MATCHED if exact else Verdict.LOOK, fit, order, 1)


def _recorded(serials: Iterable[str]) -> dict[str, int]:
    query = select(BankTransfer.serial, BankTransfer.amount).where(BankTransfer.serial.in_(list(serials)), BankTransfer.state != TransferState.VOID)
    return {row[0]: row[1] for row in db.session.execute(query)}


def _named(references: set[str]) -> dict[str, int]:
    rows = db.session.execute(select(Payment.reference, Payment.id).where(Payment.reference.in_(references)))
    return {row[0]: row[1] for row in rows if row[0] is not None}


def _held(orders: Iterable[int]) -> Counter[int]:
    counted = BankTransfer.state.in_([*UNDECIDED, TransferState.TAKEN])
    query = select(BankTransfer.payment_id, func.count()).where(BankTransfer.payment_id.in_(list(orders)), counted).group_by(BankTransfer.payment_id)
    return Counter({row[0]: int(row[1]) for row in db.session.execute(query) if row[0] is not None})


def _waiting(amounts: set[int]) -> Counter[int]:
    asked = select(Payment.amount, func.count()).where(Payment.way == Way.TRANSFER, Payment.amount.in_(amounts), Payment.state == PaymentState.OPEN)
    return Counter({row[0]: int(row[1]) for row in db.session.execute(asked.group_by(Payment.amount))})


def digest_of(judged: Sequence[Judged]) -> str:
    """What a preview showed, in a word: what is taken in must still be that."""
    rows = [[one.line, one.came.serial, one.came.amount, one.verdict, one.order.payment_id if one.order else 0] for one in judged]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


def take_in(lines: Sequence[tuple[int, Incoming]], shown: str, name: str, *, actor: Actor, moment: datetime) -> tuple[int, int]:
    """Record what a statement brings, inside the open transaction, and put what fits its order before a second person. Returns how many were recorded and
    how many of them wait for him; the same statement twice records nothing anew. Raises NotAllowed; Conflict where something else would happen than was shown."""
    actor.need(Can.CLUB_MONEY)
    judged = judge(lines, moment)
    if digest_of(judged) != shown:
        raise Conflict("something else would happen by now: look at the preview again, nothing was recorded")
    new = [one for one in judged if one.verdict in NEW]
    made = _record(new, actor, moment)
    fits = [one for one in new if one.verdict is Verdict.MATCHED and one.came.serial in made]
    for one in fits:  # each is a decision of its own, with its own preview for the second person
        bank_in.prepare(made[one.came.serial], True, "", actor=actor, moment=moment)
    after = {"recorded": len(made), "prepared": len(fits), "lines": len(judged)}
    log.write(actor, moment, "club.statement_taken", "club_bank_statement", hashlib.sha256(name.encode()).hexdigest()[:20], after=after)
    return len(made), len(fits)


def _record(new: Sequence[Judged], actor: Actor, moment: datetime) -> dict[str, str]:
    """Write lines down whose serial number is not there; each is held to be for its order. Returns the public ids of those that are new, by serial number."""
    if not new:
        return {}
    shared = {"state": TransferState.RECORDED, "recorded_at": moment, "note": "", "recorded_by_id": actor.user_id, "recorded_label": actor.label}
    rows = [{**vars(one.came), **shared, "public_id": secrets.token_urlsafe(12), "payment_id": one.order.payment_id if one.order else None} for one in new]
    make = postgresql_insert if on_postgresql() else sqlite_insert
    once = make(BankTransfer).on_conflict_do_nothing(index_elements=["serial"], index_where=text("state <> 'void'"))
    made = {row[0]: row[1] for row in db.session.execute(once.returning(BankTransfer.serial, BankTransfer.public_id), rows)}
    held = [one.order.payment_id for one in new if one.order and one.came.serial in made]
    db.session.execute(
        update(Payment).where(Payment.id.in_(held), Payment.state == PaymentState.OPEN).values(state=PaymentState.PROCESSING), execution_options={"synchronize_session": False}
    )
    amounts = {one.came.serial: one.came.amount for one in new}
    log.write_many(
        actor, moment, [Line("club.transfer_recorded", "club_bank_transfer", number, after={"serial": serial, "amount": amounts[serial]}) for serial, number in made.items()]
    )
    return made
