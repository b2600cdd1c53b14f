"""A client asks and is answered, a plan is drawn and followed, a segment is looked at and saved; in a browser, in both languages, at a desk and on a phone."""

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
            desk.people = {"staff": someone(app, Role.STAFF, staff_no="S001"), "client": someone(app, Role.CLIENT, client_no="C10001"), "admin": someone(app, Role.ADMIN)}
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("locale", LOCALES)
def test_from_the_question_to_the_answer(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "client", locale)
    page.goto(desk.address + "/questions")
    page.fill("#words", "保证金下周会上调吗")
    look_over(page, english)
    page.locator("form[action='/questions'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page = desk.sit_down(browser_page, "staff", locale)
    page.goto(desk.address + "/care/questions")
    look_over(page, english)
    page.locator("th.table-head a").first.click()
    page.fill("#words", "不会，交易所没有公告")
    look_over(page, english)
    page.locator("form[action$='/answer'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page.goto(desk.address + "/care/answers/new?question=1")
    look_over(page, english)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_plan_is_drawn_and_followed(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "staff", locale)
    page.goto(desk.address + "/care/clients/10001/plan?goal=learn&interest=options")
    expect(page.locator(".card.danger")).to_be_visible()
    look_over(page, english)
    page.goto(desk.address + "/care/clients/10001/plan?goal=learn&interest=education")
    look_over(page, english)
    page.locator("form[method='post'][action$='/plan'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page.locator("form[action$='/done'] button").first.click()
    look_over(page, english)
    page.goto(desk.address + "/care/service-plans")
    look_over(page, english)


@pytest.mark.parametrize("locale", LOCALES)
def test_segments_response_times_and_return_visits(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "admin", locale)
    page.goto(desk.address + "/segments/new?age_from=0")
    look_over(page, english)
    page.fill("#segment-name", "老客户")
    page.locator("form[action='/segments'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    for address in ("/segments", "/care/response", "/care/response/margin?count=3&unit=hours&key_count=1&key_unit=hours", "/care/return-visits", "/care/answers"):
        page.goto(desk.address + address)
        look_over(page, english)
