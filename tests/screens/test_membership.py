"""A client on his phone: reads what the tiers are, joins, pays his dues, shows his card, ends his subscription. And the desk's pages beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from models import db
from models.club_membership import Cause
from models.columns import OPEN_END
from models.identity import Role, User
from portal import clock
from portal.actors import actor_of
from portal.club import applications, members
from portal.local_day import today
from portal.transaction import transaction
from tests.people import someone
from tests.rooms.club.membership_scene import add_tiers, himself, with_tier
from tests.screens.conftest import check
from tests.screens.test_club import Club
from tests.screens.test_club import club as club  # noqa: PLC0414 - the fixture is meant to be found here

OpenPage = Callable[..., Page]
WORDS = {
    "zh-CN": {"join": "加入", "subscribe": "订阅", "pay_page": "前往付款", "mine": "我的等级", "card": "我的会员卡", "end": "结束订阅", "ends": "到期结束"},
    "en-US": {"join": "Join", "subscribe": "Subscribe", "pay_page": "Go to the payment page", "mine": "Mine", "card": "My card", "end": "End the subscription", "ends": "Ends with the paid period"},
}  # fmt: skip


@pytest.mark.parametrize(("locale", "dark"), [("zh-CN", False), ("en-US", True)])
def test_a_client_joins_pays_his_dues_and_shows_his_card(club: Club, browser_page: OpenPage, locale: str, dark: bool) -> None:
    """M1 S9: the whole way on a phone; the card with its QR code needs no width to spare."""
    say = WORDS[locale]
    with club.app.app_context():
        add_tiers()
        db.session.remove()
    stranger = browser_page(locale, 390, dark=dark)
    stranger.goto(club.address + "/membership")
    check(stranger)
    page = club.sit_down(browser_page, someone(club.app, Role.CLIENT, client_no="C1"), locale)
    page.goto(club.address + "/membership")
    check(page)
    page.locator("a[href$='/silver/join']").click()
    check(page)
    page.get_by_role("button", name=say["subscribe"]).click()
    check(page)
    page.get_by_role("link", name=say["pay_page"]).click()
    expect(page).to_have_url(re.compile("/standin/pay/cs_test_"))
    page.locator("input[value=pays]").check()
    page.locator("button[type=submit]").click()
    expect(page.locator(".club-tier.mine .badge-of")).to_have_text(say["mine"])
    check(page)
    page.get_by_role("link", name=say["card"]).click()
    expect(page.locator(".club-qr svg")).to_have_count(1)
    expect(page.locator(".club-code")).to_have_text(re.compile(r"^\w{5}-\w{5}$"))
    check(page)
    page.goto(club.address + "/membership/gold/change")
    check(page)
    page.goto(club.address + "/membership")
    page.get_by_role("link", name=say["end"]).click()
    check(page)
    page.get_by_role("button", name=say["end"]).click()
    expect(page.locator("#content")).to_contain_text(say["ends"])
    check(page)


def test_the_desk_of_the_members(club: Club, browser_page: OpenPage) -> None:
    """Every page of the desk holds on a phone and on a desk."""
    admin, one = someone(club.app, Role.ADMIN), someone(club.app, Role.CLIENT, client_no="C1")
    with club.app.app_context():
        tier, day = add_tiers(), today()
        actor = actor_of(db.session.get_one(User, one))
        with_tier(actor, tier["gold"], day - timedelta(days=300), day + timedelta(days=65))
        with_tier(actor, tier["equity-silver"], day - timedelta(days=30), OPEN_END, Cause.EQUITY)
        with transaction():
            number = members.join(himself(actor), clock.now()).public_id
            asked = applications.apply(himself(actor), "friend", "I trade copper.", day, actor=actor, moment=clock.now())
            assert asked is not None
            application = asked.public_id
        db.session.remove()
    for locale, width in (("zh-CN", 390), ("en-US", 1440)):
        page = club.sit_down(browser_page, admin, locale, width)
        paths = (
            "members",
            f"members/{number}",
            "members/applications",
            f"members/applications/{application}",
            "members/grant",
            "tiers",
            "tiers/new",
            "tiers/edit/gold",
            "tiers/equity",
        )
        for path in paths:
            page.goto(f"{club.address}/club/{path}")
            check(page, barred=locale == "zh-CN")
