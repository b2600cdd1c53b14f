"""A lead from a broker's table to the staff's desk, in both languages, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from portal import clock, create_app
from portal.actors import TERMINAL
from portal.leads.tidy import tidy
from portal.transaction import transaction
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.leads.firm import settle_in
from tests.screens.test_first_pages import Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture(scope="module")
def leads_desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("leads-desk")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        settle_in(app, folder / "firm")
        with served(app) as address:
            desk = Desk(app, address, folder)
            desk.people["broker"] = someone(app, Role.BROKER, email="broker@firm.example", broker_no="B001")
            desk.people["anna"] = someone(app, Role.STAFF, email="anna@firm.example", staff_no="S001", branch_no="01")
            desk.people["bert"] = someone(app, Role.STAFF, email="bert@firm.example", staff_no="S002", branch_no="01")
            desk.people["boss"] = someone(app, Role.BRANCH_MANAGER, email="boss@firm.example", branch_no="01")
            desk.people["compliance"] = someone(app, Role.COMPLIANCE, email="compliance@firm.example")
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def mistyped(page: Page, desk: Desk, english: set[str]) -> None:
    """A broker's empty list, the form, and a number that is none."""
    page.goto(desk.address + "/leads")
    look_over(page, english)
    page.goto(desk.address + "/leads/new")
    look_over(page, english)
    fill_in(page, "138")
    expect(page.locator("#l-phone-error")).to_have_count(1)
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser notes that the answer was a refusal
    look_over(page, english)


def fill_in(page: Page, phone: str) -> None:
    """Register somebody of this number."""
    page.fill("#l-name", "王小明")
    page.fill("#l-phone", phone)
    page.check("#l-consent")
    page.locator("form[action='/leads'] button").click()


def register(page: Page, desk: Desk, phone: str) -> str:
    """A broker registers somebody. Returns the address of the lead."""
    page.goto(desk.address + "/leads/new")
    fill_in(page, phone)
    expect(page.locator(".timeline li")).to_have_count(1)
    expect(page.locator("dl.facts")).to_contain_text("****")
    return page.url


def ask(page: Page, desk: Desk, english: set[str], phone: str) -> None:
    """Is somebody known?"""
    page.goto(desk.address + "/leads/check")
    page.fill("#l-phone", phone)
    page.locator("form[action='/leads/check'] button").click()
    expect(page.locator("section[role=status]")).to_have_count(1)
    look_over(page, english)


def upload(page: Page, desk: Desk, english: set[str], phone: str) -> None:
    """A list with one row that holds and one that does not."""
    page.goto(desk.address + "/leads/upload")
    look_over(page, english)
    page.set_input_files("#file", {"name": "名单.csv", "mimeType": "text/csv", "buffer": f"姓名,手机号\n李四,{phone}\n王五,12\n".encode()})
    page.locator("form[action='/leads/upload'] button").click()
    expect(page.locator("progress")).to_have_count(1)
    look_over(page, english)
    desk.work()
    expect(page.locator(".confirm")).to_have_count(1, timeout=15_000)
    expect(page.locator(".table-of tbody tr")).to_have_count(1)
    look_over(page, english)
    page.check("#consent")
    page.locator(".confirm button").click()
    expect(page.locator("progress")).to_have_count(1)
    desk.work()
    expect(page.locator("a.btn-primary[href='/leads']")).to_have_count(1, timeout=15_000)
    look_over(page, english)


def work(page: Page, desk: Desk, english: set[str], where: str) -> None:
    """The one who looks after it calls, promises something and qualifies."""
    page.goto(desk.address + "/leads/board")
    expect(page.locator(".lead-column")).to_have_count(5)
    look_over(page, english)
    page.goto(where)
    look_over(page, english)
    page.locator("details.reveal summary").click()
    page.select_option("#phone-why", "first_contact")
    page.locator("form[action$='/phone'] button").click()
    expect(page.locator("dl.facts")).to_contain_text("+86138")
    expect(page.locator(".recorded")).to_be_visible()
    look_over(page, english)
    page.goto(where)
    page.fill("#contact-words", "想了解手续费")
    page.fill("#promise", "发送手续费标准")
    page.fill("#promised_for", str(clock.now().date() + timedelta(days=3)))
    page.locator("form[action$='/contacts'] button").click()
    expect(page.locator(".lead-tasks li")).to_have_count(1)
    look_over(page, english)
    page.locator("form[action*='/tasks/'] input[name=outcome]").fill("已发送")
    page.locator("form[action*='/tasks/'] button").click()
    page.locator("details:has(form[action$='/steps/qualify']) summary").click()
    page.fill("#words-qualify", "计划开户")
    page.locator("form[action$='/steps/qualify'] button").click()
    expect(page.locator(".sheet-head .badge-of").first).to_have_text("意向明确" if page.locator("html").get_attribute("lang") == "zh-Hans-CN" else "Qualified")
    look_over(page, english)


@pytest.mark.parametrize(("locale", "last"), [("zh-CN", "1"), ("en-US", "2")])
def test_a_lead_from_the_broker_to_the_desk(leads_desk: Desk, browser_page: OpenPage, english: set[str], locale: str, last: str) -> None:
    desk = leads_desk
    broker = desk.sit_down(browser_page, "broker", locale)
    mistyped(broker, desk, english)
    where = register(broker, desk, f"1380013800{last}")
    look_over(broker, english)
    ask(broker, desk, english, f"1380013800{last}")
    upload(broker, desk, english, f"1390013900{last}")
    work(desk.sit_down(browser_page, "anna", locale), desk, english, where)
    broker.goto(where)
    expect(broker.locator(".timeline")).not_to_contain_text("想了解手续费")
    broker.locator("form[action$='/extend'] button").click()
    expect(broker.locator("form[action$='/extend']")).to_have_count(0)
    look_over(broker, english)


@pytest.mark.parametrize(("locale", "last"), [("zh-CN", "3"), ("en-US", "4")])
def test_the_pool_and_what_the_firm_lays_down(leads_desk: Desk, browser_page: OpenPage, english: set[str], locale: str, last: str) -> None:
    desk = leads_desk
    broker = desk.sit_down(browser_page, "broker", locale)
    register(broker, desk, f"1380013800{last}")
    later = clock.now() + timedelta(days=20)
    with desk.app.app_context(), transaction():
        tidy(later.date(), TERMINAL, later, since=later.date())
    bert = desk.sit_down(browser_page, "bert", locale)
    bert.goto(desk.address + "/leads/pool?sort=-number")
    look_over(bert, english)
    expect(bert.locator(".table-of")).not_to_contain_text("小明")
    bert.locator("td form button").first.click()
    expect(bert.locator("#h-contact")).to_have_count(1)
    boss = desk.sit_down(browser_page, "boss", locale)
    boss.goto(bert.url)
    boss.locator("#lead-owner [data-edit]").click()
    boss.select_option("#lead-owner-value", "S001")
    boss.locator("form[action$='/assign'] button").click()
    expect(boss.locator("#lead-owner")).to_contain_text("S001")
    look_over(boss, english)
    boss.goto(desk.address + "/leads/campaigns/new")
    look_over(boss, english)
    for name, value in {"code": f"EXPO{last}", "name": "博览会", "starts_on": "2026-01-01", "ends_on": "2026-12-31", "cost": "12000.50"}.items():
        boss.fill(f"#l-{name}", value)
    boss.locator("main form button").click()
    expect(boss.locator(".table-of tbody")).to_contain_text("12,000.50")
    look_over(boss, english)
    compliance = desk.sit_down(browser_page, "compliance", locale)
    compliance.goto(desk.address + "/leads/terms")
    look_over(compliance, english)
    compliance.fill("#l-picks_a_day", "6")
    compliance.locator("main form button").click()
    expect(compliance.locator("#l-picks_a_day")).to_have_value("6")
    compliance.goto(desk.address + "/help/leads")
    look_over(compliance, english)
