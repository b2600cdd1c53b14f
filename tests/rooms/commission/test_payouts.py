"""From what is payable to what is paid: two people, the bank's answer, what comes back; to the fen, and never twice."""

from __future__ import annotations

import csv
import io
import random
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from models import db
from models.audit import Approval, AuditEntry
from models.identity import Role
from models.notices import Notice
from models.payouts import BatchState, Payout, PayoutBatch, PayoutState
from portal import clock
from portal.actors import Actor
from portal.audit import approvals
from portal.commission import payees, payout_answer, payout_balances, payout_holds, payout_settling, payouts
from portal.commission.payout_answer import Sent
from portal.commission.payout_settling import Answer
from portal.commission.payouts import Due
from portal.keys import keyring
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import someone
from tests.rooms.commission import payout_scene as scene
from tests.rooms.commission.payout_scene import DAY, FEBRUARY, LEAST, MARCH

NET = {("B001", FEBRUARY): 136_000, ("B001", MARCH): 216_000, ("B002", FEBRUARY): 96_000, ("B002", MARCH): 61_728, ("B004", MARCH): 60_000}
"""Half the fee, less tax: 1,500 − (1,500 − 800) × 20 %, and so on; up to 800 there is none. Who was in the red in February takes that over."""


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    scene.settled(app, tmp_path / "files")
    return app


def waits(period: str = MARCH, least: int = LEAST) -> dict[tuple[str, str], str]:
    return {(one.broker_no, one.period): one.waits for one in payouts.due(period, least)}


def balances() -> dict[str, object]:
    return {row.broker_no: row for row in db.session.execute(payout_balances.balances())}


def check_books() -> None:
    """Balance = payable + in payment + carried, to the fen, for everybody; and it is what was posted less what was paid."""
    for number, row in balances().items():
        assert row.balance == row.posted - row.paid == row.payable + row.in_payment + row.carried, number
    twice = select(Payout.broker_id, Payout.period).where(Payout.state.in_(payouts.STANDING)).group_by(Payout.broker_id, Payout.period).having(func.count() > 1)
    assert not db.session.execute(twice).all()


def test_what_is_payable_and_why_something_waits(firm: Flask) -> None:
    with firm.app_context():
        scene.give_account("B001")
        scene.give_account("B003")
        with transaction():
            payout_holds.place(scene.broker("B002"), "dispute", "a question is open", actor=scene.desk(), moment=clock.now())
        found = waits()
        assert found[("B001", FEBRUARY)] == found[("B001", MARCH)] == ""
        assert found[("B002", MARCH)] == payouts.HELD
        assert found[("B003", FEBRUARY)] == found[("B003", MARCH)] == payouts.BELOW_LEAST, "50.00 and 30.00 are less than 100.00 together"
        assert found[("B004", MARCH)] == payouts.NO_ACCOUNT
        assert ("B004", FEBRUARY) not in found, "who is in the red gets nothing"
        assert waits(least=8_000)[("B003", FEBRUARY)] == "", "the sum of what is payable counts, not each month"
        assert set(waits(FEBRUARY)) == {("B001", FEBRUARY), ("B002", FEBRUARY), ("B003", FEBRUARY)}
        check_books()


def test_a_run_goes_from_its_preview_to_the_bank_and_what_comes_back_is_in_the_next(firm: Flask) -> None:
    user = someone(firm, Role.BROKER, broker_no="B001")
    with firm.app_context():
        for number in ("B001", "B002", "B004"):
            scene.give_account(number)
        number = scene.prepared()
        assert {state.state for state in scene.payments(number).values()} == {PayoutState.PREPARED}
        with pytest.raises(Refusal, match="nothing is payable"):
            scene.prepared()
        with pytest.raises(Conflict, match="only an approved"), transaction():
            payout_settling.settle_rest(number, DAY, "X1", DAY, actor=scene.desk(), moment=clock.now())
        scene.approve(number)
        paid = scene.payments(number)
        assert {key: row.amount for key, row in paid.items()} == NET
        first, second = paid[("B001", FEBRUARY)].reference, paid[("B001", MARCH)].reference
        with transaction():
            answers = [Answer(first, DAY, "ICBC-1"), Answer(second, None, "", "账号户名不符")]
            assert payout_settling.settle(number, answers, DAY, actor=scene.desk(), moment=clock.now()) == (1, 1)
        check_books()
        assert payouts.batch_of(number).state == BatchState.APPROVED
        assert waits()[("B001", MARCH)] == "", "what failed is payable again"
        with transaction():
            assert payout_settling.settle_rest(number, DAY, "ICBC-2", DAY, actor=scene.desk(), moment=clock.now()) == 3
        assert payouts.batch_of(number).state == BatchState.DONE
        again = scene.prepared()
        assert {key: row.amount for key, row in scene.payments(again).items()} == {("B001", MARCH): 216_000}
        scene.approve(again)
        with transaction():
            payout_settling.settle_rest(again, DAY, "ICBC-3", DAY, actor=scene.desk(), moment=clock.now())
        with transaction():
            payout_settling.give_back(first, "退票：账户已销户", actor=scene.desk(), moment=clock.now())
        check_books()
        assert set(waits()) == {("B001", FEBRUARY), ("B003", FEBRUARY), ("B003", MARCH)}
        told = db.session.execute(select(Notice.kind, func.count()).where(Notice.user_id == user, Notice.kind.startswith("payment.")).group_by(Notice.kind)).all()
        assert dict(told) == {"payment.paid": 2, "payment.returned": 2}
        actions = set(db.session.execute(select(AuditEntry.action).where(AuditEntry.action.startswith("payout."))).scalars())
        assert {"payout.prepared", "payout.approved", "payout.paid", "payout.returned", "payout.done"} <= actions


def test_a_run_that_is_refused_leaves_everything_payable(firm: Flask) -> None:
    with firm.app_context():
        scene.give_account("B001")
        number = scene.prepared()
        with transaction():
            waiting = db.session.execute(select(Approval).where(Approval.kind == payouts.PAYOUT)).scalar_one()
            approvals.refuse(waiting.id, scene.second(), clock.now(), digest=waiting.digest, note="wrong month")
        assert payouts.batch_of(number).state == BatchState.VOID
        assert waits()[("B001", MARCH)] == ""
        assert scene.prepared() == "2026-03-02"
        check_books()


def test_who_is_held_back_or_paid_elsewhere_since_stops_the_approval(firm: Flask) -> None:
    with firm.app_context():
        scene.give_account("B001")
        scene.give_account("B002")
        number = scene.prepared()
        with transaction():
            payout_holds.place(scene.broker("B002"), "clawback", "a clawback is on its way", actor=scene.desk(), moment=clock.now())
        with pytest.raises(Conflict, match="B002"):
            scene.approve(number)
        with transaction():
            payout_holds.end(scene.broker("B002"), "settled with the next month", actor=scene.desk(), moment=clock.now())
        scene.give_account("B001", "6222021234567890123")
        with pytest.raises(Conflict, match="B001"):
            scene.approve(number)
        assert payouts.batch_of(number).state == BatchState.PREPARED


def test_nobody_approves_his_own_run_and_a_broker_prepares_none(firm: Flask) -> None:
    with firm.app_context():
        scene.give_account("B001")
        scene.prepared()
        waiting = db.session.execute(select(Approval).where(Approval.kind == payouts.PAYOUT)).scalar_one()
        with pytest.raises(NotAllowed), transaction():
            approvals.approve(waiting.id, scene.desk(), clock.now(), digest=waiting.digest)
        with pytest.raises(NotAllowed), transaction():
            payouts.prepare(MARCH, "x", LEAST, actor=Actor(1, "broker", (Role.BROKER,), broker_no="B001"), moment=clock.now())


def test_what_was_shown_is_what_is_prepared(firm: Flask) -> None:
    with firm.app_context():
        scene.give_account("B001")
        shown = payouts.digest_of(payouts.due(MARCH, LEAST))
        scene.give_account("B002")
        with pytest.raises(Conflict, match="something else is payable"), transaction():
            payouts.prepare(MARCH, shown, LEAST, actor=scene.desk(), moment=clock.now())


def test_of_two_who_prepare_at_the_same_moment_one_pays(firm: Flask) -> None:
    with firm.app_context():
        scene.give_account("B001")
        shown, actor = payouts.digest_of(payouts.due(MARCH, LEAST)), scene.desk()

    def act() -> None:
        payouts.prepare(MARCH, shown, LEAST, actor=actor, moment=clock.now())

    with firm.app_context():
        assert sorted(at_once(firm, act, act, act)) == ["Refusal", "Refusal", "done"]
        check_books()
        assert db.session.execute(select(func.count()).select_from(PayoutBatch)).scalar_one() == 1


def test_the_database_alone_refuses_a_second_payment_and_without_it_there_are_two(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: with the lock and the look before taken away, the index holds; with the index taken away too, a statement is paid twice."""
    with firm.app_context():
        scene.give_account("B001")
        rows = [one for one in payouts.due(MARCH, LEAST) if not one.waits]
        shown, actor = payouts.digest_of(rows), scene.desk()
        monkeypatch.setattr(payouts, "hold_payouts", lambda: None)
        monkeypatch.setattr(payouts, "due", lambda period, least: rows)
        monkeypatch.setattr(payouts, "_batch", _batch_without_a_meeting_place)
        db.session.remove()

    def act() -> None:
        payouts.prepare(MARCH, shown, LEAST, actor=actor, moment=clock.now())

    with firm.app_context():
        assert sorted(at_once(firm, act, act)) == ["IntegrityError", "done"]
        with transaction():
            db.session.execute(text("DROP INDEX uq_payout_statement"))
        with transaction():
            act()
        twice = select(func.count()).select_from(Payout).where(Payout.period == MARCH)
        assert db.session.execute(twice).scalar_one() == 2, "the fault that the index keeps out"


def _batch_without_a_meeting_place(period: str, paid: Sequence[Due], actor: Actor, moment: datetime) -> PayoutBatch:
    """A run whose number and references meet no other's, so that nothing but the statement itself can."""
    made = PayoutBatch(number=f"R{secrets.token_hex(6)}", period=period, state=BatchState.PREPARED, payments=len(paid), amount=sum(one.amount for one in paid), approved_label="")
    made.prepared_at, made.prepared_label = moment, actor.label
    db.session.add(made)
    db.session.flush()
    for one in paid:
        row = Payout(reference=f"{made.number}-{one.period}", batch_id=made.id, broker_id=one.broker_id, period=one.period, payee_id=one.payee_id, amount=one.amount)
        row.state, row.serial, row.why, row.settled_label = PayoutState.PREPARED, "", "", ""
        db.session.add(row)
    db.session.flush()
    return made


def test_the_database_lets_no_payment_go_and_none_change_its_amount(firm: Flask) -> None:
    with firm.app_context():
        scene.give_account("B001")
        scene.prepared()
        for statement in ("DELETE FROM payout", "UPDATE payout SET amount = amount + 1", "UPDATE payout SET broker_id = broker_id"):
            with pytest.raises(DBAPIError, match="append-only"), transaction():
                db.session.execute(text(statement))


def test_whatever_happens_in_whatever_order_the_books_add_up(firm: Flask) -> None:
    """A walk of runs, approvals, refusals, answers, returns and holds: after every step balance = payable + in payment + carried."""
    chance = random.Random(20261130)
    with firm.app_context():
        for number in scene.FEES:
            scene.give_account(number)
        for _step in range(60):
            act = chance.choice(("prepare", "prepare", "approve", "refuse", "settle", "settle", "back", "hold"))
            try:
                _walk(act, chance)
            except Refusal:
                db.session.rollback()
            check_books()
        assert db.session.execute(select(func.count()).select_from(Payout)).scalar_one() > 10


def _walk(act: str, chance: random.Random) -> None:
    moment, desk = clock.now(), scene.desk()
    batches = list(db.session.execute(select(PayoutBatch)).scalars())
    states = {state: [one for one in batches if one.state == state] for state in BatchState}
    if act == "prepare":
        scene.prepared(chance.choice((FEBRUARY, MARCH)), chance.choice((0, LEAST)))
    elif act == "approve" and states[BatchState.PREPARED]:
        scene.approve(states[BatchState.PREPARED][0].number)
    elif act == "refuse" and states[BatchState.PREPARED]:
        waiting = db.session.get_one(Approval, states[BatchState.PREPARED][0].approval_id)
        with transaction():
            approvals.refuse(waiting.id, scene.second(), moment, digest=waiting.digest, note="not now")
    elif act == "settle" and states[BatchState.APPROVED]:
        number = states[BatchState.APPROVED][0].number
        rows = [row for row in scene.payments(number).values() if row.state == PayoutState.APPROVED]
        one = chance.choice(rows)
        answer = Answer(one.reference, DAY, "S1") if chance.random() < 0.6 else Answer(one.reference, None, "", "rejected by the bank")
        with transaction():
            payout_settling.settle(number, [answer], DAY, actor=desk, moment=moment)
    elif act == "back":
        paid = list(db.session.execute(select(Payout.reference).where(Payout.state == PayoutState.PAID)).scalars())
        if paid:
            with transaction():
                payout_settling.give_back(chance.choice(paid), "the account was closed", actor=desk, moment=moment)
    elif act == "hold":
        one = scene.broker(chance.choice(list(scene.FEES)))
        with transaction():
            if payout_holds.hold_of(one.id) is None:
                payout_holds.place(one, "other", "to be looked at", actor=desk, moment=moment)
            else:
                payout_holds.end(one, "looked at", actor=desk, moment=moment)


def test_an_account_needs_two_people_and_its_number_is_sealed(firm: Flask) -> None:
    number = "6217000012345678901"
    with firm.app_context():
        scene.give_account("B001", number)
        scene.give_account("B002", number)
        kept = payees.account_of(scene.broker("B001").id)
        assert kept is not None
        assert kept.account_tail == "8901"
        assert number not in kept.account_no_sealed
        previews = [row.preview for row in db.session.execute(select(Approval).where(Approval.kind == payees.PAYEE).order_by(Approval.id)).scalars()]
        assert previews[1]["same_account_of"] == "B001", "two brokers behind one account are shown to the second person"
        assert number not in str(previews)
        with pytest.raises(Conflict, match="nothing would change"):
            scene.give_account("B001", number)
        with pytest.raises(Refusal, match="say why"), transaction():
            payees.reveal(kept, "B001", reason="", actor=scene.desk(), moment=clock.now(), ring=keyring())
        with transaction():
            assert payees.reveal(kept, "B001", reason="the bank asks", actor=scene.desk(), moment=clock.now(), ring=keyring()) == number
        assert db.session.execute(select(AuditEntry.reason).where(AuditEntry.action == "payee.reveal")).scalar_one() == "the bank asks"


SENT = {"P1": Sent(10_000, True), "P2": Sent(20_050, True), "P3": Sent(1, True), "P4": Sent(5, False)}


def answer(rows: list[tuple[str, ...]], head: tuple[str, ...] = ("付款编号", "金额", "处理结果", "付款日期", "银行流水号", "失败原因")) -> payout_answer.Answers:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([("代发结果",), head, *rows])
    return payout_answer.read("answer.csv", buffer.getvalue().encode("gb18030"), SENT, DAY)


def test_the_banks_answer_is_read_and_what_cannot_be_is_said() -> None:
    found = answer([
        ("P1", "100.00", "交易成功", "2026-04-09", "S-9", ""), ("P2", "200.50", "退票", "", "", "户名不符"), ("P3", "0.01", "处理中", "", "", ""), ("P4", "0.05", "成功", "2026-04-09", "S", ""),
        ("合计", "", "", "", "", ""), ("P9", "1.00", "成功", "2026-04-09", "S", ""),
    ])  # fmt: skip
    assert [one for _line, one in found.lines] == [Answer("P1", DAY - timedelta(days=1), "S-9"), Answer("P2", None, "", "户名不符")]
    assert (found.pending, found.known) == (1, 1)
    assert [(fault.code, fault.found) for fault in found.faults] == [("unknown", "合计"), ("unknown", "P9")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("P1", "100.01", "成功", "2026-04-09", "S", ""), "other_amount"),
        (("P1", "100.00", "大概", "2026-04-09", "S", ""), "result"),
        (("P1", "100.00", "成功", "gestern", "S", ""), "day"),
        (("P1", "100.00", "成功", "2026-04-11", "S", ""), "future"),
        (("P1", "100.00", "成功", "2026-04-09", "", ""), "serial"),
    ],
)
def test_a_line_that_does_not_fit_is_no_answer(row: tuple[str, ...], code: str) -> None:
    found = answer([row])
    assert not found.lines
    assert [fault.code for fault in found.faults] == [code]


def test_a_file_that_names_no_columns_is_refused() -> None:
    with pytest.raises(Refusal, match="付款编号"):
        answer([], ("a", "b"))
