"""One member's whole way on his phone: he joins, pays, waits for an evening that is full, is promoted, brings a guest, is let in,
says how it was and has his points; and an evening that is called off gives everybody his money back, once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from models import db
from models.club import Booking, ClubSession
from models.club_money import Refund
from models.identity import Role, User
from portal import clock
from portal.actors import TERMINAL, actor_of
from portal.club import booking
from portal.club.events import Kind
from portal.jobs import club_evenings
from portal.jobs.worker import Worker
from portal.local_day import today
from portal.transaction import transaction
from tests.people import someone
from tests.rooms.club.membership_scene import add_tiers, with_tier
from tests.rooms.club.scene import book, event_of
from tests.rooms.club.test_points import rule
from tests.screens.conftest import check
from tests.screens.test_club import Club, at_the_door
from tests.screens.test_club import club as club  # noqa: PLC0414 - the fixture is meant to be found here

OpenPage = Callable[..., Page]
SAY = {
    "zh-CN": {"join": "订阅", "pay_page": "前往付款", "take": "报名并保留席位", "members": "仅限会员", "kept": "已为您保留 2 个席位", "make": "生成页面", "how": "您觉得如何？", "send": "提交", "off": "取消活动", "back": "已退款"},
    "en-US": {
        "join": "Subscribe",
        "pay_page": "Go to the payment page",
        "take": "Take the seats",
        "kept": "2 seats are kept for you",
        "make": "Make the page",
        "how": "How was it?",
        "send": "Send",
        "back": "Refunded",
    },
}  # fmt: skip


def within(club: Club, what: Callable[[], None]) -> None:
    """Do something in the portal while no page is open."""
    with club.app.app_context():
        what()
        Worker(club.app, poll=0.01).drain()
        db.session.remove()


def paid(page: Page, say: dict[str, str]) -> None:
    """Go to the payment page and pay there."""
    page.get_by_role("link", name=say["pay_page"]).click()
    expect(page).to_have_url(re.compile("/standin/pay/cs_test_"))
    page.locator("input[value=pays]").check()
    page.locator("button[type=submit]").click()


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_a_member_from_joining_to_his_points(club: Club, browser_page: OpenPage, locale: str) -> None:
    """M1 W1 W2 C7 P1 K3 L1: every step on one phone, and the evening called off at last: R7, each refund once."""
    say = SAY[locale]
    one, other = (someone(club.app, Role.CLIENT, client_no=number) for number in ("C1", "C2"))
    within(club, lambda: prepare(other))
    page = club.sit_down(browser_page, one, locale)
    page.goto(club.address + "/events/night")
    join(page, say)
    page.goto(club.address + "/events/night")
    page.locator("#wait-seats").select_option("2")
    page.locator("form[action$='/wait'] button[type=submit]").click()
    expect(page.locator(".club-place-number")).to_contain_text("1")
    within(club, lambda: give_up(other))
    page.goto(club.address + "/events/night")
    expect(page.locator(".club-place-number")).to_contain_text(say["kept"])
    bring_a_guest(page, browser_page(locale, 390), say)
    ticket = page.url
    at_the_door(club, browser_page, page.locator(".club-code").last.inner_text(), locale)
    at_the_door(club, browser_page, page.locator(".club-code").first.inner_text(), locale, "王小明")
    within(club, evening_over)
    page.goto(ticket)
    page.get_by_role("link", name=say["how"]).click()
    page.locator("input[name=score][value='10']").check()
    page.get_by_role("button", name=say["send"], exact=True).click()
    expect(page).to_have_url(re.compile("/club/points$"))
    expect(page.locator(".tile-value").first).to_have_text("25")
    check(page)


def prepare(other: int) -> None:
    """Tiers, rules for points, and an evening for members whose two seats another member has."""
    tier = add_tiers()
    rule("attended", points=20, wait_days=0, title="参加活动", title_en="Attending")
    rule("feedback", points=5, wait_days=0, title="评价活动", title_en="Feedback")
    host = actor_of(db.session.get_one(User, other))
    with_tier(host, tier["silver"], today() - timedelta(days=30), today() + timedelta(days=300))
    number = event_of("night", capacity=2, tiers=("silver",), kinds=(Kind("标准票", "Standard", 19_800),))
    book(number, host, "李雷")


def join(page: Page, say: dict[str, str]) -> None:
    """Whoever is no member is told so before he asks for anything, and what to do; he joins and pays his dues."""
    expect(page.locator("#sign-up [role=status]")).to_contain_text(re.compile("银卡|Silver"))
    expect(page.locator("form[action$='/wait']")).to_have_count(0)
    check(page)
    page.locator("#sign-up a[href$='/membership']").click()
    page.locator("a[href$='/silver/join']").click()
    page.get_by_role("button", name=say["join"]).click()
    paid(page, say)
    expect(page.locator(".club-tier.mine")).to_be_visible()


def give_up(other: int) -> None:
    """The other member gives his seats back before he has paid."""
    public_id = db.session.execute(select(Booking.public_id).where(Booking.user_id == other)).scalar_one()
    with transaction():
        booking.cancel(public_id, actor=actor_of(db.session.get_one(User, other)), moment=clock.now())


def bring_a_guest(page: Page, phone: Page, say: dict[str, str]) -> None:
    """He takes both seats, pays, and makes the page of his guest, who opens it on a phone of his own."""
    page.locator("#name").fill("王小明")
    page.locator(".club-guest summary").first.click()
    page.locator("#guest-1").fill("李四")
    page.locator("#agreed-1").check()
    page.get_by_role("button", name=say["take"]).click()
    expect(page.locator(".club-sum")).to_have_text("¥396.00")
    paid(page, say)
    expect(page.locator(".club-qr svg")).to_have_count(2)
    ticket = page.url
    page.goto(ticket + "/seats/1")
    page.get_by_role("button", name=say["make"]).click()
    phone.goto(page.locator("a[href*='/events/guest/']").inner_text())
    expect(phone.locator("h2").first).to_have_text("李四")
    check(phone)
    page.goto(ticket)


def evening_over() -> None:
    """The evening lies two hours back, and the clock has set off what follows from it."""
    start = clock.now() - timedelta(hours=4)
    with transaction():
        db.session.execute(update(ClubSession).values(starts_at=start, ends_at=start + timedelta(hours=2)))
        club_evenings.ask_to_look(TERMINAL, clock.now())


def test_an_evening_that_is_called_off_gives_everybody_his_money_back_once(club: Club, browser_page: OpenPage) -> None:
    """R7: two members have paid; the desk looks at what goes back, calls the evening off, and each gets his refund once."""
    people = [someone(club.app, Role.CLIENT, client_no=f"C{place}") for place in range(2)]
    within(club, lambda: bool(event_of("night", kinds=(Kind("标准票", "Standard", 19_800),))) and None)
    tickets = []
    for number in people:
        page = club.sit_down(browser_page, number, "en-US")
        page.goto(club.address + "/events/night")
        page.get_by_role("button", name=SAY["en-US"]["take"]).click()
        paid(page, SAY["en-US"])
        expect(page.locator(".club-qr svg")).to_have_count(1)
        tickets.append(page)
    desk = club.sit_down(browser_page, someone(club.app, Role.ADMIN), "zh-CN")
    desk.goto(club.address + "/club/events/night/call-off")
    expect(desk.locator("main")).to_contain_text("¥396.00")
    desk.locator("#why").fill("场地停电")
    desk.locator("form button[type=submit].btn-danger").click()
    for _ in range(2):
        within(club, lambda: None)
    for page in tickets:
        page.reload()
        expect(page.locator("tbody tr").last).to_contain_text(SAY["en-US"]["back"])
        check(page)
    with club.app.app_context():
        assert [(row.amount, row.state) for row in db.session.execute(select(Refund).order_by(Refund.id)).scalars()] == [(19_800, "succeeded")] * 2
        db.session.remove()
