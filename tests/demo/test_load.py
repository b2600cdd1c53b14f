"""Loading the demonstration firm: through the doors of a real one, again without harm, never into somebody else's books."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import case, func, select

from models import db
from models.care import CareTask
from models.channels import ChannelCost
from models.clients import Servicing
from models.club_money import Refund
from models.commission import MonthClose, RunStatement
from models.departure_signals import DepartureSignal, HearingEntry, SignalRun
from models.departures import Departure
from models.disputes import Dispute
from models.handovers import Handover, HandoverClient
from models.identity import Role, User, UserState
from models.leads import Campaign, IntroductionLink, Lead, LeadConsent, LeadState
from models.notices import Notice
from models.onboarding import Application
from models.partners import Broker, Staff, StaffVersion
from models.settlement import SettlementDay
from models.suitability import SuitabilityTest
from models.transfers import ClaimCase, Transfer
from models.values.calendar import Month
from portal import create_app
from portal.actors import TERMINAL
from portal.clock import now
from portal.demo import DemoFirm, stories
from portal.demo.load import PASSWORD, Load, check_empty, steps
from portal.demo.notices import UNREAD
from portal.identity import passwords, verbs
from portal.keys import keyring
from portal.refusals import Refusal
from portal.settings import Settings
from portal.transaction import transaction
from portal.versions import current

LAST = date(2025, 12, 3)


@pytest.fixture(scope="module")
def made(firm: DemoFirm, tmp_path_factory: pytest.TempPathFactory) -> DemoFirm:
    """The firm, cut off after its first 23 days so that the test is quick."""
    folder = tmp_path_factory.mktemp("load") / "firm"
    folder.mkdir()
    days = tuple(entry for entry in firm.days if entry[0] <= LAST)
    for path in (*firm.masters, *(path for _, balances, trades in days for path in (balances, trades))):
        shutil.copy(path, folder)
    return replace(firm, folder=folder, days=days, later=firm.later[:1], months_to_close=(Month(2025, 11),), open_months=(Month(2025, 12),), last_settled_day=LAST)


@pytest.fixture
def demo_app(settings: Settings) -> Iterator[Flask]:
    app = create_app(replace(settings, demo=True))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def load_of(app: Flask, firm: DemoFirm) -> Load:
    return Load(firm, app.config["PORTAL"], keyring(), lambda step, done, total: None)


def test_it_fills_an_empty_portal_and_a_second_time_changes_nothing(demo_app: Flask, made: DemoFirm) -> None:
    settings: Settings = demo_app.config["PORTAL"]
    check_empty(settings)
    said = list(steps(load_of(demo_app, made)))
    assert said[0] == "9 users added"
    assert any(sentence.startswith("2025-11 closed: ") for sentence in said)

    assert db.session.execute(select(func.count(SettlementDay.id))).scalar() == 23
    assert db.session.execute(select(MonthClose.period)).scalars().all() == ["2025-11"]
    assert db.session.execute(select(func.count()).select_from(RunStatement)).scalar_one() > 50
    unread = select(func.count(Notice.id).label("many")).where(Notice.read_at.is_(None)).group_by(Notice.user_id).subquery()
    assert db.session.execute(select(func.max(unread.c.many))).scalar_one() == UNREAD, "the bell counts what is new"
    questions = db.session.execute(select(Dispute.state, Dispute.granted).order_by(Dispute.id)).all()
    assert [tuple(row) for row in questions] == [("in_review", 0), ("answered", 1280)]
    _look_at_departures(said)
    assert db.session.execute(select(SignalRun.on_day).order_by(SignalRun.id)).scalars().all() == [LAST - timedelta(days=14), LAST]
    assert _speaking() >= {("B007", "no_sign_in"), ("B007", "no_lead"), ("S017", "look_ups")}
    _look_around()
    people = db.session.execute(select(User).where(~User.visitor)).scalars().all()
    assert all(person.demo and passwords.opens(person.password_hash, PASSWORD, settings.password_cost) for person in people)
    assert {Role(row.role) for person in people for row in person.roles} == set(Role)
    mark = Path(settings.instance) / "demo"
    assert "broker@example.com" in mark.read_text(encoding="utf-8")
    assert mark.stat().st_mode & 0o077 == 0

    check_empty(settings)
    again = list(steps(load_of(demo_app, made)))
    assert again[0] == "0 users added"
    assert "2025-11 was closed already" in again
    assert "0 questions to lines put" in again
    assert "0 stories around leads told" in again
    assert db.session.execute(select(func.count(SettlementDay.id))).scalar() == 23


def _look_at_departures(said: list[str]) -> None:
    """Two who left, with their handovers; two suspicions that were heard; one who is about to go."""
    numbers = func.coalesce(Staff.staff_no, Broker.broker_no)
    query = select(numbers, Departure.kind, Departure.state).outerjoin(Staff, Staff.id == Departure.staff_id).outerjoin(Broker, Broker.id == Departure.broker_id)
    assert [tuple(row) for row in db.session.execute(query.order_by(Departure.id))] == [
        ("S029", "staff_leaves", "settled"), ("B058", "broker_ends", "settled"), ("S013", "staff_leaves", "withdrawn"), ("B007", "broker_moves", "suspected"), ("S017", "staff_leaves", "announced"),
    ]  # fmt: skip
    (cared,) = [sentence for sentence in said if "2 departures of the past, " in sentence]
    assert int(cared.rpartition("; ")[2].split()[0]) > 50, "plays, promises and first calls beside each other"
    assert db.session.execute(select(Handover.state)).scalars().all() == ["closed", "closed"]
    assert db.session.execute(select(func.count()).where(HandoverClient.decided_id.is_(None) | (HandoverClient.outcome == ""))).scalar_one() == 0
    left = func.sum(case((HandoverClient.outcome == "left", 1), else_=0))
    of_staff, _of_broker = db.session.execute(select(func.count(), left).group_by(HandoverClient.handover_id).order_by(HandoverClient.handover_id)).all()
    assert of_staff[0] > 60
    assert 10 < of_staff[1] < of_staff[0] // 3
    gone = select(Staff.id).where(Staff.staff_no == stories.GONE).scalar_subquery()
    assert db.session.execute(select(StaffVersion.left_on).where(StaffVersion.staff_id == gone).order_by(StaffVersion.id.desc()).limit(1)).scalar() == stories.GONE_ON
    assert db.session.execute(current(Servicing, None, Servicing.staff_id == gone).where(Servicing.role == "servicer", Servicing.valid_to > stories.GONE_ON)).first() is None
    assert db.session.execute(select(CareTask.id).where(CareTask.owner_id == gone)).first() is None
    assert db.session.execute(select(User.state).where(User.staff_no == stories.GONE)).scalars().all() == [UserState.DISABLED]
    assert db.session.execute(select(HearingEntry.action).order_by(HearingEntry.id)).scalars().all() == ["told", "answered", "upheld", "told", "heard", "rejected"]


def _speaking() -> set[tuple[str | None, str]]:
    """Of whom the newest run of signals speaks, and by what."""
    newest = select(func.max(SignalRun.id)).scalar_subquery()
    query = select(func.coalesce(Staff.staff_no, Broker.broker_no), DepartureSignal.kind).select_from(DepartureSignal)
    query = query.outerjoin(Staff, Staff.id == DepartureSignal.staff_id).outerjoin(Broker, Broker.id == DepartureSignal.broker_id)
    return {(number, str(kind)) for number, kind in db.session.execute(query.where(DepartureSignal.run_id == newest))}


def _look_around() -> None:
    """What there is to find around leads."""
    states = set(db.session.execute(select(Lead.state)).scalars())
    assert states == {state.value for state in LeadState}, "leads in every state"
    assert db.session.execute(select(func.count(IntroductionLink.id))).scalar_one() == 5, "a broker's, an employee's, a client's, a campaign's, and that of a guest of the club"
    assert db.session.execute(select(func.count(Campaign.id)).where(Campaign.cost > 0)).scalar_one() == 3
    assert db.session.execute(select(func.count(ChannelCost.id))).scalar_one() == 9
    assert set(db.session.execute(select(Application.state)).scalars()) == {"draft", "waiting"}
    assert sorted(db.session.execute(select(ClaimCase.state)).scalars()) == ["decided", "open"]
    assert db.session.execute(select(Transfer.state)).scalars().all() == ["waiting"]
    today = now().date()
    over, soon, alone = sorted(db.session.execute(select(SuitabilityTest.valid_until).where(SuitabilityTest.lead_id.is_(None))).scalars())
    assert over < today < soon <= today + timedelta(days=60) < alone
    assert db.session.execute(select(SuitabilityTest.grade).where(SuitabilityTest.taken_where == "online")).scalars().all() == ["C1"]
    assert db.session.execute(select(Refund.why)).scalars().all() == ["dues_goodwill"]
    assert db.session.execute(select(func.count(LeadConsent.id)).where(~LeadConsent.given)).scalar_one() == 1


def test_it_is_loaded_only_where_it_was_asked_for(database: None, app: Flask) -> None:
    with pytest.raises(Refusal, match="PORTAL_DEMO=1"):
        check_empty(app.config["PORTAL"])


def test_it_is_never_mixed_with_real_books(demo_app: Flask) -> None:
    with transaction():
        verbs.add_user(email="real@example.com", name="Real", roles=[Role.ADMIN], actor=TERMINAL, moment=now())
    with pytest.raises(Refusal, match="users of its own"):
        check_empty(demo_app.config["PORTAL"])


def test_the_terminal_writes_files_and_sign_ins(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "somebody's.txt").write_text("mine")
    refused = app.test_cli_runner().invoke(args=["demo", "make", str(tmp_path)])
    assert refused.exit_code == 1
    assert "is not empty" in refused.output
    told = app.test_cli_runner().invoke(args=["demo", "sign-ins"])
    assert [line.split()[0] for line in told.output.splitlines()[1:]] == ["admin", "finance", "compliance", "auditor", "branch_manager", "staff", "broker", "client"]
