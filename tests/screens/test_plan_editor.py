"""A plan is drafted, shown a counter-example, mended, tried in the shadow, and put in force by a second person: in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from portal import create_app
from portal.jobs.worker import Worker
from portal.settings import ROOT
from tests.conftest import settings_in
from tests.people import seat, someone
from tests.rooms.pages.firm import NUMBERS, settle_in
from tests.screens.conftest import check
from tests.screens.test_first_pages import OpenPage, untranslated
from tests.serving import served


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[tuple[Flask, str]]:
    folder = tmp_path_factory.mktemp("plans")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        settle_in(app, folder / "files")
        with served(app) as address:
            yield app, address
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="module")
def english() -> set[str]:
    with (ROOT / "translations/zh_Hans_CN/LC_MESSAGES/messages.po").open("rb") as file:
        return {message.id for message in read_po(file) if isinstance(message.id, str) and message.id != message.string and re.search("[a-z]{3}", message.id)}


def sit_down(desk: tuple[Flask, str], open_page: OpenPage, locale: str, role: Role) -> Page:
    app, address = desk
    page = open_page(locale)
    cookie = seat(app, someone(app, role, **NUMBERS)).get_cookie(app.config["SIGN_IN_COOKIE"])
    assert cookie
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    return page


def look_over(page: Page, english: set[str]) -> None:
    """In order at a desk and on a phone, and in Chinese without English left over."""
    chinese = page.locator("html").get_attribute("lang") == "zh-Hans-CN"
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        check(page, barred=chinese == (width > 900))
    if chinese:
        assert untranslated(page, english) == set()
    page.set_viewport_size({"width": 1440, "height": 900})


def save(page: Page) -> None:
    page.locator(".editor-foot button[type=submit]").first.click()
    expect(page.locator(".flash.good")).to_be_visible()


def test_a_plan_from_draft_to_force(desk: tuple[Flask, str], browser_page: OpenPage, english: set[str]) -> None:
    app, address = desk
    page = sit_down(desk, browser_page, "zh-CN", Role.FINANCE)
    page.goto(address + "/plans")
    look_over(page, english)
    page.locator("tbody a").first.click()
    look_over(page, english)
    page.locator(".sheet-actions form button").click()
    page.locator("button[value^='follow']").click()
    at = "versions.1"
    page.fill("[id='f-versions.0.valid_to']", "2026-12-01")
    page.fill(f"[id='f-{at}.valid_from']", "2026-12-01")
    page.select_option(f"[id='f-{at}.components.0.by']", "tiers")
    save(page)
    page.select_option(f"[id='f-{at}.components.0.mode']", "whole")
    page.locator(f"button[value='add {at}.components.0.steps']").click()
    page.fill(f"[id='f-{at}.components.0.steps.0.rate']", "0.5")
    page.fill(f"[id='f-{at}.components.0.steps.1.from']", "50")
    page.fill(f"[id='f-{at}.components.0.steps.1.rate']", "x")
    save(page)
    expect(page.locator(f"[id='e-{at}.components.0.steps.1.rate']")).to_be_visible()
    look_over(page, english)
    rate = page.locator(f"[id='f-{at}.components.0.steps.1.rate']")
    rate.fill("0.4")
    rate.blur()
    expect(page.locator("#looked .check-blocks .shown")).to_contain_text("25.00")
    save(page)
    look_over(page, english)
    expect(page.locator("form[action$='/ask']")).to_have_count(0)
    page.fill(f"[id='f-{at}.components.0.steps.1.rate']", "0.6")
    save(page)
    page.locator(".shadow-form button").click()
    expect(page.locator(".progress-of")).to_be_visible()
    assert Worker(app).drain() > 0
    expect(page.locator(".tiles")).to_be_visible()
    expect(page.locator(".chart svg")).to_have_count(1)
    page.locator(".shadow-why summary").first.click()
    look_over(page, english)
    page.locator(".sheet-actions details.export > summary").click()
    with page.expect_download() as download:
        page.locator(".sheet-actions details.export button[value=csv]").click()
    assert "B001" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    page.locator(".sheet-actions a").first.click()
    page.locator("form[action$='/ask'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    _approve(desk, browser_page, english)
    page.goto(address + "/plans/HALF")
    expect(page.locator(".timeline li")).to_have_count(2)


def _approve(desk: tuple[Flask, str], browser_page: OpenPage, english: set[str]) -> None:
    second = sit_down(desk, browser_page, "en-US", Role.FINANCE)
    second.goto(desk[1] + "/approvals")
    second.locator("section[aria-labelledby=h-waiting] a").click()
    look_over(second, english)
    second.locator("a[href^='/plans/drafts/']").click()
    look_over(second, english)
    second.go_back()
    second.locator("form[action$='/approve'] button").click()
    expect(second.locator(".flash.good")).to_be_visible()


def test_a_broker_reads_his_plan(desk: tuple[Flask, str], browser_page: OpenPage, english: set[str]) -> None:
    page = sit_down(desk, browser_page, "zh-CN", Role.BROKER)
    page.goto(desk[1] + "/plans/HALF")
    expect(page.locator(".clause").first).to_be_visible()
    look_over(page, english)


def test_the_plans_in_english(desk: tuple[Flask, str], browser_page: OpenPage, english: set[str]) -> None:
    page = sit_down(desk, browser_page, "en-US", Role.ADMIN)
    page.goto(desk[1] + "/plans")
    look_over(page, english)
    page.locator("tbody a").first.click()
    look_over(page, english)
    page.locator(".sheet-actions form button").click()
    look_over(page, english)
