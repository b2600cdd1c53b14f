"""How an evening is read by pairs, the clients of a plan in waves, and registration questions from the desk to the door, in both languages, on a phone and wide."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from models import db
from models.club_guests import ClubInvitation
from models.club_invites import Arm, Invitee, InviteList
from models.identity import Role
from portal import clock
from portal.actors import TERMINAL
from portal.club import questions, waves
from portal.club.events import Kind, When
from portal.club.invites import Candidate
from portal.club.questions import Asking
from portal.club.waves import Steps
from portal.local_day import today
from portal.risk import effects
from portal.transaction import transaction
from tests.people import someone
from tests.rooms.club.scene import event_of
from tests.screens.conftest import check
from tests.screens.test_club import Club
from tests.screens.test_club import club as club  # noqa: PLC0414 - the fixture is meant to be found here

OpenPage = Callable[..., Page]
WIDTHS = [("zh-CN", 390), ("en-US", 1440)]


def compared() -> None:
    """An evening that is over, to which 24 clients were invited and nobody was held out, with what pairs told; and a plan of four waves."""
    begins = datetime(2026, 3, 16, 11, tzinfo=UTC)
    number = event_of("past", published=False, when=(When(begins, begins + timedelta(hours=2), "陆家嘴"),), sales_end_at=begins)
    with transaction():
        plain = {"criteria": {}, "percent": 0, "why_none": "太少", "contractual": False, "seed": "", "drawn_label": ""}
        row = InviteList(public_id="pairs", event_id=number, drawn_on=date(2026, 3, 2), drawn_at=clock.now(), **plain)
        db.session.add(row)
        db.session.flush()
        for place in range(24):
            db.session.add(Invitee(list_id=row.id, event_id=number, client_no=f"C{place:05d}", arm=Arm.INVITED, place=place, equity=0, tier="", risk_class=""))
        effects.keep({number: result()}, date(2026, 7, 1), actor=TERMINAL, moment=clock.now())


def result() -> dict[str, object]:
    """What pairs told of it."""
    both = {"pairs": 22, "enough": True, "chance": 0.01, "why": ""}
    trading = {**both, "of_invited": 12_000, "of_others": -110_000, "value": 120_000, "low": 40_000, "high": 205_000, "tells": True}
    active = {**both, "of_invited": -45_000, "of_others": -90_000, "value": 45_000, "low": -60_000, "high": 150_000, "tells": False}
    net = {**both, "of_invited": 120_000, "of_others": -30_000, "value": 150_000, "low": -90_000, "high": 400_000, "tells": False}
    window = {"active": active, "trading": trading, "net": net, "open": 0}
    days = [date(2025, 12, 1) + timedelta(days=30 * place) for place in range(6)]
    series = [[day.isoformat(), (day + timedelta(days=29)).isoformat(), place < 3, 600_000 + 9_000 * place, 590_000 - 20_000 * max(0, place - 2)] for place, day in enumerate(days)]
    balance = [["size", 820, 30], ["trading", 640, -20], ["age", -310, 45], ["chance", -520, 15]]
    matched = {"listed": True, "on": "2026-03-02", "facts_on": "2026-02-27", "seed": 20, "caliper": 0.5, "invited": 24, "pool": 310, "pairs": 22}
    matched |= {"left_out": {"unprofiled": 1, "no_client": 0}, "balance": balance, "alike": True, "before": {"trading": {**trading, "tells": False}, "net": net}}
    return {"windows": {}, "final": False, "ends": "2026-03-16", "matched": matched | {"windows": {"30": window, "90": window}, "series": series}}


def planned() -> str:
    """A plan of four waves, the first of them sent. Its address."""
    start = clock.now() + timedelta(days=90)
    number = event_of("far", sales_end_at=start - timedelta(hours=1), when=(When(start, start + timedelta(hours=2), "陆家嘴"),))
    with transaction():
        candidates = [Candidate(f"W{place:05d}", 10_000_000) for place in range(18)]
        plan = waves.draw(number, candidates, Steps((number,) * 4, today(), 7), {}, None, actor=TERMINAL, moment=clock.now(), today=today())
        waves.send(plan.public_id, 1, actor=TERMINAL, moment=clock.now(), today=today())
        return plan.public_id


@pytest.mark.parametrize(("locale", "width"), WIDTHS)
def test_what_pairs_tell_and_who_stands_in_which_wave(club: Club, browser_page: OpenPage, locale: str, width: int) -> None:
    with club.app.app_context():
        compared()
        plan = planned()
        db.session.remove()
    page = club.sit_down(browser_page, someone(club.app, Role.ADMIN), locale, width)
    page.goto(f"{club.address}/club/events/past/effect")
    expect(page.locator("[data-figure=bar] svg").first).to_be_visible()
    expect(page.locator("[data-figure=line] svg").first).to_be_visible()
    expect(page.locator("#h-bias")).to_be_visible()
    check(page)
    page.goto(f"{club.address}/club/waves/{plan}")
    page.locator("a[href^='/club/waves/'][href$='/clients']").click()
    expect(page).to_have_url(re.compile(f"/club/waves/{plan}/clients"))
    check(page)


@pytest.mark.parametrize(("locale", "width"), WIDTHS)
def test_a_question_from_the_desk_to_the_door(club: Club, browser_page: OpenPage, locale: str, width: int) -> None:
    """The desk asks, a client is stopped without an answer and books with one, his guest answers what is private, the desk reads both."""
    with club.app.app_context():
        number = event_of("tea", kinds=(Kind("免费票", "Free", 0),), party_most=2)
        with transaction():
            tick = Asking("tick", "我知晓活动内容不构成投资建议", "I know that nothing said is advice", required=True)
            asked = [questions.add(number, one, actor=TERMINAL, moment=clock.now()).id for one in (Asking("words", "车牌号", "Plate", at_door=True), tick)]
        db.session.remove()
    boss = club.sit_down(browser_page, someone(club.app, Role.ADMIN), locale, width)
    boss.goto(f"{club.address}/club/events/tea/questions")
    boss.locator("#words-new").fill("餐饮偏好")
    boss.locator("#words-en-new").fill("What you eat")
    boss.locator("#kind-new").select_option("choice")
    boss.locator("#choices-new").fill("都可以 | Anything\n素食 | Vegetarian")
    boss.locator("#private-new").check()
    boss.locator("input[name=wish][value=add] ~ button").click()
    expect(boss.locator("h2[id^=h-]").nth(2)).to_contain_text("餐饮" if locale == "zh-CN" else "eat")
    check(boss)
    with club.app.app_context():
        diet = questions.of_event(number)[2].id
        db.session.remove()
    page = club.sit_down(browser_page, someone(club.app, Role.CLIENT, client_no="C1"), locale, width)
    page.goto(f"{club.address}/events/tea")
    page.locator(f"#q{asked[0]}_0").fill("沪A 12345")
    page.locator(f"#q{asked[1]}_0").check()
    page.locator(f"#q{diet}_0").select_option("都可以")
    page.locator("details.club-guest > summary").first.click()
    page.locator("#guest-1").fill("李四")
    page.locator("#agreed-1").check()
    page.locator(f"#q{asked[1]}_1").check()
    expect(page.locator(f"#q{diet}_1")).to_have_count(0)
    check(page)
    page.locator("form[action$='/book'] button[type=submit]").click()
    expect(page.locator(".club-code").first).to_be_visible()
    check(page)
    page.goto(page.url + "/seats/1")
    page.locator("form[action$='/invite'] button").click()
    check(page)
    with club.app.app_context():
        token = db.session.execute(db.select(ClubInvitation.token)).scalar_one()
        db.session.remove()
    guest = browser_page(locale, width)
    guest.goto(f"{club.address}/events/guest/{token}")
    guest.locator(f"#q{diet}_1").select_option("素食")
    guest.locator("#questions button").click()
    expect(guest.locator(f"#q{diet}_1")).to_have_value("素食")
    check(guest)
    boss.goto(f"{club.address}/club/events/tea/answers")
    expect(boss.locator("main")).to_contain_text("沪A 12345")
    expect(boss.locator("main")).to_contain_text("素食" if locale == "zh-CN" else "Vegetarian")
    check(boss)
