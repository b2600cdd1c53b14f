"""A broker's whole day, in both languages, at a desk and on a phone: what is his, why, what next, and a question that is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from models.values.money import yuan
from portal import create_app
from portal.commission.month import quiet
from portal.jobs.refresh import refresh
from tests import make
from tests.conftest import settings_in
from tests.people import someone
from tests.screens.test_first_pages import Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]
PLAN = {
    "code": "HALF",
    "name": "Half",
    "versions": [
        {
            "valid_from": "2025-01-01",
            "valid_to": "2026-05-01",
            "components": [{"kind": "retained_fee", "tiers": {"measure": "retained_fee", "mode": "marginal", "steps": [["0", "0.40"], ["100", "0.50"]]}}],
            "deductions": [{"name": "增值税及附加", "rate": "0.0672"}],
            "cap": "5000.00",
            "reserve": {"rate": "0.05", "months": "2"},
        }
    ],
}


@pytest.fixture(scope="module")
def broker_desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("broker-desk")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        settle_in(app, folder)
        with served(app) as address:
            desk = Desk(app, address, folder)
            desk.people["broker"] = someone(app, Role.BROKER, email="broker@firm.example", broker_no="B001")
            desk.people["finance"] = someone(app, Role.FINANCE, email="finance@firm.example")
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def settle_in(app: Flask, folder: Path) -> None:
    """Forty-four settled days of February to April; 10002 stops trading half-way, 10003 comes in April, the plan ends in May."""
    firm = make.firm(folder / "firm", accounts=("10001", "10002", "10003"))
    make.plans(firm, [PLAN])
    make.write(
        firm,
        "attributions",
        [
            "10001,B001,70,confirmed,2025-01-02,,2025-01-02",
            "10001,B002,30,confirmed,2025-01-02,,2025-01-02",
            "10002,B001,100,confirmed,2025-01-02,,2025-01-02",
            "10003,B001,100,pending,2026-04-02,2026-06-01,",
        ],
    )
    day, equity = date(2026, 2, 3), {"10001": 2_000_000, "10002": 3_000_000, "10003": 1_500_000}
    for count in range(44):
        while day.weekday() > 4:
            day += timedelta(days=1)
        trades = [("10001", "SHFE", "rb", "3", "100000.00", "30.00", "10.00")]
        if count < 20:
            trades.append(("10002", "DCE", "m", "5", "60000.00", "60.00", "20.00"))
        trades.append(("10003", "SHFE", "au", "1", "500000.00", "12.00", "4.00"))
        make.day(firm, str(day), {no: (yuan(fen), "100.00") for no, fen in equity.items()}, trades)
        fees = {no: sum(int(trade[5].replace(".", "")) for trade in trades if trade[0] == no) for no in equity}
        equity = {no: fen + 10_000 - fees[no] for no, fen in equity.items()}
        day += timedelta(days=1)
    with app.app_context():
        make.accepted(firm)
        assert refresh(quiet)[-1] == "2026-04"
        db.session.remove()


def his_books(page: Page, desk: Desk, english: set[str]) -> None:
    """First page, clients, one client, the month."""
    page.goto(desk.address + "/")
    expect(page.locator(".tile")).to_have_count(5)
    expect(page.locator(".calls li")).to_have_count(1)
    expect(page.locator(".chart svg")).to_have_count(1)
    look_over(page, english)
    page.goto(desk.address + "/clients?calls=yes")
    expect(page.locator(".table-of tbody tr")).to_have_count(1)
    look_over(page, english)
    page.goto(desk.address + "/clients/10001")
    expect(page.locator(".chart svg")).to_have_count(1)
    expect(page.locator("main")).not_to_contain_text("B002")
    look_over(page, english)
    page.goto(desk.address + "/month")
    page.wait_for_url(re.compile("/brokers/B001/months/2026-04$"))
    expect(page.locator(".chart svg")).to_have_count(3)
    page.locator("details > summary", has_text=re.compile("steps mean|各因素")).click()
    look_over(page, english)


def his_plan(page: Page, desk: Desk, english: set[str]) -> None:
    """The plan in words, and what more trading would bring."""
    page.goto(desk.address + "/terms")
    expect(page.locator(".clauses > li")).to_have_count(4)
    look_over(page, english)
    page.locator(".sheet-actions a").click()
    page.select_option("#w-account", "10001")
    page.select_option("#w-product", "SHFE.rb")
    page.fill("#w-lots", "400")
    page.locator(".what-if-form button").click()
    expect(page.locator(".tile")).to_have_count(3)
    look_over(page, english)


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_a_brokers_day(broker_desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    desk = broker_desk
    page = desk.sit_down(browser_page, "broker", locale)
    his_books(page, desk, english)
    his_plan(page, desk, english)
    page.goto(desk.address + "/disputes")
    look_over(page, english)
    page.goto(desk.address + f"/commission/lines?account=10003&sort={'-' if locale == 'zh-CN' else ''}trade_date")
    page.locator("td a[href*='/commission/explain']").first.click()
    page.locator(".ask a").click()
    look_over(page, english)
    page.fill("#question", "The call-back was made on the 7th.")
    page.locator("form[action='/disputes'] button").click()
    expect(page.locator(".timeline li")).to_have_count(1)
    look_over(page, english)
    answered(desk, browser_page, page, english, locale)


def answered(desk: Desk, browser_page: OpenPage, page: Page, english: set[str], locale: str) -> None:
    """The firm's desk finds the question, answers it, and the broker accepts."""
    finance = desk.sit_down(browser_page, "finance", locale)
    finance.goto(desk.address + "/disputes?waits=desk")
    look_over(finance, english)
    finance.locator(".table-of tbody a").first.click()
    finance.locator("form[action$='/take'] button").click()
    look_over(finance, english)
    finance.select_option("#outcome-answer", "upheld")
    finance.fill("#granted-answer", "4.00")
    finance.fill("#words-answer", "It was made indeed.")
    finance.locator("form[action$='/answer'] button").click()
    expect(finance.locator(".timeline li")).to_have_count(3)
    page.reload()
    look_over(page, english)
    page.locator("form[action$='/accept'] button").click()
    expect(page.locator(".timeline li")).to_have_count(4)
    finance.reload()
    look_over(finance, english)
    finance.locator("form[action$='/adjust'] button").click()
    expect(finance.locator("a[href^='/approvals/']")).to_have_count(1)
