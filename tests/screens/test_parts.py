"""Every part of the house in a browser, and a faulty page that the same check must refuse."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from portal.web.headers import POLICY
from tests.screens.conftest import barriers, check, overflow, violations


@pytest.mark.parametrize(("locale", "width", "dark"), [("zh-CN", 1440, False), ("en-US", 1440, True), ("zh-CN", 390, True), ("en-US", 390, False)])
def test_the_parts_have_no_barrier_and_break_no_policy(browser_page, portal_address, locale, width, dark) -> None:
    page = browser_page(locale, width, dark=dark)
    page.goto(portal_address + "/dev/parts")
    expect(page.locator(".chart svg")).to_have_count(7)
    check(page)


def test_a_faulty_page_is_refused(browser_page, portal_address) -> None:
    page = browser_page("en-US", 390)
    body = "<html><title>x</title><body><img src='data:,'><input><p style='width:2000px;color:#ddd'>pale<script>document.title='ran'</script></body></html>"
    page.route(
        "**/planted",
        lambda route: route.fulfill(body=body, headers={"Content-Security-Policy": POLICY.replace("style-src 'self'", "style-src 'unsafe-inline'"), "Content-Type": "text/html"}),
    )
    page.goto(portal_address + "/planted")
    assert any("script-src" in violation for violation in violations(page))
    assert page.complaints
    assert overflow(page) > 0
    found = " ".join(barriers(page))
    assert "image-alt" in found
    assert "label" in found
    assert "color-contrast" in found
    with pytest.raises(AssertionError):
        check(page)


def test_the_menu_of_a_phone_opens_holds_the_focus_and_closes(browser_page, portal_address) -> None:
    page = browser_page("en-US", 390)
    page.goto(portal_address + "/dev/parts")
    page.get_by_role("button", name="Menu", exact=True).click()
    menu = page.locator("#rail")
    expect(menu).to_be_visible()
    expect(menu).to_have_attribute("aria-modal", "true")
    page.wait_for_selector("#rail.show:not(.showing)")  # on its way in, its words are not there yet
    assert barriers(page) == []
    page.keyboard.press("Escape")
    expect(menu).not_to_be_visible()


def test_the_menu_opens_without_scripts(browser_page, portal_address) -> None:
    page = browser_page("en-US", 390, java_script_enabled=False)
    page.goto(portal_address + "/dev/parts")
    page.locator(".menu-button").click()
    expect(page.locator("#rail .rail-link").first).to_be_in_viewport()


def test_the_theme_changes_at_once_and_stays(browser_page, portal_address) -> None:
    page = browser_page("en-US", 1440)
    page.goto(portal_address + "/dev/parts")
    page.get_by_label("Theme").click()
    with page.expect_response("**/preferences/theme"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert page.complaints == []


def test_the_language_changes_by_a_button(browser_page, portal_address) -> None:
    page = browser_page("en-US", 1440)
    page.goto(portal_address + "/dev/parts?page=2")
    page.get_by_role("button", name="切换到中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans-CN")
    assert page.url.endswith("/dev/parts?page=2")
    expect(page.locator("html")).to_have_attribute("data-updown", "cn")
