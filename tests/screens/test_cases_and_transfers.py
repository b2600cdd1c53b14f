"""Two claims on one person, from the contest to the last letter; and accounts that change hands, one by one and as a book. In a browser,
in both languages, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from portal import create_app
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.pages import firm
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]
CLIENT = {"name": "客户10001", "phone": "199 1000 1001", "text": "在钢材展会上由我介绍，并陪同开户咨询", "reference": "工作日志 3 月 1 日"}
"""The client of account 10001, whom B001 introduced."""


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """B001 has account 10001 and B002 has 10002; March is closed, and both traded on 1 April."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        firm.settle_into_april(app, tmp_path / "files", traded=True)
        with served(app) as address:
            desk = Desk(app, address, tmp_path)
            desk.people = {
                "one": someone(app, Role.BROKER, broker_no="B001"),
                "two": someone(app, Role.BROKER, broker_no="B002"),
                "compliance": someone(app, Role.COMPLIANCE),
                "admin": someone(app, Role.ADMIN),
                "second": someone(app, Role.FINANCE),
            }
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def approved(desk: Desk, page: Page, english: set[str]) -> None:
    """A second person looks at what waits, and approves it."""
    page.goto(desk.address + "/approvals")
    page.locator("section[aria-labelledby=h-waiting] a").first.click()
    look_over(page, english)
    page.locator("form[action$='/approve'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()


# ---------------------------------------------------------------- a case


@pytest.mark.parametrize("locale", LOCALES)
def test_a_case_from_the_contest_to_the_release(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    one, two, compliance, admin, second = (desk.sit_down(browser_page, person, locale) for person in ("one", "two", "compliance", "admin", "second"))
    case = contest(desk, two, english)
    show_evidence(desk, one, case, english)
    hear_and_decide(desk, compliance, case, english)
    read_the_letter_and_appeal(two, case, english)
    judge(admin, case, english)
    release(desk, admin, second, case, english)
    for party, says in ((one, "two"), (two, "one")):
        party.goto(case)
        expect(party.locator("form[action*='/cases/']")).to_have_count(0)
        assert f"B00{'2' if says == 'two' else '1'}" not in party.locator("main").inner_text(), "neither side learns who the other is"
        look_over(party, english)
        party.goto(case + "/letter")
        look_over(party, english)
    two.goto(desk.address + "/cases")
    look_over(two, english)


def contest(desk: Desk, page: Page, english: set[str]) -> str:
    """B002 was told that the person is a client already, and contests it. Returns the address of the case."""
    page.goto(desk.address + "/cases")
    look_over(page, english)
    page.locator("main a[href$='/cases/new']").first.click()
    look_over(page, english)
    for name, value in CLIENT.items():
        page.fill(f"#{name}", value)
    page.fill("#phone", "12")
    page.locator("form[action$='/cases'] button[type=submit]").click()
    expect(page.locator(".form-errors")).to_be_visible()
    assert page.input_value("#reference") == CLIENT["reference"], "what was typed stays"
    page.complaints.clear()  # type: ignore[attr-defined] # the console names the 422 itself
    look_over(page, english)
    page.fill("#phone", CLIENT["phone"])
    page.locator("form[action$='/cases'] button[type=submit]").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    return page.url


def show_evidence(desk: Desk, page: Page, case: str, english: set[str]) -> None:
    """B001 hears of it and shows what he stands on, on his phone."""
    page.goto(desk.address + "/notices")
    look_over(page, english)
    page.goto(case)
    expect(page.get_by_text(CLIENT["reference"])).to_have_count(0)
    look_over(page, english)
    page.set_viewport_size({"width": 390, "height": 844})
    page.select_option("#show-kind", "document")
    page.fill("#show-text", "客户亲笔签字的申请表")
    page.fill("#show-reference", "表 7")
    page.locator("form[action$='/show'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)


def hear_and_decide(desk: Desk, page: Page, case: str, english: set[str]) -> None:
    """Compliance asks the client, sees what the rules propose and what waits, and decides for who held the claim."""
    page.goto(desk.address + "/cases?waits=desk")
    look_over(page, english)
    page.locator("tbody a").first.click()
    page.locator("details:has(form[action$='/hear']) summary").click()
    look_over(page, english)
    page.select_option("#hear-kind", "named_held")
    page.fill("#hear-text", "客户说由 B001 介绍")
    page.fill("#hear-reference", "录音 12")
    page.locator("form[action$='/hear'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    page.locator("form[action$='/suspense'] button").click()
    look_over(page, english)
    desk.work()
    page.wait_for_url(case)  # by itself: going there meanwhile would cut its own way short
    look_over(page, english)
    page.set_viewport_size({"width": 390, "height": 844})
    page.check("#decide-held")
    page.fill("#words-decide", "首次联系早于另一方，且有书面记录。")
    page.locator("form[action$='/decide'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page.locator("main a[href*='/letter?side=contesting']").click()
    look_over(page, english)


def read_the_letter_and_appeal(page: Page, case: str, english: set[str]) -> None:
    """B002 reads his letter on his phone, takes it home as a PDF, and appeals."""
    page.goto(case)
    page.locator("main a[href$='/letter'], header a[href$='/letter']").first.click()
    look_over(page, english)
    with page.expect_download() as paper:
        page.locator("a[href*='/letter.pdf']").click()
    assert Path(paper.value.path()).read_bytes()[:5] == b"%PDF-"
    page.goto(case)
    page.set_viewport_size({"width": 390, "height": 844})
    page.fill("#words-appeal", "裁定忽略了我三月一日的联系记录。")
    page.locator("form[action$='/appeal'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)


def judge(page: Page, case: str, english: set[str]) -> None:
    """Somebody else than who decided first decides on the appeal: it is over."""
    page.goto(case)
    look_over(page, english)
    page.check("#judge-contesting")
    page.fill("#words-judge", "工作日志更早，予以支持。")
    page.locator("form[action$='/judge'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)


def release(desk: Desk, page: Page, second: Page, case: str, english: set[str]) -> None:
    """What waited is worked out once more, as it was decided, and released by a second person."""
    page.locator("form[action$='/suspense'] button").click()
    desk.work()
    page.wait_for_url(case)  # by itself: going there meanwhile would cut its own way short
    look_over(page, english)
    page.locator("form[action$='/release'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    approved(desk, second, english)
    page.goto(case)
    expect(page.locator("form[action$='/suspense']")).to_have_count(0)


# ---------------------------------------------------------------- transfers


@pytest.mark.parametrize("locale", LOCALES)
def test_one_account_changes_hands(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    one, two, admin, second = (desk.sit_down(browser_page, person, locale) for person in ("one", "two", "admin", "compliance"))
    sees(desk, one, ["10001"])
    admin.goto(desk.address + "/transfers")
    look_over(admin, english)
    admin.locator("main a[href$='/transfers/new']").first.click()
    look_over(admin, english)
    asked(admin, {"accounts": "10001, 99999"})
    expect(admin.locator("#form-errors")).to_be_visible()
    admin.complaints.clear()  # type: ignore[attr-defined] # the console names the 404 itself
    look_over(admin, english)
    asked(admin, {"accounts": "10001"})
    put_before_a_second_person(desk, admin, english)
    sees(desk, one, ["10001"])
    approved(desk, second, english)
    sees(desk, one, [])
    answer = one.goto(desk.address + "/clients/10001")
    assert answer is not None
    assert answer.status == 404
    assert "客户10001" not in one.content()
    one.complaints.clear()  # type: ignore[attr-defined] # the console names the 404 itself
    look_over(one, english)
    sees(desk, two, ["10001", "10002"])
    admin.reload()
    look_over(admin, english)
    admin.goto(desk.address + "/transfers")
    look_over(admin, english)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_whole_book_changes_hands(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    one, two, admin, second = (desk.sit_down(browser_page, person, locale) for person in ("one", "two", "admin", "compliance"))
    admin.set_viewport_size({"width": 390, "height": 844})
    admin.goto(desk.address + "/transfers/new?broker=B001")
    asked(admin, {"servicer": "S001"}, day="2026-03-01")
    put_before_a_second_person(desk, admin, english)
    approved(desk, second, english)
    sees(desk, one, [])
    one.goto(desk.address + "/clients")
    look_over(one, english)
    sees(desk, two, ["10001", "10002"])


def asked(page: Page, fields: dict[str, str], day: str = "2026-04-01") -> None:
    """B001's go to B002 from a day on, called on that day."""
    for name, value in {"from_broker": "B001", "to_broker": "B002", "day": day, "confirmed_on": day, "evidence": "函 12", **fields}.items():
        page.fill(f"#{name}", value)
    page.locator("form[action$='/transfers'] button[type=submit]").click()


def put_before_a_second_person(desk: Desk, page: Page, english: set[str]) -> None:
    """The rehearsal runs, what it moves is looked at, and it waits."""
    look_over(page, english)
    desk.work()
    expect(page.locator("#h-money")).to_be_visible()  # the page looks by itself every second, and goes on
    look_over(page, english)
    page.locator(".confirm button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)


def sees(desk: Desk, page: Page, accounts: list[str]) -> None:
    """Exactly these accounts stand in somebody's list."""
    page.goto(desk.address + "/clients")
    listed = page.locator("main").inner_text()
    assert [number for number in ("10001", "10002") if number in listed] == accounts
