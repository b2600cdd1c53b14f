"""Paying the club by bank transfer: what fits pays its order by the way of a card payment, what does not fit goes back, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select, update

from models import db
from models.audit import Approval, ApprovalState
from models.club import Booking, BookingState
from models.club_bank import BankTransfer
from models.club_membership import ClubDues, ClubMember
from models.club_money import MoneyIncident, Refund
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.audit import approvals
from portal.club import bank_account, bank_in, bank_orders, bank_sums, booking, calling_off, capacity, events, payments
from portal.club.bank_match import Fit, fit_of
from portal.club.bank_time import awaited_until
from portal.jobs import club_paying
from portal.jobs.club import RECONCILE
from portal.jobs.verbs import enqueue
from portal.jobs.worker import Worker
from portal.local_day import today
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.settings import Settings
from portal.transaction import transaction
from tests.at_once import at_once
from tests.rooms.club.bank_scene import NAME, Bank, bank_in_app, payment, returns, transfer
from tests.rooms.club.membership_scene import SILVER, add_tiers, himself, tier_of
from tests.rooms.club.scene import PRICE, book, booking_of, clients, event_of, wish


@pytest.fixture
def bank(settings: Settings) -> Iterator[Bank]:
    """A firm that takes transfers."""
    with bank_in_app(settings) as open_bank:
        yield open_bank


def told(kind: str) -> int:
    """How often somebody was told so."""
    db.session.rollback()
    return db.session.execute(select(func.count()).where(Notice.kind == kind)).scalar_one()


def differences() -> dict[str, int]:
    """What does not add up."""
    db.session.rollback()
    return bank_sums.differences(bank_sums.standing())


def overtaken(public_id: str) -> None:
    """The time of a booking and of its transfer ran out a minute ago."""
    with transaction():
        found = db.session.execute(select(Booking).where(Booking.public_id == public_id)).scalar_one()
        found.hold_until = clock.now() - timedelta(minutes=1)
        db.session.execute(update(payments.Payment).where(payments.Payment.booking_id == found.id).values(expires_at=found.hold_until))


DAYS = [
    ("2026-12-03T02:00", {}, "2026-12-08T09:00"),  # a Thursday: Friday, Monday, Tuesday at 17:00 in Shanghai
    ("2026-12-03T20:00", {}, "2026-12-09T09:00"),  # there it is Friday already
    ("2026-12-03T02:00", {"2026-12-04": False, "2026-12-07": False}, "2026-12-10T09:00"),  # holidays of the exchanges do not count
    ("2026-12-04T02:00", {"2026-12-05": True}, "2026-12-08T09:00"),  # a Saturday on which they trade does
]


@pytest.mark.parametrize(("ordered", "known", "until"), DAYS)
def test_an_order_waits_three_trading_days_and_never_past_the_end_of_sign_up(ordered: str, known: dict[str, bool], until: str) -> None:
    moment, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (ordered, until))
    trading = {datetime.fromisoformat(day).date(): value for day, value in known.items()}
    assert awaited_until(moment, trading) == end
    assert awaited_until(moment, trading, end - timedelta(hours=3)) == end - timedelta(hours=3)


def test_who_chooses_a_transfer_is_told_account_amount_and_reference_and_his_seat_is_held(bank: Bank) -> None:
    public_id, reference, actor = bank.order("李四")
    asked = payment(reference)
    assert (asked.amount, asked.state, asked.params["account_no"]) == (2 * PRICE, "open", "1001 2345 0920 0123 456")
    one = booking_of(public_id)
    assert one.hold_until == asked.expires_at == awaited_until(one.created_at, {})
    assert one.hold_until > clock.now() + timedelta(days=2)
    assert bank.choose(public_id, actor) == reference, "choosing again is the same order"
    assert booking_of(public_id).hold_until == one.hold_until, "and wins no time"
    with transaction():
        booking.drop_guest(public_id, 1, actor=actor, moment=clock.now())
    assert bank.choose(public_id, actor) == reference
    assert payment(reference).amount == PRICE, "the same reference asks for what is left"


def test_without_an_account_or_with_sign_up_ending_within_a_day_no_transfer_is_taken(bank: Bank) -> None:
    [one] = clients(bank.app, 1)
    soon = event_of("soon", sales_end_at=clock.now() + timedelta(hours=23))
    held = book(soon, one)
    with pytest.raises(Refusal, match="would come too late"):
        bank.choose(held, one)
    with transaction():
        wanted = bank_account.propose("", "", "", actor=bank.first, moment=clock.now()).id
    bank.approves(wanted)
    with pytest.raises(Refusal, match="no bank transfers are taken"):
        bank.choose(book(event_of("later"), one), one)


def test_recorded_prepared_approved_and_only_then_the_seat_is_granted(bank: Bank) -> None:
    """By the path of a card payment: seat, notice and mail; the preparer cannot approve; what is approved is what was shown."""
    public_id, reference, actor = bank.order()
    came = bank.comes(PRICE, f"活动费 {reference[:4]} {reference[4:].lower()}")
    assert (transfer(came).payment_id, payment(reference).state) == (payment(reference).id, "processing")
    with transaction(), pytest.raises(Conflict, match="being worked on"):
        bank_orders.choose(public_id, actor=actor, moment=clock.now())
    number = bank.prepares(came)
    shown = db.session.get_one(Approval, number)
    assert (shown.preview["amount"], shown.preview["asked"], shown.preview["back"], shown.preview["fit"]) == (PRICE, PRICE, 0, "exact")
    assert booking_of(public_id).state == BookingState.HELD
    digest = db.session.get_one(Approval, number).digest
    with transaction(), pytest.raises(NotAllowed, match="a second person"):
        approvals.approve(number, bank.first, clock.now(), digest=digest)
    with transaction(), pytest.raises(Conflict, match="not what was shown"):
        approvals.approve(number, bank.second, clock.now(), digest="0" * 64)
    bank.approves(number)
    assert (booking_of(public_id).state, payment(reference).state, transfer(came).state) == ("granted", "paid", "taken")
    assert (told("club.seat_granted"), returns(), differences()) == (1, [], {})


def test_the_same_entry_twice_is_refused_and_named_and_a_mistake_is_taken_out(bank: Bank) -> None:
    came = bank.comes(12_345, serial="ICBC-1")
    with pytest.raises(Conflict, match=r"ICBC-1 is recorded already: 123\.45 yuan of \d{4}-\d\d-\d\d, by first@firm\.example"):
        bank.comes(99, serial=" ICBC-1 ")
    with transaction(), pytest.raises(Refusal, match="say in a few words why"):
        bank_in.void(came, " ", actor=bank.first, moment=clock.now())
    with transaction():
        bank_in.void(came, "wrong amount", actor=bank.first, moment=clock.now())
    assert transfer(bank.comes(54_321, serial="ICBC-1")).amount == 54_321
    assert transfer(came).state == "void", "it stays in the books"


@pytest.mark.parametrize(
    ("amount", "payer", "fit", "back", "why"),
    [
        (PRICE, NAME, Fit.EXACT, 0, ""),
        (PRICE + 1, NAME, Fit.TOO_MUCH, 1, "too_much"),
        (PRICE - 1, NAME, Fit.TOO_LITTLE, PRICE - 1, "too_little"),
        (PRICE, "张三", Fit.EXACT, PRICE, "other_payer"),
    ],
)
def test_each_amount_and_name_has_its_own_answer(bank: Bank, amount: int, payer: str, fit: Fit, back: int, why: str) -> None:
    public_id, reference, _actor = bank.order()
    came = bank.comes(amount, reference, payer=payer)
    assert fit_of(transfer(came), clock.now())[0] == fit
    pays = fit in (Fit.EXACT, Fit.TOO_MUCH) and payer == NAME
    if fit == Fit.TOO_LITTLE:
        with pytest.raises(Refusal, match="cannot pay its order"):
            bank.prepares(came)
    if payer != NAME:
        with pytest.raises(Refusal, match="another than the member paid"):
            bank.prepares(came)
    bank.approves(bank.prepares(came, pays, "" if pays or fit == Fit.TOO_LITTLE else "not his account"))
    assert [(row.amount, row.why, row.state) for row in returns()] == ([(back, why, "due")] if back else [])
    assert booking_of(public_id).state == ("granted" if pays else "held")
    assert payment(reference).state == ("paid" if pays else "open"), "who paid wrongly may pay again while his time lasts"
    assert (told("club.transfer_goes_back"), differences()) == (bool(back), {})


def test_another_payer_counts_where_somebody_says_why(bank: Bank) -> None:
    public_id, reference, _actor = bank.order()
    bank.approves(bank.prepares(bank.comes(PRICE, reference, payer="王大明"), True, "his father, by phone"))
    assert booking_of(public_id).state == "granted"


def test_a_transfer_without_a_reference_is_matched_by_hand_or_goes_back(bank: Bank) -> None:
    public_id, reference, _actor = bank.order()
    came, lost = bank.comes(PRICE, "会费"), bank.comes(777)
    assert [one.reference for one in bank_in.bank_match.likely(transfer(came))] == [reference]
    with pytest.raises(Refusal, match="cannot pay its order"):
        bank.prepares(came)
    with transaction(), pytest.raises(Refusal, match="no order has the reference"):
        bank_in.match(came, "JY22222222", actor=bank.first, moment=clock.now())
    with transaction():
        bank_in.match(came, reference, actor=bank.first, moment=clock.now())
    bank.approves(bank.prepares(came))
    bank.approves(bank.prepares(lost, False))
    assert booking_of(public_id).state == "granted"
    assert [(row.amount, row.why) for row in returns()] == [(777, "no_order")]
    assert differences() == {}


def test_the_second_transfer_for_an_order_goes_back(bank: Bank) -> None:
    """Also where both were prepared while none had paid: the first approval pays, the second owes."""
    public_id, reference, _actor = bank.order()
    first, second = bank.comes(PRICE, reference), bank.comes(PRICE, reference)
    assert fit_of(transfer(second), clock.now())[0] == Fit.PAID_TWICE
    with pytest.raises(Refusal, match="cannot pay its order"):
        bank.prepares(second)
    bank.approves(bank.prepares(first))
    bank.approves(bank.prepares(second, False))
    assert booking_of(public_id).state == "granted"
    assert [(row.amount, row.why) for row in returns()] == [(PRICE, "paid_twice")]
    assert differences() == {}


@pytest.mark.parametrize("seat_left", [True, False])
def test_approved_after_the_hold_ran_out_it_is_a_seat_where_one_is_free_and_a_refund_where_none_is(bank: Bank, seat_left: bool) -> None:
    """P5 by transfer."""
    public_id, reference, _actor = bank.order(capacity=1)
    number = bank.prepares(bank.comes(PRICE, reference))
    overtaken(public_id)
    if not seat_left:
        other = clients(bank.app, 3)[-1]
        book(booking_of(public_id).event_id, other)
    club_paying.tidy(None)
    assert booking_of(public_id).state == "lapsed"
    bank.approves(number)
    assert booking_of(public_id).state == ("granted" if seat_left else "lapsed")
    assert payment(reference).state == ("paid" if seat_left else "refund_due")
    assert [(row.amount, row.why) for row in returns()] == ([] if seat_left else [(PRICE, "refund")])
    assert (told("club.no_seat"), differences()) == (not seat_left, {})


def test_the_clock_lets_orders_lapse_and_money_that_comes_later_is_late(bank: Bank) -> None:
    public_id, reference, _actor = bank.order()
    overtaken(public_id)
    assert not capacity.holds(booking_of(public_id), clock.now()), "free at once, without a job"
    db.session.rollback()
    assert bank_orders.work_is_due(clock.now())
    club_paying.tidy(None)
    assert (booking_of(public_id).state, payment(reference).state) == ("lapsed", "lapsed")
    assert not bank_orders.work_is_due(clock.now())
    came = bank.comes(PRICE, reference)
    assert fit_of(transfer(came), clock.now())[0] == Fit.LATE
    bank.approves(bank.prepares(came))
    assert booking_of(public_id).state == "granted", "a seat was still free"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_called_off_event_owes_everything_back_whether_it_was_prepared_before_or_after(bank: Bank, when: str) -> None:
    """P6 R7 by transfer."""
    public_id, reference, _actor = bank.order()
    came = bank.comes(PRICE, reference)
    number = bank.prepares(came) if when == "before" else 0
    event_id = booking_of(public_id).event_id
    with transaction():
        events.call_off(event_id, "ill", actor=TERMINAL, moment=clock.now())
    with transaction():
        calling_off.end_part(event_id, actor=TERMINAL, moment=clock.now())
    if when == "after":
        assert fit_of(transfer(came), clock.now())[0] == Fit.EVENT_CANCELLED
        with pytest.raises(Refusal, match="cannot pay its order"):
            bank.prepares(came)
        number = bank.prepares(came, False)
    bank.approves(number)
    assert booking_of(public_id).state == "cancelled"
    assert [(row.amount, row.state) for row in returns()] == [(PRICE, "due")]
    assert differences() == {}


def test_a_paid_booking_that_is_cancelled_comes_back_by_the_same_brackets_and_ends_when_two_people_say_so(bank: Bank) -> None:
    """R1 R8 by transfer: half comes back; it is due until the bank's serial is recorded and approved."""
    public_id, reference, actor = bank.order(policy=[{"hours": 24 * 30, "percent": 100}, {"hours": 1, "percent": 50}])
    bank.pays(PRICE, reference)
    with transaction():
        _one, back = booking.cancel(public_id, actor=actor, moment=clock.now())
    assert back == PRICE // 2
    [row] = returns()
    assert (row.amount, row.why, row.state) == (PRICE // 2, "refund", "due")
    assert club_paying.send_refunds(None) == 0  # type: ignore[arg-type]  # nothing of it is asked of Stripe
    number = bank.sends_back(row, "OUT-1")
    assert (returns()[0].state, told("club.refunded")) == ("prepared", 0)
    with pytest.raises(Conflict, match="transferred back already"):
        bank.sends_back(row, "OUT-2")
    bank.approves(number)
    assert (returns()[0].state, payment(reference).state, told("club.refunded")) == ("done", "partly_refunded", 1)
    db.session.rollback()
    assert db.session.execute(select(Refund.state)).scalars().all() == ["succeeded"]
    assert differences() == {}


def test_the_serial_of_money_sent_back_is_used_once_and_a_refusal_opens_it_again(bank: Bank) -> None:
    lost, again = bank.comes(500), bank.comes(600)
    for one in (lost, again):
        bank.approves(bank.prepares(one, False))
    first, second = returns()
    number = bank.sends_back(first, "OUT-1")
    with pytest.raises(Conflict, match=r"OUT-1 took 5\.00 yuan back already"):
        bank.sends_back(second, "OUT-1")
    with transaction():
        approvals.refuse(number, bank.second, clock.now(), digest=db.session.get_one(Approval, number).digest, note="not in the statement")
    assert [(row.state, row.serial) for row in returns()] == [("due", None), ("due", None)]
    bank.approves(bank.sends_back(second, "OUT-1"))
    assert [row.state for row in returns()] == ["due", "done"]


def test_a_refused_or_withdrawn_preparation_opens_the_transfer_again(bank: Bank) -> None:
    _public_id, reference, _actor = bank.order()
    came = bank.comes(PRICE, reference)
    number = bank.prepares(came)
    with transaction(), pytest.raises(Conflict, match="not open any more"):
        bank_in.prepare(came, True, "", actor=bank.first, moment=clock.now())
    with transaction():
        approvals.withdraw(number, bank.first, clock.now())
    assert transfer(came).state == "recorded"
    bank.approves(bank.prepares(came))
    assert transfer(came).state == "taken"


def test_dues_by_transfer_begin_the_membership_and_a_refund_ends_it(bank: Bank) -> None:
    add_tiers()
    actor = bank.member()
    first, again = (dues_order(actor) for _ in range(2))
    assert first == again
    with transaction():
        db.session.execute(update(ClubMember).values(name=NAME))
    bank.pays(SILVER, first)
    assert tier_of(actor) == "silver"
    assert (told("club.dues_paid"), payment(first).state, differences()) == (1, "paid", {})


def dues_order(actor: Actor) -> str:
    """Dues that somebody wants to transfer. Returns their reference."""
    with transaction():
        return bank_orders.choose_for_dues(himself(actor), "silver", today(), actor=actor, moment=clock.now())[0].reference or ""


def test_dues_that_nobody_transfers_lapse_and_late_money_still_counts(bank: Bank) -> None:
    add_tiers()
    actor = bank.member()
    reference = dues_order(actor)
    with time_machine.travel(clock.now() + timedelta(days=20), tick=True):
        club_paying.tidy(None)
        db.session.rollback()
        assert db.session.execute(select(ClubDues.state)).scalars().all() == ["lapsed"]
        bank.pays(SILVER, reference)
        assert tier_of(actor) == "silver"


def test_two_approvers_at_once_have_one_effect(bank: Bank) -> None:
    public_id, reference, _actor = bank.order()
    number = bank.prepares(bank.comes(PRICE + 200, reference))
    answers = at_once(bank.app, *[lambda: bank.approve(number)] * 4)
    assert sorted(answers) == ["Conflict"] * 3 + ["done"]
    assert (booking_of(public_id).state, told("club.seat_granted"), [row.amount for row in returns()]) == ("granted", 1, [200])


def test_the_same_serial_at_once_is_one_entry(bank: Bank) -> None:
    line = bank_in.Incoming("SAME", today(), 100, NAME, "")
    answers = at_once(bank.app, *[lambda: bank_in.record(line, today(), actor=bank.first, moment=clock.now())] * 5)
    assert sorted(answers) == ["Conflict"] * 4 + ["done"]
    db.session.rollback()
    assert db.session.execute(select(func.count()).select_from(BankTransfer)).scalar_one() == 1


def race(bank: Bank, place: int) -> tuple[int, int]:
    """Approval against expiry and somebody who takes the last seat. Returns tickets and refunds due of the one whose money came."""
    public_id, reference, _actor = bank.order(key=f"race{place}", capacity=1, who=bank.member(2 * place + 1))
    number = bank.prepares(bank.comes(PRICE, reference))
    overtaken(public_id)
    other, event_id = clients(bank.app, 2 * place + 2)[-1], booking_of(public_id).event_id
    db.session.rollback()
    answers = at_once(bank.app, lambda: bank.approve(number), bank_orders_lapse, lambda: book_inside(event_id, other))
    assert answers[:2] == ["done", "done"], answers
    db.session.rollback()
    seats = db.session.execute(select(func.coalesce(func.sum(Booking.seats), 0)).where(Booking.event_id == event_id, capacity.holding(clock.now()))).scalar_one()
    assert seats <= 1, "never two for one seat"
    granted = booking_of(public_id).state == BookingState.GRANTED
    refunds = db.session.execute(select(func.count()).select_from(Refund).where(Refund.payment_id == payment(reference).id)).scalar_one()
    return int(granted), int(refunds)


def bank_orders_lapse() -> None:
    """What the clock decided is written down."""
    booking.let_lapse(clock.now(), 100)
    bank_orders.let_lapse(clock.now(), 100)


def book_inside(event_id: int, actor: Actor) -> None:
    """Take a seat inside an open transaction."""
    booking.book(event_id, wish(event_id), actor=actor, moment=clock.now())


def test_approval_racing_expiry_is_a_ticket_or_a_refund_due_never_both_never_neither(bank: Bank) -> None:
    outcomes = [race(bank, place) for place in range(6)]
    assert {granted + refunds for granted, refunds in outcomes} == {1}, outcomes
    assert differences() == {}


def test_control_without_the_check_of_the_seat_the_race_oversells(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: a planted fault that grants whatever the seats say is caught."""
    monkeypatch.setattr(payments, "_no_seat", lambda *_args: "")
    public_id, reference, _actor = bank.order(capacity=1)
    number = bank.prepares(bank.comes(PRICE, reference))
    overtaken(public_id)
    event_id = booking_of(public_id).event_id
    book(event_id, clients(bank.app, 5)[-1])
    bank.approves(number)
    db.session.rollback()
    seats = db.session.execute(select(func.sum(Booking.seats)).where(Booking.event_id == event_id, capacity.holding(clock.now()))).scalar_one()
    assert seats == 2


def test_control_a_refund_without_its_row_is_found_by_the_comparison(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: a planted fault that forgets what is owed does not add up, and becomes an incident of the job."""
    public_id, reference, actor = bank.order()
    bank.pays(PRICE, reference)
    monkeypatch.setattr("portal.club.bank_owed.write_for_refunds", lambda *_args: 0)
    with transaction():
        booking.cancel(public_id, actor=actor, moment=clock.now())
        enqueue(TERMINAL, clock.now(), RECONCILE, {})
    back = db.session.execute(select(Refund.amount)).scalar_one()
    assert differences() == {"refunds": back}
    db.session.remove()
    Worker(bank.app, poll=0.01).drain()
    db.session.rollback()
    assert db.session.execute(select(MoneyIncident.kind)).scalars().all() == ["transfers_differ"]


def test_the_account_changes_only_by_two_people_and_not_behind_the_seconds_back(bank: Bank) -> None:
    with transaction(), pytest.raises(Refusal, match="a company name, a bank and a number"):
        bank_account.propose("甲", "", "", actor=bank.first, moment=clock.now())
    with transaction():
        one = bank_account.propose("甲公司", "乙银行", "6222 0000 1111", actor=bank.first, moment=clock.now()).id
        two = bank_account.propose("丙公司", "乙银行", "6222 0000 2222", actor=bank.first, moment=clock.now()).id
    bank.approves(one)
    with pytest.raises(Conflict, match="was changed since"):
        bank.approves(two)
    db.session.rollback()
    present = bank_account.present()
    assert present is not None
    assert (present.company, present.prepared_label, present.approved_label) == ("甲公司", "first@firm.example", "second@firm.example")
    assert db.session.get_one(Approval, two).state == ApprovalState.WAITING
