"""What leaves the portal and what is shown in the clear: a client's bills as a file, a view of the inbox, a number for a reason, a sign-in that is disabled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from models import db
from models.identity import Role, User
from models.notices import Notice
from portal import clock, create_app
from portal.transaction import transaction
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.pages.firm import DAY, NUMBERS, settle_in
from tests.screens.test_first_pages import Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]
BOTH = [("zh-CN", 1440), ("en-US", 390)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("taken-out")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        settle_in(app, folder / "firm")
        with served(app) as address:
            desk = Desk(app, address, folder)
            for role, bound in ((Role.CLIENT, "client_no"), (Role.BROKER, "broker_no"), (Role.COMPLIANCE, ""), (Role.ADMIN, "")):
                desk.people[role.value] = someone(app, role, email=f"{role.value}@firm.example", **({bound: NUMBERS[bound]} if bound else {}))
            with app.app_context():
                with transaction():
                    db.session.add(Notice(user_id=desk.people["client"], kind="nothing.known", link="/bills", values={}, at=clock.now(), actor_label="test"))
                db.session.remove()
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def file_of(page: Page) -> list[str]:
    """The lines of the list that is shown, taken out as CSV."""
    page.locator("details.export > summary").first.click()
    with page.expect_download() as download:
        page.locator("details.export button[value=csv]").first.click()
    return Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()


@pytest.mark.parametrize(("locale", "width"), BOTH)
def test_a_client_takes_his_bills_out_and_keeps_a_view(desk: Desk, browser_page: OpenPage, english: set[str], locale: str, width: int) -> None:
    page = desk.sit_down(browser_page, "client", locale)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{desk.address}/bills?by=day")
    lines = file_of(page)
    assert lines[1].startswith(f"{DAY},")
    assert "client@firm.example" in lines[-3]
    page.goto(f"{desk.address}/notices?show=unread&per_page={50 if width > 900 else 100}")
    page.locator(".views summary").click()
    page.fill("#view-name", str(width))
    page.locator("form[action='/views'] button").click()
    expect(page.locator(".views-tabs a[aria-current]")).to_contain_text(str(width))
    assert "nothing.known" in file_of(page)[1]
    look_over(page, english)


def test_a_broker_takes_a_clients_trades_out_of_the_clients_page(desk: Desk, browser_page: OpenPage, english: set[str]) -> None:
    page = desk.sit_down(browser_page, "broker", "zh-CN")
    page.goto(f"{desk.address}/clients/10001")
    lines = file_of(page)
    assert [line.split(",")[:4] for line in lines[1:-3]] == [[DAY, "SHFE", "rb", "1"]]
    look_over(page, english)
    page.goto(f"{desk.address}/commission/statements")
    assert page.locator("thead").inner_text().count("B001") == page.locator("tbody").inner_text().count("B001") == 0
    assert page.evaluate("(() => { const box = document.querySelector('.table-box'); return box.scrollWidth <= box.clientWidth; })()")
    look_over(page, english)


@pytest.mark.parametrize(("locale", "width"), BOTH)
def test_numbers_are_shown_for_a_reason_under_a_banner(desk: Desk, browser_page: OpenPage, english: set[str], locale: str, width: int) -> None:
    page = desk.sit_down(browser_page, "compliance", locale)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{desk.address}/clients/10001")
    page.locator("details:has(#reveal-reason) > summary").click()
    page.fill("#reveal-reason", "回访核对")
    page.locator("form[action$='/reveal'] button").click()
    expect(page.locator(".recorded")).to_contain_text("回访核对")
    look_over(page, english)
    page.goto(f"{desk.address}/clients/10001/trades")
    assert file_of(page)[1].startswith(f"{DAY},SHFE,rb,")
    look_over(page, english)


@pytest.mark.parametrize(("locale", "width"), BOTH)
def test_who_disables_a_sign_in_sees_first_what_ends(desk: Desk, browser_page: OpenPage, english: set[str], locale: str, width: int) -> None:
    email = f"leaves{width}@firm.example"
    leaver = someone(desk.app, Role.STAFF, email=email, staff_no="S001", branch_no="01")
    desk.people[email] = leaver
    away = desk.sit_down(browser_page, email, locale)
    away.goto(desk.address + "/")
    page = desk.sit_down(browser_page, "admin", locale)
    page.set_viewport_size({"width": width, "height": 844})
    with desk.app.app_context():
        public_id = db.session.execute(select(User.public_id).where(User.id == leaver)).scalar_one()
        db.session.remove()
    page.goto(f"{desk.address}/admin/users/{public_id}")
    look_over(page, english)
    page.locator("a[href$='/disable']").click()
    expect(page.locator(".left-behind > div")).to_have_count(3)  # a session, the client whom nobody else serves, the brokers whom he manages
    look_over(page, english)
    page.fill("#reason", "离职")
    page.fill("#typed", "somebody@else.example")
    page.locator("form[action$='/disable'] button").click()
    expect(page.locator("#typed-error")).to_be_visible()
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser notes that the answer was a refusal
    page.fill("#typed", email)
    page.locator("form[action$='/disable'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    away.goto(desk.address + "/")
    assert re.search(r"/sign-in", away.url)
