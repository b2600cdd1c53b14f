"""An administrator tells another system what happens here: registers it, copies its secret, tries it out, reads what was answered, and looks at sending a span
once more and at taking it off. In both languages, at a desk and on a phone, against a real receiver."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from models import db
from models.identity import Role
from portal import clock, create_app
from portal.transaction import transaction
from portal.webhooks.recording import Happened, record
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.webhooks.receiver import Receiver, open_receiver
from tests.screens.test_first_pages import Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]
WORDS = {
    "zh-CN": {"test": "发送测试", "taken": "对方已接收"},
    "en-US": {"test": "Send a test", "taken": "Taken by the receiver"},
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as found:
        yield found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("webhooks")
    with settings_in(folder, migrated) as settings:
        app = create_app(dataclasses.replace(settings, webhook_loopback=True))
        with served(app) as address:
            desk = Desk(app, address, folder)
            desk.people["admin"] = someone(app, Role.ADMIN, email="admin@firm.example")
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("locale", WORDS)
def test_another_system_is_told(desk: Desk, browser_page: OpenPage, english: set[str], receiver: Receiver, locale: str) -> None:
    words, page = WORDS[locale], desk.sit_down(browser_page, "admin", locale)
    page.goto(f"{desk.address}/admin/webhooks")
    look_over(page, english)
    page.goto(f"{desk.address}/admin/webhooks/new")
    look_over(page, english)
    page.fill("#description", f"CRM {locale}")
    page.fill("#url", receiver.url(f"/{locale}"))
    page.check("input[value='month.closed']")
    page.click("main form.card button[type=submit]")
    secret = page.locator("#new-secret").inner_text()
    assert secret.startswith("whsec_")
    look_over(page, english)

    page.get_by_role("button", name=words["test"]).click()
    page.wait_for_load_state()
    desk.work()
    page.reload()
    expect(page.locator("main")).to_contain_text(words["taken"])
    look_over(page, english)
    [came] = receiver.at(f"/{locale}")
    assert came.is_signed_with(secret)
    assert came.event["type"] == "webhook.test"

    with desk.app.app_context():
        with transaction():
            record("month.closed", [Happened("2026-10", "/commission/months/2026-10")], clock.now())
        db.session.remove()
    page.goto(f"{desk.address}/admin/webhooks/log")
    expect(page.locator("main tbody tr").first).to_contain_text("2026-10")
    look_over(page, english)
    page.goto(f"{desk.address}/admin/webhooks")
    page.get_by_role("link", name=f"CRM {locale}").click()
    expect(page.locator("main")).not_to_contain_text(secret)
    look_over(page, english)
    page.locator("a[href$='/replay']").click()
    look_over(page, english)
    page.go_back()
    page.locator("a[href$='/remove']").click()
    look_over(page, english)
    page.goto(f"{desk.address}/help/webhooks")
    look_over(page, english)
