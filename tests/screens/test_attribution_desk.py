"""An auditor travels in time: finds a disputed client, sees what was believed when, compares two states of knowledge and takes the answer away."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from portal import create_app
from portal.audit.recordings import last_recording_id
from portal.settings import ROOT
from tests import make
from tests.conftest import settings_in
from tests.people import someone
from tests.screens.test_first_pages import Desk, look_over
from tests.serving import served

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    """A firm whose account 10001 was disputed, and learnt later to be another broker's."""
    folder = tmp_path_factory.mktemp("attribution")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        firm = make.firm(folder / "firm")
        disputed = ["10001,B001,100,confirmed,2025-01-02,2026-03-03,", "10001,B001,50,suspended,2026-03-03,,", "10001,B002,50,suspended,2026-03-03,,"]
        make.write(firm, "attributions", disputed)
        make.day(firm, "2026-03-02", {"10001": ("0.00", "90000.00"), "10002": ("0.00", "5000.00")}, [("10001", "SHFE", "rb", "3", "100000.00", "30.00", "10.00")])
        make.day(firm, "2026-03-03", {"10001": ("89970.00", "-500.00"), "10002": ("5000.00", "0.00")}, [("10001", "DCE", "m", "2", "60000.00", "12.00", "4.00")])
        settled = ["10001,B001,100,confirmed,2025-01-02,2026-03-03,", "10001,B001,60,confirmed,2026-03-03,,", "10001,B002,40,confirmed,2026-03-03,,"]
        later = make.write(folder / "later", "attributions", settled).parent
        with app.app_context():
            make.accepted(firm)
            make.accepted(later)
            db.session.remove()
        with served(app) as address:
            yield Desk(app, address, folder, {"auditor": someone(app, Role.AUDITOR)})
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="module")
def english() -> set[str]:
    """Texts that have a Chinese form of their own."""
    with (ROOT / "translations/zh_Hans_CN/LC_MESSAGES/messages.po").open("rb") as file:
        return {message.id for message in read_po(file) if isinstance(message.id, str) and message.id != message.string and re.search("[a-z]{3}", message.id)}


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_an_auditor_travels_in_time(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    with desk.app.app_context():
        newest = last_recording_id()
        db.session.remove()
    page = desk.sit_down(browser_page, "auditor", locale)
    page.goto(desk.address + "/attribution")
    look_over(page, english)
    page.set_viewport_size({"width": 1440, "height": 900})
    owners = page.locator("#state tr", has=page.locator("a", has_text="10001")).locator(".owners")
    expect(owners).to_contain_text("B001 60 %")
    slider = page.locator("[data-steps=steps]")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#state .travel-said")).to_contain_text(str(newest - 1))
    expect(page.locator("#travel-known")).to_have_value(str(newest - 1))
    expect(owners).to_contain_text("B001 50 %")
    assert f"known={newest - 1}" in page.url, "the address says where one is"
    page.locator("[data-steps=days]").focus()
    page.keyboard.press("ArrowLeft")
    expect(owners).to_contain_text("B001 100 %")
    page.goto(desk.address + f"/attribution?on=2026-03-03&known={newest - 1}&state=suspended")
    page.locator("#state .table-head a", has_text="10001").click()
    expect(page.locator(".band")).to_have_count(2)
    expect(page.locator(".band.here a")).not_to_contain_text(str(newest))
    expect(page.locator(".diff").first).to_be_visible()
    look_over(page, english)
    page.locator(".change-head a", has_text=re.compile("money|金额")).first.click()
    look_over(page, english)
    _compare(desk, page, english)
    for path in ("/attribution/findings", "/attribution/moves?from=2026-03-02&until=2026-03-03", "/attribution/accounts/10001/sight"):
        page.goto(desk.address + path)
        look_over(page, english)


def _compare(desk: Desk, page: Page, english: set[str]) -> None:
    """Ask for the comparison unless it is kept from before, look at it and take it away."""
    compute = page.locator(".ask-for form .btn-primary")
    if compute.count():
        compute.click()
        expect(page.locator(".progress-of")).to_be_visible()
        look_over(page, english)
        desk.work()
        page.wait_for_url(re.compile("differences\\?"))
    expect(page.locator(".list-card .is").first).to_contain_text("B001 60 %")
    look_over(page, english)
    page.locator(".sheet-actions details.export > summary").click()
    with page.expect_download() as download:
        page.locator(".sheet-actions details.export button[value=csv]").click()
    rows = list(csv.reader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert [(row[0], row[-2], row[-1]) for row in rows[1:-3]] == [("10001", "B001", "2.40"), ("10001", "B002", "1.60")]
