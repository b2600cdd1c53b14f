"""Stripe's own page of a payer, through the real library: one's own alone, back by a safe link, and what was changed there is known here."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from models import db
from models.club_membership import DuesState
from models.identity import Role
from models.notices import Notice
from portal.actors import Actor
from portal.club.facts import Refused
from portal.pages.club_portal import _safe
from portal.settings import Settings
from portal.standin import rules_dues
from tests.people import post, seat, someone
from tests.rooms.club.membership_scene import add_tiers, dues_of, pay_page, spans_of, subscribed, tier_of
from tests.rooms.club.scene import Shop, clients, shop_in

PAGE = "/membership/billing"


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own, and the tiers."""
    with shop_in(settings) as open_shop:
        with open_shop.app.app_context():
            add_tiers()
            db.session.remove()
        yield open_shop


def member(shop: Shop) -> tuple[Actor, FlaskClient, str]:
    """A client who subscribes, his browser, and his subscription at Stripe."""
    [one] = clients(shop.app, 1)
    number = shop.read(lambda: subscribed(shop, one))
    assert one.user_id is not None
    return one, seat(shop.app, one.user_id), number


def there(browser: FlaskClient) -> str:
    """Ask for the page; its path at the stand-in."""
    text = post(browser, PAGE, "/membership").text
    found = re.search(r'href="http://127\.0\.0\.1:\d+(/portal/bps_[0-9a-f]+)"', text)
    assert found is not None
    return found[1]


def test_he_ends_his_subscription_there_and_both_sides_know(shop: Shop) -> None:
    """S9: ended at the end of the period by the webhook alone; kept again by the way back alone; over by `deleted`."""
    one, browser, number = member(shop)
    at = there(browser)
    stripe_page = shop.standin.test_client()
    shown = stripe_page.get(at)
    assert (shown.status_code, "/membership/billing/back" in shown.text, "CNY 600.00" in shown.text) == (200, True, True)
    assert stripe_page.post(at, data={"deed": "cancel", "id": number}).status_code == 303
    shop.deliver()
    assert shop.read(lambda: [(row.state, row.cancel_at_period_end) for row in dues_of(one)]) == [(DuesState.LIVE, True)]
    stripe_page.post(at, data={"deed": "keep", "id": number})
    assert browser.get(f"{PAGE}/back").headers["Location"] == "/membership"
    assert shop.read(lambda: dues_of(one)[-1].cancel_at_period_end) is False, "known without the webhook"
    with shop.desk() as desk:
        rules_dues.end(desk, number)
    shop.deliver()
    paid_to = shop.read(lambda: (dues_of(one)[-1].state, tier_of(one), [(span.valid_to, span.ended_on) for span in spans_of(one)]))
    assert paid_to[:2] == (DuesState.ENDED, "silver"), "what is paid stays until its end"
    assert [end == valid for valid, end in paid_to[2]] == [True]
    assert post(browser, PAGE, "/membership").status_code == 409


def test_another_card_is_told_to_its_payer_once(shop: Shop) -> None:
    _one, browser, _number = member(shop)
    shop.standin.test_client().post(there(browser), data={"deed": "card"})
    assert set(shop.deliver(times=3)) == {200}
    assert shop.read(lambda: db.session.execute(select(func.count()).where(Notice.kind == "club.card_changed")).scalar_one()) == 1


def test_only_his_own_and_only_with_a_subscription(shop: Shop) -> None:
    one, browser, number = member(shop)
    other = seat(shop.app, someone(shop.app, Role.CLIENT, client_no="C99999"))
    assert post(other, PAGE, "/membership", customer="cus_other").status_code == 409
    assert shop.app.test_client().get(f"{PAGE}/back").status_code in {302, 401}
    with shop.desk() as desk:
        mine = desk.all("customer")[0]["id"]
    session = shop.read(lambda: shop.till.open_portal(mine, "https://portal.example/back", "en", "key:1"))
    assert session == shop.read(lambda: shop.till.open_portal(mine, "https://portal.example/back", "en", "key:1")), "the same key, the same page"
    with shop.app.app_context(), pytest.raises(Refused):
        shop.till.open_portal("cus_missing", "https://portal.example/back", "en", "key:2")
    with shop.app.app_context(), pytest.raises(Refused):
        shop.till.open_portal(mine, "javascript:alert(1)", "en", "key:3")
    at = there(browser)
    assert shop.standin.test_client().post(at, data={"deed": "cancel", "id": "sub_of_another"}).status_code == 404
    assert shop.read(lambda: (dues_of(one)[-1].subscription_id, dues_of(one)[-1].cancel_at_period_end)) == (number, False)


@pytest.mark.parametrize("address", ["https://evil.example/p", "http://billing.stripe.com/p", "https://billing.stripe.com.evil.example/p", "//billing.stripe.com/p"])
def test_nobody_is_sent_anywhere_but_to_stripe(shop: Shop, address: str) -> None:
    with shop.app.app_context():
        assert _safe("https://billing.stripe.com/p/session/x", shop.till)
        with pytest.raises(Refused):
            _safe(address, shop.till)


def test_a_lost_answer_says_so_and_changes_nothing(shop: Shop) -> None:
    one, browser, _number = member(shop)
    shop.turn("lose_answers", "1")
    assert post(browser, PAGE, "/membership").status_code == 503
    assert shop.read(lambda: dues_of(one)[-1].state) == DuesState.LIVE


def test_an_unpaid_subscription_has_no_page(shop: Shop) -> None:
    [one] = clients(shop.app, 1)
    shop.read(lambda: pay_page(shop, one, "silver", "subscription"))  # type: ignore[arg-type]
    assert one.user_id is not None
    assert post(seat(shop.app, one.user_id), PAGE, "/membership").status_code == 409
