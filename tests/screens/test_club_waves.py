"""Invitations in waves and lists that are topped up, at the desk; and a member's way to Stripe's page for his card: in both languages, on a phone and wide."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from models import db
from models.identity import Role
from portal import clock
from portal.actors import TERMINAL
from portal.club import invites, waves
from portal.club.events import When
from portal.club.invites import Candidate
from portal.club.waves import Steps
from portal.local_day import today
from portal.risk import effects
from portal.transaction import transaction
from tests.people import someone
from tests.rooms.club.invite_scene import drawn
from tests.rooms.club.membership_scene import add_tiers
from tests.rooms.club.scene import event_of
from tests.screens.conftest import check
from tests.screens.test_club import Club
from tests.screens.test_club import club as club  # noqa: PLC0414 - the fixture is meant to be found here

OpenPage = Callable[..., Page]
WIDTHS = [("zh-CN", 390), ("en-US", 1440)]


def planned() -> tuple[str, str]:
    """A plan of four waves of which two are read, and a list with a reserve. Returns their addresses."""
    start = clock.now() + timedelta(days=90)
    number = event_of("far", sales_end_at=start - timedelta(hours=1), when=(When(start, start + timedelta(hours=2), "陆家嘴"),))
    with transaction():
        candidates = [Candidate(f"W{place:05d}", 10_000_000) for place in range(18)]
        plan = waves.draw(number, candidates, Steps((number,) * 4, today(), 7), {}, None, actor=TERMINAL, moment=clock.now(), today=today())
        waves.send(plan.public_id, 1, actor=TERMINAL, moment=clock.now(), today=today())
        effects.keep_plan(plan, result(), today(), actor=TERMINAL, moment=clock.now())
        plan_id = plan.public_id
    public_id = drawn(number, 20, percent=20)
    with transaction():
        invites.send(public_id, first=4, actor=TERMINAL, moment=clock.now())
    return plan_id, public_id


def result() -> dict[str, object]:
    """What three periods told."""
    days = [today() + timedelta(days=7 * place) for place in range(3)]
    found = {"clients": 18, "waves": 4, "enough": True}
    told = {"trading": {**found, "value": 182_000, "low": 61_000, "high": 310_000, "chance": 0.006, "tells": True}}
    told["net"] = {**found, "value": 120_000, "low": -340_000, "high": 590_000, "chance": 0.61, "tells": False}
    lines = [[310_000 + 20_000 * wave, 350_000 + (150_000 if wave == 0 else 0), 360_000 + (150_000 if wave < 2 else 0)] for wave in range(4)]
    periods = [[day.isoformat(), (day + timedelta(days=6)).isoformat(), 5] for day in days]
    return {"periods": periods, "measures": told, "series": {"trading": lines, "net": lines}, "final": False}


@pytest.mark.parametrize(("locale", "width"), WIDTHS)
def test_the_desk_reads_a_plan_and_tops_a_list_up(club: Club, browser_page: OpenPage, locale: str, width: int) -> None:
    with club.app.app_context():
        plan, public_id = planned()
        db.session.remove()
    page = club.sit_down(browser_page, someone(club.app, Role.ADMIN), locale, width)
    page.goto(f"{club.address}/club/waves/{plan}")
    expect(page.locator("[data-figure=line] svg").first).to_be_visible()
    expect(page.locator("tbody tr").first).to_contain_text("5")
    check(page)
    page.goto(f"{club.address}/club/events/far/waves")
    check(page)
    page.goto(f"{club.address}/club/events/far/waves?look=1&waves=4&gap=3&first={clock.now().date()}")
    expect(page.get_by_role("alert")).to_be_visible()
    page.complaints.clear()  # type: ignore[attr-defined]  # a browser complains of the status 422
    check(page)
    page.goto(f"{club.address}/club/invitations/{public_id}")
    expect(page.locator("#count")).to_have_value("12")
    check(page)
    page.locator("form[action$='/top-up'] button").click()
    expect(page.locator("#count")).to_have_count(0)
    check(page)


@pytest.mark.parametrize(("locale", "width"), WIDTHS)
def test_a_member_changes_his_card_at_stripe_and_ends_his_subscription_there(club: Club, browser_page: OpenPage, locale: str, width: int) -> None:
    with club.app.app_context():
        add_tiers()
        db.session.remove()
    one = someone(club.app, Role.CLIENT, client_no="C1")
    page = club.sit_down(browser_page, one, locale, width)
    page.goto(club.address + "/membership/silver/join")
    page.locator("button[value=subscription], form:has(input[value=subscription]) button").first.click()
    page.locator("a[href*='/standin/pay/']").click()
    page.locator("input[value=pays]").check()
    page.locator("button[type=submit]").click()
    expect(page.locator("form[action$='/billing']")).to_be_visible()
    check(page)
    page.locator("form[action$='/billing'] button").click()
    check(page)
    page.locator("a[href*='/standin/portal/']").click()
    expect(page).to_have_url(re.compile("/standin/portal/bps_"))
    check(page)
    page.locator("button[value=card]").click()
    page.locator("button[value=cancel]").click()
    expect(page.locator("button[value=keep]")).to_be_visible()
    page.locator("a[href$='/billing/back']").click()
    expect(page).to_have_url(re.compile("/membership$"))
    expect(page.locator("form[action$='/keep']")).to_be_visible()
    check(page)
