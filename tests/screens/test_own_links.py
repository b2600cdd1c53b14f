"""People with a link and no sign-in take consents back and do their part of an application; the desk gives many leads at once, and a
lead whose time was over still reads as one: in both languages, at a desk and on a phone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from models import db
from models.identity import Role
from models.introductions import LeadPurpose
from models.leads import Lead, LeadDoor
from models.outbox import OutboxMessage
from portal import clock, create_app
from portal.actors import NOBODY, TERMINAL
from portal.keys import keyring
from portal.leads import erasure, lead_consents, withdrawal
from portal.notices import sending
from portal.onboarding.applicant import MAILED
from portal.onboarding.texts import QUESTIONS, STATEMENTS
from portal.transaction import transaction
from tests.conftest import settings_in
from tests.people import someone
from tests.rooms.leads.firm import lead_of, settle_in
from tests.rooms.onboarding.test_pages import APPLICANT
from tests.screens.test_first_pages import LOCALES, Desk, OpenPage, english, look_over
from tests.serving import served

__all__ = ["english"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("own-links")
    with settings_in(folder, migrated) as settings:
        app = create_app(settings)
        settle_in(app, folder / "firm")
        with served(app) as address:
            desk = Desk(app, address, folder)
            desk.people["boss"] = someone(app, Role.BRANCH_MANAGER, email="boss@firm.example", branch_no="01")
            desk.people["anna"] = someone(app, Role.STAFF, email="anna@firm.example", staff_no="S001", branch_no="01")
            yield desk
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def told_no(page: Page, english: set[str]) -> None:
    """A page that a browser names as a fault in its console, as it should."""
    page.complaints.clear()  # type: ignore[attr-defined]
    look_over(page, english)


def consents_of_somebody(desk: Desk, number: int) -> tuple[str, str]:
    """A lead who allowed everything: his address at the desk, and the path of his link."""
    with desk.app.app_context():
        lead = lead_of(number)
        with transaction():
            purposes = [purpose.value for purpose in LeadPurpose]
            lead_consents.keep(lead, purposes, locale="en", door=LeadDoor.LINK, moment=clock.now(), on=clock.now().date())
            token = withdrawal.issue(lead.id, proven=True, secret=str(desk.app.secret_key), actor=NOBODY, moment=clock.now())
        public_id = lead.public_id
        db.session.remove()
    return f"/leads/{public_id}", f"/r/consents/{token}"


@pytest.mark.parametrize("locale", LOCALES)
def test_consents_are_taken_back_by_a_link(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    lead, link = consents_of_somebody(desk, 40 + LOCALES.index(locale))
    visitor = browser_page(locale, 390, java_script_enabled=True)
    visitor.goto(desk.address + link)
    expect(visitor.locator("input[type=checkbox]")).to_have_count(len(LeadPurpose))
    assert "小明" not in visitor.content(), "who holds a link learns no name by it"
    look_over(visitor, english)
    for box in visitor.locator("input[type=checkbox]").all():
        box.uncheck()
    visitor.locator("button.btn-wide").click()
    expect(visitor.locator("#form-errors")).to_be_visible()
    told_no(visitor, english)
    visitor.check("#back-contact")
    visitor.locator("button.btn-wide").click()
    expect(visitor.locator(".thanks")).to_be_visible()
    look_over(visitor, english)
    visitor.goto(desk.address + link)
    told_no(visitor, english)
    visitor.locator("a.btn-wide").click()
    expect(visitor.locator("#phone")).to_be_visible()
    look_over(visitor, english)
    visitor.fill("#phone", "12")
    visitor.locator("button.btn-wide").click()
    expect(visitor.locator("#phone-error")).to_be_visible()
    told_no(visitor, english)
    visitor.fill("#phone", "13900000000")
    visitor.locator("button.btn-wide").click()
    expect(visitor.locator(".thanks")).to_be_visible()
    anna = desk.sit_down(browser_page, "anna", locale)
    anna.goto(desk.address + lead)
    expect(anna.locator("#h-consents ~ ul .badge-of.bad")).to_have_count(1)
    expect(anna.locator(".timeline")).to_contain_text("已结束：本人撤回" if locale == "zh-CN" else "Closed: the person took back")
    look_over(anna, english)


def taken_in(page: Page, desk: Desk) -> str:
    """The branch takes an application in. Returns its address."""
    page.goto(desk.address + "/onboarding/new")
    given = {**APPLICANT, "broker_no": f"B{secrets.token_hex(3)}"}
    for name in ("broker_no", "name", "id_no", "phone", "email"):
        page.fill(f"#{name}", given[name])
    page.locator("main form button[type=submit]").click()
    expect(page.locator("#h-items")).to_be_visible()
    return page.url


def newest_link(desk: Desk) -> str:
    """The path of the link that was mailed last."""
    with desk.app.app_context():
        number = db.session.execute(select(OutboxMessage.id).where(OutboxMessage.kind == MAILED).order_by(OutboxMessage.id.desc())).scalars().first()
        assert number is not None
        link = sending.look(number, keyring(), clock.now())[1].link
        db.session.remove()
    found = re.search(r"/onboarding/mine/open/[\w.-]+", link)
    assert found
    return found[0]


@pytest.mark.parametrize("locale", LOCALES)
def test_an_applicant_gets_his_link_by_mail_and_does_his_part(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    branch = desk.sit_down(browser_page, "boss", locale)
    at = taken_in(branch, desk)
    branch.check("#mail-given")
    branch.select_option("#mail-locale", "en")
    look_over(branch, english)
    branch.locator("form[action$='/own-link/mail'] button").click()
    expect(branch.locator(".flash.good")).to_be_visible()
    look_over(branch, english)
    link = newest_link(desk)
    own = browser_page(locale, 390)
    own.goto(desk.address + link)
    look_over(own, english)
    own.locator("button.btn-wide").click()
    expect(own.locator("tbody tr")).to_have_count(6)
    look_over(own, english)
    for item in ("documents", "declaration", "test"):
        own.locator(f"a[href$='item={item}']").click()
        if item == "documents":
            own.fill("#evidence", "x")
            own.locator("main form button[type=submit]").first.click()
            expect(own.locator("#form-errors")).to_be_visible()
            own.complaints.clear()  # type: ignore[attr-defined]
            own.fill("#evidence", "身份证 …123; 合格证 77")
        for statement in STATEMENTS if item == "declaration" else ():
            own.check(f"#{statement.key}")
        for question in QUESTIONS if item == "test" else ():
            own.check(f"#{question.key}-{question.right}")
        look_over(own, english)
        own.locator("main form button[type=submit]").first.click()
        expect(own.locator("tbody tr")).to_have_count(6)
    expect(own.locator("tbody .badge-of.good")).to_have_count(3)
    look_over(own, english)
    own.locator("form[action$='/leave'] button").click()
    look_over(own, english)
    own.goto(desk.address + link)
    told_no(own, english)
    own.goto(desk.address + "/onboarding/mine")
    told_no(own, english)
    branch.goto(at)
    expect(branch.locator("#h-items ~ .table-box .badge-of.good")).to_have_count(3)
    branch.locator("form[action$='/withdraw'] button").click()  # the next one is of the same person


@pytest.mark.parametrize("locale", LOCALES)
def test_many_leads_are_given_at_once(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    with desk.app.app_context():
        numbers = [lead_of(60 + 10 * LOCALES.index(locale) + place).number for place in range(3)]
        db.session.remove()
    boss = desk.sit_down(browser_page, "boss", locale)
    boss.goto(desk.address + "/leads/assign?sort=-number")
    look_over(boss, english)
    for number in numbers:
        boss.get_by_label(number, exact=True).check()
    boss.locator("section[aria-labelledby=h-whom] button").click()
    expect(boss.locator("main")).to_contain_text("请选择" if locale == "zh-CN" else "choose")
    told_no(boss, english)
    for number in numbers:
        expect(boss.get_by_label(number, exact=True)).to_be_checked()
    boss.check("#staff-S002")
    boss.locator("section[aria-labelledby=h-whom] button").click()
    expect(boss.locator("section[aria-labelledby=h-rows] tbody tr")).to_have_count(3)
    look_over(boss, english)
    boss.locator(".confirm button").click()
    expect(boss.locator(".flash.good")).to_contain_text("3")
    look_over(boss, english)
    with desk.app.app_context():
        owners = set(db.session.execute(select(Lead.owner_staff_id).where(Lead.id.in_([int(number.split("-")[1]) for number in numbers]))).scalars())
        db.session.remove()
    assert len(owners) == 1


@pytest.mark.parametrize("locale", LOCALES)
def test_a_lead_whose_time_was_over_still_reads_as_one(desk: Desk, browser_page: OpenPage, english: set[str], locale: str) -> None:
    with desk.app.app_context():
        lead = lead_of(80 + LOCALES.index(locale))
        public_id, number = lead.public_id, lead.number
        with transaction():
            assert erasure.erase([lead.id], TERMINAL, clock.now()) == 1
        db.session.remove()
    boss = desk.sit_down(browser_page, "boss", locale)
    boss.goto(f"{desk.address}/leads/{public_id}")
    expect(boss.locator("h1")).to_contain_text(number)
    expect(boss.locator("main")).to_contain_text("保存期届满" if locale == "zh-CN" else "its time was over")
    look_over(boss, english)
    boss.goto(desk.address + "/leads?sort=-number")
    look_over(boss, english)
