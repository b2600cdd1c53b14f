"""Two second persons approve the same thing of the club at the same moment: money in, money back and dues given back happen once.

Everything that an approval does is serialised by its own row. The control takes that lock away (and the clock of knowledge, which would serialise
it by chance): where an effect can be repeated in parts, it then happens twice, and these tests must find it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from models import db
from models.audit import Approval, AuditEntry
from models.club_bank import BankReturn, BankTransfer
from models.club_money import Payment, Refund
from portal import clock
from portal.audit import approvals
from portal.club import bank_orders, desk_refunds
from portal.club.desk_refunds import Asked
from portal.local_day import today
from portal.settings import Settings
from portal.transaction import transaction
from tests.at_once import at_once
from tests.rooms.club.bank_scene import Bank, bank_in_app, returns
from tests.rooms.club.membership_scene import GOLD, add_tiers, himself
from tests.rooms.club.scene import PRICE

PART = GOLD // 4
"""So little that it could be given back twice."""


@pytest.fixture
def bank(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bank]:
    """A firm with an account, where a second person is always asked."""
    monkeypatch.setattr(desk_refunds, "ALONE_MOST", 0)
    with bank_in_app(settings) as open_bank:
        add_tiers()
        yield open_bank


def order(bank: Bank) -> int:
    """A transfer that is to pay its order."""
    _public_id, reference, _actor = bank.order()
    return bank.prepares(bank.comes(PRICE, reference))


def back(bank: Bank) -> int:
    """A transfer that fits no order was sent back."""
    bank.approves(bank.prepares(bank.comes(500), pay=False, note="fits nothing"))
    return bank.sends_back(returns()[0], "OUT-1")


def given_back(bank: Bank) -> int:
    """A part of somebody's dues is to be given back."""
    actor = bank.member()
    with transaction():
        reference = bank_orders.choose_for_dues(himself(actor), "gold", today(), actor=actor, moment=clock.now())[0].reference or ""
    bank.pays(GOLD, reference)
    public_id = db.session.execute(select(Payment.public_id).where(Payment.reference == reference)).scalar_one()
    db.session.rollback()
    with transaction():
        asked = Asked(PART, "dues_goodwill", "客户来电", ends=False, ends_subscription=False, left=GOLD)
        waits = desk_refunds.give_back(public_id, asked, today(), actor=bank.first, moment=clock.now())
        assert waits is not None
        return waits.id


def happened() -> dict[str, int]:
    """How often each thing happened."""
    db.session.rollback()
    approved = select(func.count()).where(AuditEntry.action == "approval.approved")
    counts = {
        "approved": db.session.execute(approved).scalar_one(),
        "paid": db.session.execute(select(func.count()).select_from(BankTransfer).where(BankTransfer.state == "taken")).scalar_one(),
        "returned": db.session.execute(select(func.count()).select_from(BankReturn).where(BankReturn.state == "done")).scalar_one(),
        "refunds": db.session.execute(select(func.count()).select_from(Refund)).scalar_one(),
    }
    return counts


def test_dues_that_a_transfer_paid_stand_in_the_list_of_what_is_to_be_transferred_back(bank: Bank) -> None:
    bank.approves(given_back(bank))
    assert [(row.amount, row.why, row.state) for row in returns()] == [(PART, "refund", "due")]


@pytest.mark.parametrize("prepare", [order, back, given_back])
def test_two_second_persons_at_once_have_one_effect(bank: Bank, prepare: Callable[[Bank], int]) -> None:
    number = prepare(bank)
    before = happened()
    assert sorted(at_once(bank.app, *[lambda: bank.approve(number)] * 3)) == ["Conflict"] * 2 + ["done"]
    after = happened()
    assert after["approved"] - before["approved"] == 1
    assert sum(after.values()) - sum(before.values()) == 2, "the approval, and one effect of it"


def _without_the_row(monkeypatch: pytest.MonkeyPatch, people: int) -> None:
    """The planted fault: nobody holds the approval, and all of them have read it as waiting before the first decides."""
    met, really = threading.Barrier(people, timeout=30), approvals._second_person

    def meet(approval: Approval, actor: Any) -> Any:
        found = really(approval, actor)
        met.wait()
        return found

    monkeypatch.setattr(approvals, "hold_clock", lambda: None)
    monkeypatch.setattr(approvals, "locked", lambda number: select(Approval).where(Approval.id == number))
    monkeypatch.setattr(approvals, "_second_person", meet)


def test_control_without_the_row_of_the_approval_a_part_is_given_back_twice(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer: there is no row to hold")
    number = given_back(bank)
    before = happened()
    _without_the_row(monkeypatch, 2)
    assert at_once(bank.app, *[lambda: bank.approve(number)] * 2) == ["done"] * 2
    after = happened()
    assert (after["approved"] - before["approved"], after["refunds"] - before["refunds"]) == (2, 2), "what the test above must find"


@pytest.mark.parametrize("prepare", [order, back])
def test_transfers_are_held_a_second_time_by_what_they_change(bank: Bank, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[Bank], int]) -> None:
    """With the same fault planted, a transfer in or back still counts once: its own row is looked at again under its own lock."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer: there is no row to hold")
    number = prepare(bank)
    before = happened()
    _without_the_row(monkeypatch, 2)
    assert sorted(at_once(bank.app, *[lambda: bank.approve(number)] * 2)) == ["Conflict", "done"]
    after = happened()
    assert after["approved"] - before["approved"] == 1
    assert sum(after.values()) - sum(before.values()) == 2
