"""From a lead's questions to an attribution that counts: asked, converted, called, confirmed; and the rules beside it. In a browser,
in both languages, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from models import db
from models.identity import Role
from models.leads import Lead, LeadState
from portal import clock, create_app
from portal.leads import introducers
from portal.local_day import today
from tests import make
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.leads.stories import BOLD, CALM, lead_of
from tests.rooms.leads.test_confirmation import YES
from tests.rooms.leads.test_conversion import newcomer
from tests.screens.test_first_pages import Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """A firm with a qualified lead of B001, a late claim, and a client who is B001's spouse."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        people = {"admin": someone(app, Role.ADMIN), "compliance": someone(app, Role.COMPLIANCE), "second": someone(app, Role.COMPLIANCE)}
        settle_in(app, tmp_path)
        with served(app) as address:
            yield Desk(app, address, tmp_path, people)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def settle_in(app: Flask, folder: Path) -> None:
    firm = make.firm(folder / "firm")
    make.write(firm, "relatives", ["B001,990000197010002,spouse,2024-01-01,"])
    trade = ("10001", "SHFE", "rb", "3", "100000.00", "3000.00", "1000.00")
    make.day(firm, "2026-03-02", {"10001": ("0.00", "90000.00"), "10002": ("0.00", "0.00")}, [trade])
    now = clock.now()
    with app.app_context():
        make.accepted(firm)
        by = introducers.broker("B001")
        lead_of(by, moment=now, today=now.date(), state=LeadState.QUALIFIED)
        lead_of(by, name="李二", phone="13912345678", moment=now, today=now.date())
        make.accepted(make.write(folder / "late", "accounts", [newcomer("2026-01-05", phone="13912345678", number="10009").replace("王一", "李二")]))
        db.session.remove()


def key_of(desk: Desk) -> str:
    with desk.app.app_context():
        return db.session.execute(select(Lead.public_id).order_by(Lead.id)).scalars().first() or ""


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_questions_account_call_confirmed(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page = desk.sit_down(browser_page, "admin", locale)
    take_the_questions(desk, page, english)
    open_the_account(desk, page, english)
    call(desk, page, english)


def take_the_questions(desk: Desk, page: Page, english: set[str]) -> None:
    page.goto(desk.address + f"/suitability/take/lead/{key_of(desk)}")
    look_over(page, english)
    page.set_viewport_size({"width": 390, "height": 844})
    for question, letter in CALM.items():
        page.check(f"#q-{question}-{letter}")
    page.check("#where-at_desk")
    page.fill("#present", "S001")
    page.locator("form[action*='/take/'] button[type=submit]").click()
    expect(page.locator("#h-warning")).to_be_visible()
    look_over(page, english)
    page.fill("#warn-evidence", "rec 7")
    page.locator("button[value=accept]").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page.goto(desk.address + "/suitability")
    look_over(page, english)


def open_the_account(desk: Desk, page: Page, english: set[str]) -> None:
    page.goto(desk.address + f"/conversions/new/{key_of(desk)}")
    look_over(page, english)
    page.fill("#account", "10003")
    page.locator("main form button").first.click()
    expect(page.locator(".confirm")).to_be_visible()
    look_over(page, english)
    page.locator(".confirm button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    with desk.app.app_context():
        make.accepted(make.write(desk.folder / "new", "accounts", [newcomer(today().isoformat())]))
        db.session.remove()


def call(desk: Desk, page: Page, english: set[str]) -> None:
    page.goto(desk.address + "/confirmations")
    look_over(page, english)
    page.locator("tbody a").first.click()
    look_over(page, english)
    page.set_viewport_size({"width": 390, "height": 844})
    for question, letter in YES.items():
        page.check(f"#q-{question}-{letter}")
    page.check("#outcome-confirmed")
    page.fill("#call-evidence", "rec 8")
    page.locator("form[action*='/confirmations/'] button[type=submit]").click()
    expect(page.locator(".flash.good")).to_be_visible()
    expect(page.locator("tbody a")).to_have_count(0)
    look_over(page, english)


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_compliance_reads_rules_finds_breaches_and_looks_at_a_late_claim(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    page, second = (desk.sit_down(browser_page, person, locale) for person in ("compliance", "second"))
    for path in ("/rules", "/rules/ib-relatives", "/rules/facts", "/help/rules"):
        page.goto(desk.address + path)
        look_over(page, english)
    page.goto(desk.address + "/rules/breaches")
    page.locator("form[action$='/rules/breaches'] button").first.click()
    desk.work()
    page.goto(desk.address + "/rules/breaches")
    expect(page.locator("tbody tr")).to_have_count(1)
    look_over(page, english)
    page.goto(desk.address + "/conversions?state=review")
    look_over(page, english)
    page.locator("tbody a").first.click()
    look_over(page, english)
    page.fill("#ask-reason", "the form was lost at the desk")
    page.locator("form[action$='/ask'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    second.goto(desk.address + "/approvals")
    second.locator("section[aria-labelledby=h-waiting] a").first.click()
    look_over(second, english)
    told = second.locator("main").inner_text()
    assert "100 %" in told, "the share as people read it"
    assert "+00:00" not in told, "moments by the firm's clock"
    second.locator("form[action$='/approve'] button").click()
    expect(second.locator(".flash.good")).to_be_visible()
    page.goto(desk.address + "/confirmations")
    expect(page.locator("tbody a")).to_have_count(1)


def test_somebody_whom_futures_do_not_suit_is_told_kindly(desk: Desk, browser_page: OpenPage) -> None:
    page = desk.sit_down(browser_page, "admin", "zh-CN")
    page.goto(desk.address + f"/suitability/take/lead/{key_of(desk)}")
    for question, letter in {**BOLD, "aim": "a", "loss": "a"}.items():
        page.check(f"#q-{question}-{letter}")
    page.check("#where-at_desk")
    page.fill("#present", "S001")
    page.locator("form[action*='/take/'] button[type=submit]").click()
    expect(page.locator("#h-goodbye")).to_be_visible()
    page.goto(desk.address + f"/suitability/take/lead/{key_of(desk)}")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#present")).to_have_count(0)
