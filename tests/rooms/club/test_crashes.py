"""The process dies between any two steps of paying, refunding and cancelling. Nothing is patched up by hand: what the worker looks for by itself
brings books and Stripe together again, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from models import db
from portal import clock
from portal.club import booking
from portal.jobs import club_paying
from portal.jobs.worker import Worker
from portal.settings import Settings
from portal.standin import rules
from portal.transaction import transaction
from tests.rooms.club.scene import PRICE, Shop, book, booking_of, clients, event_of, shop_in


class Killed(BaseException):
    """The process is no more."""


class Dying:
    """A till whose process dies just before it is asked something, or when the answer has come but is not written down."""

    def __init__(self, till: Any, call: str, when: str) -> None:
        self.till, self.call, self.when = till, call, when

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.till, name)
        if name != self.call:
            return found

        def dies(*given: Any) -> Any:
            if self.when == "after":
                found(*given)
            raise Killed

        return dies


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own; the context is there for verbs."""
    with shop_in(settings) as open_shop, open_shop.app.app_context():
        yield open_shop
        db.session.remove()


def half_an_hour_on(shop: Shop, minutes: int = 35) -> None:
    """A new worker comes, looks around, and does what it finds; twice, as it does every minute."""
    with time_machine.travel(clock.now() + timedelta(minutes=minutes)):
        for _ in range(2):
            db.session.remove()
            worker = Worker(shop.app, poll=0.01)
            worker._keep_current()
            worker.drain()


@pytest.mark.parametrize("when", ["before", "after"])
def test_s7_s8_dying_while_the_payment_page_is_opened(shop: Shop, when: str) -> None:
    """S7 S8: whether Stripe heard of it or not, there is one page in the end, and it is closed when the hold is over."""
    event_id = event_of(hold_minutes=20)
    [one] = clients(shop.app, 1)
    public_id = book(event_id, one)
    terms = club_paying.Terms(shop.till.env, False, "x", "https://portal.example/paid", "https://portal.example/back")
    with pytest.raises(Killed):
        club_paying.pay(public_id, Dying(shop.till, "open_session", when), terms, one)
    db.session.remove()
    half_an_hour_on(shop)
    half_an_hour_on(shop, 60)
    assert (booking_of(public_id).state, shop.payment(public_id).state) == ("lapsed", "failed" if when == "before" else "lapsed")
    with shop.desk() as desk:
        assert [row["status"] for row in desk.all("checkout.session")] == ([] if when == "before" else ["expired"])


def test_s8_p9_dying_after_the_money_came_and_no_webhook_ever_arrives(shop: Shop) -> None:
    """S8: the payer paid, the process died before it heard of it, and every webhook is lost: the seat is granted all the same."""
    event_id = event_of(hold_minutes=120)
    [one] = clients(shop.app, 1)
    public_id = book(event_id, one)
    session_id = shop.pay_page(public_id, one)
    shop.pays(session_id)
    with pytest.raises(Killed):
        club_paying.look_at(Dying(shop.till, "session", "after"), session_id)
    db.session.remove()
    half_an_hour_on(shop)
    assert (booking_of(public_id).state, shop.payment(public_id).state) == ("granted", "paid")


@pytest.mark.parametrize("call", ["nothing", "refund"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_r3_dying_between_cancelling_and_the_refund(shop: Shop, call: str, when: str) -> None:
    """R3: after the booking ended, before or after Stripe was asked: the money goes back once."""
    event_id = event_of()
    [one] = clients(shop.app, 1)
    public_id = book(event_id, one)
    shop.pays(shop.pay_page(public_id, one))
    shop.deliver()
    with transaction():
        booking.cancel(public_id, actor=one, moment=clock.now())  # and here nobody asks for the job any more
    if call == "refund":
        with pytest.raises(Killed):
            club_paying.send_refunds(Dying(shop.till, "refund", when))
        db.session.remove()
    half_an_hour_on(shop)
    assert (shop.back(), shop.payment(public_id).state) == (PRICE, "refunded")
    with shop.desk() as desk:
        assert len(rules.refunds_of(desk, desk.all("payment_intent")[0]["id"])) == 1


def test_p6_dying_after_a_held_booking_was_given_back_closes_its_page(shop: Shop) -> None:
    """P6: the seats are free, the page is still open: it is closed by who comes next; were it paid first, the money goes back."""
    event_id = event_of()
    [one] = clients(shop.app, 1)
    public_id = book(event_id, one)
    session_id = shop.pay_page(public_id, one)
    with transaction():
        booking.cancel(public_id, actor=one, moment=clock.now())
    half_an_hour_on(shop, 1)
    with shop.desk() as desk:
        assert rules.session(desk, session_id)["status"] == "expired"
    assert shop.payment(public_id).state == "lapsed"
