"""The host of an evening at his screen: invitations, the rota, handouts and name badges; and who was not seen, on both sides of the desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select, update

from models import db
from models.club import Booking, ClubSession, Seat
from models.identity import Role, User
from portal import clock, create_app
from portal.actors import TERMINAL, Actor, actor_of
from portal.club import door
from portal.club.events import Kind
from portal.jobs import club_evenings
from portal.transaction import transaction
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.club.scene import ClubEvent, book, event_of
from tests.rooms.club.statement_scene import csv_of, row
from tests.rooms.club.test_waitlist import join
from tests.rooms.pages import firm
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]
FREE = (Kind("免费席", "Free seat", 0),)


@pytest.fixture
def desk(tmp_path: Path, migrated: str) -> Iterator[Desk]:
    """A small settled firm with an evening ahead, one that two clients booked and one of them missed, and one that is full."""
    with settings_in(tmp_path, migrated) as settings:
        app = create_app(settings)
        firm.settle_in(app, tmp_path / "files")
        desk = Desk(app, "", tmp_path)
        desk.people = {
            "finance": someone(app, Role.FINANCE),
            "admin": someone(app, Role.ADMIN),
            "client": someone(app, Role.CLIENT, client_no="C10001"),
            "other": someone(app, Role.CLIENT, client_no="C10002"),
        }
        evenings(app, [desk.people["other"], desk.people["client"]])
        with served(app) as desk.address:
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def evenings(app: Flask, numbers: list[int]) -> None:
    """`night` is ahead, `past` was missed by the second, `full` has no seat."""
    with app.app_context():
        users = {user.id: actor_of(user) for user in db.session.execute(select(User).where(User.id.in_(numbers))).scalars()}
        people = [users[number] for number in numbers]
        db.session.rollback()
        event_of("night", kinds=FREE)
        past(people)
        full = event_of("full", kinds=FREE, capacity=0)
        join(full, people[1])
        db.session.remove()


def past(people: list[Actor]) -> None:
    number = event_of("past", kinds=FREE)
    for one in people:
        book(number, one)
    start = clock.now() - timedelta(days=3)
    with transaction():
        db.session.execute(update(ClubSession).where(ClubSession.event_id == number).values(starts_at=start, ends_at=start + timedelta(hours=2)))
        db.session.execute(update(Booking).where(Booking.event_id == number).values(starts_at=start))
        code = db.session.execute(select(Seat.code).where(Seat.event_id == number).order_by(Seat.id)).scalars().first() or ""
        door.check_in(db.session.get_one(ClubEvent, number), code, at=start, desk="1", scan_key="one", actor=TERMINAL, moment=clock.now())
    assert club_evenings.look()["missed"] == 1


@pytest.mark.parametrize("locale", LOCALES)
def test_the_host_invites_gives_duties_hands_out_and_prints_badges(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    """Each with its look before it happens, at a desk and on a phone."""
    page = desk.sit_down(browser_page, "admin", locale)
    page.goto(desk.address + "/club/events/night/invitations")
    look_over(page, english)
    page.locator(".club-form button[type=submit]").click()
    expect(page.locator(".confirm .tiles")).to_be_visible()
    look_over(page, english)
    page.locator(".confirm button[type=submit]").click()
    expect(page).to_have_url(re.compile("/club/invitations/"))
    look_over(page, english)
    page.locator("form[action$='/send'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    page.goto(desk.address + "/club/events/night/duties")
    look_over(page, english)
    page.locator("form[action$='/duties'] button[type=submit]").click()
    expect(page.locator("td a[href$='/end']")).to_have_count(1)
    look_over(page, english)
    page.goto(desk.address + "/club/duties")
    look_over(page, english)
    page.go_back()
    page.locator("td a[href$='/end']").click()
    expect(page.locator(".confirm .facts")).to_contain_text("S001")
    look_over(page, english)
    page.locator(".confirm button[type=submit]").click()
    expect(page.locator("td a[href$='/end']")).to_have_count(0)
    page.goto(desk.address + "/club/events/past/materials")
    page.fill("#title", "幻灯片")
    page.fill("#address", "https://example.com/slides")
    page.locator("form[action$='/materials'] button").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    look_over(page, english)
    page.locator("form[action$='/tell'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    page.locator("td a[href$='/remove']").click()
    look_over(page, english)
    page.goto(desk.address + "/club/events/past")
    look_over(page, english)
    with page.expect_download() as badges:
        page.locator("a[href$='/badges.pdf']").click()
    assert badges.value.suggested_filename.startswith("badges-")
    assert Path(badges.value.path()).read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("locale", LOCALES)
def test_who_was_not_seen_says_why_and_the_desk_decides(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    """From his ticket to what he says; from the list to the decision; the rule; and the waitlist of a full event."""
    page = desk.sit_down(browser_page, "client", locale)
    page.goto(desk.address + "/club/bookings")
    page.locator("th.table-head a").first.click()
    expect(page.locator("#h-missed")).to_be_visible()
    look_over(page, english)
    page.locator("a[href$='/missed']").click()
    look_over(page, english)
    page.fill("#words", "我在场，签到台没有扫到")
    page.locator("form[action$='/missed'] button").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page = desk.sit_down(browser_page, "admin", locale)
    page.goto(desk.address + "/club/no-shows")
    look_over(page, english)
    page.locator("th.table-head a").first.click()
    page.fill("#why", "照片上看到")
    look_over(page, english)
    page.locator("button[value=excuse]").click()
    expect(page.locator("#h-decided")).to_be_visible()
    look_over(page, english)
    for path in ("/club/events/full/waitlist", "/club/events/night", "/club/events/past/waive"):
        page.goto(desk.address + path)
        look_over(page, english)


@pytest.mark.parametrize("locale", LOCALES)
def test_finance_hands_a_statement_in_and_reads_what_the_club_brought(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    """The form, the preview with a line that is refused, what was recorded; and the result by tier."""
    file = desk.folder / f"{locale}.csv"
    file.write_bytes(csv_of([row(f"U-{locale}", "198.00", "王小明"), row("X", "x", "王小明")]))
    page = desk.sit_down(browser_page, "finance", locale)
    page.goto(desk.address + "/club/money/statement")
    look_over(page, english)
    page.set_input_files("#file", file)
    page.locator("form[action$='/statement'] button").click()
    expect(page.locator("#h-faults")).to_be_visible()
    look_over(page, english)
    page.locator("button[value=take_in]").click()
    expect(page.locator(".flash.good")).to_be_visible()
    look_over(page, english)
    page.goto(desk.address + "/club/profit")
    look_over(page, english)
