"""Payment runs, payments, accounts and answers of the bank for the permission matrix: all of the firm, whoever looks."""

from __future__ import annotations

from sqlalchemy import select

from models import db
from models.identity import User
from models.payouts import Payout, PayoutBatch, PayoutState
from portal import clock
from portal.actors import TERMINAL
from portal.commission import payout_settling
from portal.imports import parcels
from portal.transaction import transaction
from tests.matrix import Which, maker
from tests.rooms.commission.payout_scene import desk, standing_run
from tests.rooms.pages.firm import BROKERS

CSV = "付款编号,处理结果,付款日期,银行流水号\n%s,成功,2026-04-01,S1\n"


def _run() -> str:
    """An approved run with an open payment: what the walk has settled comes back before the next."""
    for reference in db.session.execute(select(Payout.reference).where(Payout.state == PayoutState.PAID)).scalars().all():
        with transaction():
            payout_settling.give_back(reference, "back again", actor=desk(), moment=clock.now())
    return standing_run()


def _open_of(number: str) -> str:
    query = select(Payout.reference).join(PayoutBatch, PayoutBatch.id == Payout.batch_id).where(PayoutBatch.number == number, Payout.state == PayoutState.APPROVED)
    return str(db.session.execute(query.order_by(Payout.id)).scalars().first())


@maker("batch_no")
def batch_no(user: User | None, which: Which) -> str:
    """A run; or none."""
    return "2026-03-99" if which == "missing" else _run()


@maker("payment_ref")
def payment_ref(user: User | None, which: Which) -> str:
    """A payment of that run; or none."""
    return "P0" if which == "missing" else _open_of(_run())


@maker("payee_no")
def payee_no(user: User | None, which: Which) -> str:
    """A broker who is paid; or none."""
    if which != "missing":
        _run()
    return BROKERS["missing"] if which == "missing" else BROKERS["own"]


def _answer(user: User | None, which: Which) -> str:
    """An answer of the bank to that run that waits for somebody to look; or none."""
    if which == "missing":
        return "nothing"
    number = _run()
    with transaction():
        parcel = parcels.begin(TERMINAL, clock.now(), ["answer.csv"])
        parcel.arguments = {"for": "commission.payout", "batch": number}
        parcels.add(parcel.id, "answer.csv", parcels.pack((CSV % _open_of(number)).encode()))
        return parcel.public_id


for _endpoint in ("payout_answers.show", "payout_answers.take_in"):
    maker("parcel_id", _endpoint)(_answer)
