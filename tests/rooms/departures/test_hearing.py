"""Who sees signals, looks and suspicions, and how the person of whom one speaks is told, answers, and is judged; each refusal beside who may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, true

from models import db
from models.audit import AuditEntry
from models.departure_signals import HearingEntry, SignalKind, SignalLook, SignalRest
from models.departures import Departure, DepartureKind
from models.identity import Role
from models.notices import Notice
from portal.actors import Actor
from portal.departures import hearing, register, signal_queries, signals
from portal.departures.register import Told
from portal.local_day import today
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.departures.scene import who
from tests.rooms.departures.signal_scene import DAY, NOON, kept, person, settle_in

Inside = Callable[[], AbstractContextManager[None]]
WORDS = "Last spoke with a client on 2026-02-19."


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """Looked at once; browsers and verbs each have a context of their own, so that nobody is taken for the one before."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        kept()
        db.session.remove()
    return app


@pytest.fixture
def inside(firm: Flask) -> Callable[[], AbstractContextManager[None]]:
    """A context for verbs and looks at tables."""

    @contextmanager
    def opened() -> Iterator[None]:
        with firm.app_context():
            yield
            db.session.remove()

    return opened


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


def test_nobody_sees_his_own(firm: Flask, inside: Inside) -> None:
    """An officer who is bound to S001 finds all but himself: in the list, in its file, by address, in the log of looks; a colleague finds him."""
    himself, other = browser(firm, Role.COMPLIANCE, staff_no="S001"), browser(firm, Role.COMPLIANCE)
    assert ("S001" in other.get("/departures/signals").text, "S001" in himself.get("/departures/signals").text) == (True, False)
    assert ["S001" in client.get("/departures/signals?format=csv").text for client in (other, himself)] == [True, False]
    assert [client.get("/departures/signals/staff-S001").status_code for client in (other, himself)] == [200, 404]
    assert post(himself, "/departures/signals/staff-S001/explain", "/me", kind="no_contact", days="30", reason="holiday").status_code == 404
    assert himself.get("/departures/signals/broker-B001").status_code == 200
    looks = [client.get("/departures/signals/looks").text for client in (himself, other, browser(firm, Role.AUDITOR))]
    assert [("S001" in text, "B001" in text) for text in looks] == [(False, True), (True, True), (True, True)]
    assert browser(firm, Role.FINANCE).get("/departures/signals/looks").status_code == 403
    me = who(firm, Role.ADMIN, staff_no="S001")
    with inside(), pytest.raises(NotFound):
        signals.rest(person("staff-S001"), SignalKind.NO_CONTACT, 30, "holiday", actor=me, moment=NOON, today=DAY)


def test_the_list_is_narrowed_and_sorted(firm: Flask) -> None:
    client = browser(firm, Role.COMPLIANCE)

    def people(query: str) -> list[str]:
        lines = client.get(f"/departures/signals?format=csv&{query}").text.splitlines()
        return [line.split(",")[1] for line in lines if line.startswith(("Staff,", "Broker,"))]

    assert people("") == ["B001", "S001", "S003"]
    assert people("sort=-number") == ["S003", "S001", "B001"]
    assert people("kind=withdrawals") == people("who=broker") == people("q=居间人") == ["B001"]
    assert (people("standing=speaks&who=staff"), people("standing=rests")) == (["S001", "S003"], [])


def test_control_without_the_condition_his_own_would_show(firm: Flask, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    me = who(firm, Role.COMPLIANCE, staff_no="S001")
    with inside():
        assert "S001" not in signal_queries.people(me, DAY)["number"].to_list()
        monkeypatch.setattr(signal_queries, "not_own", lambda actor: true())
        assert "S001" in signal_queries.people(me, DAY)["number"].to_list()


def test_a_look_is_written_down_and_the_log_does_not_say_at_whom(firm: Flask, inside: Inside) -> None:
    assert browser(firm, Role.COMPLIANCE, email="officer@firm.example").get("/departures/signals/broker-B001").status_code == 200
    with inside():
        look = db.session.execute(select(SignalLook)).scalar_one()
        assert (look.actor_label, look.staff_id, look.broker_id is not None) == ("officer@firm.example", None, True)
        line = db.session.execute(select(AuditEntry).where(AuditEntry.action == "signals.looked")).scalar_one()
        assert (line.subject_type, line.subject_key, line.after) == ("signal_look", str(look.id), None)


def test_what_is_explained_rests_for_its_days(firm: Flask, inside: Inside) -> None:
    officer = who(firm, Role.COMPLIANCE)

    def stands(day: date) -> dict[str, tuple[int, int]]:
        return {row["number"]: (row["signals"], row["resting"]) for row in signal_queries.people(officer, day).rows(named=True)}

    with inside():
        with transaction():
            signals.rest(person("staff-S001"), SignalKind.NO_CONTACT, 30, "on holiday until April", actor=officer, moment=NOON, today=DAY)
        assert stands(DAY) == {"S001": (0, 1), "S003": (1, 0), "B001": (2, 0)}
        assert stands(DAY + timedelta(days=29))["S001"] == (0, 1)
        assert stands(DAY + timedelta(days=30))["S001"] == (1, 0)
        for days, reason in ((31, "on holiday"), (30, "x")):
            with pytest.raises(Refusal):
                signals.rest(person("staff-S001"), SignalKind.NO_CONTACT, days, reason, actor=officer, moment=NOON, today=DAY)


def test_until_told_nothing_shows_to_the_person(firm: Flask, inside: Inside) -> None:
    """S001 manages the branch: he sees suspicions of others in the register, and of his own nothing, not even that one stands."""
    admin, manager, colleague = (
        who(firm, Role.ADMIN),
        who(firm, Role.BRANCH_MANAGER, staff_no="S001", branch_no="01"),
        who(firm, Role.BRANCH_MANAGER, staff_no="S003", branch_no="01"),
    )
    with inside():
        key, other = suspected(admin), suspected(admin, "S002")
    client = seat(firm, manager.user_id or 0)
    assert "L2026" not in client.get("/departures/mine").text
    assert [client.get(f"/departures/{one}").status_code for one in (key, other)] == [404, 200]
    with inside():
        assert register.departure_for(colleague, key).id == key
        with pytest.raises(NotAllowed, match="nobody records his own"):
            suspected(manager)
        with pytest.raises(NotFound):
            hearing.answer(key, "not so", actor=manager, moment=NOON)
        assert db.session.execute(select(Notice).where(Notice.kind.startswith("departures."))).first() is None


def test_one_of_the_staff_is_told_answers_and_is_judged_by_a_second(firm: Flask, inside: Inside) -> None:
    admin, officer = who(firm, Role.ADMIN), who(firm, Role.COMPLIANCE)
    himself, peer = (who(firm, Role.STAFF, staff_no=number, branch_no="01") for number in ("S001", "S002"))
    with inside():
        key = suspected(admin)
        with pytest.raises(Conflict, match="no answer that waits"):
            hearing.judge(key, True, "too early", actor=officer, moment=NOON, today=DAY)
        with transaction():
            hearing.tell(key, WORDS, actor=admin, moment=NOON)
    page, others = (seat(firm, one.user_id or 0).get("/departures/mine").text for one in (himself, peer))
    assert (WORDS in page, "what somebody thought" in page, WORDS in others) == (True, False, False)
    with inside():
        with pytest.raises(NotFound):
            hearing.answer(key, "not mine", actor=peer, moment=NOON)
        with transaction():
            hearing.answer(key, "I was on leave", actor=himself, moment=NOON)
        for one, said in ((admin, "a second person"), (himself, "does not hold the right")):
            with pytest.raises(NotAllowed, match=said):
                hearing.judge(key, True, "I know better", actor=one, moment=NOON, today=DAY)
        with transaction():
            hearing.judge(key, True, "the leave is recorded", actor=officer, moment=NOON, today=DAY)
        assert entries() == [("told", WORDS), ("answered", "I was on leave"), ("upheld", "the leave is recorded")]
        assert db.session.get_one(Departure, key).state == "withdrawn"
        rests = db.session.execute(select(SignalRest)).scalars().all()
        assert {(row.kind, row.until_on, row.departure_id) for row in rests} == {(kind.value, DAY + timedelta(days=179), key) for kind in SignalKind}
        told = db.session.execute(select(Notice.kind).where(Notice.user_id == himself.user_id).order_by(Notice.id)).scalars().all()
        assert told == ["departures.told", "departures.judged"]


def test_a_broker_is_heard_by_the_desk_and_sees_nothing(firm: Flask, inside: Inside) -> None:
    admin, officer, manager = who(firm, Role.ADMIN), who(firm, Role.COMPLIANCE), who(firm, Role.BRANCH_MANAGER, branch_no="01")
    with inside():
        key = suspected(admin, "B001", "broker_moves")
        with transaction():
            hearing.tell(key, "Three of six clients withdrew.", actor=admin, moment=NOON)
    broker = browser(firm, Role.BROKER, broker_no="B001")
    assert [broker.get(address).status_code for address in ("/departures/mine", f"/departures/{key}", "/departures")] == [403, 403, 403]
    said = ("They bought a flat each", DAY, "compliance officer, by phone")
    with inside():
        assert db.session.execute(select(Notice).where(Notice.kind.startswith("departures."))).first() is None
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
    with firm.app_context():
        assert f"/departures/exposure?person=broker-B001&amp;on={today()}" in overview
    assert "Something speaks for the departure of 3 people" in overview
