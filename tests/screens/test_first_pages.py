"""People at their screens, in both languages, at a desk and on a phone: no page is broken, closed to anybody's eyes, or half translated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from playwright.sync_api import Error, Page, expect

from models import db
from models.identity import Role
from portal import create_app
from portal.commission.month import quiet
from portal.jobs.refresh import is_stale, refresh
from portal.jobs.worker import Worker
from portal.settings import ROOT
from tests import make
from tests.conftest import settings_in
from tests.people import PASSWORD, seat, someone
from tests.screens.conftest import check, overflow
from tests.serving import served

LOCALES = ["zh-CN", "en-US"]
WIDTHS = (1440, 390)
NARROWEST = 320
"""Nothing may need sideways scrolling even here (a page at 400 % zoom is as narrow)."""
RESULT = re.compile(r"/imports/\d+$")
OpenPage = Callable[..., Page]


@dataclass
class Desk:
    """A portal that is served, with a small firm and somebody of each role."""

    app: Flask
    address: str
    folder: Path
    people: dict[str, int] = field(default_factory=dict)

    def sit_down(self, open_page: OpenPage, person: str, locale: str) -> Page:
        """A page of a browser in which a person is signed in."""
        page = open_page(locale)
        cookie = seat(self.app, self.people[person]).get_cookie(self.app.config["SIGN_IN_COOKIE"])
        assert cookie
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.address}])
        return page

    def work(self) -> None:
        """Do what waits, as the worker would."""
        assert Worker(self.app).drain() > 0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        settle_in(app, folder)
        with served(app) as address:
            desk = Desk(app, address, folder)
            for role in Role:
                desk.people[role.value] = someone(app, role, email=f"{role.value}@firm.example", broker_no="B001", client_no="C10001", staff_no="S001", branch_no="01")
            desk.people["second"] = someone(app, Role.FINANCE, email="second@firm.example")
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def settle_in(app: Flask, folder: Path) -> None:
    """A firm with two settled days of March; its month is previewed."""
    firm = make.firm(folder / "firm")
    make.write(firm, "exchange_fees", ["SHFE,rb,2025-01-01,,0.0001,0,0.0001,0,0.0001,0"])
    make.day(firm, "2026-03-02", {"10001": ("0.00", "90000.00"), "10002": ("0.00", "5000.00")}, [("10001", "SHFE", "rb", "3", "100000.00", "30.00", "10.00")])
    make.day(firm, "2026-03-03", {"10001": ("89970.00", "-500.00"), "10002": ("5000.00", "0.00")}, [("10001", "DCE", "m", "2", "60000.00", "12.00", "4.00")])
    with app.app_context():
        make.accepted(firm)
        assert is_stale()
        assert refresh(quiet) == ["2026-03"]
        assert not is_stale()
        db.session.remove()


@pytest.fixture(scope="module")
def english() -> set[str]:
    """Texts that have a Chinese form of their own, so that none may stand on a Chinese page as it is."""
    with (ROOT / "translations/zh_Hans_CN/LC_MESSAGES/messages.po").open("rb") as file:
        return {message.id for message in read_po(file) if isinstance(message.id, str) and message.id != message.string and re.search("[a-z]{3}", message.id)}


def untranslated(page: Page, english: set[str]) -> set[str]:
    """English texts on a page: lines of it, and what it says to those who hear it."""
    said = page.evaluate(
        """() => [...document.body.innerText.split("\\n"),
        ...[...document.querySelectorAll("[aria-label],[placeholder],[title]")].flatMap((one) => ["aria-label", "placeholder", "title"].map((name) => one.getAttribute(name) ?? "")),
        ...[...document.querySelectorAll("[data-label]")].map((one) => one.dataset.label)]"""
    )
    return {text.strip() for text in said} & english


GONE_ON = "Execution context was destroyed"


def look_over(page: Page, english: set[str]) -> None:
    """Everything that must hold of any page, at a desk and on a phone. What was just clicked may not have answered yet: where the page
    goes on meanwhile, the one that it goes to is looked at."""
    for _ in range(3):
        try:
            _look_over(page, english)
        except Error as error:
            if GONE_ON not in str(error):
                raise
            page.wait_for_load_state()
        else:
            return
    raise AssertionError(f"{page.url} does not come to rest")


def _look_over(page: Page, english: set[str]) -> None:
    """Barriers are looked for in one language at each width: they lie in what both share, and looking for them takes most of the time."""
    chinese = page.locator("html").get_attribute("lang") == "zh-Hans-CN"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("scrollTo({top: 0, behavior: 'instant'})")  # what lies half under the fixed head would count as too small
        check(page, barred=chinese == (width > 900))
    page.set_viewport_size({"width": NARROWEST, "height": 900})
    assert overflow(page) <= 0, page.url
    if chinese:
        assert untranslated(page, english) == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_a_broker_sees_his_clients_and_why_each_amount_is_what_it_is(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "broker", locale)
    page.goto(desk.address + "/")
    expect(page.locator(".chart svg")).to_have_count(1)
    look_over(page, english)
    page.goto(desk.address + "/clients")
    look_over(page, english)
    page.locator(".table-of tbody a").first.click()
    expect(page.locator(".chart svg")).to_have_count(1)
    look_over(page, english)
    page.goto(desk.address + "/commission/lines")
    look_over(page, english)
    page.locator("td a[href*='/commission/explain']").first.click()
    expect(page.locator(".steps li")).to_have_count(5)
    look_over(page, english)
    page.goto(desk.address + "/commission/statements")
    look_over(page, english)
    page.locator(".table-of tbody a").first.click()
    expect(page.locator(".statement .sum")).to_have_count(2)
    look_over(page, english)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("person", ["staff", "branch_manager"])
def test_who_looks_after_clients_sees_whom_to_call(desk: Desk, browser_page: OpenPage, english: set[str], person: str, locale: str) -> None:
    page = desk.sit_down(browser_page, person, locale)
    page.goto(desk.address + "/")
    look_over(page, english)
    page.goto(desk.address + "/clients")
    look_over(page, english)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_firm_sees_its_months_its_log_and_its_people(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "admin", locale)
    for path in (
        "/",
        "/imports",
        "/commission/months",
        "/commission/months/2026-03",
        "/calendar/2026",
        "/calendar/2040",
        "/exchange-fees",
        "/audit",
        "/audit/1",
        "/approvals",
        "/admin/users",
        "/me",
    ):
        answer = page.goto(desk.address + path)
        assert answer
        assert answer.status == 200, path
        look_over(page, english)


@pytest.mark.parametrize(("locale", "on", "previous"), [("zh-CN", "2026-03-04", "89458.00"), ("en-US", "2026-03-05", "89558.00")])
def test_files_are_previewed_before_they_are_brought_in(desk: Desk, browser_page: OpenPage, english: set[str], locale: str, on: str, previous: str) -> None:
    files = make.day(desk.folder / on, on, {"10001": (previous, "100.00"), "10002": ("5000.00", "0.00")})
    broken = make.day(desk.folder / f"broken-{on}", "2026-03-06", {"10001": ("1.00", "0.00"), "99999": ("0.00", "0.00")})
    page = desk.sit_down(browser_page, "finance", locale)
    page.goto(desk.address + "/imports")
    page.set_input_files("#files", [*sorted(files.iterdir()), *sorted(broken.iterdir())])
    expect(page.locator("[data-drop-said]")).to_contain_text("MB")
    page.locator("form[data-drop-files] button[type=submit]").click()
    expect(page.locator(".progress-of")).to_be_visible()
    look_over(page, english)
    desk.work()
    page.wait_for_url(RESULT)
    expect(page.locator(".decide")).to_be_visible()
    expect(page.locator("time", has_text=on)).to_have_count(1)
    expect(page.locator("td", has_text="99999").first).to_be_visible()
    look_over(page, english)
    page.goto(page.url + "?severity=refusal&code=unknown_account")
    expect(page.locator("section[aria-labelledby=h-findings] tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        page.locator("details.export > summary").click()
        page.locator("details.export button[value=csv]").click()
    assert "99999" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    page.locator("form[action$='/bring-in'] button").click()
    desk.work()
    page.wait_for_url(RESULT)
    expect(page.locator(".decide")).to_have_count(0)
    look_over(page, english)
    page.goto(desk.address + page.url.removeprefix(desk.address) + "/days")
    look_over(page, english)
    with desk.app.app_context():
        assert not is_stale(), "the brokers' pages were computed anew"
        db.session.remove()
    _again(desk, page, files)


def _again(desk: Desk, page: Page, files: Path) -> None:
    """The same bytes once more: the preview says that nothing changes."""
    page.goto(desk.address + "/imports")
    page.set_input_files("#files", sorted(files.iterdir()))
    page.locator("form[data-drop-files] button[type=submit]").click()
    expect(page.locator(".progress-of")).to_be_visible()
    desk.work()
    page.wait_for_url(RESULT)
    expect(page.locator(".note")).to_contain_text(re.compile("same bytes|相同内容"))
    page.locator("form[action$='/throw-away'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()


def test_a_month_is_prepared_by_one_and_approved_by_another(desk: Desk, browser_page: OpenPage, english: set[str]) -> None:
    page = desk.sit_down(browser_page, "finance", "zh-CN")
    page.goto(desk.address + "/commission/months/2026-03")
    page.locator("form[action$='/preview'] button").click()
    page.goto(desk.address + "/commission/months/2026-03/close")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.fill("#typed", "2026-03")
    page.locator("form[action$='/prepare'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page.goto(desk.address + "/approvals")
    look_over(page, english)
    second = desk.sit_down(browser_page, "second", "en-US")
    second.goto(desk.address + "/approvals")
    second.locator("section[aria-labelledby=h-waiting] a").click()
    look_over(second, english)
    second.locator("form[action$='/approve'] button").click()
    expect(second.locator(".flash.good")).to_be_visible()
    look_over(second, english)
    second.goto(desk.address + "/commission/months/2026-03")
    expect(second.locator(".badge-of", has_text="Closed").first).to_be_visible()
    look_over(second, english)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_broker_signs_in_by_hand(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = browser_page(locale)
    page.goto(desk.address + "/sign-in")
    look_over(page, english)
    page.fill("input[name=email]", "broker@firm.example")
    page.fill("input[name=password]", PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator("main h1")).to_be_visible()
    look_over(page, english)


def test_control_an_english_text_on_a_chinese_page_is_found(desk: Desk, browser_page: OpenPage, english: set[str]) -> None:
    page = desk.sit_down(browser_page, "broker", "zh-CN")
    page.goto(desk.address + "/clients")
    page.evaluate("document.querySelector('h1').textContent = 'Clients'")
    assert untranslated(page, english) == {"Clients"}
