"""Webhooks in every bad manner, through a whole story: paid, given back, refunded. However they come, the books are those of one that came once, in order."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import stripe
import time_machine
from sqlalchemy import func, select

from models import db
from models.club_money import MoneyIncident, Refund, StripeEvent
from models.notices import Notice
from models.outbox import OutboxMessage
from portal import clock
from portal.club import booking, handled, payments
from portal.jobs import club_paying
from portal.settings import Settings
from portal.standin import rules
from portal.transaction import transaction
from tests.rooms.club.scene import PRICE, Shop, book, booking_of, clients, event_of, shop_in

TIMES = 10
TOLD = {"club.seat_granted": 1, "club.given_back": 1, "club.refunded": 1}
ENDED = ("cancelled", "refunded", [("succeeded", PRICE)], TOLD, TOLD, 0)
"""Booking, payment, refunds, what the client was told at the bell and by mail, and incidents: of a story whose webhooks come once and in order."""


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own; the context is there for verbs."""
    with shop_in(settings) as open_shop, open_shop.app.app_context():
        yield open_shop
        db.session.remove()


class Box:
    """What Stripe has to tell, taken out of its hands so that it comes as badly as one likes."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.known = shop, set[str]()

    def new(self) -> list[bytes]:
        """Events since the last look, the oldest first."""
        with self.shop.desk() as desk:
            found = [event for event in reversed(desk.all("event")) if event["id"] not in self.known]
        self.known |= {event["id"] for event in found}
        return [json.dumps(event).encode() for event in found]

    def sign(self, body: bytes, secret: str = "") -> str:
        """A signature of this moment."""
        return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret or self.shop.secret, int(clock.now().timestamp())))

    def post(self, body: bytes, header: str = "") -> int:
        """One delivery; how it was answered."""
        return self.shop.app.test_client().post("/club/stripe", data=body, headers={"Stripe-Signature": header or self.sign(body)}).status_code

    def at_once(self, bodies: list[bytes]) -> list[int]:
        """Many deliveries at the same moment."""
        gate, answers = threading.Barrier(len(bodies), timeout=60), list[int]()

        def one(body: bytes) -> None:
            gate.wait()
            answers.append(self.post(body))

        threads = [threading.Thread(target=one, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers


def in_order(box: Box) -> None:
    """Once, one after the other."""
    assert {box.post(body) for body in box.new()} == {200}


def in_parallel(box: Box) -> None:
    """Each ten times at the same moment."""
    for body in box.new():
        assert box.at_once([body] * TIMES) == [200] * TIMES


def reordered(box: Box) -> None:
    """The last one first, and all of them at once a second time."""
    bodies = box.new()[::-1]
    assert {box.post(body) for body in bodies} == {200}
    assert set(box.at_once(bodies)) == {200}


def late(box: Box) -> None:
    """Three days later, as long as Stripe tries; the hold has long run out and that is written down."""
    with time_machine.travel(clock.now() + timedelta(days=3)):
        with transaction():
            booking.let_lapse(clock.now(), 10)
        in_order(box)


def forged(box: Box) -> None:
    """Each behind forged ones: another's secret, a number changed after it was signed, an event that never was; they leave nothing."""
    before = db.session.execute(select(func.count()).select_from(StripeEvent)).scalar_one()
    db.session.rollback()
    bodies = box.new()
    for body in bodies:
        never = json.dumps(json.loads(body) | {"id": "evt_never"}).encode()
        for sent, header in ((body, box.sign(body, "whsec_of_somebody_else")), (body.replace(b"19800", b"1"), box.sign(body)), (never, box.sign(body))):
            assert box.post(sent, header) == 400
    assert db.session.execute(select(func.count()).select_from(StripeEvent)).scalar_one() == before
    db.session.rollback()
    assert {box.post(body) for body in bodies} == {200}


MANNERS = {manner.__name__: manner for manner in (in_order, in_parallel, reordered, late, forged)}


def story(shop: Shop, box: Box, deliver: Callable[[Box], None]) -> str:
    """Somebody pays, gives his seat back, and the refund comes to its end a while later; all that Stripe says of it comes in some manner."""
    [one] = clients(shop.app, 1)
    public_id = book(event_of(), one)
    shop.pays(shop.pay_page(public_id, one))
    deliver(box)
    with transaction():
        booking.cancel(public_id, actor=one, moment=clock.now())
    shop.turn("refunds", "pending")
    club_paying.send_refunds(shop.till)
    with shop.desk() as desk:
        for asked in desk.all("refund"):
            rules.end_refund(desk, asked["id"], "succeeded")
    deliver(box)
    return public_id


def ended(shop: Shop, public_id: str) -> tuple[Any, ...]:
    """What the books say in the end."""
    state, paid = booking_of(public_id).state, shop.payment(public_id).state
    refunds = [tuple(row) for row in db.session.execute(select(Refund.state, Refund.amount).order_by(Refund.id))]
    told, mails = (dict(Counter(db.session.execute(select(model.kind)).scalars())) for model in (Notice, OutboxMessage))
    return state, paid, refunds, told, mails, db.session.execute(select(func.count()).select_from(MoneyIncident)).scalar_one()


@pytest.mark.parametrize("manner", MANNERS)
def test_g6_however_webhooks_come_the_books_are_those_of_one_that_came_once(shop: Shop, manner: str) -> None:
    """P2 P4 P5 P11 S5 S6: ten times in parallel, reordered, three days late, among forged ones; each is kept once."""
    box = Box(shop)
    public_id = story(shop, box, MANNERS[manner])
    assert ended(shop, public_id) == ENDED
    assert sorted(db.session.execute(select(StripeEvent.event_id)).scalars()) == sorted(box.known)


def test_s5_what_comes_again_after_31_days_changes_nothing(shop: Shop) -> None:
    """S5 P11: the same bytes under the same signature are too old; what Stripe signs anew is known, though everything ended since."""
    box, sent = Box(shop), list[tuple[bytes, str]]()

    def kept(box: Box) -> None:
        for body in box.new():
            sent.append((body, box.sign(body)))
            assert box.post(*sent[-1]) == 200

    public_id = story(shop, box, kept)
    with time_machine.travel(clock.now() + timedelta(days=31)):
        assert {box.post(*one) for one in sent} == {400}
        assert set(box.at_once([body for body, _header in sent for _ in range(2)])) == {200}
    assert ended(shop, public_id) == ENDED


@pytest.mark.parametrize("manner", ["in_parallel", "reordered", "31 days"])
def test_control_a_portal_that_remembers_nothing_takes_the_same_money_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch, manner: str) -> None:
    """P2 S5: the planted fault: neither the event nor the money that came is remembered. The same payment counts as a second one."""
    box, sent = Box(shop), list[bytes]()
    monkeypatch.setattr(handled, "is_known", lambda event_id: False)
    monkeypatch.setattr(handled, "keep", lambda *given: True)
    monkeypatch.setattr(payments, "MONEY_IN", ())
    [one] = clients(shop.app, 1)
    public_id = book(event_of(), one)
    shop.pays(shop.pay_page(public_id, one))
    if manner == "31 days":
        sent += box.new()
        assert {box.post(body) for body in sent} == {200}
        with time_machine.travel(clock.now() + timedelta(days=31)):
            assert {box.post(body) for body in sent} == {200}
    else:
        MANNERS[manner](box)
    assert (booking_of(public_id).state, shop.payment(public_id).state) == ("granted", "refund_due"), "the seat is kept, and its money goes back"


def test_control_where_signatures_are_not_looked_at_forged_ones_leave_traces(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """P11: the planted fault: whatever is sent is believed to be Stripe's."""
    monkeypatch.setattr(stripe.WebhookSignature, "verify_header", lambda *given: True)
    with pytest.raises(AssertionError):
        story(shop, Box(shop), forged)
    db.session.rollback()
    assert db.session.execute(select(func.count()).select_from(StripeEvent)).scalar_one() == 1


def test_control_before_late_ones_come_nothing_is_granted(shop: Shop) -> None:
    """P5: the seat of the story above is granted by what came late, and by nothing else."""
    [one] = clients(shop.app, 1)
    public_id = book(event_of(), one)
    shop.pays(shop.pay_page(public_id, one))
    with time_machine.travel(clock.now() + timedelta(days=3)):
        with transaction():
            booking.let_lapse(clock.now(), 10)
        assert (booking_of(public_id).state, shop.payment(public_id).state) == ("lapsed", "open")
        assert set(shop.deliver()) == {200}
    assert (booking_of(public_id).state, shop.payment(public_id).state) == ("granted", "paid")
