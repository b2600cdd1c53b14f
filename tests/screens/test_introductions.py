"""A visitor opens a link on his phone, is thanked, and the broker sees him come; a client brings a friend; a key is made."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from portal import create_app
from portal.leads import stamps
from tests.conftest import settings_in
from tests.people import seat, someone
from tests.rooms.introductions.makers import link_of
from tests.rooms.pages.firm import settle_in
from tests.screens.conftest import check, violations
from tests.serving import served

OpenPage = Callable[..., Page]
BOTH = [("zh-CN", 390), ("en-US", 1440), ("en-US", 390), ("zh-CN", 1440)]


@dataclass
class Desk:
    """A served portal with a broker and a client."""

    app: Flask
    address: str
    people: dict[str, int]

    def sit_down(self, open_page: OpenPage, person: str, locale: str, width: int) -> Page:
        page = open_page(locale, width)
        cookie = seat(self.app, self.people[person]).get_cookie(self.app.config["SIGN_IN_COOKIE"])
        assert cookie
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.address}])
        return page


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        settle_in(app, folder / "files")
        with served(app) as address:
            yield Desk(app, address, {"broker": someone(app, Role.BROKER, broker_no="B001"), "client": someone(app, Role.CLIENT, client_no="C10001")})
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def fill(page: Page, name: str) -> str:
    """Type a name and a phone number and agree to being called and to being named."""
    phone = f"138{secrets.randbelow(10**8):08d}"
    page.locator("#name").fill(name)
    page.locator("#phone").fill(phone)
    page.locator("#agree_contact").check()
    page.locator("#agree_introducer").check()
    return phone


@pytest.mark.parametrize(("locale", "width"), BOTH)
def test_a_visitor_leaves_his_number_and_the_broker_sees_him_come(desk: Desk, browser_page: OpenPage, locale: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = desk.sit_down(browser_page, "broker", locale, width)
    broker.goto(desk.address + "/introduce")
    check(broker, barred=locale == "zh-CN")
    broker.locator("form.link-form button[type=submit]").click()
    expect(broker.locator(".qr-figure svg").first).to_be_visible()
    check(broker, barred=locale == "zh-CN")
    code = broker.locator("tbody th a").first.inner_text()
    visitor = browser_page(locale, width, java_script_enabled=width == 1440)
    visitor.goto(f"{desk.address}/r/{code}")
    if width == 1440:
        check(visitor, barred=locale == "zh-CN")
    assert visitor.locator("#website").bounding_box()["x"] < 0  # type: ignore[index]
    visitor.locator("button.btn-wide").click()
    expect(visitor.locator("#name-error")).to_be_visible()
    visitor.complaints.clear()  # type: ignore[attr-defined] # the console names the 422 itself
    fill(visitor, "王小明")
    monkeypatch.setattr(stamps, "LEAST", stamps.LEAST * 0)
    visitor.locator("button.btn-wide").click()
    expect(visitor.locator(".thanks")).to_be_visible()
    if width == 1440:
        check(visitor, barred=locale == "zh-CN")
    broker.reload()
    row = broker.locator("tbody tr", has_text=code)
    assert row.locator("td.num").all_inner_texts() == ["1", "1"]
    expect(broker.locator(".bell-count")).to_be_visible()
    broker.locator("tbody th a", has_text=code).click()
    check(broker, barred=locale == "zh-CN")


@pytest.mark.parametrize(("locale", "width"), BOTH[:2])
def test_the_public_pages_are_in_order_on_a_phone_too(desk: Desk, browser_page: OpenPage, locale: str, width: int) -> None:
    with desk.app.app_context():
        code = link_of("B001")
        db.session.remove()
    page = browser_page(locale, width, java_script_enabled=True)
    page.goto(f"{desk.address}/r/{code}")
    check(page)
    assert page.evaluate("document.scripts.length") == 1, "the theme's alone"
    page.goto(f"{desk.address}/r/ZZZZZZZZZZZZ")
    page.complaints.clear()  # type: ignore[attr-defined] # the console names the 404 itself
    check(page)


@pytest.mark.parametrize(("locale", "width"), BOTH[:2])
def test_a_client_brings_a_friend(desk: Desk, browser_page: OpenPage, locale: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    client = desk.sit_down(browser_page, "client", locale, width)
    client.goto(desk.address + "/refer")
    if client.locator(".qr-figure").count() == 0:
        check(client, barred=locale == "zh-CN")
        client.locator("main form button.btn-primary").click()
    expect(client.locator(".qr-figure svg")).to_be_visible()
    address = client.locator("#share-address").input_value()
    visitor = browser_page(locale, width)
    visitor.goto(desk.address + "/r/" + address.rsplit("/", 1)[1])
    fill(visitor, "欧阳娜娜")
    monkeypatch.setattr(stamps, "LEAST", stamps.LEAST * 0)
    visitor.locator("button.btn-wide").click()
    expect(visitor.locator(".thanks")).to_be_visible()
    client.reload()
    expect(client.locator("tbody th").first).to_have_text("娜娜")
    check(client, barred=locale == "zh-CN")


@pytest.mark.parametrize(("locale", "width"), BOTH[:2])
def test_a_key_is_made_and_shown_once(desk: Desk, browser_page: OpenPage, locale: str, width: int) -> None:
    page = desk.sit_down(browser_page, "broker", locale, width)
    page.goto(desk.address + "/me/keys")
    check(page, barred=locale == "zh-CN")
    page.locator("#key-name").fill("CRM")
    page.locator("form.link-form button[type=submit]").click()
    expect(page.locator("#new-key")).to_contain_text("jyk_")
    check(page, barred=locale == "zh-CN")
    page.goto(desk.address + "/me/keys")
    expect(page.locator("#new-key")).to_have_count(0)
    assert violations(page) == []
