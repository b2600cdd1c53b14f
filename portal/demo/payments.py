"""Payments of the demonstration firm: accounts of all brokers, what is paid, what came back, who is held back, and a run that waits for its second person.

Through the same verbs as people use. Account numbers are made up: the bank that they name does not use their first digits.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models import db
from models.audit import Approval
from models.commission import MonthClose
from models.partners import Broker
from models.payouts import Payee, Payout, PayoutBatch, PayoutState
from models.values.calendar import Month
from portal.actors import Actor
from portal.audit import approvals
from portal.commission import payees, payout_holds, payout_settling, payouts
from portal.commission.queries import name_of
from portal.refusals import Refusal
from portal.sealing import Keyring
from portal.transaction import transaction

LEAST = 10_000
BANKS = ("工商银行", "建设银行", "农业银行", "招商银行")
WITHOUT_ACCOUNT, HELD_BACK, CAME_BACK = "B058", "B007", "B012"
"""A broker who ended and never gave an account; one whose departure is being looked at; one whose bank sent a payment back."""


def add_payments(ring: Keyring, preparer: Actor, approver: Actor, moment: datetime) -> str:
    """Pay the closed months as two people of finance would. Returns a sentence about it."""
    if db.session.execute(select(PayoutBatch.id).limit(1)).first():
        return "payments were there already"
    with transaction():
        accounts = _accounts(ring, preparer, approver, moment)
        payout_holds.place(_broker(HELD_BACK), "investigation", "跳槽迹象核查中", actor=preparer, moment=moment)
    closed = sorted(db.session.execute(select(MonthClose.period)).scalars())
    for period in closed[:-1]:
        _pay(period, preparer, approver, moment)
        if period == closed[-2]:
            with transaction():
                _come_back(period, preparer, moment)
    with transaction():
        waiting = _prepared(closed[-1], preparer, moment)
    return f"{accounts} accounts of brokers set, {len(closed) - 1} months paid, payment run {waiting} waits"


def _accounts(ring: Keyring, preparer: Actor, approver: Actor, moment: datetime) -> int:
    """An account for every broker but one. Returns how many."""
    there = select(Payee.broker_id)
    brokers = list(db.session.execute(select(Broker).where(Broker.broker_no != WITHOUT_ACCOUNT, Broker.id.not_in(there)).order_by(Broker.id)).scalars())
    for place, broker in enumerate(brokers):
        holder = name_of(broker) or broker.broker_no
        approval = payees.propose(broker, holder, BANKS[place % len(BANKS)], f"99990000{place:04d}{place * 37 % 10_000:04d}", actor=preparer, moment=moment, ring=ring)
        approvals.approve(approval.id, approver, moment, digest=approval.digest)
    return len(brokers)


def _broker(number: str) -> Broker:
    return db.session.execute(select(Broker).where(Broker.broker_no == number)).scalar_one()


def _prepared(period: str, preparer: Actor, moment: datetime) -> str:
    return payouts.prepare(period, payouts.digest_of(payouts.due(period, LEAST)), LEAST, actor=preparer, moment=moment).number


def _pay(period: str, preparer: Actor, approver: Actor, moment: datetime) -> None:
    """Pay a month on the tenth of the next."""
    day = Month.parse(period).plus(1).first.replace(day=10)
    try:
        with transaction():
            number = _prepared(period, preparer, moment)
            approval = db.session.get_one(Approval, payouts.batch_of(number).approval_id)
            approvals.approve(approval.id, approver, moment, digest=approval.digest)
    except Refusal:
        return  # nothing of this month reaches the least payout
    with transaction():
        payout_settling.settle_rest(number, day, f"ICBC{day:%Y%m%d}01", day, actor=preparer, moment=moment)


def _come_back(period: str, preparer: Actor, moment: datetime) -> None:
    """The bank sent one payment of a month back."""
    query = select(Payout.reference).where(Payout.broker_id == _broker(CAME_BACK).id, Payout.period == period, Payout.state == PayoutState.PAID)
    for reference in db.session.execute(query).scalars().all():
        payout_settling.give_back(reference, "退票：户名与账号不符", actor=preparer, moment=moment)
