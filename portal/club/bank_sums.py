"""The club's money by the way that it came, to the fen; and whether transfers, payments and what goes back add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, cast, func, select

from models import db
from models.club_bank import BankReturn, BankTransfer, ReturnState, TransferState
from models.club_money import Payment, Refund, RefundState, Way
from portal.actors import Actor
from portal.club.entries import incident
from portal.club.payments import MONEY_IN


@dataclass(frozen=True)
class Sum:
    """So many, and what they come to (fen)."""

    count: int
    amount: int


NONE = Sum(0, 0)


@dataclass(frozen=True)
class Standing:
    """Payments and refunds by way and state; transfers and what goes back by state; transfers that belong to no order."""

    paid: dict[str, Sum]
    refunds: dict[tuple[str, str], Sum]
    transfers: dict[str, Sum]
    returns: dict[str, Sum]
    unmatched: Sum

    def back(self, way: str, *states: RefundState) -> Sum:
        """Refunds of one way in some states."""
        found = [self.refunds.get((way, state), NONE) for state in states]
        return Sum(sum(one.count for one in found), sum(one.amount for one in found))


def _grouped(model: Any, *by: Any, where: Any = None, joined: Any = None) -> dict[Any, Sum]:
    query = select(*by, func.count().label("count"), cast(func.coalesce(func.sum(model.amount), 0), BigInteger).label("amount")).select_from(model)
    query = query.join(*joined) if joined is not None else query
    query = query.where(where) if where is not None else query
    rows = db.session.execute(query.group_by(*by)).all()
    return {(row[0] if len(by) == 1 else tuple(row[: len(by)])): Sum(int(row[-2]), int(row[-1])) for row in rows}


def standing() -> Standing:
    """How the money stands now."""
    open_ones = (BankTransfer.state == TransferState.RECORDED) & BankTransfer.payment_id.is_(None)
    return Standing(
        _grouped(Payment, Payment.way, where=Payment.state.in_(MONEY_IN)),
        _grouped(Refund, Payment.way, Refund.state, joined=(Payment, Payment.id == Refund.payment_id)),
        _grouped(BankTransfer, BankTransfer.state),
        _grouped(BankReturn, BankReturn.state),
        _grouped(BankTransfer, BankTransfer.state, where=open_ones).get(TransferState.RECORDED, NONE),
    )


def differences() -> dict[str, int]:
    """What does not add up (fen), by what is compared; empty where all does.

    `taken`: transfers that paid, less the payments that they brought and the rests that go back. `given_back`: transfers that go back, less
    what is owed for them. `refunds`: refunds of these payments that are due or made, less what is owed for them.
    """
    now = standing()
    of_transfers = _grouped(BankReturn, BankTransfer.state, joined=(BankTransfer, BankTransfer.id == BankReturn.transfer_id))
    of_refunds = sum(one.amount for one in _grouped(BankReturn, BankReturn.state, where=BankReturn.refund_id.is_not(None)).values())
    taken, given_back = (now.transfers.get(state, NONE).amount for state in (TransferState.TAKEN, TransferState.GIVEN_BACK))
    asked = now.back(Way.TRANSFER, RefundState.DUE, RefundState.PENDING, RefundState.SUCCEEDED).amount
    found = {
        "taken": taken - now.paid.get(Way.TRANSFER, NONE).amount - of_transfers.get(TransferState.TAKEN, NONE).amount,
        "given_back": given_back - of_transfers.get(TransferState.GIVEN_BACK, NONE).amount,
        "refunds": asked - of_refunds,
    }
    return {name: amount for name, amount in found.items() if amount}


def compare(*, actor: Actor, moment: datetime) -> dict[str, int]:
    """Hold transfers, payments and what goes back against each other; what does not add up becomes an incident. Returns what was found."""
    found = differences()
    for name, amount in found.items():
        incident(f"transfers:{name}:{amount}", "transfers_differ", moment, actor=actor, amount=amount, what=name)
    now = standing()
    waits = now.returns.get(ReturnState.DUE, NONE)
    return {"transfers_differ": len(found), "transfers_unmatched": now.unmatched.count, "returns_due": waits.count, "returns_due_fen": waits.amount}
