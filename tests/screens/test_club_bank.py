"""A member orders and transfers, finance records, a second person approves, and the member sees his ticket: on a phone and at a desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from portal.settings import Settings
from tests.people import seat
from tests.rooms.club.bank_scene import NAME, Bank, bank_in_app
from tests.rooms.club.membership_scene import add_tiers
from tests.rooms.club.scene import event_of
from tests.screens.conftest import check
from tests.serving import served

OpenPage = Callable[..., Page]
WORDS = {
    "zh-CN": {"take": "报名并保留席位", "transfer": "对公转账", "fits": "相符", "pays": "经办：支付该订单", "approve": "同意", "confirmed": "已确认", "cancel": "取消报名", "due": "待转账退回"},
    "en-US": {
        "take": "Take the seats",
        "transfer": "Bank transfer",
        "fits": "It fits",
        "pays": "Prepare: it pays the order",
        "approve": "Approve",
        "confirmed": "Confirmed",
        "cancel": "Cancel the booking",
        "due": "To be transferred back",
    },
}  # fmt: skip


@pytest.fixture
def bank(settings: Settings) -> Iterator[Bank]:
    """A firm that takes transfers."""
    with bank_in_app(settings, held=False) as open_bank:
        yield open_bank


def shot(page: Page, tmp_path: Path, name: str) -> None:
    """Keep a picture of a page, beside the test's own files."""
    page.screenshot(path=str(tmp_path / f"{name}.png"), full_page=True)


def sit_down(bank: Bank, open_page: OpenPage, address: str, user_id: int | None, locale: str, width: int) -> Page:
    """A browser in which somebody is signed in."""
    assert user_id
    page = open_page(locale, width)
    cookie = seat(bank.app, user_id).get_cookie(bank.app.config["SIGN_IN_COOKIE"])
    assert cookie
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    return page


@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 390), ("en-US", 390), ("zh-CN", 1440), ("en-US", 1440)])
def test_from_the_order_to_the_ticket(bank: Bank, browser_page: OpenPage, tmp_path: Path, locale: str, width: int) -> None:
    say = WORDS[locale]
    member = bank.read(bank.member)
    bank.read(lambda: event_of("night"))
    bank.read(add_tiers)
    with served(bank.app) as address:
        page = sit_down(bank, browser_page, address, member.user_id, locale, width)
        page.goto(address + "/events/night")
        page.locator("input[name=way][value=transfer]").check()
        shot(page, tmp_path, "1-event")
        check(page)
        page.get_by_role("button", name=say["take"]).click()
        reference = page.locator(".club-transfer .club-code").inner_text()
        expect(page.locator(".club-sum")).to_have_text("¥198.00")
        shot(page, tmp_path, "2-order")
        check(page)
        order = page.url
        desk = sit_down(bank, browser_page, address, bank.first.user_id, locale, width)
        record(desk, address, reference, tmp_path)
        expect(desk.get_by_text(say["fits"], exact=True).first).to_be_visible()
        shot(desk, tmp_path, "4-transfer")
        check(desk)
        desk.get_by_role("button", name=say["pays"]).click()
        check(desk)
        approved(sit_down(bank, browser_page, address, bank.second.user_id, locale, width), address, say["approve"], tmp_path)
        page.goto(order)
        expect(page.locator(".badge-of").first).to_have_text(say["confirmed"])
        expect(page.locator(".club-qr svg")).to_have_count(1)
        page.get_by_role("link", name=say["cancel"]).click()
        page.locator("form[action$='/cancel'] button[type=submit]").click()
        expect(page.get_by_text(say["due"]).first).to_be_visible()
        shot(page, tmp_path, "6-cancelled")
        check(page)
        looked_at(desk, address, tmp_path)
        page.goto(address + "/membership/silver/join")
        page.locator("form:has(input[value=transfer]) button").click()
        expect(page.locator(".club-transfer .club-code")).to_be_visible()
        shot(page, tmp_path, "b-dues")
        check(page)


def record(desk: Page, address: str, reference: str, tmp_path: Path) -> None:
    """Finance writes down what the bank's statement says."""
    desk.goto(address + "/club/money/transfers/new")
    for name, value in (("amount", "198.00"), ("serial", "ICBC-20260105-1"), ("payer", NAME), ("remark", f"活动费 {reference}")):
        desk.locator(f"#{name}").fill(value)
    shot(desk, tmp_path, "3-record")
    check(desk)
    desk.locator("form.club-form button[type=submit]").click()


def approved(second: Page, address: str, word: str, tmp_path: Path) -> None:
    """The second person approves what he is shown."""
    second.goto(address + "/approvals/1")
    shot(second, tmp_path, "5-approval")
    check(second)
    second.get_by_role("button", name=word, exact=True).click()
    check(second)


def looked_at(desk: Page, address: str, tmp_path: Path) -> None:
    """Finance looks at what goes back, at the lists and at the sums."""
    for path, name in (("/club/money", "7-money"), ("/club/money/transfers", "8-transfers"), ("/club/money/returns", "9-returns"), ("/club/money/account", "a-account")):
        desk.goto(address + path)
        shot(desk, tmp_path, name)
        check(desk)
    desk.goto(address + "/club/money/returns")
    desk.locator("tbody th a").click()
    shot(desk, tmp_path, "c-return")
    check(desk)
