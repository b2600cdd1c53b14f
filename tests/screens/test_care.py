"""A call is known before the first word, recorded with a promise, and the promise is kept; in a browser, in both languages, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from models import db
from models.identity import Role
from portal import create_app
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.pages import firm
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """S001 looks after account 10001."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        firm.settle_in(app, tmp_path / "files")
        with served(app) as address:
            desk = Desk(app, address, tmp_path)
            desk.people = {"staff": someone(app, Role.STAFF, staff_no="S001"), "admin": someone(app, Role.ADMIN)}
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("locale", LOCALES)
def test_from_the_number_to_the_promise_kept(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "staff", locale)
    page.goto(desk.address + "/")
    page.fill("#caller-number", "199 1000 1001")
    page.locator("form[action='/desk/caller'] button").click()
    expect(page.locator("th.table-head a")).to_have_text("10001")
    look_over(page, english)
    page.locator("th.table-head a").click()
    page.fill("#note", "客户询问螺纹钢")
    page.fill("#promise", "发送研报")
    page.fill("#promise_due", "2099-01-05")
    look_over(page, english)
    page.locator("form[action$='/contacts'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    page.goto(desk.address + "/care")
    look_over(page, english)
    page.locator("th.table-head a").first.click()
    look_over(page, english)
    page.locator("form[action$='/finish'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    for address in ("/care/contacts", "/care/book", "/care/load"):
        page.goto(desk.address + address)
        look_over(page, english)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_play_is_looked_at_and_switched_on(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "admin", locale)
    page.goto(desk.address + "/care/plays/silent")
    look_over(page, english)
    page.locator("form[action='/care/plays/silent'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page.goto(desk.address + "/desk/caller?number=13711112222")
    look_over(page, english)
