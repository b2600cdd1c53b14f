"""One value of a lead changed where it stands, by keyboard: Enter saves, Esc leaves it, what is wrong stands beside it, the focus is never lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from portal import clock, create_app
from portal.leads import introducers
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.leads.firm import lead_of, settle_in
from tests.screens.conftest import check
from tests.screens.test_first_pages import Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("in-place")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        settle_in(app, folder / "firm")
        with served(app) as address:
            desk = Desk(app, address, folder)
            desk.people["boss"] = someone(app, Role.BRANCH_MANAGER, email="boss@firm.example", branch_no="01")
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def lead(desk: Desk, number: int) -> str:
    """A lead that S001 looks after: its address."""
    with desk.app.app_context():
        public_id = lead_of(number, introducers.staff("S001"), clock.now(), clock.now().date()).public_id
        db.session.remove()
    return f"{desk.address}/leads/{public_id}"


def opened(page: Page) -> None:
    """Open the form with the keyboard: the focus goes into it."""
    page.locator("#lead-owner [data-edit]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lead-owner-value")).to_be_focused()


@pytest.mark.parametrize(("locale", "width", "number"), [("zh-CN", 390, 1), ("en-US", 1440, 2)])
def test_enter_esc_and_an_error(desk: Desk, browser_page: OpenPage, english: set[str], locale: str, width: int, number: int) -> None:
    page, where = desk.sit_down(browser_page, "boss", locale), lead(desk, number)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(where)
    opened(page)
    check(page)
    page.keyboard.press("Escape")
    expect(page.locator("#lead-owner [data-edit]")).to_be_focused()
    expect(page.locator("#lead-owner-value")).to_have_count(0)
    opened(page)
    page.keyboard.press("Enter")  # nobody is chosen
    expect(page.locator("#lead-owner-value-error")).to_be_visible()
    expect(page.locator("#lead-owner-value")).to_be_focused()
    expect(page.locator("#lead-owner-value")).to_have_attribute("aria-invalid", "true")
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser notes that the answer was a refusal
    look_over(page, english)
    page.set_viewport_size({"width": width, "height": 900})
    page.locator("#lead-owner-value").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#lead-owner-value")).to_have_value("S002")
    page.keyboard.press("Enter")
    expect(page.locator("#lead-owner .in-place-value")).to_have_text("S002")
    expect(page.locator("#lead-owner [data-edit]")).to_be_focused()
    expect(page.locator("#flashes")).to_contain_text("S002")
    expect(page.locator("body > [role=status]")).to_contain_text("S002")  # read out from outside of what was exchanged
    expect(page.locator(".timeline")).to_contain_text("S002")  # the rest of the page is as it stands now, too
    assert page.url == where
    look_over(page, english)


@pytest.mark.parametrize(("locale", "width", "number"), [("zh-CN", 390, 5), ("en-US", 1440, 6)])
def test_a_state_that_asks_for_words_leads_to_its_form(desk: Desk, browser_page: OpenPage, english: set[str], locale: str, width: int, number: int) -> None:
    page, where = desk.sit_down(browser_page, "boss", locale), lead(desk, number)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(where)
    page.locator("#lead-state [data-edit]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lead-state-value")).to_be_focused()
    check(page)
    page.keyboard.press("Escape")
    expect(page.locator("#lead-state [data-edit]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#lead-state-value")).to_be_focused()
    page.keyboard.press("Enter")  # nothing is chosen
    expect(page.locator("#lead-state-value-error")).to_be_visible()
    expect(page.locator("#lead-state-value")).to_have_attribute("aria-describedby", "lead-state-value-error lead-state-value-hint")
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser notes that the answer was a refusal
    look_over(page, english)
    page.set_viewport_size({"width": width, "height": 900})
    page.select_option("#lead-state-value", "refuse")
    page.keyboard.press("Enter")
    expect(page.locator("#words-refuse")).to_be_focused()
    expect(page.locator("#lead-state [data-edit]")).to_be_visible()
    assert page.url == where
    look_over(page, english)
    page.locator("#lead-state [data-edit]").click()
    page.select_option("#lead-state-value", "contact")
    page.locator("#lead-state form button[type=submit]").click()
    expect(page.locator("#way")).to_be_focused()
    expect(page.locator("#lead-state")).to_contain_text("已报备" if locale == "zh-CN" else "Newly registered")


def test_somebody_else_was_quicker(desk: Desk, browser_page: OpenPage) -> None:
    first, where = desk.sit_down(browser_page, "boss", "en-US"), lead(desk, 3)
    first.goto(where)
    opened(first)
    second = first.context.new_page()
    second.goto(where + "/assign")
    second.select_option("#lead-owner-value", "S002")
    second.locator("#lead-owner button").click()
    expect(second.locator("#lead-owner .in-place-value")).to_have_text("S002")
    first.select_option("#lead-owner-value", "S002")
    first.keyboard.press("Enter")
    expect(first.locator("#lead-owner-value-error")).to_contain_text("was changed by somebody meanwhile")
    expect(first.locator("#lead-owner .in-place-value")).to_have_text("S002")


def test_without_scripts_it_is_a_form_at_its_own_address(desk: Desk, browser_page: OpenPage) -> None:
    scripted, where = desk.sit_down(browser_page, "boss", "en-US"), lead(desk, 4)
    page = browser_page("en-US", 1440, java_script_enabled=False)
    page.context.add_cookies(scripted.context.cookies())
    page.goto(where)
    page.locator("#lead-owner [data-edit]").click()
    assert page.url == where + "/assign"
    page.select_option("#lead-owner-value", "S002")
    page.locator("#lead-owner button").click()
    assert page.url == where
    expect(page.locator("#lead-owner .in-place-value")).to_have_text("S002")
