"""Finance closes a month with a correction, at a desk and on a phone, in both languages; papers are held against the books."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from portal import create_app
from portal.commission.month import quiet
from portal.jobs.refresh import refresh
from tests import make
from tests.conftest import settings_in
from tests.oracle.product import run
from tests.people import email_of, someone
from tests.screens.test_first_pages import Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]
MARCH = "/commission/months/2026-03"


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """A firm whose February is closed and was corrected since; March has a day."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        people = {"finance": someone(app, Role.FINANCE, email="finance@firm.example"), "second": someone(app, Role.FINANCE, email="second@firm.example")}
        people["broker"] = someone(app, Role.BROKER, email="broker@firm.example", broker_no="B001")
        settle_in(app, tmp_path, people)
        with served(app) as address:
            yield Desk(app, address, tmp_path, people)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def settle_in(app: Flask, folder: Path, people: dict[str, int]) -> None:
    firm = make.firm(folder / "firm")
    trade = ("10001", "SHFE", "rb", "3", "100000.00", "3000.00", "1000.00")
    make.day(firm, "2026-02-27", {"10001": ("0.00", "90000.00"), "10002": ("0.00", "0.00")}, [trade])
    make.day(firm, "2026-03-02", {"10001": ("87000.00", "0.00"), "10002": ("0.00", "0.00")}, [trade])
    later = make.write(folder / "later", "trades-2026-02-27", ["2026-02-27,10001,SHFE,rb,3,100000.00,3000.00,1500.00"], make.TRADE)
    with app.app_context():
        make.accepted(firm)
        db.session.remove()
    run(app, "commission", "close", "--period", "2026-02", "--prepared-by", email_of(app, people["finance"]), "--approved-by", email_of(app, people["second"]), "--accept-missing")
    with app.app_context():
        make.accepted(later)
        refresh(quiet)
        db.session.remove()


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_finance_closes_a_month_with_a_correction(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page, second = (desk.sit_down(browser_page, person, locale) for person in ("finance", "second"))
    page.goto(desk.address + MARCH)
    look_over(page, english)
    page.goto(desk.address + MARCH + "/corrections")
    page.locator("a[href$='/imports/days/2026-02-27']").click()
    expect(page.locator("#h-changes")).to_be_visible()
    look_over(page, english)
    page.goto(desk.address + MARCH + "/look")
    expect(page.locator(".chart svg")).to_have_count(1)
    look_over(page, english)
    page.locator("form[action$='/mark'] button").click()
    adjust(desk, page, second, english)
    close(desk, page, second, english)
    publish(desk, page, browser_page, english, locale)


def adjust(desk: Desk, page: Page, second: Page, english: set[str]) -> None:
    page.goto(desk.address + MARCH + "/adjustments")
    page.fill("#broker_no", "B001")
    page.fill("#amount", "-100.00")
    page.select_option("#reason", "other")
    page.locator(".adjust-form button").click()
    expect(page.locator(".adjust-form [role=alert]")).to_be_visible()
    expect(page.locator("#amount")).to_have_value("-100.00")
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser's own line about the answer 422
    page.select_option("#reason", "penalty")
    look_over(page, english)
    page.locator(".adjust-form button").click()
    expect(page.locator("#h-effect")).to_be_visible()
    look_over(page, english)
    page.locator(".confirm button").click()
    expect(page.locator("section[aria-labelledby=h-waiting] tbody tr")).to_have_count(1)
    decide(desk, second, english)


def decide(desk: Desk, second: Page, english: set[str]) -> None:
    """The second person reads what waits in his own language, at a desk and on a phone, and approves it."""
    second.goto(desk.address + "/approvals")
    second.locator("section[aria-labelledby=h-waiting] a").first.click()
    if second.locator("html").get_attribute("lang") == "zh-Hans-CN":
        names = second.locator(".facts dt, .card thead th").all_inner_texts()
        assert [name for name in names if name.isascii()] == [], "what is approved is named in the reader's language"
    look_over(second, english)
    second.locator("form[action$='/approve'] button").click()
    expect(second.locator(".flash.good")).to_be_visible()


def close(desk: Desk, page: Page, second: Page, english: set[str]) -> None:
    page.goto(desk.address + MARCH)
    page.locator("form[action$='/preview'] button").click()
    page.goto(desk.address + MARCH + "/close")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.fill("#typed", "2026-03")
    look_over(page, english)
    page.locator(".btn-danger").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    decide(desk, second, english)


def publish(desk: Desk, page: Page, browser_page: OpenPage, english: set[str], locale: str) -> None:
    broker = desk.sit_down(browser_page, "broker", locale)
    statement = desk.address + "/commission/statements/2026-03/B001"
    broker.goto(statement)
    expect(broker.locator(".badge-of.info")).to_have_count(1)
    page.goto(desk.address + MARCH + "/publication")
    look_over(page, english)
    page.locator("form[action$='/publish'] button").click()
    page.locator("form[action$='/notify'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    broker.goto(statement)
    expect(broker.locator("p.soft .badge-of.good")).to_have_count(1)
    look_over(broker, english)
    page.goto(desk.address + MARCH)
    expect(page.locator(".desk-step.done")).to_have_count(8)
    look_over(page, english)


def test_papers_are_held_against_the_books_and_days_are_walked_by_keys(desk: Desk, browser_page: OpenPage, english: set[str]) -> None:
    page = desk.sit_down(browser_page, "finance", "zh-CN")
    page.goto(desk.address + "/imports/calendar?month=2026-03")
    look_over(page, english)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("a.day-cell").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator("a.day-cell:focus")).to_have_attribute("href", "/imports/days/2026-03-10")
    page.keyboard.press("Enter")
    page.wait_for_url("**/imports/days/2026-03-10")
    look_over(page, english)
    page.goto(desk.address + "/imports/refusals")
    look_over(page, english)
    page.goto(desk.address + "/imports/comparisons")
    look_over(page, english)
    text = "资金对账表\n交易日,投资者代码,可用资金,投资者权益\n2026-03-02,10001,84000.00,84000.01\n2026-03-02,10002,0,0\n"
    page.set_input_files("#files", {"name": "资金.csv", "mimeType": "text/csv", "buffer": text.encode("gb18030")})
    page.locator("form[data-drop-files] button[type=submit]").click()
    expect(page.locator(".progress-of")).to_be_visible()
    desk.work()
    page.wait_for_url("**/imports/comparisons/1")
    expect(page.locator("tbody .badge-of.bad")).to_have_count(1)
    page.locator("input[name=line]").check()
    look_over(page, english)
    page.locator("section[aria-labelledby=h-explain] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page.goto(desk.address + "/imports/comparisons")
    broken = {"name": "结算单.txt", "mimeType": "text/plain", "buffer": "交易结算单(盯市) Settlement Statement(MTM)\n客户号 Client ID：10001\n".encode("gb18030")}
    page.set_input_files("#files", broken)
    page.locator("form[data-drop-files] button[type=submit]").click()
    expect(page.locator(".progress-of")).to_be_visible()
    desk.work()
    page.wait_for_url("**/imports/comparisons/2")
    page.goto(desk.address + "/imports/comparisons?differs=unread")
    expect(page.locator("tbody .badge-of.warn")).to_have_count(1)
    look_over(page, english)
