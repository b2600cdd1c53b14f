"""What the firm owes each broker, to the fen: everything posted in closed months, less tax, less what was paid; and how each statement is paid.

Balance = Σ (earned + corrections + cap or guarantee + adjustments + reserve + release − tax) over closed months − Σ payments that are paid.
It is what is payable, plus what is on its way to the bank, plus the negative payable that the next month takes over (commission rules §6.6).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, Select, and_, case, cast, func, select

from models import db
from models.commission import CommissionRun, MonthClose, RunStatement
from models.partners import Broker, BrokerVersion
from models.payouts import Payee, PayeeState, Payout, PayoutHold, PayoutState, masked_account
from models.publication import StatementPublication
from portal.commission.payouts import STANDING, unpaid
from portal.versions import version_of


class Standing(enum.StrEnum):
    """How a published statement stands as money. Nothing: there is nothing to pay; carried: its payable is negative and goes into the next month."""

    NOTHING = "nothing"
    CARRIED = "carried"
    APPROVED = "approved"
    HELD = "held"
    IN_PAYMENT = "in_payment"
    PAID = "paid"
    RETURNED = "returned"


POSTED = RunStatement.payable - RunStatement.carry_over - RunStatement.withholding
"""What a closed month posted to a broker: all its columns but what it took over, less tax."""


def balances() -> Select[*tuple[Any, ...]]:
    """Every broker with a closed statement: `posted`, `paid`, `balance`, `payable` (final and not paid), `in_payment`, `carried`, the account and the hold.
    All in fen."""
    posted = select(RunStatement.broker_id, func.sum(POSTED).label("posted"), func.sum(RunStatement.net).label("net")).join(MonthClose, MonthClose.run_id == RunStatement.run_id)
    closed = posted.group_by(RunStatement.broker_id).subquery()
    way = Payout.state.in_((PayoutState.PREPARED, PayoutState.APPROVED))
    sums = (func.sum(case((Payout.state == PayoutState.PAID, Payout.amount), else_=0)).label("paid"), func.sum(case((way, Payout.amount), else_=0)).label("in_payment"))
    money = select(Payout.broker_id, *sums).group_by(Payout.broker_id).subquery()
    of_statement = and_(RunStatement.run_id == StatementPublication.run_id, RunStatement.broker_id == StatementPublication.broker_id)
    open_sum = select(StatementPublication.broker_id, func.sum(RunStatement.net).label("payable")).join(RunStatement, of_statement).where(unpaid())
    payable = open_sum.group_by(StatementPublication.broker_id).subquery()
    version, is_his = version_of(BrokerVersion, Broker.id)
    paid, in_payment = func.coalesce(money.c.paid, 0), func.coalesce(money.c.in_payment, 0)
    amounts = {"posted": closed.c.posted, "paid": paid, "balance": closed.c.posted - paid, "payable": func.coalesce(payable.c.payable, 0)}
    amounts |= {"in_payment": in_payment, "carried": closed.c.posted - closed.c.net}
    return (
        select(Broker.broker_no, version.name, *(cast(column, BigInteger).label(name) for name, column in amounts.items()))
        .add_columns(Payee.bank, Payee.account_tail, PayoutHold.why.label("held"))
        .select_from(closed)
        .join(Broker, Broker.id == closed.c.broker_id)
        .outerjoin(version, is_his)
        .outerjoin(money, money.c.broker_id == Broker.id)
        .outerjoin(payable, payable.c.broker_id == Broker.id)
        .outerjoin(Payee, and_(Payee.broker_id == Broker.id, Payee.state == PayeeState.VALID))
        .outerjoin(PayoutHold, and_(PayoutHold.broker_id == Broker.id, PayoutHold.ended_at.is_(None)))
    )


def newest() -> ColumnElement[bool]:
    """The condition, on a payment joined to RunStatement and CommissionRun, that it is the newest of the statement; void ones are none."""
    last = select(func.max(Payout.id)).where(Payout.state != PayoutState.VOID).group_by(Payout.broker_id, Payout.period)
    return and_(Payout.broker_id == RunStatement.broker_id, Payout.period == CommissionRun.period, Payout.id.in_(last))


def held_back() -> ColumnElement[bool]:
    """The condition, on a hold joined to RunStatement, that it holds the broker's payments back now."""
    return and_(PayoutHold.broker_id == RunStatement.broker_id, PayoutHold.ended_at.is_(None))


def with_payments(statements: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Statements as `queries.statements` gives them, with the `pay_state` and `paid_on` of their newest payment and why payments are `held` back now."""
    joined = statements.outerjoin(Payout, newest()).outerjoin(PayoutHold, held_back())
    return joined.add_columns(Payout.state.label("pay_state"), Payout.paid_on, PayoutHold.why.label("held"))


def standing_of(net: int, payable: int, state: str | None, held: object) -> Standing:
    """How a published statement stands: from its net and payable (fen), the state of its newest payment, and whether payments are held back."""
    if state == PayoutState.PAID:
        return Standing.PAID
    if net <= 0:
        return Standing.CARRIED if payable < 0 else Standing.NOTHING
    if state in {PayoutState.PREPARED, PayoutState.APPROVED}:
        return Standing.IN_PAYMENT
    if held:
        return Standing.HELD
    return Standing.RETURNED if state == PayoutState.RETURNED else Standing.APPROVED


def _newest_of(column: Any) -> ScalarSelect[Any]:
    return select(func.max(column)).where(column.table.c.broker_id == Broker.__table__.c.id).correlate(Broker.__table__).scalar_subquery()


_SAID, _PAID, _HELD, _PAYEE = (model.__table__.c for model in (StatementPublication, Payout, PayoutHold, Payee))
MARKS = tuple(_newest_of(column) for column in (_SAID.published_at, _PAID.id, _PAID.settled_at, _HELD.since, _HELD.ended_at, _PAYEE.decided_at))
"""Columns for a question about a Broker that change whenever something about his payments does: pages that are kept are kept under them."""


@dataclass(frozen=True)
class NextPayout:
    """What a broker gets next, in fen: what is on its way to the bank, what the next run pays; held back: whether that waits; what was paid last."""

    in_payment: int
    payable: int
    held: bool
    last_amount: int
    last_on: date | None
    account: str


def next_payout(broker_id: int) -> NextPayout:
    """What the first page of a broker says of his money, in three questions."""
    of_statement = and_(RunStatement.run_id == StatementPublication.run_id, RunStatement.broker_id == StatementPublication.broker_id)
    open_sum = select(func.coalesce(func.sum(RunStatement.net), 0)).select_from(StatementPublication).join(RunStatement, of_statement)
    payable = int(db.session.execute(open_sum.where(StatementPublication.broker_id == broker_id, unpaid())).scalar_one())
    rows = select(Payout.state, Payout.amount, Payout.paid_on).where(Payout.broker_id == broker_id, Payout.state.in_(STANDING))
    payments = db.session.execute(rows.order_by(Payout.paid_on, Payout.id)).all()
    paid = [row for row in payments if row.state == PayoutState.PAID]
    last_on = paid[-1].paid_on if paid else None
    standing = (
        select(PayoutHold.id, Payee.bank, Payee.account_tail).select_from(Broker).outerjoin(PayoutHold, and_(PayoutHold.broker_id == Broker.id, PayoutHold.ended_at.is_(None)))
    )
    here = db.session.execute(standing.outerjoin(Payee, and_(Payee.broker_id == Broker.id, Payee.state == PayeeState.VALID)).where(Broker.id == broker_id)).one()
    on_its_way = sum(row.amount for row in payments if row.state != PayoutState.PAID)
    account = masked_account(here.bank, here.account_tail) if here.bank else ""
    return NextPayout(on_its_way, payable, here.id is not None, sum(row.amount for row in paid if row.paid_on == last_on), last_on, account)
