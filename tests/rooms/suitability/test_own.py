"""A client answers the questions by himself: when he may, what he is shown before, what is kept, and what staff see of it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry
from models.clients import Account, Servicing, ServicingRole
from models.columns import OPEN_END
from models.identity import Role
from models.notices import Notice
from models.partners import Staff
from models.suitability import InvestorKind, SuitabilityTest, TakenWhere
from portal import clock
from portal.actors import TERMINAL, Actor, actor_of
from portal.audit.recordings import open_recording
from portal.clock import now
from portal.identity.queries import user_by_id
from portal.local_day import today
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.rules import data, recorded
from portal.suitability import own, sittings
from portal.suitability.own import Answers
from portal.suitability.questionnaires import asked_on, versions
from portal.suitability.repeating import Earlier, Repeat, Why, again
from portal.suitability.sittings import BadSitting, Subject, Taken
from portal.transaction import transaction
from portal.versions import assert_rows
from tests import make
from tests.at_once import at_once
from tests.people import post, seat, someone
from tests.rooms.club.scene import event_of
from tests.rooms.club.test_admission import FREE
from tests.rooms.leads.stories import AVERSE, BOLD, CALM

DAY = date(2026, 12, 1)
RULE = Repeat(rest_days=7, most=2, months=12)
PAGE = "/my-suitability"


def ago(days: int, *, alone: bool = True) -> Earlier:
    return Earlier(DAY - timedelta(days=days), alone)


@pytest.mark.parametrize(
    ("earlier", "on", "why"),
    [
        ([], DAY, Why.NOTHING),
        ([ago(7)], DAY, Why.NOTHING),
        ([ago(6)], DAY + timedelta(days=1), Why.REST),
        ([ago(0, alone=False)], DAY + timedelta(days=7), Why.REST),
        ([ago(30), ago(200, alone=False), ago(300, alone=False)], DAY, Why.NOTHING),
        ([ago(30), ago(200)], date(2027, 5, 15), Why.MOST),
        ([ago(3), ago(365)], DAY + timedelta(days=4), Why.REST),
        ([ago(2), ago(364)], DAY + timedelta(days=5), Why.REST),
    ],
)
def test_when_one_may_again(earlier: list[Earlier], on: date, why: Why) -> None:
    """After seven days of any test, and twice within twelve months by oneself; the later of both counts, at its very day."""
    assert again(earlier, RULE, DAY) == (on, why)


def test_a_firm_that_wants_none_says_never() -> None:
    assert again([], Repeat(7, 0, 12), DAY).why is Why.NEVER


@given(some.lists(some.tuples(some.integers(0, 900), some.booleans()), max_size=8), some.integers(0, 40), some.integers(1, 4), some.integers(1, 24))
def test_the_day_that_is_named_is_the_first_that_does(days: list[tuple[int, bool]], rest: int, most: int, months: int) -> None:
    earlier, rule = [ago(back, alone=alone) for back, alone in days], Repeat(rest, most, months)
    found = again(earlier, rule, DAY)
    assert again(earlier, rule, found.on) == (found.on, Why.NOTHING)
    if found.why is not Why.NOTHING:
        assert again(earlier, rule, found.on - timedelta(days=1)).why is not Why.NOTHING


@pytest.fixture
def client(app: Flask, tmp_path: Path) -> Actor:
    """The client C10001 of a firm with two accounts, in an open context."""
    make.settled(app, tmp_path / "files")
    number = someone(app, Role.CLIENT, client_no="C10001")
    with app.app_context():
        found = actor_of(user_by_id(number))
        db.session.remove()
    return found


def said(letters: dict[str, str] | None = None) -> Answers:
    return Answers(letters or BOLD, asked_on(today()).version, "zh_Hans_CN")


def hands_in(actor: Actor, letters: dict[str, str] | None = None, day: date | None = None) -> SuitabilityTest:
    with transaction():
        return own.hand_in(said(letters), actor, clock.now(), day or today(), "CN")


def kept() -> int:
    return db.session.execute(select(func.count()).select_from(SuitabilityTest)).scalar_one()


@pytest.mark.usefixtures("database")
def test_looking_keeps_nothing_but_that_somebody_looked_and_handing_in_keeps_it_all(client: Actor) -> None:
    with transaction():
        result, until = own.look(said(CALM), client, clock.now(), today(), "CN")
    assert (result.grade, until, kept()) == ("C3", sittings.valid_until(today(), "CN"), 0)
    test = hands_in(client, CALM)
    assert (test.grade, test.valid_until, test.taken_where, test.investor, test.client_no) == ("C3", until, TakenWhere.BY_ONESELF, InvestorKind.ORDINARY, "C10001")
    assert (json.loads(test.answers), test.questions_version, test.user_id) == (CALM, asked_on(today()).version, client.user_id)
    actions = db.session.execute(select(AuditEntry.action, AuditEntry.subject_key).where(AuditEntry.action.like("suitability.%")).order_by(AuditEntry.seq)).all()
    assert [tuple(row) for row in actions] == [("suitability.looked", "C10001"), ("suitability.taken", "C10001")]


@pytest.mark.usefixtures("database")
def test_too_soon_is_said_with_the_day_and_the_number_is_the_firms(client: Actor) -> None:
    day = today()
    hands_in(client, day=day)
    with pytest.raises(Conflict, match=f"less than 7 days ago.*{day + timedelta(days=7)}"):
        hands_in(client, day=day + timedelta(days=6))
    for later in (7, 14):
        hands_in(client, day=day + timedelta(days=later))
    with pytest.raises(Conflict, match="3 times within 12 months"):
        hands_in(client, day=day + timedelta(days=21))
    (rule,) = [one for one in json.loads((data.HERE / "cn.json").read_text(encoding="utf-8")) if one["code"] == own.RULE]
    laxer = data.read(json.dumps([rule | {"parameters": {"rest_days": 1, "most": 9, "months": 12}}]), "CN")[0]
    with transaction():
        recorded.load([laxer if one.code == own.RULE else one for one in data.shipped("CN")], TERMINAL, now())
    hands_in(client, day=day + timedelta(days=21))
    assert kept() == 4


@pytest.mark.usefixtures("database")
def test_whom_the_firm_asks_itself_is_told_so(app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A professional investor proves it anew; an institution's signatory is asked; who has no open account has nobody to be graded for."""
    with transaction():
        taken = Taken(BOLD, asked_on(today()).version, "at_desk", "S001", "档案 1", "zh", {"income": True, "experience": True})
        sittings.take(Subject(None, "C10001", "C10001"), taken, TERMINAL, now(), today() - timedelta(days=60), "CN")
    with pytest.raises(Conflict, match="professional investor"):
        hands_in(client)
    stranger = actor_of(user_by_id(someone(app, Role.CLIENT, client_no="C77777")))
    with pytest.raises(Conflict, match="no open account"):
        hands_in(stranger)
    monkeypatch.setattr(own, "_kinds", lambda client_no: {"institution"})
    with pytest.raises(Conflict, match="institution"):
        hands_in(client)
    with pytest.raises(NotAllowed):
        hands_in(actor_of(user_by_id(someone(app, Role.BROKER, broker_no="B001"))))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("answers", [Answers({}, 1, "zh"), Answers(BOLD, 99, "zh"), Answers(BOLD | {"aim": "z"}, 1, "zh")])
def test_answers_that_do_not_hold_are_kept_by_nobody(client: Actor, answers: Answers) -> None:
    for verb in (own.look, own.hand_in):
        with pytest.raises(BadSitting), transaction():
            verb(answers, client, clock.now(), today(), "CN")
    assert kept() == 0


@pytest.mark.usefixtures("database")
def test_staff_do_not_write_down_that_a_client_did_it_alone(client: Actor) -> None:
    taken = Taken(BOLD, asked_on(today()).version, TakenWhere.BY_ONESELF, "S001", "", "zh", {})
    with pytest.raises(Refusal, match="where the answers were given"), transaction():
        sittings.take(Subject(None, "C10001", "C10001"), taken, TERMINAL, now(), today(), "CN")


@pytest.mark.usefixtures("database")
def test_nobody_reads_what_another_answered(client: Actor) -> None:
    key = hands_in(client).public_id
    assert own.own_test(client, key).public_id == key
    with pytest.raises(NotFound):
        own.own_test(Actor(None, "other", (Role.CLIENT,), client_no="C10002"), key)


def _race(app: Flask, client: Actor) -> list[str]:
    return sorted(at_once(app, *[lambda: own.hand_in(said(), client, clock.now(), today(), "CN")] * 4))


@pytest.mark.usefixtures("database")
def test_two_tabs_hand_in_once(app: Flask, client: Actor) -> None:
    assert _race(app, client) == ["Conflict"] * 3 + ["done"]
    assert kept() == 1


@pytest.mark.usefixtures("database")
def test_control_without_holding_the_accounts_two_tabs_hand_in_twice(app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer: there is nothing to hold")
    really = own._need_free
    monkeypatch.setattr(own, "_need_free", lambda *given, hold=False: really(*given, hold=False))
    assert _race(app, client).count("done") > 1


def answered(letters: dict[str, str]) -> dict[str, Any]:
    return {f"q-{key}": text for key, text in letters.items()} | {"version": str(versions()[-1].version)}


def test_the_way_of_a_client_from_the_event_to_his_seat(app: Flask, client: Actor) -> None:
    """C-level asked, none yet: the event leads to the questions; he looks, changes an answer, hands in, and may book."""
    with app.app_context():
        event_of(kinds=FREE, grade_least="C4")
        db.session.remove()
    browser = seat(app, client.user_id or 0)
    with app.app_context(), transaction():  # the masters’ grade would do: here nobody was graded
        db.session.execute(db.text("DROP TRIGGER IF EXISTS account_version_no_update" + (" ON account_version" if db.engine.dialect.name == "postgresql" else "")))
        db.session.execute(db.text("UPDATE account_version SET risk_grade = ''"))
    assert f'href="{PAGE}"' in browser.get("/events/night").text
    looked = post(browser, f"{PAGE}/look", PAGE, **answered(CALM))
    assert (looked.status_code, "C3" in looked.text, "above it" in looked.text) == (200, True, True)
    changed = post(browser, f"{PAGE}/change", PAGE, **answered(CALM))
    assert changed.text.count(" checked") == len(CALM)
    done = post(browser, PAGE, PAGE, **answered(BOLD))
    assert (done.status_code, done.headers["Location"]) == (303, PAGE)
    page = browser.get(PAGE).text
    assert ("your grade is C5" in page, "less than 7 days ago" in page, "See what they give" in page) == (True, True, False)
    assert "Take the seats" in browser.get("/events/night").text
    assert post(browser, PAGE, "/events/night", **answered(BOLD)).status_code == 409


def test_what_does_not_hold_comes_back_with_what_was_answered(app: Flask, client: Actor) -> None:
    browser = seat(app, client.user_id or 0)
    half = {key: text for key, text in answered(BOLD).items() if key != "q-aim"}
    refused = post(browser, f"{PAGE}/look", PAGE, **half)
    assert (refused.status_code, refused.text.count(" checked"), "is not answered" in refused.text) == (422, len(BOLD) - 1, True)
    for wrong in ({"version": "x"}, {"version": "1", "q-aim": "\0"}, {}):
        assert post(browser, PAGE, PAGE, **wrong).status_code == 422


def test_the_lowest_class_is_flagged_before_and_after_and_staff_see_it(app: Flask, client: Actor) -> None:
    browser, server = seat(app, client.user_id or 0), served_by(app)
    looked = post(browser, f"{PAGE}/look", PAGE, **answered(AVERSE))
    assert ("C1" in looked.text, "lowest class" in looked.text, "btn-danger" in looked.text) == (True, True, True)
    post(browser, PAGE, PAGE, **answered(AVERSE))
    with app.app_context():
        assert db.session.execute(select(Notice.user_id).where(Notice.kind == "suitability.lowest")).scalars().all() == [server]
        db.session.remove()
    desk: FlaskClient = seat(app, someone(app, Role.COMPLIANCE))
    account = desk.get("/clients/10001").text
    assert ("Lowest class" in account, "by the client alone, online" in account) == (True, True)
    listed = desk.get("/suitability?lowest=yes&where=online").text
    assert ("C10001" in listed, "Lowest class" in listed) == (True, True)
    assert "C10001" not in desk.get("/suitability?where=at_desk").text.split("<tbody", 1)[-1]
    assert "Lowest class: protected" in desk.get(f"/suitability/tests/{_newest(app)}").text


def served_by(app: Flask) -> int:
    """Somebody of the staff who looks after the client; another one has won him, and a third looks after nobody. Returns his sign-in."""
    number = someone(app, Role.STAFF, staff_no="S001")
    someone(app, Role.STAFF, staff_no="S002")
    with app.app_context(), transaction():
        recording = open_recording(TERMINAL, now(), "test").id
        account, staff = (db.session.execute(select(column).limit(1)).scalar_one() for column in (Account.id, Staff.id))
        row = {"account_id": account, "staff_id": staff, "role": ServicingRole.SERVICER, "valid_from": date(2025, 1, 2), "valid_to": OPEN_END}
        assert_rows(Servicing, [row], recording)
    return number


def _newest(app: Flask) -> str:
    with app.app_context():
        return db.session.execute(select(SuitabilityTest.public_id).order_by(SuitabilityTest.id.desc())).scalars().first() or ""
