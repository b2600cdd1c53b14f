"""Money and seats: one payment for one booking, whatever arrives how often, in which order, or too late. Stripe's own library speaks with a
stand-in over HTTP; nothing of ours is replaced."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import stripe
import time_machine
from sqlalchemy import func, select, update

from models import db
from models.club import Booking, BookingState, ClubEvent, EventState
from models.club_money import MoneyIncident, Payment, Refund, StripeEvent
from models.jobs import Job
from models.notices import Notice
from portal import clock
from portal.club import booking, payments
from portal.club.facts import Refused, Unanswered
from portal.jobs import club_paying
from portal.refusals import Conflict, Refusal
from portal.settings import Settings
from portal.standin import rules
from portal.transaction import transaction
from tests.people import seat
from tests.rooms.club.scene import PRICE, Shop, book, booking_of, clients, event_of, shop_in


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own; the context is there for verbs."""
    with shop_in(settings) as open_shop, open_shop.app.app_context():
        yield open_shop
        db.session.remove()


def ready(shop: Shop, *guests: str, **event: Any) -> tuple[str, str, Any]:
    """A booking whose payment page is open: booking, session, person."""
    event_id = event_of(**event)
    [one] = clients(shop.app, 1)
    public_id = book(event_id, one, *guests)
    return public_id, shop.pay_page(public_id, one), one


def count(model: type) -> int:
    """How many rows there are."""
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()


def told(kind: str) -> int:
    """How often somebody was told so."""
    db.session.rollback()
    return db.session.execute(select(func.count()).where(Notice.kind == kind)).scalar_one()


def later(public_id: str, **span: int) -> None:
    """The hold ran out so long ago."""
    with transaction():
        db.session.execute(update(Booking).where(Booking.public_id == public_id).values(hold_until=clock.now() - timedelta(**span)))


def test_p1_s2_page_and_webhook_both_confirm_and_the_seat_is_granted_once(shop: Shop) -> None:
    """P1 S2 S3: before Stripe says so the page says that it is being worked on; after both said so there is one confirmation."""
    public_id, session_id, one = ready(shop)
    client = seat(shop.app, one.user_id)
    assert "Go to the payment page" in client.get(f"/club/bookings/{public_id}").text
    shop.pays(session_id, "later")
    page = client.get(f"/club/bookings/{public_id}/paid", follow_redirects=True)
    assert "Your payment is being worked on" in page.text
    assert booking_of(public_id).state == BookingState.HELD
    with shop.desk() as desk:
        rules.settle(desk, session_id, True)
    assert "QR code of the ticket" in client.get(f"/club/bookings/{public_id}/paid", follow_redirects=True).text
    assert booking_of(public_id).state == BookingState.GRANTED
    assert set(shop.deliver()) == {200}
    assert (booking_of(public_id).state, shop.payment(public_id).state) == ("granted", "paid")
    assert told("club.seat_granted") == 1


def test_p2_s5_an_event_ten_times_at_once_has_one_effect(shop: Shop) -> None:
    """P2 S5: ten deliveries of one event at the same moment: one effect, ten times 200."""
    public_id, session_id, _one = ready(shop)
    shop.pays(session_id)
    with shop.desk() as desk:
        body = json.dumps(next(event for event in desk.all("event") if event["type"] == "checkout.session.completed"))
    header = stripe.WebhookSignature.generate_signature_header(body, shop.secret)
    gate, answers = threading.Barrier(10, timeout=30), []

    def one() -> None:
        client = shop.app.test_client()
        gate.wait()
        answers.append(client.post("/club/stripe", data=body, headers={"Stripe-Signature": header}).status_code)

    threads = [threading.Thread(target=one) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 10
    assert (booking_of(public_id).state, count(StripeEvent), told("club.seat_granted")) == ("granted", 1, 1)


def test_p3_money_that_comes_later_is_paid_once_and_one_that_does_not_come_is_tried_again(shop: Shop) -> None:
    """P3: completed and unpaid, then async_payment_succeeded; in another story async_payment_failed, and the next try has its own key."""
    public_id, session_id, one = ready(shop)
    shop.pays(session_id, "later")
    shop.deliver()
    assert shop.payment(public_id).state == "processing"
    with pytest.raises(Conflict, match="being worked on"):
        shop.pay_page(public_id, one)
    with shop.desk() as desk:
        rules.settle(desk, session_id, False)
    assert set(shop.deliver()) == {200}
    assert shop.payment(public_id).state == "failed"
    again = shop.pay_page(public_id, one)
    shop.pays(again, "later")
    shop.deliver()
    with shop.desk() as desk:
        rules.settle(desk, again, True)
    shop.deliver(times=3)
    assert [row.state for row in payments.of_booking(booking_of(public_id).id)] == ["failed", "paid"]
    assert booking_of(public_id).state == "granted"


@pytest.mark.parametrize("how", ["twice", "reordered", "forged"])
def test_p4_s6_what_counts_is_how_it_stands_and_not_in_which_order_it_was_told(shop: Shop, how: str) -> None:
    """P4 S6: expired and completed, twice, reordered, with forged ones between: Stripe is asked how it stands."""
    public_id, session_id, _one = ready(shop)
    shop.turn("webhooks", how)
    with shop.desk() as desk:  # the page is closed and paid in the same second: what is told last is the older truth
        session = rules.session(desk, session_id)
        rules.pay(desk, session_id, "pays")
        desk.tell("checkout.session.expired", session | {"status": "expired", "payment_status": "unpaid"})
    answers = shop.deliver()
    assert set(answers) == ({200, 400} if how == "forged" else {200})
    assert (booking_of(public_id).state, shop.payment(public_id).state, told("club.seat_granted")) == ("granted", "paid", 1)


@pytest.mark.parametrize("free", [True, False])
def test_p5_money_after_the_hold_brings_the_seat_or_goes_back_once(shop: Shop, free: bool) -> None:
    """P5: where the seat is still free it is granted; where it is gone the money goes back, once, however often it is told."""
    event_id = event_of(capacity=1)
    one, other = clients(shop.app, 2)
    public_id = book(event_id, one)
    session_id = shop.pay_page(public_id, one)
    later(public_id, minutes=1)
    with transaction():
        booking.let_lapse(clock.now(), 10)
    if not free:
        book(event_id, other)
    shop.pays(session_id)
    shop.deliver(times=2)
    shop.work()
    shop.deliver(times=2)
    shop.work()
    if free:
        assert (booking_of(public_id).state, shop.payment(public_id).state, shop.back()) == ("granted", "paid", 0)
        return
    assert (booking_of(public_id).state, shop.payment(public_id).state, shop.back()) == ("lapsed", "refunded", PRICE)
    assert (count(Refund), told("club.no_seat"), told("club.refunded")) == (1, 1, 1)


@pytest.mark.parametrize("gone", ["booking", "event"])
def test_p6_money_for_what_is_cancelled_goes_back_and_revives_nothing(shop: Shop, gone: str) -> None:
    """P6: a booking or an event that is cancelled stays so."""
    public_id, session_id, one = ready(shop)
    with transaction():
        if gone == "booking":
            booking.cancel(public_id, actor=one, moment=clock.now())
        else:
            db.session.execute(update(ClubEvent).values(state=EventState.CANCELLED))
    shop.pays(session_id)
    shop.deliver()
    shop.work()
    assert booking_of(public_id).state == ("cancelled" if gone == "booking" else "held")
    assert (shop.payment(public_id).state, shop.back()) == ("refunded", PRICE)


@pytest.mark.parametrize("wrong", [{"amount_total": PRICE - 1}, {"currency": "usd"}, {"livemode": True}])
def test_p7_another_amount_currency_or_mode_brings_no_seat_but_an_incident(shop: Shop, wrong: dict[str, Any]) -> None:
    """P7."""
    public_id, session_id, _one = ready(shop)
    shop.pays(session_id)
    with shop.desk() as desk:
        desk.put(rules.session(desk, session_id) | wrong)
    assert shop.deliver()[-1] == 200
    assert (booking_of(public_id).state, shop.payment(public_id).state) == ("held", "open")
    assert [row.kind for row in db.session.execute(select(MoneyIncident)).scalars()] == ["mismatch"]


def test_p8_money_that_we_do_not_know_is_an_incident_and_what_is_not_ours_is_left_alone(shop: Shop) -> None:
    """P8: a paid session with our mark and no payment of ours is looked at by somebody, once; one without our mark is another system's."""
    _public_id, session_id, _one = ready(shop)
    shop.pays(session_id)
    with shop.desk() as desk:
        paid = rules.session(desk, session_id)
        for number, marks in (("cs_test_unknown", paid["metadata"] | {"payment": "nobody"}), ("cs_test_foreign", {})):
            copy = paid | {"id": number, "metadata": marks}
            desk.put(copy)
            desk.tell("checkout.session.completed", copy)
    assert set(shop.deliver(times=2)) == {200}
    assert [(row.kind, row.details["session"]) for row in db.session.execute(select(MoneyIncident)).scalars()] == [("unknown", "cs_test_unknown")]
    outcomes = db.session.execute(select(StripeEvent.object_id, StripeEvent.outcome).where(StripeEvent.type == "checkout.session.completed")).all()
    assert dict(map(tuple, outcomes)) == {session_id: "granted", "cs_test_unknown": "unknown", "cs_test_foreign": "foreign"}


def test_p9_a_crash_leaves_nothing_and_the_next_delivery_works(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: the event is not stored, the answer is no success, and it comes again."""
    public_id, session_id, _one = ready(shop)
    shop.pays(session_id)
    real = payments.money_came

    def dies(*given: Any, **named: Any) -> str:
        real(*given, **named)
        raise RuntimeError("the power went out")

    monkeypatch.setattr(payments, "money_came", dies)
    assert 500 in shop.deliver()
    assert (booking_of(public_id).state, told("club.seat_granted")) == ("held", 0)
    assert "checkout.session.completed" not in set(db.session.execute(select(StripeEvent.type)).scalars())
    monkeypatch.setattr(payments, "money_came", real)
    with time_machine.travel(clock.now() + timedelta(seconds=5)):
        assert set(shop.deliver()) == {200}
    assert (booking_of(public_id).state, told("club.seat_granted")) == ("granted", 1)


def test_p10_a_job_that_was_lost_is_asked_for_again_by_the_same_event(shop: Shop) -> None:
    """P10: the refund is written down; the job that sends it is lost; the event told again asks for it anew."""
    public_id, session_id, one = ready(shop)
    with transaction():
        booking.cancel(public_id, actor=one, moment=clock.now())
    shop.pays(session_id)
    shop.deliver()
    with transaction():
        db.session.execute(update(Job).values(state="cancelled"))
    with shop.desk() as desk:
        body = json.dumps(next(event for event in desk.all("event") if event["type"] == "checkout.session.completed"))
    header = stripe.WebhookSignature.generate_signature_header(body, shop.secret)
    assert shop.app.test_client().post("/club/stripe", data=body, headers={"Stripe-Signature": header}).status_code == 200
    shop.work()
    assert (shop.back(), shop.payment(public_id).state) == (PRICE, "refunded")


def test_p11_s4_what_stripe_did_not_sign_leaves_no_trace(shop: Shop) -> None:
    """P11 S4: no, another's, an old or a future signature, no event, no JSON: 400, and nothing is written. A blank secret opens nothing."""
    _public_id, session_id, _one = ready(shop)
    shop.pays(session_id)
    with shop.desk() as desk:
        body = json.dumps(desk.all("event")[0])
    sign = stripe.WebhookSignature.generate_signature_header
    now = int(clock.now().timestamp())
    good = sign(body, shop.secret)
    headers = [
        "",
        "t=1,v1=",
        "v1=abc",
        good.replace("v1=", "v0="),
        sign(body, "whsec_another"),
        sign(body, ""),
        sign(body, shop.secret, now - 301),
        sign(body, shop.secret, now + 400),
    ]
    bodies = [(body, header) for header in headers] + [("no json", sign("no json", shop.secret)), ("[]", sign("[]", shop.secret)), (body + " ", good), ("\xff", good)]
    client = shop.app.test_client()
    before = count(Job), count(Notice)
    for sent, header in bodies:
        assert client.post("/club/stripe", data=sent, headers={"Stripe-Signature": header}).status_code == 400, (sent[:20], header)
    assert (count(StripeEvent), count(MoneyIncident), (count(Job), count(Notice))) == (0, 0, before)
    assert client.post("/club/stripe", data=body, headers={"Stripe-Signature": sign(body, shop.secret, now - 240)}).status_code == 200, "control"


def test_p12_a_second_secret_counts_while_the_first_is_renewed(settings: Settings) -> None:
    """P12."""
    with shop_in(settings) as shop, shop.app.app_context():
        new = "whsec_" + "n" * 40
        shop.app.extensions.pop("till", None)
        object.__setattr__(shop.app.config["PORTAL"], "stripe_webhook_secrets", f"{new},{shop.secret}")
        body = json.dumps({"id": "evt_1", "type": "x.y", "livemode": False, "data": {"object": {"id": "x"}}})
        answers = [
            shop.app.test_client().post("/club/stripe", data=body, headers={"Stripe-Signature": stripe.WebhookSignature.generate_signature_header(body, one)}).status_code
            for one in (new, shop.secret, "whsec_" + "o" * 40)
        ]
        assert answers == [200, 200, 400]


def test_p13_p14_a_declined_card_and_a_second_click_stay_on_one_page_and_a_changed_cart_closes_it(shop: Shop) -> None:
    """P13 P14: the page of a try is one; another cart closes it before the next opens; what is paid is paid once."""
    public_id, session_id, one = ready(shop, "李四")
    with pytest.raises(rules.Wrong, match="declined"), shop.desk() as desk:
        rules.pay(desk, session_id, "declined")
    assert shop.pay_page(public_id, one) == session_id
    with transaction():
        booking.drop_guest(public_id, 1, actor=one, moment=clock.now())
    second = shop.pay_page(public_id, one)
    assert second != session_id
    with shop.desk() as desk:
        assert (rules.session(desk, session_id)["status"], rules.session(desk, second)["amount_total"]) == ("expired", PRICE)
    keys = [row.idempotency_key.rsplit(":", 2)[1:] for row in payments.of_booking(booking_of(public_id).id)]
    assert keys == [["attempt", "1"], ["attempt", "2"]]
    shop.pays(second)
    shop.deliver()
    assert [row.state for row in payments.of_booking(booking_of(public_id).id)] == ["lapsed", "paid"]


def test_s1_s7_a_lost_answer_is_asked_for_with_the_same_key_and_a_refused_one_with_another(shop: Shop) -> None:
    """S1 S7: after a lost answer the same session comes back; the same key with other parameters is an error; after a definite no the next
    number is another key. Marks, amount and end of the session are those of the booking."""
    event_id = event_of()
    [one] = clients(shop.app, 1)
    public_id = book(event_id, one)
    shop.turn("lose_answers", "1")
    with pytest.raises(Refusal, match="does not answer"):
        shop.pay_page(public_id, one)
    lost = shop.payment(public_id)
    assert (lost.state, lost.session_id) == ("intended", None)
    session_id = shop.pay_page(public_id, one)
    with shop.desk() as desk:
        [session] = desk.all("checkout.session")
    assert session["id"] == session_id
    assert session["metadata"] == {"booking": public_id, "payment": lost.public_id, "client": "C00000", "env": shop.till.env}
    assert (session["client_reference_id"], session["amount_total"], session["currency"]) == (public_id, PRICE, "cny")
    assert session["expires_at"] - session["created"] >= 30 * 60
    with pytest.raises(Refused, match="same parameters"):
        shop.till.open_session(dict(lost.params) | {"client_reference_id": "other"}, lost.idempotency_key)
    other = dict(lost.params) | {"expires_at": 1}
    for _ in range(2):
        with pytest.raises(Refused, match="30 minutes"):
            shop.till.open_session(other, "another-key")


def test_s8_the_books_are_held_against_stripes_and_what_webhooks_lost_is_found(shop: Shop) -> None:
    """S8: no webhook ever comes; reconciling grants the seat, finds a session whose answer was lost, and names money that is in no book."""
    event_id = event_of()
    one, other = clients(shop.app, 2)
    paid, lost = book(event_id, one), book(event_id, other)
    shop.pays(shop.pay_page(paid, one))
    shop.turn("lose_answers", "1")
    with pytest.raises(Refusal):
        shop.pay_page(lost, other)
    with shop.desk() as desk:
        unknown = next(row for row in desk.all("checkout.session") if row["metadata"]["booking"] == lost)
        rules.pay(desk, unknown["id"], "pays")
        desk.put(desk.all("payment_intent")[0] | {"id": "pi_nowhere"})
    with time_machine.travel(clock.now() + timedelta(minutes=3)):
        assert club_paying.reconcile(shop.till) == {"looked_at": 2, "missing": 1}
        assert club_paying.reconcile(shop.till) == {"looked_at": 0, "missing": 0}
    assert (booking_of(paid).state, booking_of(lost).state) == ("granted", "granted")
    assert [row.key for row in db.session.execute(select(MoneyIncident)).scalars()] == ["intent:pi_nowhere"]


def test_a_hold_that_ran_out_closes_its_page_and_a_stripe_that_is_away_changes_nothing(shop: Shop) -> None:
    """S1: where our hold is shorter than Stripe's shortest session we close the page ourselves; without an answer all stays as it is."""
    public_id, session_id, _one = ready(shop, hold_minutes=5)
    later(public_id, minutes=1)
    with transaction():
        club_paying.ask_for_money(clock.now())
    assert shop.work() == 1
    with shop.desk() as desk:
        assert rules.session(desk, session_id)["status"] == "expired"
    assert (booking_of(public_id).state, shop.payment(public_id).state) == ("lapsed", "lapsed")
    away = shop.till.__class__(shop.till.key, "http://127.0.0.1:9", (), shop.till.env)
    with pytest.raises(Unanswered):
        away.session(session_id)
    assert club_paying.look_at(away, session_id) == "unanswered"
    assert count(Payment) == 1
