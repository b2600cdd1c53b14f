"""The help speaks both languages, every screen leads to what speaks of it, faults say what to do, the first-run list knows what is done."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from flask import Flask, abort

from models.identity import Role
from portal.identity import devices
from portal.pages.help_terms import TERMS
from portal.settings import ROOT
from portal.web import help_topics
from portal.web.faults import FAULTS
from portal.web.guard import install_guard, public
from portal.web.navigation import ENTRIES, GROUPS, Link, group_of, grouped
from tests.people import post, seat, someone
from tests.rooms.pages.firm import settle_in

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("topic", list(help_topics.TOPICS))
def test_every_topic_is_written_in_both_languages(app: Flask, topic: str) -> None:
    client = seat(app, someone(app, Role.ADMIN))
    for language in ("zh_Hans_CN", "en"):
        page = client.get(f"/help/{topic}?lang={language}")
        assert page.status_code == 200
    english = (ROOT / "templates" / "help" / "en" / f"{topic}.html").read_text()
    assert len(CHINESE.findall(english)) < 10
    assert CHINESE.search((ROOT / "templates" / "help" / "zh" / f"{topic}.html").read_text()) or topic == "glossary"


def test_every_topic_that_a_screen_names_is_there_and_no_page_is_left_over() -> None:
    named = {*help_topics.OF_BLUEPRINT.values(), *help_topics.OF_PAGE.values()} - {""}
    assert named <= set(help_topics.TOPICS)
    for language in ("en", "zh"):
        assert {path.stem for path in (ROOT / "templates" / "help" / language).glob("*.html")} == set(help_topics.TOPICS)


def test_who_may_not_see_a_room_finds_no_help_about_it(app: Flask) -> None:
    """A broker or client reads nothing of how departures are looked for, nor a staff member, who does read of scores."""
    seen = {role: [topic for topic in help_topics.READ_BY if seat(app, someone(app, role)).get(f"/help/{topic}").status_code == 200] for role in Role}
    assert seen == {
        Role.BROKER: [], Role.CLIENT: [], Role.STAFF: ["care", "risk"], Role.BRANCH_MANAGER: ["care", "risk", "departures"], Role.FINANCE: ["risk", "departures"],
        Role.COMPLIANCE: ["care", "risk", "departures"], Role.AUDITOR: ["care", "risk", "departures", "webhooks"], Role.ADMIN: ["care", "risk", "departures", "webhooks"],
    }  # fmt: skip
    assert "/help/departures" not in seat(app, someone(app, Role.BROKER)).get("/help").text


def test_screens_lead_to_their_topic(app: Flask) -> None:
    client = seat(app, someone(app, Role.ADMIN))
    assert 'href="/help/imports"' in client.get("/imports").text
    assert 'href="/help/month-end"' in client.get("/commission/months").text
    assert client.get("/help/no-such-topic").status_code == 404


def test_the_words_stand_in_both_languages_once() -> None:
    assert all(CHINESE.search(term.zh) and CHINESE.search(term.meaning) and not CHINESE.search(term.en + term.means) for term in TERMS)
    assert len({term.en for term in TERMS}) == len(TERMS)
    assert [term.en for term in TERMS] == sorted((term.en for term in TERMS), key=str.lower)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503])
def test_every_fault_says_what_to_do(app: Flask, status: int) -> None:
    app.add_url_rule("/planted", "planted", public(lambda: abort(status)))
    install_guard(app)
    page = app.test_client().get("/planted")
    assert page.status_code == status
    assert str(FAULTS[status][1]) in page.text
    assert 'href="/"' in page.text
    assert page.headers["X-Request-Id"] in page.text


def test_the_first_run_list_knows_what_is_done_and_can_be_put_away(app: Flask, tmp_path: Path) -> None:
    admin = seat(app, someone(app, Role.ADMIN))
    page = admin.get("/").text
    assert "Before the first payment" in page
    assert "0 of 7 done" in page
    assert "Before the first payment" not in seat(app, someone(app, Role.BROKER)).get("/").text
    settle_in(app, tmp_path / "files")
    assert re.search(r"[45] of 7 done", admin.get("/").text)
    assert post(admin, "/first-run/away").status_code == 303
    page = admin.get("/").text
    assert "Before the first payment" not in page
    assert 'action="/first-run/back"' in page, "it can be undone"
    assert post(admin, "/first-run/back").status_code == 303
    assert "Before the first payment" in admin.get("/").text


def test_the_menu_has_its_parts_and_loses_nobody() -> None:
    links = [Link("#", entry.label, entry.short, entry.icon, False, group_of(entry)) for entry in ENTRIES]
    parts = grouped(links)
    assert sum(len(entries) for _label, entries in parts) == len(ENTRIES)
    assert {group_of(entry) for entry in ENTRIES} <= set(GROUPS)


def test_devices_are_named() -> None:
    assert doctest.testmod(devices).failed == 0
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.40"
    assert devices.device_of(phone) == "WeChat 8 · iPhone"
