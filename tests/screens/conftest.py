"""A real browser against a real server: fixtures that open pages and collect what a browser complains of.

def test_clients(browser_page, portal_address):
    page = browser_page("zh-CN", 390)
    page.goto(portal_address + "/clients")
    check(page)
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from playwright.sync_api import Browser, Error, Page, sync_playwright

from portal.settings import ROOT
from tests.serving import served

CHROMIUM = next((found for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
"""The headless shell is the same engine without the windows, tabs and pages of a browser around it, which a full one draws for each page
that is opened, seen by nobody: a fresh page takes it a quarter of the time, a change of width a third."""
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FIND = "(rules) => axe.run(rules).then((found) => found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`)))"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}, "resultTypes": ["violations"]}
LISTEN_FOR_VIOLATIONS = (
    "window.violations = []; document.addEventListener('securitypolicyviolation', (e) => window.violations.push(e.violatedDirective + ' ' + (e.blockedURI || e.sourceFile)));"
)


@pytest.fixture
def portal_address(app: Flask) -> Iterator[str]:
    """The address of this test's portal."""
    with served(app) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a process."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    _compile_translations()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def _compile_translations() -> None:
    """What a reader sees in Chinese is built from the catalogue; a test that looks at pages needs it as it stands now."""
    for source in (ROOT / "translations").rglob("*.po"):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            with source.open("rb") as file, target.open("wb") as out:
                write_mo(out, read_po(file))


# Chromium's own word for a request that was under way when a test cut the network: the test's doing, no fault of the page.
CUT = "net::ERR_INTERNET_DISCONNECTED"


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages: `browser_page(locale, width, dark=…)`. Each has `page.complaints`: errors of the console and of scripts."""
    contexts = []

    def open_page(locale: str = "zh-CN", width: int = 1440, *, dark: bool = False, **more: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844 if width < 600 else 900}, locale=locale, color_scheme="dark" if dark else "light", reduced_motion="reduce", **more
        )
        context.add_init_script(LISTEN_FOR_VIOLATIONS)
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" and CUT not in message.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.complaints = complaints  # type: ignore[attr-defined]
        return page

    yield open_page
    for context in contexts:
        context.close()


def violations(page: Page) -> list[str]:
    """What the content security policy stopped on this page."""
    found: list[str] = page.evaluate("window.violations")
    return found


def barriers(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its best practices: rule and element."""
    for last in (False, False, True):
        page.wait_for_load_state("load")
        try:
            if not page.evaluate("'axe' in window"):
                page.evaluate(AXE_SCRIPT)
            found: list[str] = page.evaluate(FIND, RULES)
        except Error:  # a click before this may still have been bringing the next page while axe read the one that left
            if last:
                raise
        else:
            return found
    raise AssertionError


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def check(page: Page, *, barred: bool = True) -> None:
    """A page is in order: nothing stopped, nothing complained of, no barrier (where `barred` asks for them), no sideways scrolling."""
    assert violations(page) == []
    assert page.complaints == []  # type: ignore[attr-defined]
    if barred:
        assert barriers(page) == []
    assert overflow(page) <= 0
