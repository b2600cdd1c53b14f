"""The stand-in keeps what the portal relies on at Stripe: the same questions that `python -m tests.rooms.club.stripe_promises` asks of a real test account."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from portal.settings import Settings
from portal.standin import rules
from tests.rooms.club import stripe_promises
from tests.rooms.club.scene import Shop, shop_in
from tests.rooms.club.stripe_promises import PROMISES, Account, cart


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own."""
    with shop_in(settings) as open_shop, open_shop.app.app_context():
        yield open_shop


def account_of(shop: Shop) -> Account:
    """The stand-in as an account: who pays there uses its page."""

    def paid(amount: int, name: str) -> str:
        asked = cart(name)
        asked["line_items"][0]["price_data"]["unit_amount"], asked["line_items"][0]["quantity"] = amount, 1
        made = shop.till.open_session(asked, f"paid:{name}")
        shop.pays(made.id)
        return shop.till.session(made.id).intent_id

    return Account(shop.till, paid)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_the_stand_in_keeps(shop: Shop, promise: Callable[[Account], None]) -> None:
    """S1 S2 S7 S8 S10."""
    promise(account_of(shop))


def test_control_a_till_that_gives_back_too_much_is_found(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """R2: with the check of the stand-in planted away, the promise says so."""
    monkeypatch.setattr(rules, "refunds_of", lambda desk, intent_id: [])
    with pytest.raises(AssertionError):
        stripe_promises.s10_refunds_never_exceed_what_was_paid(account_of(shop))


@pytest.mark.parametrize(("key", "code", "said"), [("", 0, "skipped"), ("sk_live_x", 2, "nothing was asked")])
def test_without_a_test_key_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: str, code: int, said: str) -> None:
    """S13: no key, and no live key."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", key)
    assert stripe_promises.main() == code
    told = capsys.readouterr()
    assert said in told.out + told.err
