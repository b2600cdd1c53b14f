"""What the portal relies on at Stripe, asked of whoever answers: of the stand-in in every run of the tests, and of a test account of one's own by

    STRIPE_SECRET_KEY=sk_test_… .venv/bin/python -m tests.rooms.club.stripe_promises

Without a key it says so and asks nothing; a key that is not a test key is refused, so no real money moves. Each promise raises AssertionError where it is not kept.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from portal import clock
from portal.club.facts import Refused
from portal.gateways.stripe import TEST, Stripe

AMOUNT, CURRENCY = 19_800, "cny"


@dataclass(frozen=True)
class Account:
    """Somebody who answers as Stripe, and a way to have a payment made there: it is given fen and a mark, and gives the payment's number."""

    till: Stripe
    paid: Callable[[int, str], str]


def cart(mark: str, **more: Any) -> dict[str, Any]:
    """A session for one ticket as the portal asks for it."""
    price = {"currency": CURRENCY, "unit_amount": AMOUNT, "product_data": {"name": "Ticket"}}
    marks = {"payment": mark, "env": "promises"}
    ends = int((clock.now() + timedelta(minutes=40)).timestamp())
    asked = {"mode": "payment", "line_items": [{"price_data": price, "quantity": 2}], "metadata": marks, "payment_intent_data": {"metadata": marks}, "expires_at": ends}
    return {**asked, "success_url": "https://portal.example/paid", "cancel_url": "https://portal.example/back", **more}


def mark() -> str:
    """A mark that no other run has."""
    return secrets.token_hex(8)


def refused(ask: Callable[[], object]) -> bool:
    """Whether the answer is a definite no."""
    try:
        ask()
    except Refused:
        return True
    return False


def s1_a_session_says_what_it_was_asked(account: Account) -> None:
    """S1 S2: amounts in minor units, our marks, a page to pay on, not live; looked at again it says the same."""
    name = mark()
    made = account.till.open_session(cart(name), f"promise:{name}")
    assert (made.status, made.payment_status, made.amount, made.currency) == ("open", "unpaid", 2 * AMOUNT, CURRENCY)
    assert (made.payment_ref, made.env, made.livemode, made.url != "") == (name, "promises", False, True)
    assert account.till.session(made.id) == made


def s1_a_page_stays_half_an_hour_at_least(account: Account) -> None:
    """S1: an end before that is refused."""
    soon = int((clock.now() + timedelta(minutes=5)).timestamp())
    assert refused(lambda: account.till.open_session(cart(mark(), expires_at=soon), f"promise:{mark()}"))


def s7_a_key_stands_for_one_try(account: Account) -> None:
    """S7: the same key and the same words bring the same session; the same key with other words is refused."""
    name = mark()
    asked = cart(name)
    made = account.till.open_session(asked, f"promise:{name}")
    assert account.till.open_session(asked, f"promise:{name}").id == made.id
    assert refused(lambda: account.till.open_session({**asked, "client_reference_id": "another"}, f"promise:{name}"))


def s1_a_page_is_closed_where_the_hold_lapses(account: Account) -> None:
    """S1: an open session is expired by us, and is so when it is looked at."""
    name = mark()
    made = account.till.open_session(cart(name), f"promise:{name}")
    assert account.till.expire_session(made.id).status == "expired"
    assert (account.till.session(made.id).status, account.till.session(made.id).payment_status) == ("expired", "unpaid")


def s10_refunds_never_exceed_what_was_paid(account: Account) -> None:
    """S10 R1 R2: two parts give all of it back, a third is refused, and each carries our mark."""
    name = mark()
    intent = account.paid(AMOUNT, name)
    parts = [
        account.till.refund({"payment_intent": intent, "amount": part, "metadata": {"refund": f"{name}:{part}", "env": "promises"}}, f"refund:{name}:{part}")
        for part in (9_800, 10_000)
    ]
    assert [(one.amount, one.intent_id, one.ref) for one in parts] == [(9_800, intent, f"{name}:9800"), (10_000, intent, f"{name}:10000")]
    assert refused(lambda: account.till.refund({"payment_intent": intent, "amount": 1}, f"refund:{name}:1"))
    assert sorted(one.id for one in account.till.refunds_of(intent)) == sorted(one.id for one in parts)


def s8_payments_of_a_day_are_listed(account: Account) -> None:
    """S8: what was paid is found by when it was begun, with our mark."""
    name = mark()
    intent = account.paid(AMOUNT, name)
    since = int((clock.now() - timedelta(hours=1)).timestamp())
    [found] = [one for one in account.till.payments_since(since) if one.id == intent]
    assert (found.status, found.received, found.currency, found.payment_ref, found.livemode) == ("succeeded", AMOUNT, CURRENCY, name, False)


def s1_what_is_not_there_is_refused(account: Account) -> None:
    """A session that nobody opened is a definite no, no silence."""
    assert refused(lambda: account.till.session("cs_test_nobody"))


PROMISES = (
    s1_a_session_says_what_it_was_asked,
    s1_a_page_stays_half_an_hour_at_least,
    s7_a_key_stands_for_one_try,
    s1_a_page_is_closed_where_the_hold_lapses,
    s10_refunds_never_exceed_what_was_paid,
    s8_payments_of_a_day_are_listed,
    s1_what_is_not_there_is_refused,
)


def real(key: str) -> Account:
    """A test account at Stripe itself; its payments are made with Stripe's own test card, without a page."""
    till = Stripe(key, "", (), "promises")

    def paid(amount: int, name: str) -> str:
        how: Any = {"payment_method": "pm_card_visa", "confirm": True, "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
        marks = {"payment": name, "env": "promises"}
        return till.client.v1.payment_intents.create(params={"amount": amount, "currency": CURRENCY, "metadata": marks, **how}).id

    return Account(till, paid)


def main() -> int:
    """Ask, and print what was kept. Returns 1 where something was not."""
    key = os.environ.get("STRIPE_SECRET_KEY", "")
    if not key:
        print("skipped: STRIPE_SECRET_KEY names no test account")
        return 0
    if not key.startswith(TEST):
        print("STRIPE_SECRET_KEY: expected a test key, sk_test_… or rk_test_…; nothing was asked", file=sys.stderr)
        return 2
    account, broken = real(key), 0
    for promise in PROMISES:
        try:
            promise(account)
            print("kept   ", promise.__name__)
        except AssertionError as error:
            broken += 1
            print("BROKEN ", promise.__name__, error)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
