"""A client on his phone: finds an event, takes seats, pays, shows his ticket, cancels, and sees the money go back. And the door beside it."""

from __future__ import annotations

import dataclasses
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from models import db
from models.club import CheckIn, Seat
from models.identity import Role, User
from portal import clock, create_app
from portal.actors import TERMINAL, Actor, actor_of
from portal.club import booking, lot, pools, vouchers, waitlist
from portal.club.events import Kind, When
from portal.club.vouchers import Terms
from portal.jobs.worker import Worker
from portal.transaction import transaction
from tests.conftest import settings_in
from tests.people import seat, someone
from tests.rooms.club.scene import book, event_of, wish
from tests.screens.conftest import check
from tests.serving import served

OpenPage = Callable[..., Page]
WORDS = {
    "zh-CN": {"take": "报名并保留席位", "pay_page": "前往付款", "declined": "银行卡被拒绝", "refused": "您的银行卡被拒绝", "confirmed": "已确认", "cancel": "取消报名", "back": "¥396.00", "refunded": "已退款", "in": "核验", "page": "生成页面"},
    "en-US": {
        "take": "Take the seats",
        "pay_page": "Go to the payment page",
        "declined": "The card is declined",
        "refused": "Your card was declined",
        "confirmed": "Confirmed",
        "cancel": "Cancel the booking",
        "back": "¥396.00",
        "refunded": "Refunded",
        "in": "Check",
        "page": "Make the page",
    },
}  # fmt: skip


@dataclass
class Club:
    """A served portal with its own stand-in for Stripe."""

    app: Flask
    address: str

    def sit_down(self, open_page: OpenPage, user_id: int, locale: str, width: int = 390) -> Page:
        page = open_page(locale, width)
        cookie = seat(self.app, user_id).get_cookie(self.app.config["SIGN_IN_COOKIE"])
        assert cookie
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.address}])
        return page


@pytest.fixture
def club(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Club]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with settings_in(tmp_path_factory.mktemp("club"), migrated) as settings:
        app = create_app(dataclasses.replace(settings, base_url=f"http://127.0.0.1:{port}"))
        with served(app, port) as address:
            yield Club(app, address)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize(("locale", "dark"), [("zh-CN", False), ("en-US", True)])
def test_a_client_books_pays_shows_his_ticket_cancels_and_gets_his_money_back(club: Club, browser_page: OpenPage, locale: str, dark: bool) -> None:
    """P1 P13 C7 R8: the whole way on a phone, without a mouse's width to spare."""
    say = WORDS[locale]
    with club.app.app_context():
        event_of("night", kinds=(Kind("标准票", "Standard", 19_800), Kind("前排票", "Front row", 29_800, 2)))
        db.session.remove()
    stranger = browser_page(locale, 390, dark=dark)
    for path in ("/events", "/events/night"):
        stranger.goto(club.address + path)
        check(stranger)
    expect(stranger.locator("a[href*='/sign-in']").first).to_be_visible()
    page = club.sit_down(browser_page, someone(club.app, Role.CLIENT, client_no="C1"), locale)
    page.goto(club.address + "/events/night")
    page.locator(".club-guest summary").first.click()
    page.locator("#guest-1").fill("李四")
    page.locator("#agreed-1").check()
    check(page)
    page.get_by_role("button", name=say["take"]).click()
    expect(page.locator(".club-sum")).to_have_text("¥396.00")
    check(page)
    page.get_by_role("link", name=say["pay_page"]).click()
    expect(page).to_have_url(re.compile("/standin/pay/cs_test_"))
    check(page)
    page.get_by_label(say["declined"]).check()
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("alert")).to_contain_text(say["refused"])
    page.complaints.clear()  # type: ignore[attr-defined]  # a browser complains of the status 402
    page.locator("input[value=pays]").check()
    page.locator("button[type=submit]").click()
    expect(page.locator(".badge-of").first).to_have_text(say["confirmed"])
    expect(page.locator(".club-qr svg")).to_have_count(2)
    check(page)
    page.goto(club.address + "/club/bookings")
    check(page)
    page.go_back()
    invited(page, stranger, say["page"])
    at_the_door(club, browser_page, page.locator(".club-code").last.inner_text(), locale)
    page.get_by_role("link", name=say["cancel"]).click()
    expect(page.locator(".facts")).to_contain_text(say["back"])
    check(page)
    page.get_by_role("button", name=say["cancel"]).click()
    with club.app.app_context():
        Worker(club.app, poll=0.01).drain()
        db.session.remove()
    page.reload()
    expect(page.locator("tbody tr").last).to_contain_text(say["refunded"])
    check(page)


def invited(page: Page, stranger: Page, make: str) -> None:
    """The guest gets a page of his own, and opens it on his phone."""
    ticket = page.url
    page.goto(ticket + "/seats/1")
    page.get_by_role("button", name=make).click()
    expect(page.locator(".club-qr svg")).to_have_count(1)
    check(page)
    stranger.goto(page.locator("a[href*='/events/guest/']").inner_text())
    expect(stranger.locator("h2").first).to_have_text("李四")
    check(stranger)
    page.goto(ticket)


def at_the_door(club: Club, browser_page: OpenPage, code: str, locale: str, name: str = "李四") -> None:
    """A guest is let in by his code, and a second time he is in already."""
    page = club.sit_down(browser_page, someone(club.app, Role.STAFF, staff_no="S001", branch_no="01"), locale)
    page.goto(club.address + "/club/door/night")
    check(page)
    for tone in ("good", "warn"):
        page.locator("#code").fill(code)
        page.get_by_role("button", name=WORDS[locale]["in"], exact=True).click()
        expect(page.locator(f".club-said.{tone}")).to_contain_text(name)
        check(page)


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_the_door_without_a_network(club: Club, browser_page: OpenPage, locale: str) -> None:
    """K2: typed while there is no network, kept with the page reloaded in between, sent when there is one again, and what needs a look is listed."""
    numbers = [someone(club.app, Role.CLIENT, client_no=f"C{place}") for place in range(2)]
    with club.app.app_context():
        soon = clock.now() + timedelta(hours=2)
        night = event_of("night", kinds=(Kind("免费", "Free", 0),), when=(When(soon, soon + timedelta(hours=2)),), sales_end_at=soon)
        for actor in actors(numbers):
            book(night, actor)
        codes = list(db.session.execute(select(Seat.code).order_by(Seat.id)).scalars())
        db.session.remove()
    page = club.sit_down(browser_page, someone(club.app, Role.STAFF, staff_no="S001", branch_no="01"), locale)
    page.add_init_script(
        "window.heard = []; const start = OscillatorNode.prototype.start; OscillatorNode.prototype.start = function (at) { heard.push(this.frequency.value); start.call(this, at); };"
    )
    page.goto(club.address + "/club/door/night")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    before = clock.now()
    for place, code in enumerate([codes[0], codes[0], "FORGED"], 1):
        page.locator("#desk").fill("2")
        page.locator("#code").fill(f"juyuan:{code.lower()}")
        page.get_by_role("button", name=WORDS[locale]["in"], exact=True).click()
        expect(page.locator(".club-said.warn")).to_contain_text(code)
        expect(page.locator("[data-door-number]")).to_have_text(str(place))
    after = clock.now()
    assert page.evaluate("heard") == [220, 196] * 3, "whoever looks at the guest hears that he is not yet in"
    check(page)
    page.context.set_offline(False)
    expect(page.locator(".club-sent li")).to_have_count(3)
    expect(page.locator("[data-door-kept]")).to_be_hidden()
    expect(page.locator("[data-door-count]")).to_have_text("1 / 2")
    check(page)
    page.locator("#code").fill(codes[1])
    page.get_by_role("button", name=WORDS[locale]["in"], exact=True).click()
    expect(page.locator(".club-said.good")).to_be_visible()
    expect(page.locator("[data-door-count]")).to_have_text("2 / 2")
    assert page.evaluate("heard.slice(-2)") == [880, 1320]
    with club.app.app_context():
        at = db.session.execute(select(CheckIn.at).order_by(CheckIn.at)).scalars().first()
        assert at is not None
        assert before <= at.replace(microsecond=999_999) <= after + timedelta(seconds=1), "the moment of the scan, not of its coming"
        db.session.remove()
    page.goto(club.address + "/club/door/night/kept")
    expect(page.locator("tbody tr")).to_have_count(2)
    check(page)


def test_what_a_door_kept_is_there_after_the_page_was_closed(club: Club, browser_page: OpenPage) -> None:
    """K2: the phone went to sleep and the page is opened again: what it kept is sent then. A camera is offered only where it can read codes."""
    number = someone(club.app, Role.CLIENT, client_no="C1")
    with club.app.app_context():
        soon = clock.now() + timedelta(hours=2)
        night = event_of("night", kinds=(Kind("免费", "Free", 0),), when=(When(soon, soon + timedelta(hours=2)),), sales_end_at=soon)
        book(night, actors([number])[0])
        code = db.session.execute(select(Seat.code)).scalar_one()
        db.session.remove()
    page = club.sit_down(browser_page, someone(club.app, Role.ADMIN), "en-US")
    page.goto(club.address + "/club/door/night")
    assert page.evaluate("'BarcodeDetector' in window") is page.locator("[data-door-camera]").is_visible()
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.locator("#code").fill(code)
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("[data-door-kept]")).to_be_visible()
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto(club.address + "/club/door/night")
    expect(page.locator(".club-sent li")).to_have_count(1)
    expect(page.locator("[data-door-count]")).to_have_text("1 / 1")
    check(page)


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_the_door_opens_again_without_a_network(club: Club, browser_page: OpenPage, locale: str) -> None:
    """K2: reloaded, or gone to and come back to, while there is no network: a bare page keeps scans, names nobody and has no token; with a network it
    makes way for the door, which sends them."""
    number = someone(club.app, Role.CLIENT, client_no="C1")
    with club.app.app_context():
        soon = clock.now() + timedelta(hours=2)
        night = event_of("night", kinds=(Kind("免费", "Free", 0),), when=(When(soon, soon + timedelta(hours=2)),), sales_end_at=soon)
        book(night, actors([number])[0])
        code = db.session.execute(select(Seat.code)).scalar_one()
        db.session.remove()
    page = club.sit_down(browser_page, someone(club.app, Role.ADMIN), locale)
    page.goto(club.address + "/club/door/night")
    page.evaluate("(async () => { while (!(await caches.match(location.pathname + '/offline'))) await new Promise((again) => setTimeout(again, 50)); })()")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("[data-door-offline]")).to_be_visible()
    check(page)
    assert (page.locator('meta[name="csrf-token"]').get_attribute("content"), "王小明" in page.content()) == ("", False)
    page.locator("#code").fill(code)
    page.locator("[data-door-scan] button[type=submit]").click()
    expect(page.locator("[data-door-number]")).to_have_text("1")
    check(page)
    page.context.set_offline(False)
    expect(page.locator(".club-sent li")).to_have_count(1)
    expect(page.locator("[data-door-count]")).to_have_text("1 / 1")
    page.goto(club.address + "/club/door/night/offline")
    page.wait_for_url(club.address + "/club/door/night")


def test_the_desk_of_the_club(club: Club, browser_page: OpenPage) -> None:
    """Every page of the desk holds on a phone and on a desk, and an event can be prepared from the form."""
    admin = someone(club.app, Role.ADMIN)
    with club.app.app_context():
        event_of("night")
        db.session.remove()
    for locale, width in (("zh-CN", 390), ("en-US", 1440)):
        page = club.sit_down(browser_page, admin, locale, width)
        for path in ("/club", "/club/events/night", "/club/events/new", "/club/events/night/edit", "/club/events/night/call-off", "/club/door", "/club/money"):
            page.goto(club.address + path)
            check(page, barred=locale == "zh-CN")


@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 390), ("en-US", 1440)])
def test_a_full_event_is_waited_for(club: Club, browser_page: OpenPage, locale: str, width: int) -> None:
    """W1 W5: the form to join, one's own place, the seats that are kept, and the desk's pages, in both widths."""
    numbers = [someone(club.app, Role.CLIENT, client_no=f"C{place}") for place in range(2)]
    with club.app.app_context():
        number = event_of("night", capacity=1, kinds=(Kind("免费", "Free", 0),))
        held = book(number, actors(numbers)[0])
        db.session.remove()
    page = club.sit_down(browser_page, numbers[1], locale, width)
    page.goto(club.address + "/events/night")
    check(page)
    page.locator("form[action$='/wait'] button[type=submit]").click()
    expect(page.locator(".club-place-number")).to_contain_text("1")
    check(page)
    with club.app.app_context():
        with transaction():
            booking.cancel(held, actor=actors(numbers)[0], moment=clock.now())
        db.session.remove()
    page.reload()
    check(page)
    page.goto(club.address + "/events/night/wait")
    check(page)
    page = club.sit_down(browser_page, someone(club.app, Role.ADMIN), locale, width)
    page.goto(club.address + "/club/events/night/waitlist")
    check(page)
    page.locator("a[href*='/club/waitlist/']").first.click()
    check(page)


@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 390), ("en-US", 390)])
def test_seats_are_drawn_by_lot(club: Club, browser_page: OpenPage, locale: str, width: int) -> None:
    """W9: the draw before and after it, for a client and for anybody."""
    numbers = [someone(club.app, Role.CLIENT, client_no=f"C{place}") for place in range(3)]
    with club.app.app_context():
        number = event_of("night", capacity=2, kinds=(Kind("免费", "Free", 0), Kind("前排票", "Front row", 0, 1)))
        with transaction():
            lot.set_up(number, clock.now() + timedelta(hours=1), actor=TERMINAL, moment=clock.now())
        for actor in actors(numbers[1:]):
            with transaction():
                waitlist.join(number, wish(number).kind_id, 1, actor=actor, moment=clock.now())
        db.session.remove()
    page = club.sit_down(browser_page, numbers[0], locale, width)
    page.goto(club.address + "/events/night")
    check(page)
    page.locator("form[action$='/wait'] button[type=submit]").click()
    expect(page.locator(".club-place-number")).to_be_visible()
    check(page)
    page.goto(club.address + "/events/night/draw")
    check(page)
    with club.app.app_context():
        with transaction():
            lot.draw(number, actor=TERMINAL, moment=clock.now() + timedelta(hours=2))
        db.session.remove()
    stranger = browser_page(locale, width)
    stranger.goto(club.address + "/events/night/draw")
    expect(stranger.locator("tr[data-entry]")).to_have_count(3)
    check(stranger)


@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 390), ("en-US", 1440)])
def test_seats_are_kept_and_made_cheaper(club: Club, browser_page: OpenPage, locale: str, width: int) -> None:
    """C3: pools and vouchers at the desk, and the voucher's line on the booking, in both widths."""
    number = someone(club.app, Role.CLIENT, client_no="C1")
    with club.app.app_context():
        night = event_of("night", capacity=2)
        with transaction():
            pool_id = pools.create(night, 2, 48, "at_risk", actor=TERMINAL, moment=clock.now()).public_id
            pools.add_people(pool_id, ["C7", "C8"], actor=TERMINAL, moment=clock.now())
            terms = Terms(50, 0, 1, clock.now() + timedelta(days=9), night, None, pools.pool_of(pool_id).id, "展会")
            [made] = vouchers.create(terms, 1, actor=TERMINAL, moment=clock.now())
            code, voucher_id = made.code, made.public_id
        db.session.remove()
    page = club.sit_down(browser_page, number, locale, width)
    page.goto(club.address + "/events/night")
    page.locator("summary").last.click()
    page.locator("#code").fill(code)
    check(page)
    page.locator("form[method=get] button[type=submit]").last.click()
    expect(page.locator(".club-place")).to_contain_text("2")
    check(page)
    page.locator("form[action$='/book'] button[type=submit]").click()
    expect(page.locator(".club-voucher")).to_contain_text(code)
    check(page)
    page = club.sit_down(browser_page, someone(club.app, Role.ADMIN), locale, width)
    for path in ("/club/events/night/pools", f"/club/pools/{pool_id}", "/club/vouchers", "/club/vouchers/new", f"/club/vouchers/{voucher_id}"):
        page.goto(club.address + path)
        check(page)


def actors(numbers: list[int]) -> list[Actor]:
    """Users who act, in the order of their numbers."""
    users = {user.id: actor_of(user) for user in db.session.execute(select(User).where(User.id.in_(numbers))).scalars()}
    return [users[number] for number in numbers]
