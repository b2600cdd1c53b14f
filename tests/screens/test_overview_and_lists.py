"""A manager and an auditor: from a number of the overview to the list behind it, to a saved view, to a file, to their exports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from models.identity import Role
from portal.settings import ROOT
from tests.people import seat, someone
from tests.rooms.pages.firm import settle_in
from tests.screens.conftest import check
from tests.serving import served

WIDTHS = (1440, 390)
WIRE = 60 * 1024
"""Bytes of styles and scripts that a first view may bring over the wire, charts apart."""


def look_over(page: Page) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        check(page)
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})


@pytest.mark.parametrize(("role", "locale"), [(Role.BRANCH_MANAGER, "zh-CN"), (Role.AUDITOR, "en-US")])
def test_from_a_number_to_a_file(app: Flask, tmp_path: Path, browser_page, role: Role, locale: str) -> None:
    settle_in(app, tmp_path / "files")
    cookie = seat(app, someone(app, role, email="reader@firm.example", branch_no="01")).get_cookie(app.config["SIGN_IN_COOKIE"])
    with served(app) as address:
        page = browser_page(locale)
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
        page.goto(address + "/")
        expect(page.locator(".chart svg")).to_have_count(2)
        look_over(page)
        page.goto(address + "/overview?by=broker")
        value = page.locator("#h-under >> xpath=ancestor::section").locator("tbody td.num").first.inner_text()
        page.locator("#h-under >> xpath=ancestor::section").locator("tbody th a").first.click()
        page.wait_for_url(re.compile(r"/clients\?"))
        expect(page.locator("tr.sums td.num").first).to_have_text(value)
        look_over(page)
        _save_a_view(page)
        _walk_and_peek(page)
        _take_it_out(page, address)
        page.goto(address + "/overview/concentration")
        expect(page.locator(".chart svg")).to_have_count(2)
        look_over(page)
        page.goto(address + "/trades?from=2026-01-01")
        look_over(page)


def _save_a_view(page: Page) -> None:
    page.locator(".views summary").click()
    page.fill("#view-name", "B001")
    check(page)
    page.locator("form[action='/views'] button").click()
    expect(page.locator(".views-tabs a[aria-current]")).to_contain_text("B001")
    look_over(page)


def _walk_and_peek(page: Page) -> None:
    """J to the first row, the space bar beside it, Escape back to where one was."""
    page.locator("h1").click()
    page.keyboard.press("j")
    row = page.locator("table[data-rows] tbody tr th a").first
    expect(row).to_be_focused()
    page.keyboard.press(" ")
    expect(page.locator("#peek h1")).to_be_visible()
    expect(page.locator("#peek")).to_be_focused()
    check(page)
    page.keyboard.press("Escape")
    expect(page.locator("#peek")).to_be_hidden()
    expect(row).to_be_focused()


def _take_it_out(page: Page, address: str) -> None:
    page.locator("details.export > summary").click()
    check(page)
    with page.expect_download() as download:
        page.locator("details.export button[value=csv]").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert "10001" in lines[1]
    assert "reader@firm.example" in lines[-3]
    page.goto(address + "/exports")
    look_over(page)
    with page.expect_download() as again:
        page.locator("a[href^='/exports/']").first.click()
    assert Path(again.value.path()).read_text(encoding="utf-8-sig").splitlines() == lines


def test_a_first_view_is_light_and_charts_come_only_where_they_are(app: Flask, browser_page) -> None:
    auditor = seat(app, someone(app, Role.AUDITOR)).get_cookie(app.config["SIGN_IN_COOKIE"])
    with served(app) as address:
        page = browser_page("zh-CN")
        page.context.add_cookies([{"name": auditor.key, "value": auditor.value, "url": address}])
        fetched: list[str] = []
        page.on("response", lambda answer: fetched.append(answer.url.rsplit("/", 1)[1]))
        page.goto(address + "/audit")
        page.wait_for_load_state("networkidle")
    code = [name for name in fetched if name.endswith((".css", ".js"))]
    assert not [name for name in code if name.startswith("charts")]
    sizes = {name: (ROOT / "static" / "dist" / f"{name}.br").stat().st_size for name in code}
    assert len(sizes) >= 3  # as a browser gets them by https
    assert sum(sizes.values()) <= WIRE, sizes
