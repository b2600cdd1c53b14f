"""Many statements in one file: asked for, watched, stopped, made and fetched; by finance and by a broker, in both languages, at a desk and on a phone."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from portal import create_app
from portal.jobs.handlers import Work
from portal.jobs.worker import Worker
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.commission import payout_scene
from tests.rooms.commission.payout_scene import FEBRUARY, MARCH
from tests.screens.test_first_pages import Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]
BOTH = [("zh-CN", 390), ("en-US", 1440)]
WORDS = {"zh-CN": {"waits": "等待", "stopping": "停止"}, "en-US": {"waits": "Waiting for the worker", "stopping": "Stopping at the next step"}}


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """A firm of four brokers whose February and March are closed and published."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        payout_scene.settled(app, tmp_path / "files")
        with served(app) as address:
            desk = Desk(app, address, tmp_path)
            desk.people = {"finance": someone(app, Role.FINANCE, email="f@firm.example"), "broker": someone(app, Role.BROKER, email="b@firm.example", broker_no="B002")}
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@contextmanager
def held_after(desk: Desk, statements: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A worker at work beside the browser, which waits after some statements until it is let go: what a long pack looks like half-way."""
    said, reached, go = Work.progress, threading.Event(), threading.Event()

    def progress(work: Work, step: str, done: int = 0, total: int = 0) -> None:
        said(work, step, done, total)
        if done == statements:
            reached.set()
            assert go.wait(60)
            said(work, step, done, total)

    with monkeypatch.context() as patched:
        patched.setattr(Work, "progress", progress)
        worker = threading.Thread(target=Worker(desk.app, poll=0.01).drain)
        worker.start()
        try:
            assert reached.wait(30)
            yield go
        finally:
            go.set()
            worker.join(60)


def ask(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.address}/commission/months/{MARCH}/publication")
    page.locator("form[action$='/statements'] button").click()
    expect(page.locator(".progress-of")).to_be_visible()
    assert page.url == desk.address + "/exports"


def fetched(page: Page) -> list[str]:
    """The names in the newest file."""
    with page.expect_download() as download:
        page.locator("tbody tr").first.locator("a[href^='/exports/']").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def fetches(desk: Desk) -> int:
    with desk.app.app_context():
        found = db.session.execute(select(func.count()).where(AuditEntry.action == "export.fetched")).scalar_one()
        db.session.remove()
    return int(found)


@pytest.mark.parametrize(("locale", "width"), BOTH)
def test_finance_watches_it_stops_it_and_makes_it_anew(desk: Desk, browser_page: OpenPage, english: set[str], monkeypatch: pytest.MonkeyPatch, locale: str, width: int) -> None:
    page, say = desk.sit_down(browser_page, "finance", locale), WORDS[locale]
    page.set_viewport_size({"width": width, "height": 844})
    ask(page, desk)
    expect(page.locator(".progress-of")).to_contain_text(say["waits"])
    look_over(page, english)
    page.set_viewport_size({"width": width, "height": 844})
    with held_after(desk, 2, monkeypatch) as go:
        expect(page.locator(".progress-of .num")).to_have_text("2 / 4", timeout=20_000)
        look_over(page, english)
        page.set_viewport_size({"width": width, "height": 844})
        page.locator(".progress-of form[action$='/cancel'] button").click()
        expect(page.locator(".progress-of")).to_contain_text(say["stopping"])
        assert page.url == desk.address + "/exports"
        go.set()
    page.reload()
    expect(page.locator(".progress-of")).to_have_count(0)
    expect(page.locator("tbody tr")).to_have_count(0)
    ask(page, desk)
    with held_after(desk, 3, monkeypatch):
        expect(page.locator(".progress-of .num")).to_have_text("3 / 4", timeout=20_000)
    expect(page.locator("tbody tr")).to_have_count(1, timeout=20_000)  # the page shows it by itself
    expect(page.locator(".progress-of")).to_have_count(0)
    look_over(page, english)
    names = fetched(page)
    assert {name.partition("/")[2].partition("/")[0] for name in names if "/" in name} == {"B001", "B002", "B003", "B004"}
    assert fetches(desk) == 1
    fetched(page)
    assert fetches(desk) == 2


@pytest.mark.parametrize(("locale", "width"), BOTH)
def test_a_broker_takes_out_his_own_months(desk: Desk, browser_page: OpenPage, english: set[str], locale: str, width: int) -> None:
    page = desk.sit_down(browser_page, "broker", locale)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(desk.address + "/commission/statements")
    form = page.locator("form[action$='/statements/own']")
    for name, month in (("first", FEBRUARY), ("last", MARCH)):
        field = form.locator(f"[name={name}]")
        field.select_option(month) if field.evaluate("one => one.tagName") == "SELECT" else field.fill(month)
    form.locator("button").click()
    expect(page.locator(".progress-of")).to_be_visible()
    desk.work()
    expect(page.locator("tbody tr")).to_have_count(1, timeout=20_000)
    look_over(page, english)
    assert {name.rsplit("/", 1)[0] for name in fetched(page) if "/" in name} == {f"{FEBRUARY}/B002", f"{MARCH}/B002"}
    assert fetches(desk) == 1
