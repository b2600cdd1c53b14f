"""S001 leaves: her clients are proposed, looked at and handed over, and the successor opens a packet and writes down what became of it. In a
browser, in both languages, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from models import db
from models.identity import Role, User
from portal import create_app
from portal.actors import actor_of
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.handover import firm
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """The handover of S001 is open; nobody was proposed yet."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        firm.settle_in(app, tmp_path / "files")
        with served(app) as address:
            desk = Desk(app, address, tmp_path)
            desk.people = {"admin": someone(app, Role.ADMIN), "successor": someone(app, Role.STAFF, staff_no="S002", branch_no="01")}
            with app.app_context():
                firm.opened(actor_of(db.session.get_one(User, desk.people["admin"])))
                db.session.remove()
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("locale", LOCALES)
def test_a_handover_from_the_proposal_to_the_first_outcome(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    admin, successor = (desk.sit_down(browser_page, person, locale) for person in ("admin", "successor"))
    admin.goto(desk.address + "/handovers")
    look_over(admin, english)
    admin.get_by_role("link", name="H20").click()
    admin.locator("form[action$='/propose'] button").click()
    look_over(admin, english)
    admin.get_by_role("link", name="10002").click()
    look_over(admin, english)
    admin.locator("#staff-S002").check()
    admin.locator("form[action$='/choose'] button").click()
    admin.goto(desk.address + "/handovers/1/decide")
    look_over(admin, english)
    admin.locator("form[action$='/decide'] button").click()
    expect(admin.locator(".flash.good")).to_be_visible()
    for page in ("/handovers/people", "/handovers/results"):
        admin.goto(desk.address + page)
        look_over(admin, english)
    successor.goto(desk.address + "/handovers/1/clients/10001")
    successor.get_by_role("radio").nth(2).check()
    successor.locator("form[action$='/outcome'] button").click()
    expect(successor.locator(".form-errors")).to_be_visible()
    successor.complaints.clear()  # type: ignore[attr-defined] # the browser says of itself that it was told 422
    look_over(successor, english)
    successor.get_by_role("textbox").last.fill("随 S001 转走")
    successor.locator("form[action$='/outcome'] button").click()
    expect(successor.locator(".flash.good")).to_be_visible()
    look_over(successor, english)
