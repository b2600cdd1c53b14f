"""Who sees signals, looks and suspicions, and how the person of whom one speaks is told, answers, and is judged; each refusal beside who may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.departure_signals import HearingEntry, SignalKind, SignalLook, SignalRest
from models.departures import Departure, DepartureKind
from models.identity import Role, User
from models.notices import Notice
from portal.actors import Actor, actor_of
from portal.departures import hearing, register, signal_queries, signals
from portal.departures.register import Told
from portal.pages.local_day import today
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.departures.signal_scene import DAY, NOON, kept, person, settle_in

WORDS = "Last spoke with a client on 2026-02-19."


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    settle_in(app, tmp_path / "files")
    with app.app_context():
        kept()
        yield app
        db.session.remove()


@pytest.fixture
def who(firm: Flask) -> Callable[..., Actor]:
    def make(*roles: Role, **numbers: str) -> Actor:
        user = db.session.get_one(User, someone(firm, *roles, **numbers))
        return actor_of(user)

    return make


def browser(app: Flask, *roles: Role, **numbers: str) -> FlaskClient:
    return seat(app, someone(app, *roles, **numbers))


def suspected(actor: Actor, number: str = "S001", kind: str = "staff_leaves") -> int:
    with transaction():
        return register.record(Told(DepartureKind(kind), number, None, evidence="what somebody thought"), actor=actor, moment=NOON, today=DAY).id


def entries() -> list[tuple[str, str]]:
    return [(row.action, row.words) for row in db.session.execute(select(HearingEntry).order_by(HearingEntry.id)).scalars()]


ADDRESSES = ("/departures/signals", "/departures/signals/staff-S001", "/departures/signals/broker-B001", "/departures/signals?format=csv")


@pytest.mark.parametrize(
    ("role", "numbers", "status"),
    [
        (Role.STAFF, {"staff_no": "S002", "branch_no": "01"}, 403),
        (Role.STAFF, {"staff_no": "S001", "branch_no": "01"}, 403),
        (Role.BROKER, {"broker_no": "B001"}, 403),
        (Role.CLIENT, {"client_no": "C10001"}, 403),
        (Role.BRANCH_MANAGER, {"branch_no": "01"}, 403),
        (Role.FINANCE, {}, 403),
        (Role.AUDITOR, {}, 403),
        (Role.COMPLIANCE, {}, 200),
        (Role.ADMIN, {}, 200),
    ],
    ids=["a peer", "himself", "the broker", "a client", "a manager", "finance", "an auditor", "control: compliance", "control: an administrator"],
)
def test_who_may_see_signals(firm: Flask, role: Role, numbers: dict[str, str], status: int) -> None:
    client = browser(firm, role, **numbers)
    assert [client.get(address).status_code for address in ADDRESSES] == [status] * len(ADDRESSES)


def test_nobody_sees_his_own(firm: Flask, who: Callable[..., Actor]) -> None:
    """An officer who is bound to S001 finds all but himself: in the list, in its file, by address, in the log of looks; a colleague finds him."""
    himself = browser(firm, Role.COMPLIANCE, staff_no="S001")
    other = browser(firm, Role.COMPLIANCE)
    assert ("S001" in other.get("/departures/signals").text, "S001" in himself.get("/departures/signals").text) == (True, False)
    assert "S001" not in himself.get("/departures/signals?format=csv").text
    assert [client.get("/departures/signals/staff-S001").status_code for client in (other, himself)] == [200, 404]
    assert post(himself, "/departures/signals/staff-S001/explain", kind="no_contact", days="30", reason="holiday").status_code == 404
    assert himself.get("/departures/signals/broker-B001").status_code == 200
    assert [("staff-S001" in text, "S001" in text) for text in (himself.get("/departures/signals/looks").text,)] == [(False, False)]
    assert "S001" in other.get("/departures/signals/looks").text
    assert "S001" in browser(firm, Role.AUDITOR).get("/departures/signals/looks").text
    assert browser(firm, Role.FINANCE).get("/departures/signals/looks").status_code == 403
    with pytest.raises(NotFound):
        signals.rest(person("staff-S001"), SignalKind.NO_CONTACT, 30, "holiday", actor=who(Role.ADMIN, staff_no="S001"), moment=NOON, today=DAY)


def test_control_without_the_condition_his_own_would_show(who: Callable[..., Actor], monkeypatch: pytest.MonkeyPatch) -> None:
    me = who(Role.COMPLIANCE, staff_no="S001")
    assert "S001" not in signal_queries.people(me, DAY)["number"].to_list()
    monkeypatch.setattr(signal_queries, "not_own", lambda actor: Departure.id.is_(None) | True)
    assert "S001" in signal_queries.people(me, DAY)["number"].to_list()


def test_a_look_is_written_down_and_the_log_does_not_say_at_whom(firm: Flask) -> None:
    assert browser(firm, Role.COMPLIANCE, email="officer@firm.example").get("/departures/signals/broker-B001").status_code == 200
    look = db.session.execute(select(SignalLook)).scalar_one()
    assert (look.actor_label, look.staff_id, look.broker_id is not None) == ("officer@firm.example", None, True)
    line = db.session.execute(select(AuditEntry).where(AuditEntry.action == "signals.looked")).scalar_one()
    assert (line.subject_type, line.subject_key, line.after) == ("signal_look", str(look.id), None)


def test_what_is_explained_rests_for_its_days(who: Callable[..., Actor]) -> None:
    officer = who(Role.COMPLIANCE)
    with transaction():
        signals.rest(person("staff-S001"), SignalKind.NO_CONTACT, 30, "on holiday until April", actor=officer, moment=NOON, today=DAY)

    def stands(day: date) -> dict[str, tuple[int, int]]:
        return {row["number"]: (row["signals"], row["resting"]) for row in signal_queries.people(officer, day).rows(named=True)}

    assert stands(DAY) == {"S001": (0, 1), "S003": (1, 0), "B001": (2, 0)}
    assert stands(DAY + timedelta(days=29))["S001"] == (0, 1)
    assert stands(DAY + timedelta(days=30))["S001"] == (1, 0)
    for days, reason in ((31, "on holiday"), (30, "x")):
        with pytest.raises(Refusal):
            signals.rest(person("staff-S001"), SignalKind.NO_CONTACT, days, reason, actor=officer, moment=NOON, today=DAY)


def test_until_told_nothing_shows_to_the_person(firm: Flask, who: Callable[..., Actor]) -> None:
    """S001 manages the branch: he sees suspicions of others in the register, and of his own nothing, not even that one stands."""
    key, other = suspected(who(Role.ADMIN)), suspected(who(Role.ADMIN), "S002")
    manager = who(Role.BRANCH_MANAGER, staff_no="S001", branch_no="01")
    client = seat(firm, manager.user_id or 0)
    nothing = client.get("/departures/mine").text
    assert "L2026" not in nothing
    assert [client.get(f"/departures/{one}").status_code for one in (key, other)] == [404, 200]
    assert register.departure_for(who(Role.BRANCH_MANAGER, staff_no="S003", branch_no="01"), key).id == key
    with pytest.raises(NotAllowed, match="nobody records his own"):
        suspected(manager)
    with pytest.raises(NotFound):
        hearing.answer(key, "not so", actor=manager, moment=NOON)
    assert db.session.execute(select(Notice).where(Notice.kind.startswith("departures."))).first() is None


def test_one_of_the_staff_is_told_answers_and_is_judged_by_a_second(firm: Flask, who: Callable[..., Actor]) -> None:
    admin, officer, himself, peer = who(Role.ADMIN), who(Role.COMPLIANCE), who(Role.STAFF, staff_no="S001", branch_no="01"), who(Role.STAFF, staff_no="S002", branch_no="01")
    key = suspected(admin)
    with pytest.raises(Conflict, match="no answer that waits"):
        hearing.judge(key, True, "too early", actor=officer, moment=NOON, today=DAY)
    with transaction():
        hearing.tell(key, WORDS, actor=admin, moment=NOON)
    page, others = (seat(firm, one.user_id or 0).get("/departures/mine").text for one in (himself, peer))
    assert (WORDS in page, "what somebody thought" in page, WORDS in others) == (True, False, False)
    with pytest.raises(NotFound):
        hearing.answer(key, "not mine", actor=peer, moment=NOON)
    with transaction():
        hearing.answer(key, "I was on leave and my clients were called by S002", actor=himself, moment=NOON)
    with pytest.raises(NotAllowed, match="a second person"):
        hearing.judge(key, False, "I know better", actor=admin, moment=NOON, today=DAY)
    with pytest.raises(NotAllowed):
        hearing.judge(key, True, "mine", actor=himself, moment=NOON, today=DAY)
    with transaction():
        hearing.judge(key, True, "the leave is recorded", actor=officer, moment=NOON, today=DAY)
    assert entries() == [("told", WORDS), ("answered", "I was on leave and my clients were called by S002"), ("upheld", "the leave is recorded")]
    assert db.session.get_one(Departure, key).state == "withdrawn"
    rests = db.session.execute(select(SignalRest)).scalars().all()
    assert {(row.kind, row.until_on, row.departure_id) for row in rests} == {(kind.value, DAY + timedelta(days=179), key) for kind in SignalKind}
    told = db.session.execute(select(Notice.kind).where(Notice.user_id == himself.user_id).order_by(Notice.id)).scalars().all()
    assert told == ["departures.told", "departures.judged"]


def test_a_broker_is_heard_by_the_desk_and_sees_nothing(firm: Flask, who: Callable[..., Actor]) -> None:
    admin, officer, manager = who(Role.ADMIN), who(Role.COMPLIANCE), who(Role.BRANCH_MANAGER, branch_no="01")
    key = suspected(admin, "B001", "broker_moves")
    with transaction():
        hearing.tell(key, "Three of six clients withdrew.", actor=admin, moment=NOON)
    broker = browser(firm, Role.BROKER, broker_no="B001")
    assert [broker.get(address).status_code for address in ("/departures/mine", f"/departures/{key}", "/departures")] == [403, 403, 403]
    assert db.session.execute(select(Notice).where(Notice.kind.startswith("departures."))).first() is None
    said = ("They bought a flat each", DAY, "compliance officer, by phone")
    with pytest.raises(NotAllowed, match="the firm's desk"):
        hearing.hear(key, *said, actor=manager, moment=NOON, today=DAY)
    with pytest.raises(Refusal, match="still to come"):
        hearing.hear(key, said[0], DAY + timedelta(days=1), said[2], actor=officer, moment=NOON, today=DAY)
    with transaction():
        hearing.hear(key, *said, actor=officer, moment=NOON, today=DAY)
    with transaction():
        hearing.judge(key, False, "the reasons were not shown", actor=officer, moment=NOON, today=DAY)
    row = db.session.execute(select(HearingEntry).where(HearingEntry.action == "heard")).scalar_one()
    assert (row.words, row.heard_on, row.heard_by, row.actor_label) == (*said, officer.label)
    assert db.session.get_one(Departure, key).state == "suspected"
    assert db.session.execute(select(SignalRest)).first() is None
    with pytest.raises(Conflict, match="is judged"):
        hearing.hear(key, *said, actor=officer, moment=NOON, today=DAY)


def test_from_the_signal_to_the_suspicion_with_what_is_at_stake(firm: Flask) -> None:
    """The form brings the evidence along; looking at it says what hangs on the broker: six accounts, of 450,000.00 yuan."""
    client = browser(firm, Role.COMPLIANCE)
    assert "/departures/new?person=broker-B001" in client.get("/departures/signals/broker-B001").text
    form = client.get("/departures/new?person=broker-B001").text
    assert "The licence ends on 2026-05-30" in form
    looked = post(client, "/departures/look", kind="broker_moves", person_no="B001", evidence="clients withdraw").text
    assert "450,000.00" in looked
    assert post(client, "/departures", kind="broker_moves", person_no="B001", evidence="clients withdraw").status_code == 303
    overview = browser(firm, Role.ADMIN).get("/overview").text
    assert "1 open departure" in overview
    assert f"/departures/exposure?person=broker-B001&amp;on={today()}" in overview
    assert "Something speaks for the departure of 3 people" in overview
