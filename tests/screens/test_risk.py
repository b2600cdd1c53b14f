"""The clients at risk in a browser: in both languages, at a desk and on a phone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from models import db
from models.identity import Role
from portal import create_app
from portal.departures import association
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.pages import firm
from tests.rooms.risk.makers import graded, scored
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        firm.settle_in(app, tmp_path / "files")
        with app.app_context():
            scored()
            db.session.remove()
        with served(app) as address:
            desk = Desk(app, address, tmp_path)
            desk.people = {"admin": someone(app, Role.ADMIN)}
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("locale", LOCALES)
def test_the_list_and_the_matrix(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "admin", locale)
    page.goto(desk.address + "/risk")
    expect(page.locator(".table-of[data-rows] tbody tr")).to_have_count(2)
    expect(page.locator(".chart canvas, .chart svg").first).to_be_visible()
    look_over(page, english)


def test_a_list_of_many_columns_lies_across_on_paper(desk: Desk, browser_page: OpenPage) -> None:
    page = desk.sit_down(browser_page, "admin", "en")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(desk.address + "/risk")
    expect(page.locator(".chart svg text").first).to_be_visible()
    sheets = PdfReader(io.BytesIO(page.pdf())).pages
    said = ["".join(sheet.extract_text().split()) for sheet in sheets]
    across = next(sheet for sheet, text in zip(sheets, said, strict=True) if "Nextstep" in text)  # the last column of the list
    assert across.mediabox.width > across.mediabox.height


@pytest.mark.parametrize("locale", LOCALES)
def test_one_client_and_the_models_card(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    with desk.app.app_context():
        graded()
        db.session.remove()
    page = desk.sit_down(browser_page, "admin", locale)
    page.goto(desk.address + "/risk/clients/10001")
    expect(page.locator(".chart canvas, .chart svg").first).to_be_visible()
    look_over(page, english)
    page.select_option("#cause", "poached")
    page.fill("#note", "a rival offered half the fee")
    page.locator("section[aria-labelledby=h-cause] button[type=submit]").click()
    expect(page.locator(".said-text")).to_have_text("a rival offered half the fee")
    page.goto(desk.address + "/risk/model")
    expect(page.locator(".chart canvas, .chart svg").first).to_be_visible()
    look_over(page, english)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_associations_report(desk: Desk, browser_page: OpenPage, english: set[str], locale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(association, "CLIENTS", 0)  # the firm of these pages is small: anybody with a client is over the limit
    admin = desk.sit_down(browser_page, "admin", locale)
    admin.goto(desk.address + "/overview/concentration")
    admin.locator("a[href$='/overview/people']").click()
    expect(admin.locator(".table-of[data-rows] tbody tr")).to_have_count(1)
    look_over(admin, english)
    admin.go_back()
    admin.locator("a[href$='/association']").click()
    expect(admin.locator(".table-of[data-rows] tbody tr")).to_have_count(2)
    look_over(admin, english)
