"""From the signals to the suspicion, what the person is told and answers, and the judgement of a second one. In a browser, in both languages, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from models.identity import Role
from portal import create_app
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.departures import signal_scene
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """The firm of tests/rooms/departures/signal_scene.py, looked at once."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        signal_scene.settle_in(app, tmp_path / "files")
        with app.app_context():
            signal_scene.kept()
            signal_scene.db.session.remove()
        with served(app) as address:
            desk = Desk(app, address, tmp_path)
            desk.people = {"admin": someone(app, Role.ADMIN), "officer": someone(app, Role.COMPLIANCE), "himself": someone(app, Role.STAFF, staff_no="S001", branch_no="01")}
            yield desk
        with app.app_context():
            signal_scene.db.session.remove()
            signal_scene.db.engine.dispose()


def on_a_phone(desk: Desk, browser_page: OpenPage, person: str, locale: str) -> Page:
    page = desk.sit_down(browser_page, person, locale)
    page.set_viewport_size({"width": 390, "height": 900})
    return page


@pytest.mark.parametrize("locale", LOCALES)
def test_from_the_signal_to_the_judgement(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    admin = on_a_phone(desk, browser_page, "admin", locale)
    admin.goto(desk.address + "/departures/signals")
    look_over(admin, english)
    admin.locator("a[href$='/departures/signals/staff-S001']").click()
    look_over(admin, english)
    admin.locator("a[href*='/departures/new?person=staff-S001']").click()
    admin.locator("form[action$='/look'] button").click()
    look_over(admin, english)
    admin.locator("form[action$='/departures'] button").click()
    expect(admin.locator(".flash.good")).to_be_visible()
    admin.locator("form[action$='/tell'] button").click()
    expect(admin.locator(".flash.good")).to_be_visible()
    look_over(admin, english)
    himself = on_a_phone(desk, browser_page, "himself", locale)
    himself.goto(desk.address + "/departures/mine")
    look_over(himself, english)
    himself.locator("#words").fill("三月在休假，客户由同事联系")
    himself.locator("form[action$='/answer'] button").click()
    expect(himself.locator(".flash.good")).to_be_visible()
    officer = on_a_phone(desk, browser_page, "officer", locale)
    officer.goto(desk.address + "/departures?state=suspected")
    officer.locator("a[href*='/departures/']", has_text="L20").first.click()
    look_over(officer, english)
    officer.locator("input[name='upheld'][value='yes']").check()
    officer.locator("#judge-words").fill("休假有记录")
    officer.locator("form[action$='/judge'] button").click()
    expect(officer.locator(".flash.good")).to_be_visible()
    officer.goto(desk.address + "/departures/signals/looks")
    look_over(officer, english)
    himself.goto(desk.address + "/departures/mine")
    look_over(himself, english)
