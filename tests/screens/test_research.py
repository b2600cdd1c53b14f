"""A report is written, released and read, and a course is passed; in a browser, in both languages, at a desk and on a phone."""

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
from tests.rooms.research import scene
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """A writer, a second person, and the client 10001; a report and a course are published."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        firm.settle_in(app, tmp_path / "files")
        numbers = {Role.STAFF: {"staff_no": "S001"}, Role.COMPLIANCE: {}, Role.CLIENT: {"client_no": "C10001"}}
        people = {role.value: someone(app, role, email=f"{role.value}@research.example", **more) for role, more in numbers.items()}
        with app.app_context():
            scene.published(body="# 观点\n\n| 指标 | 本周 |\n|---|---|\n| 库存 | 812 |\n\n- 一\n- 二\n\n> 引用")
            scene.course()
            db.session.remove()
        with served(app) as address:
            desk = Desk(app, address, tmp_path)
            desk.people = people
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("locale", LOCALES)
def test_from_the_draft_to_the_reader(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "staff", locale)
    page.goto(desk.address + "/research/desk/new?kind=course")
    look_over(page, english)
    page.goto(desk.address + "/research/desk/new?kind=report")
    for name, words in (("title", "铁矿周报"), ("body", "中性"), ("author", "林研究"), ("licence_no", "Z0012345"), ("valid_until", "2099-01-01")):
        page.fill(f"#{name}", words)
    look_over(page, english)
    page.locator("form[enctype] button[type=submit]").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page.locator("form[action$='/release'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    for address in ("/research/desk", "/research/desk/opens", "/research/desk/leads", "/help/research"):
        page.goto(desk.address + address)
        look_over(page, english)
    page = desk.sit_down(browser_page, "compliance", locale)
    page.goto(desk.address + "/research/desk?q=铁矿")
    page.locator("th.table-head a").first.click()
    page.locator("a.btn-primary[href*='/approvals/']").click()
    look_over(page, english)


@pytest.mark.parametrize("locale", LOCALES)
def test_what_a_client_reads_learns_and_says(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "client", locale)
    page.goto(desk.address + "/")
    look_over(page, english)
    page.locator("#h-fits ~ ul a").first.click()
    look_over(page, english)
    page.goto(desk.address + "/research?kind=course")
    page.locator("th.table-head a").first.click()
    page.locator("input[name='q-0'][value='0']").check()
    page.locator("form[action*='/lessons/'] button").click()
    expect(page.locator(".form-errors")).to_be_visible()
    page.complaints.clear()  # type: ignore[attr-defined]  # Chromium's word for the 422 that a wrong answer gets
    look_over(page, english)
    page.locator("input[name='q-0'][value='1']").check()
    page.locator("form[action*='/lessons/'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    for address in ("/research", "/research/settings"):
        page.goto(desk.address + address)
        look_over(page, english)
