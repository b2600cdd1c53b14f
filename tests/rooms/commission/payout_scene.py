"""A firm whose February and March are closed and published: four brokers, one of them with little, one who was in the red in February."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from models import db
from models.commission import MonthClose
from models.identity import Role, User
from models.partners import Broker
from models.payouts import BatchState, Payout, PayoutBatch
from models.publication import StatementPublication
from portal import clock
from portal.actors import Actor
from portal.audit import approvals
from portal.commission import payees, payouts, publication
from portal.keys import keyring
from portal.transaction import transaction
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import Draft, trade

FEBRUARY, MARCH, DAY = "2026-02", "2026-03", date(2026, 4, 10)
LEAST = 10_000
FEES = {
    "B001": (3_000_00, 5_000_00),
    "B002": (2_000_00, 1_234_56),
    "B003": (100_00, 60_00),
    "B004": (-800_00, 2_000_00),
}
"""What each broker's one account leaves the firm in fen, in February and in March; half of it is earned."""


def settled(app: Flask, folder: Path) -> None:
    """Import the firm, close both months and publish them."""
    remembered.begin(app, folder, _settle)


def _settle(app: Flask, folder: Path) -> None:
    draft = Draft()
    draft.plan("HALF", [{"kind": "retained_fee", "rate": "0.5"}])
    for place, broker in enumerate(FEES, start=1):
        draft.broker(broker)
        draft.agree(broker, "HALF")
        draft.account(f"1000{place}")
        draft.attribute(f"1000{place}", broker, "100")
    accounts = [f"1000{place}" for place in range(1, len(FEES) + 1)]
    for month, day in enumerate(("2026-02-27", "2026-03-02")):
        rows = [(account, fees[month]) for account, fees in zip(accounts, FEES.values(), strict=True)]
        draft.day(day, [trade(account, "SHFE.rb", max(fee, 0), max(-fee, 0)) for account, fee in rows], accounts)
    product.people(app)
    product.import_folder(app, str(draft.write(folder)))
    for period in (FEBRUARY, MARCH):
        product.close(app, period)
        with app.app_context():
            with transaction():
                publication.publish(period, publication.closed(period).digest, desk(), clock.now())
            db.session.remove()


def _user(email: str) -> Actor:
    user = db.session.execute(select(User).where(User.email == email)).scalar_one()
    return Actor(user.id, user.email, (Role.FINANCE, Role.COMPLIANCE))


def desk() -> Actor:
    """Who prepares."""
    return _user(product.PREPARER)


def second() -> Actor:
    """Who approves."""
    return _user(product.APPROVER)


def broker(number: str) -> Broker:
    """A broker by his number."""
    return db.session.execute(select(Broker).where(Broker.broker_no == number)).scalar_one()


def give_account(number: str, account_no: str = "") -> None:
    """Two people set a broker's account."""
    wanted = account_no or f"62170000{number[1:]}0000{number[1:]}"
    with transaction():
        approval = payees.propose(broker(number), f"居间人{number}", "工商银行", wanted, actor=desk(), moment=clock.now(), ring=keyring())
    with transaction():
        approvals.approve(approval.id, second(), clock.now(), digest=approval.digest)


def prepared(period: str = MARCH, least: int = LEAST) -> str:
    """A run that waits for its second person; its number."""
    with transaction():
        return payouts.prepare(period, payouts.digest_of(payouts.due(period, least)), least, actor=desk(), moment=clock.now()).number


def approve(number: str) -> None:
    """The second person approves a run."""
    with transaction():
        batch = payouts.batch_of(number)
        approval = db.session.get_one(approvals.Approval, batch.approval_id)
        approvals.approve(approval.id, second(), clock.now(), digest=approval.digest)


def payments(number: str = "") -> dict[tuple[str, str], Payout]:
    """The payments of a run, or all, by broker and month; the newest of each."""
    query = select(Broker.broker_no, Payout).join(Payout, Payout.broker_id == Broker.id).join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
    rows = db.session.execute((query.where(PayoutBatch.number == number) if number else query).order_by(Payout.id)).all()
    return {(row.broker_no, row.Payout.period): row.Payout for row in rows}


def standing_run() -> str:
    """In the firm of tests/rooms/pages/firm.py: its month is published, its first broker has an account, an approved run pays him. The run's number."""
    close = db.session.execute(select(MonthClose).order_by(MonthClose.period.desc()).limit(1)).scalar_one()
    if db.session.execute(select(StatementPublication.period)).first() is None:
        with transaction():
            publication.publish(close.period, close.digest, desk(), clock.now())
    if payees.account_of(broker("B001").id) is None:
        give_account("B001")
    standing = db.session.execute(select(PayoutBatch.number).where(PayoutBatch.state == BatchState.APPROVED)).scalar()
    if standing is None:
        standing = prepared(close.period, 0)
        approve(standing)
    return str(standing)
