"""A real browser against a real server: fixtures that open pages and collect what a browser complains of.

def test_clients(browser_page, portal_address):
    page = browser_page("zh-CN", 390)
    page.goto(portal_address + "/clients")
    check(page)
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from portal.settings import ROOT

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}, "resultTypes": ["violations"]}
LISTEN_FOR_VIOLATIONS = (
    "window.violations = []; document.addEventListener('securitypolicyviolation', (e) => window.violations.push(e.violatedDirective + ' ' + (e.blockedURI || e.sourceFile)));"
)


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve a portal on a free port; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


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
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
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


def barriers(page: Page, *, contrast: bool = True) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its best practices: rule and element. Contrast takes most of its time."""
    results = Axe().run(page, options=RULES if contrast else RULES | {"rules": {"color-contrast": {"enabled": False}}})
    return [f"{rule['id']}: {node['html'][:160]}" for rule in results.response["violations"] for node in rule["nodes"]]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def check(page: Page, *, contrast: bool = True) -> None:
    """A page is in order: nothing stopped, nothing complained of, no barrier, no sideways scrolling."""
    assert violations(page) == []
    assert page.complaints == []  # type: ignore[attr-defined]
    assert barriers(page, contrast=contrast) == []
    assert overflow(page) <= 0
