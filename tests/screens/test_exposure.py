"""From the menu to whose money goes along: asked, answered and read in a browser, in both languages, at a desk and on a phone."""

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
from tests.rooms.handover import firm
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """S001 looks after six clients."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        firm.settle_in(app, tmp_path / "files")
        with served(app) as address:
            desk = Desk(app, address, tmp_path)
            desk.people = {"admin": someone(app, Role.ADMIN)}
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("locale", LOCALES)
def test_if_somebody_leaves(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "admin", locale)
    page.goto(desk.address + "/departures/exposure")
    look_over(page, english)
    page.locator("#person-1").fill("staff-S001")
    page.locator("#on").fill("2026-03-31")
    page.locator("main form button").click()
    expect(page.locator("tbody").last.locator("tr")).to_have_count(6)
    look_over(page, english)
