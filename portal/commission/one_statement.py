"""One broker's statement of a month, found in one question: whose it is, its amounts, how far it is, and how it is paid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, select

from models import db
from models.commission import CommissionRun, MonthClose, RunStatement
from models.partners import Broker
from models.payouts import Payout, PayoutHold, PayoutState
from models.publication import StatementPublication, StatementSeen
from portal.actors import Actor
from portal.commission.payout_balances import Standing, standing_of
from portal.commission.queries import asked_of, name_by, never_computed, newest_run_ids, no_such_broker, that_he_may_see
from portal.permissions import Can, Scope
from portal.refusals import NotFound


@dataclass(frozen=True)
class Paying:
    """How a statement is paid: its standing, the newest payment of it, and why payments are held back."""

    standing: Standing
    payment: Payout | None
    hold: PayoutHold | None


def statement_of(actor: Actor, period: str, broker_no: str) -> Row[*tuple[Any, ...]]:
    """A broker's statement in the run that counts for a month: the Broker and its name, the run's period, computed_at and digest, the
    RunStatement, when the month was closed, when the statement was published, when the reader saw it first, its newest Payout and the broker's PayoutHold.

    Raises NotFound: the same for foreign and missing brokers; where the month was never computed; where the broker has no statement in it.
    """
    asked = {"period": period, "user_id": actor.user_id, **asked_of(actor, broker_no)}
    row = db.session.execute(_statement(actor.scope(Can.COMMISSION_SEE)), asked).one_or_none()
    if row is None:
        raise no_such_broker(broker_no)
    if row.period is None:
        raise never_computed(period)
    if row.RunStatement is None:
        raise NotFound("%(broker)s has no statement for %(period)s", broker=broker_no, period=period)
    return row


def paying_of(found: Row[*tuple[Any, ...]]) -> Paying:
    """How a statement that was found is paid; what is not published yet has no payment."""
    payment, hold = (found.Payout, found.PayoutHold) if found.published_at is not None else (None, None)
    row = found.RunStatement
    return Paying(standing_of(row.net, row.payable, payment.state if payment else None, hold), payment, hold)


def is_first_sight(found: Row[*tuple[Any, ...]], actor: Actor) -> bool:
    """Whether opening this statement is the first time for this user of the broker."""
    own = actor.user_id is not None and actor.broker_no == found.Broker.broker_no
    return own and found.published_at is not None and found.seen_at is None


@cache
def _statement(scope: Scope | None) -> Select[*tuple[Any, ...]]:
    """Every statement that is looked at asks it: built once a scope."""
    run = and_(CommissionRun.period == bindparam("period"), CommissionRun.id.in_(newest_run_ids()))
    last = select(func.max(Payout.id)).where(Payout.broker_id == Broker.id, Payout.period == bindparam("period"), Payout.state != PayoutState.VOID)
    return (
        select(Broker, CommissionRun.period, CommissionRun.computed_at, CommissionRun.digest, RunStatement)
        .add_columns(MonthClose.closed_at, StatementPublication.published_at, StatementSeen.seen_at, Payout, PayoutHold)
        .add_columns(func.coalesce(name_by(Broker.id).scalar_subquery(), "").label("name"))
        .select_from(Broker)
        .outerjoin(CommissionRun, run)
        .outerjoin(RunStatement, and_(RunStatement.run_id == CommissionRun.id, RunStatement.broker_id == Broker.id))
        .outerjoin(MonthClose, MonthClose.period == CommissionRun.period)
        .outerjoin(StatementPublication, _own(StatementPublication))
        .outerjoin(StatementSeen, and_(_own(StatementSeen), StatementSeen.user_id == bindparam("user_id")))
        .outerjoin(Payout, Payout.id == last.correlate(Broker.__table__).scalar_subquery())
        .outerjoin(PayoutHold, and_(PayoutHold.broker_id == Broker.id, PayoutHold.ended_at.is_(None)))
        .where(that_he_may_see(scope))
    )


def _own(model: type[Any]) -> ColumnElement[bool]:
    return and_(model.period == CommissionRun.period, model.broker_id == Broker.id)
