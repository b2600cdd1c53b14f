"""A client at home and on the way, and a broker with his statement: read, agree, take the bill along."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from models import db
from models.identity import Role
from portal import create_app
from tests.conftest import settings_in
from tests.people import seat, someone
from tests.rooms.pages.firm import DAY, NUMBERS, PERIOD, settle_in
from tests.screens.conftest import check
from tests.serving import served

OpenPage = Callable[..., Page]
BOTH = [("zh-CN", 1440), ("en-US", 390), ("zh-CN", 390), ("en-US", 1440)]


@dataclass
class Desk:
    """A served portal with a client and his broker."""

    app: Flask
    address: str
    people: dict[str, int]

    def sit_down(self, open_page: OpenPage, person: str, locale: str, width: int) -> Page:
        page = open_page(locale, width, accept_downloads=True)
        cookie = seat(self.app, self.people[person]).get_cookie(self.app.config["SIGN_IN_COOKIE"])
        assert cookie
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.address}])
        return page


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        settle_in(app, folder / "files")
        with served(app) as address:
            yield Desk(app, address, {role.value: someone(app, role, **NUMBERS) for role in (Role.CLIENT, Role.BROKER)})
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def taken(page: Page, link: str) -> tuple[str, bytes]:
    """The name and bytes of the file behind a link."""
    with page.expect_download() as download:
        page.locator(link).first.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


@pytest.mark.parametrize(("locale", "width"), BOTH)
def test_a_client_reads_agrees_and_takes_the_bill_along(desk: Desk, browser_page: OpenPage, locale: str, width: int) -> None:
    page = desk.sit_down(browser_page, "client", locale, width)
    page.goto(desk.address + "/")
    expect(page.locator(".tile-value").first).to_contain_text("¥")
    expect(page.locator("meter, .risk .badge-of").first).to_be_visible()
    check(page, barred=locale == "zh-CN")
    for path in ("/bills", f"/bills/10001/months/{PERIOD}", f"/bills/10001/days/{DAY}"):
        page.goto(desk.address + path)
        check(page, barred=locale == "zh-CN")
    name, body = taken(page, "a[href*='format=pdf']")
    assert name == f"bill-10001-{DAY}.pdf"
    assert "10001" in PdfReader(io.BytesIO(body)).pages[0].extract_text()
    page.goto(desk.address + "/consents")
    check(page, barred=locale == "zh-CN")
    page.locator("section.consent button").first.click()
    expect(page.locator("section.consent .badge-of.good").first).to_be_visible()
    page.locator("section.consent button").first.click()
    expect(page.locator("section.consent .badge-of.good")).to_have_count(0)


def test_a_broker_takes_his_statement_along(desk: Desk, browser_page: OpenPage) -> None:
    page = desk.sit_down(browser_page, "broker", "zh-CN", 390)
    page.goto(f"{desk.address}/commission/statements/{PERIOD}/B001")
    page.locator(".files-of summary").click()
    check(page)
    pdf, workbook, lines, data = (taken(page, f"a[href$='{ending}']") for ending in ("statement.pdf", "statement.xlsx", "lines.csv", "statement.json"))
    assert pdf[1].startswith(b"%PDF")
    assert workbook[1].startswith(b"PK")
    assert lines[1].startswith(b"\xef\xbb\xbfkind,")
    assert data[1].startswith(b"{")
    assert pdf[0].startswith(f"statement-{PERIOD}-B001")
