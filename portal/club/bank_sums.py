"""The club's money by the way that it came, to the fen; and whether transfers, payments and what goes back add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, select

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
    """Payments and refunds by way and state; transfers and what goes back by state; transfers that belong to no order; what goes back by the state
    of its transfer, and for refunds."""

    paid: dict[str, Sum]
    refunds: dict[tuple[str, str], Sum]
    transfers: dict[str, Sum]
    returns: dict[str, Sum]
    unmatched: Sum
    of_transfers: dict[str, Sum]
    of_refunds: Sum

    def back(self, way: str, *states: RefundState) -> Sum:
        """Refunds of one way in some states."""
        found = [self.refunds.get((way, state), NONE) for state in states]
        return Sum(sum(one.count for one in found), sum(one.amount for one in found))


Row = tuple[tuple[Any, ...], Sum]


def _grouped(query: Select[*tuple[Any, ...]], model: Any, *by: Any) -> list[Row]:
    amount = cast(func.coalesce(func.sum(model.amount), 0), BigInteger)
    rows = db.session.execute(query.with_only_columns(*by, func.count(), amount).group_by(*by)).all()
    return [(tuple(row[:-2]), Sum(int(row[-2]), int(row[-1]))) for row in rows]


def _added(rows: Iterable[Row], place: int) -> dict[Any, Sum]:
    """Rows added up by one of what they are grouped by."""
    found: dict[Any, Sum] = {}
    for key, one in rows:
        before = found.get(key[place], NONE)
        found[key[place]] = Sum(before.count + one.count, before.amount + one.amount)
    return found


def standing() -> Standing:
    """How the money stands now, in four statements."""
    paid = _grouped(select(Payment).where(Payment.state.in_(MONEY_IN)), Payment, Payment.way)
    refunds = _grouped(select(Refund).join(Payment, Payment.id == Refund.payment_id), Refund, Payment.way, Refund.state)
    transfers = _grouped(select(BankTransfer), BankTransfer, BankTransfer.state, BankTransfer.payment_id.is_(None))
    back = select(BankReturn).join(BankTransfer, BankTransfer.id == BankReturn.transfer_id, isouter=True)
    returns = _grouped(back, BankReturn, BankReturn.state, BankTransfer.state.label("transfer"), BankReturn.refund_id.is_not(None))
    return Standing(
        _added(paid, 0),
        {(way, state): one for (way, state), one in refunds},
        _added(transfers, 0),
        _added(returns, 0),
        next((one for (state, alone), one in transfers if state == TransferState.RECORDED and alone), NONE),
        _added((row for row in returns if row[0][1] is not None), 1),
        _added(returns, 2).get(True, NONE),
    )


def differences(now: Standing) -> dict[str, int]:
    """What does not add up (fen), by what is compared; empty where all does.

    `taken`: transfers that paid, less the payments that they brought and the rests that go back. `given_back`: transfers that go back, less
    what is owed for them. `refunds`: refunds of these payments that are due or made, less what is owed for them.
    """
    taken, given_back = (now.transfers.get(state, NONE).amount for state in (TransferState.TAKEN, TransferState.GIVEN_BACK))
    asked = now.back(Way.TRANSFER, RefundState.DUE, RefundState.PENDING, RefundState.SUCCEEDED).amount
    found = {
        "taken": taken - now.paid.get(Way.TRANSFER, NONE).amount - now.of_transfers.get(TransferState.TAKEN, NONE).amount,
        "given_back": given_back - now.of_transfers.get(TransferState.GIVEN_BACK, NONE).amount,
        "refunds": asked - now.of_refunds.amount,
    }
    return {name: amount for name, amount in found.items() if amount}


def compare(*, actor: Actor, moment: datetime) -> dict[str, int]:
    """Hold transfers, payments and what goes back against each other; what does not add up becomes an incident. Returns what was found."""
    now = standing()
    found = differences(now)
    for name, amount in found.items():
        incident(f"transfers:{name}:{amount}", "transfers_differ", moment, actor=actor, amount=amount, what=name)
    waits = now.returns.get(ReturnState.DUE, NONE)
    return {"transfers_differ": len(found), "transfers_unmatched": now.unmatched.count, "returns_due": waits.count, "returns_due_fen": waits.amount}
