"""A branch takes an applicant in, compliance makes him a broker, and finance looks at the channels: at a desk and on a phone, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from portal import create_app
from portal.onboarding.texts import QUESTIONS, STATEMENTS
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.onboarding.test_pages import APPLICANT, TODAY
from tests.rooms.pages.firm import settle_in
from tests.screens.test_first_pages import Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]
FIELDS = {
    "documents": {},
    "licence": {"licence_no": "F100", "first": "2025-01-01", "last": "2098-12-31"},
    "training": {"hours": "12"},
    "declaration": {},
    "test": {},
    "agreement": {"first": TODAY, "last": "2098-12-31"},
}


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """A firm of two branches, with who takes in, who approves, and who counts."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        people = {
            "branch": someone(app, Role.BRANCH_MANAGER, email="branch@firm.example", branch_no="01"),
            "second": someone(app, Role.COMPLIANCE, email="second@firm.example"),
            "money": someone(app, Role.FINANCE, email="money@firm.example"),
        }
        settle_in(app, tmp_path / "files")
        with served(app) as address:
            yield Desk(app, address, tmp_path, people)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_an_applicant_becomes_a_broker_and_the_channels_are_counted(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page, second = (desk.sit_down(browser_page, person, locale) for person in ("branch", "second"))
    page.goto(desk.address + "/onboarding/new")
    look_over(page, english)
    for name in ("broker_no", "name", "id_no", "phone", "email"):
        page.fill(f"#{name}", APPLICANT[name])
    page.locator("main form button[type=submit]").click()
    expect(page.locator("#h-items")).to_be_visible()
    look_over(page, english)
    for item, fields in FIELDS.items():
        show(page, item, fields, english)
    page.locator("form[action$='/check'] button").click()
    look_over(page, english)
    page.locator(".confirm button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    approve(desk, second, english)
    page.goto(desk.address + "/onboarding")
    look_over(page, english)
    page.goto(desk.address + "/onboarding/lapsing")
    look_over(page, english)
    count(desk.sit_down(browser_page, "money", locale), desk.address, english)


def show(page: Page, item: str, fields: dict[str, str], english: set[str]) -> None:
    page.locator(f"a[href$='/items/{item}']").click()
    for name, value in {**fields, "shown_on": TODAY, "evidence": "卷宗 7"}.items():
        page.fill(f"#{name}", value)
    for statement in STATEMENTS if item == "declaration" else ():
        page.check(f"#{statement.key}")
    for question in QUESTIONS if item == "test" else ():
        page.check(f"#{question.key}-{question.right}")
    if item in ("test", "declaration", "agreement"):
        look_over(page, english)
    page.locator("main form button[type=submit]").click()
    expect(page.locator("#h-items")).to_be_visible()


def approve(desk: Desk, second: Page, english: set[str]) -> None:
    """The second person reads what waits, in words of his own language, and approves it."""
    second.goto(desk.address + "/approvals")
    second.locator("section[aria-labelledby=h-waiting] a").first.click()
    if second.locator("html").get_attribute("lang") == "zh-Hans-CN":
        names = second.locator(".facts dt, .card thead th").all_inner_texts()
        assert [name for name in names if name.isascii()] == []
    look_over(second, english)
    second.locator("form[action$='/approve'] button").click()
    expect(second.locator(".flash.good")).to_be_visible()


def count(page: Page, address: str, english: set[str]) -> None:
    """A cost is entered, and the channels say what an account cost."""
    page.goto(address + "/channels/costs/new")
    for name, value in {"period": "2025-02", "amount": "1200.00", "note": "名片"}.items():
        page.fill(f"#{name}", value)
    page.select_option("#channel", "broker")
    look_over(page, english)
    page.locator("main form button[type=submit]").click()
    look_over(page, english)
    for path in ("/channels", "/channels/people"):
        page.goto(f"{address}{path}?from=2025-01&to=2026-03")
        look_over(page, english)
