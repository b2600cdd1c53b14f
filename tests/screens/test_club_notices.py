"""A client on his phone: the mail of his booking with its calendar file, then an answer how it was, and the points for it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from portal import clock
from portal.actors import TERMINAL
from portal.club import rewards
from portal.club.events import Kind
from portal.jobs import outbox
from portal.jobs.worker import Worker
from portal.transaction import transaction
from tests.people import change, someone
from tests.rooms.club.scene import event_of
from tests.rooms.club.test_points import let_in, rule
from tests.screens.conftest import check
from tests.screens.test_club import WORDS, Club, club  # noqa: F401 - the served portal

OpenPage = Callable[..., Page]
SAY = {
    "zh-CN": {"mail": "的席位已确认", "how": "您觉得如何？", "send": "提交", "earned": "获得积分", "redeem": "兑换", "left": "兑换后剩余", "stop": "不再发送"},
    "en-US": {
        "mail": "Your seat at Hedging night",
        "how": "How was it?",
        "send": "Send",
        "earned": "Points earned",
        "redeem": "Redeem",
        "left": "Left afterwards",
        "stop": "Send no more of them",
    },
}


@pytest.mark.parametrize(("locale", "dark"), [("zh-CN", True), ("en-US", False)])
def test_a_client_reads_his_mail_says_how_it_was_and_redeems_his_points(club: Club, browser_page: OpenPage, locale: str, dark: bool) -> None:  # noqa: F811
    """N1 C3 L1: /dev/outbox shows the mail of the booking with its ICS; the feedback earns points; they are redeemed after a look."""
    say = SAY[locale]
    one = someone(club.app, Role.CLIENT, client_no="C1")
    change(club.app, one, locale="en" if locale == "en-US" else "zh_Hans_CN")
    with club.app.app_context():
        event_id = event_of("night", kinds=(Kind("免费席", "Free seat", 0),))
        rule("feedback", points=5, wait_days=0, title="评价活动", title_en="Feedback")
        rule("attended", points=20, wait_days=7, title="参加活动", title_en="Attending")
        with transaction():
            rewards.offer("基差手册", "The basis, a reader", 5, 3, None, actor=TERMINAL, moment=clock.now())
        db.session.remove()
    page = club.sit_down(browser_page, one, locale)
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.goto(club.address + "/events/night")
    page.get_by_role("button", name=WORDS[locale]["take"]).click()
    expect(page.locator(".club-qr svg")).to_have_count(1)
    read_the_mail(club, page, say)
    with club.app.app_context():
        let_in(event_id)
        Worker(club.app, poll=0.01).drain()
        db.session.remove()
    page.goto(club.address + "/club/bookings")
    page.locator("tbody a").first.click()
    page.get_by_role("link", name=say["how"]).click()
    check(page)
    page.locator("input[name=score][value='9']").check()
    page.locator("#words").fill("多一点案例")
    page.get_by_role("button", name=say["send"], exact=True).click()
    expect(page).to_have_url(re.compile("/club/points$"))
    expect(page.locator(".tile-value").first).to_have_text("5")
    expect(page.locator("section.list-card").last).to_contain_text(say["earned"])
    check(page)
    page.get_by_role("link", name=say["redeem"], exact=True).click()
    expect(page.locator(".facts")).to_contain_text(say["left"])
    check(page)
    page.get_by_role("button", name=say["redeem"], exact=True).click()
    expect(page.locator(".tile-value").first).to_have_text("0")
    check(page)


def read_the_mail(club: Club, page: Page, say: dict[str, str]) -> None:  # noqa: F811
    """The mail stands in the outbox, and the file that hangs on it says when; its last link ends such mails."""
    with club.app.app_context():
        outbox.send_due(None, None)
        db.session.remove()
    page.goto(club.address + "/dev/outbox")
    check(page)
    page.locator("tbody a").first.click()
    expect(page.locator("h1")).to_contain_text(say["mail"])
    page.locator("main details summary").click()
    expect(page.locator("details .letter")).to_contain_text("BEGIN:VTIMEZONE")
    check(page)
    letter = page.locator("pre.letter").first.inner_text()
    with page.expect_download() as loading:
        page.get_by_role("link", name="night.ics").click()
    assert "METHOD:PUBLISH" in loading.value.path().read_text(encoding="utf-8")
    link = letter.rsplit("/unsubscribe/", 1)[1].strip()
    page.goto(club.address + "/unsubscribe/" + link)
    check(page)
    page.get_by_role("button", name=say["stop"]).click()
    expect(page.locator("main").get_by_role("status")).to_be_visible()
    check(page)
    page.goto(club.address + "/notices/ways")
    expect(page.locator("#mail-club")).not_to_be_checked()
    check(page)


def test_the_desk_of_mails_and_points(club: Club, browser_page: OpenPage) -> None:  # noqa: F811
    """Every page of the desk holds on a phone and on a desk, in both languages."""
    admin, one = someone(club.app, Role.ADMIN), someone(club.app, Role.CLIENT, client_no="C1")
    with club.app.app_context():
        event_id = event_of("night", kinds=(Kind("免费席", "Free seat", 0),))
        rule("attended", points=20, title="参加活动", title_en="Attending")
        db.session.remove()
    page = club.sit_down(browser_page, one, "en-US")
    page.goto(club.address + "/events/night")
    page.get_by_role("button", name=WORDS["en-US"]["take"]).click()
    with club.app.app_context():
        let_in(event_id)
        worker = Worker(club.app, poll=0.01)
        for _ in range(2):
            db.session.remove()
            worker.looked = float("-inf")
            worker._keep_current()
            worker.drain()
        db.session.remove()
    desk = (
        "/admin/outbox",
        "/admin/outbox/kinds",
        "/admin/outbox/kinds/club.seat_granted",
        "/dev/outbox",
        "/club/points/desk",
        "/club/points/desk/1",
        "/club/points/desk/1/correct",
    )
    more = ("/club/points/rules", "/club/points/redemptions", "/club/points/rewards/new", "/club/events/night/feedback")
    for locale, width in (("zh-CN", 390), ("en-US", 1440)):
        page = club.sit_down(browser_page, admin, locale, width)
        for path in (*desk, *more):
            page.goto(club.address + path)
            check(page, barred=locale == "zh-CN")
