"""Second persons of the club, all at once with who books, cancels and calls off: everybody takes rows in one order, so nobody is killed by a deadlock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from models import db
from models.club import Booking
from models.club_bank import BankReturn, ReturnState
from models.club_money import Refund, RefundState
from models.identity import User
from portal import clock
from portal.actors import TERMINAL
from portal.audit.approvals import APPROVABLE
from portal.club import bank_back, bank_in, booking, calling_off, desk_refunds, events, point_rules, rewards
from portal.club.bank_account import ACCOUNT
from portal.settings import Settings
from portal.transaction import transaction
from tests.at_once import at_once
from tests.rooms.club.bank_scene import NAME, Bank, bank_in_app, returns
from tests.rooms.club.scene import PRICE, book, clients

NOTHING_HELD = {ACCOUNT, point_rules.KIND, point_rules.AGAIN}
"""What these change is a new row alone: nobody else holds anything of it."""


@pytest.fixture
def bank(settings: Settings) -> Iterator[Bank]:
    with bank_in_app(settings) as open_bank:
        yield open_bank


def test_every_approval_of_the_club_holds_its_rows_before_it_writes_to_the_log() -> None:
    """The others write a new row alone, and stand here by name."""
    kinds = {bank_in.INCOMING, bank_back.OUTGOING, desk_refunds.KIND, rewards.CORRECTION} | NOTHING_HELD
    assert {kind for kind in APPROVABLE if kind.startswith("club.")} == kinds
    assert {kind for kind in kinds if APPROVABLE[kind].hold is None} == NOTHING_HELD


def test_r2_a_return_is_approved_while_its_event_is_called_off_and_others_cancel(bank: Bank) -> None:
    """R2 R7: each way through once, in any order, on the same event: nobody is refunded twice, and what is approved is back."""
    people = clients(bank.app, 4)
    with transaction():
        db.session.get_one(User, people[0].user_id).name = NAME
    first, reference, member = bank.order(who=people[0], capacity=20)
    bank.pays(PRICE, reference)
    event_id = db.session.execute(select(Booking.event_id).where(Booking.public_id == first)).scalar_one()
    db.session.rollback()
    others = [book(event_id, one) for one in people[1:]]
    with transaction():
        booking.cancel(first, actor=member, moment=clock.now())
    number = bank.sends_back(returns()[0], "OUT-1")

    def called_off() -> None:
        events.call_off(event_id, "台风", actor=TERMINAL, moment=clock.now())
        calling_off.end_part(event_id, actor=TERMINAL, moment=clock.now())

    cancels = [lambda pair=pair: booking.cancel(pair[0], actor=pair[1], moment=clock.now()) for pair in zip(others, people[1:], strict=True)]
    answers = at_once(bank.app, *[lambda: bank.approve(number)] * 2, called_off, *cancels)
    assert set(answers) <= {"done", "Conflict"}
    assert (answers[:2].count("done"), answers[2]) == (1, "done")
    db.session.rollback()
    assert db.session.execute(select(BankReturn.state)).scalars().all() == [ReturnState.DONE]
    assert db.session.execute(select(func.count()).where(Refund.state == RefundState.SUCCEEDED)).scalar_one() == 1
