"""S001 goes: suspected, announced, counted and effective; and a suspicion that is withdrawn. In a browser, in both languages, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from models.identity import Role
from portal import create_app
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.departures import scene
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """The firm of tests/rooms/departures/scene.py; nobody goes yet."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        scene.settle_in(app, tmp_path / "files")
        with served(app) as address:
            desk = Desk(app, address, tmp_path)
            desk.people = {"admin": someone(app, Role.ADMIN)}
            someone(app, Role.STAFF, staff_no="S001", branch_no="01")
            yield desk
        with app.app_context():
            scene.db.session.remove()
            scene.db.engine.dispose()


@pytest.mark.parametrize("locale", LOCALES)
def test_a_departure_from_the_suspicion_to_the_day(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    admin = desk.sit_down(browser_page, "admin", locale)
    admin.goto(desk.address + "/departures")
    look_over(admin, english)
    admin.goto(desk.address + "/departures/new")
    admin.locator("#person_no").fill("S001")
    admin.locator("#evidence").fill("三位客户询问销户")
    look_over(admin, english)
    admin.locator("form[action$='/look'] button").click()
    look_over(admin, english)
    admin.locator("form[action$='/departures'] button").click()
    expect(admin.locator(".flash.good")).to_be_visible()
    look_over(admin, english)
    admin.locator("#announced_on").fill("2026-03-20")
    admin.locator("form[action$='/announce'] button").click()
    expect(admin.locator(".flash.good")).to_be_visible()
    admin.locator("a[href$='/effect']").click()
    look_over(admin, english)
    admin.locator("#confirm-typed").fill("S001")
    admin.locator("form[action$='/effect'][method='post'] button").click()
    expect(admin.locator(".flash.good")).to_be_visible()
    look_over(admin, english)
    admin.locator("form[action$='/settle'] button").click()
    expect(admin.locator(".flash.good")).to_be_visible()
    admin.goto(desk.address + "/departures?state=settled")
    look_over(admin, english)
