"""Money that goes back: never more than was paid, once for each reason, by the policy of the moment of sale."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from models import db
from models.club import Booking, TicketKind
from models.club_money import MoneyIncident, Payment, Refund, StripeEvent
from models.identity import Role
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import booking, calling_off, events, refunds
from portal.club.policy import checked, deadline, part, percent_back
from portal.jobs import club_paying
from portal.jobs.club import CALL_OFF
from portal.jobs.verbs import enqueue
from portal.jobs.worker import Worker
from portal.refusals import Conflict, Refusal
from portal.settings import Settings
from portal.standin import rules
from portal.standin.store import LATE
from portal.transaction import transaction
from tests.people import seat, someone
from tests.rooms.club.scene import PRICE, Shop, book, booking_of, clients, draft, event_of, shop_in


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own; the context is there for verbs."""
    with shop_in(settings) as open_shop, open_shop.app.app_context():
        yield open_shop
        db.session.remove()


def paid(shop: Shop, *guests: str) -> tuple[str, Actor]:
    """A booking that is paid, and who booked."""
    event_id = event_of()
    [one] = clients(shop.app, 1)
    public_id = book(event_id, one, *guests)
    shop.pays(shop.pay_page(public_id, one))
    assert set(shop.deliver()) == {200}
    return public_id, one


def ask(public_id: str, amount: int, key: str) -> None:
    """Write down that so much goes back."""
    with transaction():
        payment = refunds.kept_payment(booking_of_now(public_id).id)
        assert payment is not None
        refunds.ask(payment, amount, "cancelled", key, actor=TERMINAL, moment=clock.now())


def booking_of_now(public_id: str) -> Booking:
    """A booking inside the open transaction."""
    return db.session.execute(select(Booking).where(Booking.public_id == public_id)).scalar_one()


def states() -> list[tuple[str, int, int]]:
    """State, amount and attempt of all refunds."""
    db.session.rollback()
    return [(row.state, row.amount, row.attempt) for row in db.session.execute(select(Refund).order_by(Refund.id)).scalars()]


def incidents() -> list[str]:
    """The kinds of what must be looked at."""
    db.session.rollback()
    return list(db.session.execute(select(MoneyIncident.kind).order_by(MoneyIncident.id)).scalars())


def test_r1_r2_two_parts_make_the_whole_and_more_than_that_is_refused_here(shop: Shop) -> None:
    """R1 R2 S10: partly refunded, then refunded; what is on its way counts too, and the same reason is refunded once."""
    public_id, _one = paid(shop)
    shop.turn("refunds", "pending")
    ask(public_id, 5_000, "a")
    ask(public_id, 5_000, "a")
    with pytest.raises(Conflict, match="14800 fen"):
        ask(public_id, PRICE - 4_999, "b")
    club_paying.send_refunds(shop.till)
    assert (states(), shop.payment(public_id).state) == ([("pending", 5_000, 1)], "paid")
    with pytest.raises(Conflict):
        ask(public_id, PRICE, "c")
    with shop.desk() as desk:
        [asked] = desk.all("refund")
        rules.end_refund(desk, asked["id"], "succeeded")
    assert (asked["payment_intent"], asked["metadata"]) == (shop.payment(public_id).intent_id, {"refund": "1", "env": shop.till.env})
    shop.deliver()
    assert shop.payment(public_id).state == "partly_refunded"
    shop.turn("refunds", "succeeded")
    ask(public_id, PRICE - 5_000, "d")
    club_paying.send_refunds(shop.till)
    shop.deliver(times=2)
    assert ([row[0] for row in states()], shop.payment(public_id).state, shop.back()) == (["succeeded"] * 2, "refunded", PRICE)


def test_r3_a_lost_answer_is_one_refund(shop: Shop) -> None:
    """R3: Stripe refunded and its answer was lost; asked again with the same key there is one refund."""
    public_id, _one = paid(shop)
    ask(public_id, PRICE, "a")
    shop.turn("lose_answers", "1")
    assert club_paying.send_refunds(shop.till) == 0
    assert (states(), shop.back()) == ([("due", PRICE, 1)], PRICE)
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        assert club_paying.send_refunds(shop.till) == 1
    shop.deliver()
    assert (states(), shop.back(), incidents()) == ([("succeeded", PRICE, 1)], PRICE, [])


def test_r4_after_a_definite_no_the_next_attempt_has_a_key_of_its_own(shop: Shop) -> None:
    """R4: the same key would bring the same stored no; after five of them somebody must look."""
    public_id, _one = paid(shop)
    ask(public_id, PRICE, "a")
    shop.turn("refuse_refunds", "2")
    for minutes in (0, 2, 4):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes)):
            club_paying.send_refunds(shop.till)
    assert (states(), shop.back()) == ([("succeeded", PRICE, 3)], PRICE)


def test_r4_control_a_stripe_that_never_agrees_is_named(shop: Shop) -> None:
    """R4: five definite refusals end the attempts, the amount counts as not refunded, and whoever keeps the money is told."""
    public_id, _one = paid(shop)
    keeper = someone(shop.app, Role.FINANCE)
    ask(public_id, PRICE, "a")
    shop.turn("refuse_refunds", "9")
    for minutes in range(0, 14, 2):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes)):
            club_paying.send_refunds(shop.till)
    assert (states(), incidents()) == ([("failed", PRICE, 6)], ["refund_refused"])
    assert refunds.refundable(shop.payment(public_id)) == PRICE
    assert db.session.execute(select(Notice.kind).where(Notice.user_id == keeper)).scalars().all() == ["club.incident"]


def test_r5_a_refund_made_at_stripe_stands_in_the_books_and_takes_no_seat(shop: Shop) -> None:
    """R5: the booking stays, the books know, somebody is told."""
    public_id, _one = paid(shop)
    with shop.desk() as desk:
        rules.refund(desk, {"payment_intent": shop.payment(public_id).intent_id, "amount": 3_000})
    shop.deliver(times=2)
    assert (booking_of(public_id).state, shop.payment(public_id).state) == ("granted", "partly_refunded")
    assert (states(), incidents()) == ([("succeeded", 3_000, 1)], ["at_stripe"])


def test_r6_a_refund_that_fails_later_counts_as_not_refunded_and_both_sides_are_told(shop: Shop) -> None:
    """R6."""
    public_id, one = paid(shop)
    with transaction():
        booking.cancel(public_id, actor=one, moment=clock.now())
    club_paying.send_refunds(shop.till)
    shop.deliver()
    assert shop.payment(public_id).state == "refunded"
    with shop.desk() as desk:
        rules.end_refund(desk, desk.all("refund")[0]["id"], "failed")
    shop.deliver(times=2)
    assert (shop.payment(public_id).state, refunds.refundable(shop.payment(public_id))) == ("paid", PRICE)
    kinds = db.session.execute(select(Notice.kind).where(Notice.user_id == one.user_id).order_by(Notice.id)).scalars().all()
    assert (list(kinds), incidents()) == (["club.seat_granted", "club.given_back", "club.refunded", "club.refund_failed"], ["refund_failed"])


def test_r7_an_event_called_off_refunds_everybody_once_also_after_a_crash(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """R7: the job dies after its first part and between two refunds; begun again it ends each booking once and sends each yuan back once."""
    monkeypatch.setattr(calling_off, "PART", 2)
    event_id = event_of()
    people = clients(shop.app, 5)
    ids = [book(event_id, person) for person in people]
    for public_id, person in zip(ids[:4], people, strict=False):
        shop.pays(shop.pay_page(public_id, person))
    shop.deliver()
    with transaction():  # one got a part back before
        booking.cancel(ids[3], actor=people[3], moment=clock.now())
    assert calling_off.preview(event_id) == {"bookings": 4, "seats": 4, "refund": 3 * PRICE}
    with transaction():
        events.call_off(event_id, "台风", actor=TERMINAL, moment=clock.now())
        calling_off.end_part(event_id, actor=TERMINAL, moment=clock.now())  # and here the process dies
        enqueue(TERMINAL, clock.now(), CALL_OFF, {"event_id": event_id})
    shop.turn("lose_answers", "1")
    db.session.remove()
    Worker(shop.app, poll=0.01).drain()
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        club_paying.send_refunds(shop.till)
    shop.deliver()
    with transaction():
        assert calling_off.end_part(event_id, actor=TERMINAL, moment=clock.now()) == 0
    assert shop.back() == 4 * PRICE
    assert {row[0] for row in states()} == {"succeeded"}
    assert len(states()) == 4
    assert {booking_of(public_id).state for public_id in ids} == {"cancelled"}
    assert calling_off.summary(event_id) == {"bookings": 4, "refunds_succeeded": 3 * PRICE}
    told = db.session.execute(select(Notice.user_id).where(Notice.kind == "club.event_cancelled")).scalars().all()
    assert sorted(told) == sorted(person.user_id for person in (*people[:3], people[4]))


def test_r8_the_edge_of_a_bracket_is_in_time_by_the_clocks_of_the_place() -> None:
    """R8: exactly 72 hours is in time, a second later is not; where the clocks change in between it is the same hour of the wall."""
    rules_ = checked([{"hours": 24, "percent": 50}, {"hours": 72, "percent": 100}], "Asia/Shanghai")
    start = datetime(2026, 12, 6, 11, tzinfo=UTC)
    edge = datetime(2026, 12, 3, 11, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert [percent_back(rules_, start, "Asia/Shanghai", at) for at in (edge, edge + second, start - timedelta(hours=24), start)] == [100, 50, 50, 0]
    sunday = datetime(2026, 3, 9, 0, tzinfo=UTC)  # 19:00 in Chicago, whose clocks went on in the night to that Sunday
    assert deadline(sunday, 72, "America/Chicago") == datetime(2026, 3, 6, 1, tzinfo=UTC), "Thursday 19:00 there, 71 hours before"
    assert (part(101, 50), part(1, 1), part(0, 50)) == (51, 1, 0)
    with pytest.raises(Refusal, match="no less"):
        checked([{"hours": 72, "percent": 50}, {"hours": 24, "percent": 100}], "Asia/Shanghai")


@pytest.mark.parametrize(("hours", "back"), [(72, PRICE), (71, PRICE // 2), (2, 0)])
def test_r8_r9_the_policy_of_the_sale_counts_unless_we_move_the_event(shop: Shop, hours: int, back: int) -> None:
    """R8 R9: a policy that is changed after the sale changes nothing; where we move the event everything comes back."""
    public_id, one = paid(shop)
    row = booking_of(public_id)
    moment, start = row.starts_at - timedelta(hours=hours), row.starts_at
    kind = db.session.execute(select(TicketKind)).scalar_one()
    stingy = {"policy": [{"hours": 800, "percent": 10}], "kinds": (events.Kind("标准票", "", PRICE, id=kind.id),)}
    with transaction():
        events.change(row.event_id, draft(**stingy), 2, actor=TERMINAL, moment=clock.now())
    with pytest.raises(Conflict, match="less would come back"), transaction():
        booking.cancel(public_id, actor=one, moment=moment, expected=PRICE + 1)
    if hours == 2:
        with transaction():
            events.change(row.event_id, draft(**stingy, when=(events.When(start + timedelta(hours=1), start + timedelta(hours=2)),)), 3, actor=TERMINAL, moment=clock.now())
        back = PRICE
        assert db.session.execute(select(Notice.link).where(Notice.kind == "club.event_moved")).scalars().all() == [f"/club/bookings/{public_id}"]
    with transaction():
        assert booking.cancel(public_id, actor=one, moment=moment)[1] == back
    club_paying.send_refunds(shop.till)
    assert shop.back() == back


def test_r10_what_is_disputed_is_not_refunded_too(shop: Shop) -> None:
    """R10 S11: while the bank decides nothing is refunded here; where we win it may be again."""
    public_id, one = paid(shop)
    with shop.desk() as desk:
        number = rules.dispute(desk, shop.payment(public_id).intent_id or "")["id"]
    shop.deliver(times=2)
    with pytest.raises(Conflict, match="disputed"), transaction():
        booking.cancel(public_id, actor=one, moment=clock.now())
    assert (booking_of(public_id).state, incidents()) == ("granted", ["disputed"])
    with shop.desk() as desk:
        rules.end_dispute(desk, number, "won")
    shop.deliver()
    with transaction():
        assert booking.cancel(public_id, actor=one, moment=clock.now())[1] == PRICE
    assert db.session.execute(select(Payment.disputed_at)).scalar_one() is None


def test_s11_until_when_a_dispute_is_to_be_answered_stands_among_what_is_to_be_looked_at(shop: Shop) -> None:
    """S11: the deadline that Stripe names, for who keeps the money."""
    public_id, _one = paid(shop)
    with shop.desk() as desk:
        due_by = rules.dispute(desk, shop.payment(public_id).intent_id or "")["evidence_details"]["due_by"]
    shop.deliver()
    kept = db.session.execute(select(MoneyIncident.details)).scalar_one()
    assert datetime.fromisoformat(kept["answer_by"]).timestamp() == due_by
    db.session.remove()
    page = seat(shop.app, someone(shop.app, Role.FINANCE)).get("/club/money?lang=en").text
    assert "To be answered at Stripe until" in page


def test_s6_what_is_told_of_a_dispute_after_it_was_decided_freezes_nothing_again(shop: Shop) -> None:
    """S6 R10: Stripe's word that we won comes first, and its word that there is a dispute at all later."""
    public_id, _one = paid(shop)
    shop.turn("webhooks", "late")
    with shop.desk() as desk:
        number = rules.dispute(desk, shop.payment(public_id).intent_id or "")["id"]
    shop.turn("webhooks", "")
    with shop.desk() as desk:
        rules.end_dispute(desk, number, "won")
    assert set(shop.deliver()) == {200}
    with time_machine.travel(clock.now() + timedelta(seconds=LATE + 5)):
        assert set(shop.deliver()) == {200}
    assert shop.payment(public_id).disputed_at is None
    told = db.session.execute(select(StripeEvent.type, StripeEvent.outcome).where(StripeEvent.type.startswith("charge.dispute")).order_by(StripeEvent.id)).all()
    assert [tuple(row) for row in told] == [("charge.dispute.closed", "dispute_won"), ("charge.dispute.created", "dispute_over")]
