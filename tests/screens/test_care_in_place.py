"""Who does a task and by when, and who answers a question, changed where they stand: by keyboard, in both languages, at a desk and on a phone, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from models import db
from models.clients import Account
from models.identity import Role
from models.partners import Staff
from portal import clock, create_app
from portal.actors import TERMINAL
from portal.care.due import on_or_after
from portal.care.tasks import Wanted, set_task
from portal.local_day import today
from portal.settlement import calendar
from portal.transaction import transaction
from tests import make
from tests.conftest import settings_in
from tests.people import post, seat, someone
from tests.rooms.pages import firm
from tests.screens.conftest import check
from tests.screens.test_first_pages import Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]
BOTH = [("zh-CN", 390), ("en-US", 1440)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    """S001 looks after account 10001; S002 is a colleague."""
    folder = tmp_path_factory.mktemp("care-in-place")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        firm.settle_in(app, folder / "files")
        with app.app_context():
            make.accepted(make.write(folder / "more", "staff", ["S001,Li,01,s1@example.com,19900000001,2024-01-01,", "S002,Wang,01,s2@example.com,19900000002,2024-01-01,"]))
            with transaction():
                calendar.sow(TERMINAL, clock.now())
            db.session.remove()
        with served(app) as address:
            desk = Desk(app, address, folder)
            desk.people = {"staff": someone(app, Role.STAFF, staff_no="S001"), "auditor": someone(app, Role.AUDITOR)}
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def task(desk: Desk, key: str) -> str:
    """A promise of today that S001 keeps: its address."""
    with desk.app.app_context():
        with transaction():
            account = db.session.execute(select(Account.id).where(Account.account_no == "10001")).scalar_one()
            owner = db.session.execute(select(Staff.id).where(Staff.staff_no == "S001")).scalar_one()
            number = set_task(Wanted(key, "promise", account, owner, today()), TERMINAL, clock.now(), today()).id
        db.session.remove()
    return f"{desk.address}/care/tasks/{number}"


def opened(page: Page, place: str) -> None:
    """Open the form with the keyboard: the focus goes into it."""
    page.locator(f"#{place} [data-edit]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#{place}-value")).to_be_focused()


@pytest.mark.parametrize(("locale", "width"), BOTH)
def test_a_task_gets_another_day_and_another_doer(desk: Desk, browser_page: OpenPage, english: set[str], locale: str, width: int) -> None:
    page, where = desk.sit_down(browser_page, "staff", locale), task(desk, f"changed {width}")
    with desk.app.app_context():
        wanted, due = today() + timedelta(days=30), on_or_after(today() + timedelta(days=30))
        db.session.remove()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(where)
    opened(page, "task-due")
    check(page)
    page.keyboard.press("Escape")
    expect(page.locator("#task-due [data-edit]")).to_be_focused()
    expect(page.locator("#task-due-value")).to_have_count(0)
    opened(page, "task-due")
    page.fill("#task-due-value", "2099-01-02")
    page.locator("#task-due form").evaluate("form => form.noValidate = true")
    page.keyboard.press("Enter")
    expect(page.locator("#task-due-value-error")).to_be_visible()
    expect(page.locator("#task-due-value")).to_be_focused()
    expect(page.locator("#task-due-value")).to_have_value("2099-01-02")
    expect(page.locator("#task-due-value")).to_have_attribute("aria-describedby", "task-due-value-error task-due-value-hint")
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser notes that the answer was a refusal
    look_over(page, english)
    page.set_viewport_size({"width": width, "height": 900})
    page.fill("#task-due-value", wanted.isoformat())
    page.keyboard.press("Enter")
    expect(page.locator("#task-due .in-place-value")).to_have_text(due.isoformat())
    expect(page.locator("#task-due [data-edit]")).to_be_focused()
    expect(page.locator("body > [role=status]")).to_contain_text(due.isoformat())
    expect(page.locator(".timeline")).to_contain_text(due.isoformat())
    assert page.url == where
    opened(page, "task-owner")
    page.select_option("#task-owner-value", "S002")
    page.keyboard.press("Enter")
    expect(page.locator("#task-owner .in-place-value")).to_have_text("Wang")
    expect(page.locator("#task-owner [data-edit]")).to_be_focused()
    assert page.url == where
    look_over(page, english)


@pytest.mark.parametrize(("locale", "width"), BOTH)
def test_a_question_gets_another_answerer(desk: Desk, browser_page: OpenPage, english: set[str], locale: str, width: int) -> None:
    where = desk.address + post(seat(desk.app, desk.people["staff"]), "/care/clients/10001/question", "/me", subject="delivery", words="交割仓库在哪里").headers["Location"]
    page = desk.sit_down(browser_page, "staff", locale)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(where)
    opened(page, "question-owner")
    check(page)
    page.select_option("#question-owner-value", "S002")
    page.keyboard.press("Enter")
    expect(page.locator("#question-owner .in-place-value")).to_have_text("Wang")
    expect(page.locator("#question-owner [data-edit]")).to_be_focused()
    expect(page.locator("body > [role=status]")).to_contain_text("S002")
    look_over(page, english)


def test_somebody_was_quicker_and_what_is_there_stands_beside_the_words(desk: Desk, browser_page: OpenPage) -> None:
    first, where = desk.sit_down(browser_page, "staff", "en-US"), task(desk, "quicker")
    first.goto(where)
    opened(first, "task-owner")
    second = first.context.new_page()
    second.goto(where + "/owner")
    second.select_option("#task-owner-value", "S002")
    second.locator("#task-owner form button").click()
    expect(second.locator("#task-owner .in-place-value")).to_have_text("Wang")
    first.select_option("#task-owner-value", "S002")
    first.keyboard.press("Enter")
    expect(first.locator("#task-owner-value-error")).to_contain_text("was changed by somebody meanwhile")
    expect(first.locator("#task-owner .in-place-value")).to_have_text("Wang")
    expect(first.locator("#task-owner-value")).to_be_focused()


def test_without_scripts_it_is_a_form_at_its_own_address(desk: Desk, browser_page: OpenPage) -> None:
    scripted, where = desk.sit_down(browser_page, "staff", "en-US"), task(desk, "plain")
    page = browser_page("en-US", 390, java_script_enabled=False)
    page.context.add_cookies(scripted.context.cookies())
    page.goto(where)
    page.locator("#task-due [data-edit]").click()
    assert page.url == where + "/due"
    wanted = today_in(desk) + timedelta(days=30)
    page.fill("#task-due-value", wanted.isoformat())
    page.locator("#task-due form button").click()
    assert page.url == where
    expect(page.locator(".timeline")).to_contain_text("Day changed")


def test_the_auditor_reads_and_changes_nothing(desk: Desk, browser_page: OpenPage) -> None:
    page, where = desk.sit_down(browser_page, "auditor", "zh-CN"), task(desk, "read")
    page.goto(where)
    expect(page.locator("dl.facts")).to_contain_text("Li")
    expect(page.locator("[data-edit]")).to_have_count(0)
    answer = page.goto(where + "/due")
    assert answer is not None
    assert answer.status == 403


def today_in(desk: Desk):  # type: ignore[no-untyped-def]
    with desk.app.app_context():
        return today()
