"""Concentration, its limits and the report to the association in a browser: read, limited, sent and printed, in both languages, at a desk and on a phone."""

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
from tests.rooms.departures import test_concentration as firm
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        firm.firm(app, tmp_path / "files")
        with served(app) as address:
            desk = Desk(app, address, tmp_path)
            desk.people = {"admin": someone(app, Role.ADMIN)}
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("locale", LOCALES)
def test_read_limited_and_sent(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "admin", locale)
    page.goto(desk.address + "/overview/concentration")
    expect(page.locator(".chart svg").first).to_be_visible()
    look_over(page, english)
    page.goto(desk.address + "/overview/concentration/limits/broker_top_1?value=64&reason=board%20asks")
    look_over(page, english)
    page.locator("main form[method=post] button").click()
    expect(page.locator("#h-turned ~ .table-box tbody tr")).to_have_count(1)
    look_over(page, english)
    page.goto(desk.address + "/overview/concentration?of=staff")
    expect(page.locator("p.note[role=status]").first).to_contain_text("64.28 %")
    page.emulate_media(media="print")
    expect(page.locator(".figure-of.paper .figure-scroll").first).to_be_visible()
    page.emulate_media(media="screen")
    page.goto(desk.address + "/association/sent/new?month=2026-03")
    page.locator("#through").fill("portal")
    page.locator("#receipt_no").fill("R-1")
    look_over(page, english)
    page.locator("main form[method=post] button").click()
    expect(page.locator("main")).to_contain_text("R-1")
    look_over(page, english)
    page.goto(desk.address + "/association/sent")
    look_over(page, english)
