"""Scores: what they use, what they sum to, who has none, what is kept."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from models import db
from models.care import Contact
from models.clients import Account
from models.consents import Consent
from models.departures import Departure, DepartureStep
from models.identity import Role
from models.partners import Broker, Staff
from models.risk import ChurnCause, RiskModel, RiskRun, RiskScore
from portal import clock
from portal.actors import TERMINAL
from portal.audit.recordings import known_at, open_recording
from portal.jobs import risk
from portal.jobs.worker import Worker
from portal.risk import causes, days, facts, hazard, scoring
from portal.risk.features import FEATURES, without_event
from portal.risk.grades import grades, lift
from portal.risk.hazard import PRIORS
from portal.risk.queries import account_numbers
from portal.transaction import transaction
from tests import make
from tests.people import someone

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")
LAST = date(2026, 3, 4)
TRADES = [("10001", "SHFE", "rb", "10", "350000.00", "60.00", "35.00")]


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """Two clients of one broker; three settled days; only the first trades."""
    with app.app_context(), time_machine.travel(datetime(2026, 3, 4, 10, tzinfo=UTC)):
        folder = make.firm(tmp_path / "files")
        for number, on in enumerate(DAYS):
            make.day(folder, on, {"10001": (f"{50000 - 60 * number}.00", "0.00"), "10002": ("80000.00", "0.00")}, TRADES)
        make.accepted(folder)
        db.session.remove()
    return app


def scored(on: date = LAST) -> dict[str, dict]:
    names = account_numbers()
    _, rows = scoring.scores(on, ZONE, lambda step, done, total: None)
    return {names[row["account_id"]]: row for row in rows.to_dicts()}


def spoken(at: datetime, recorded: datetime) -> None:
    with transaction():
        account, staff = (db.session.execute(select(model.id)).scalars().first() for model in (Account, Staff))
        db.session.add(Contact(account_id=account, staff_id=staff, at=at, recorded_at=recorded, channel="call", outcome="reached", note=""))


def leaves(day: date, recorded: datetime, state: str = "effective") -> None:
    with transaction():
        broker = db.session.execute(select(Broker.id).where(Broker.broker_no == "B001")).scalar_one()
        more = {"cause": "", "destination": "", "evidence": "", "recorded_at": recorded}
        gone = Departure(kind="broker_moves", broker_id=broker, state=state, announced_on=day, effective_on=day, **more)
        db.session.add(gone)
        db.session.flush()
        after = {"state": state, "announced_on": str(day), "effective_on": str(day)}
        db.session.add(DepartureStep(departure_id=gone.id, at=recorded, actor_label="test", action="recorded", note="", after=after))


def test_what_is_recorded_later_changes_no_score(firm: Flask) -> None:
    with firm.app_context():
        before = scored()
        spoken(datetime(2026, 3, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, 16, 30, tzinfo=UTC))  # the 5th in Shanghai
        leaves(date(2026, 3, 3), datetime(2026, 3, 5, 2, tzinfo=UTC))
        assert scored() == before
        spoken(datetime(2026, 3, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, 15, 30, tzinfo=UTC))  # control: in time, it does
        assert scored()["10001"]["probability"] < before["10001"]["probability"]


def test_a_contact_that_was_corrected_counts_until_its_correction(firm: Flask) -> None:
    """Said to have been reached, corrected to no answer: recorded by the day it counts no more, recorded later it still does."""
    with firm.app_context():
        without = scored()["10001"]["probability"]
        spoken(datetime(2026, 3, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, 3, tzinfo=UTC))
        told = scored()["10001"]["probability"]
        assert told < without
        for recorded, expected in ((datetime(2026, 3, 4, 16, 30, tzinfo=UTC), told), (datetime(2026, 3, 4, 3, tzinfo=UTC), without)):
            with transaction():
                first = db.session.execute(select(Contact).where(Contact.replaces_id.is_(None)).order_by(Contact.id)).scalars().first()
                assert first is not None
                again = {name: getattr(first, name) for name in ("account_id", "staff_id", "at", "channel")}
                held = Contact(**again, outcome="no_answer", note="", recorded_at=recorded, replaces_id=first.id)
                db.session.add(held)
                db.session.flush()
                assert scored()["10001"]["probability"] == expected
                db.session.rollback()


def test_what_a_firm_brings_in_on_its_first_day_was_known_on_the_days_that_it_speaks_of(firm: Flask) -> None:
    """Recorded in the evening of the first day: the contact of the 2nd was known on the 2nd and not before, the broker's going on the day on which he said so."""
    with firm.app_context():
        before = {on: scored(on)["10001"]["probability"] for on in (date(2026, 3, 2), date(2026, 3, 3))}
        spoken(datetime(2026, 3, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, 12, tzinfo=UTC))
        assert scored(date(2026, 3, 2))["10001"]["probability"] == before[date(2026, 3, 2)]
        told = scored(date(2026, 3, 3))["10001"]["probability"]
        assert told < before[date(2026, 3, 3)]
        leaves(date(2026, 3, 3), datetime(2026, 3, 4, 12, tzinfo=UTC))
        assert scored(date(2026, 3, 2))["10001"]["probability"] == before[date(2026, 3, 2)]
        assert scored(date(2026, 3, 3))["10001"]["probability"] > told


def test_what_is_written_down_later_of_an_earlier_day_is_known_no_sooner_than_what_came_before(firm: Flask) -> None:
    with firm.app_context():
        began, before = facts.first_day(ZONE), datetime(2020, 1, 1, tzinfo=UTC)
        with transaction():
            late = open_recording(TERMINAL, before, "test").id
        assert facts.first_day(ZONE) == began
        assert known_at(before) == known_at(before + timedelta(days=1)) == 0
        assert known_at(clock.now()) == late
        db.session.remove()


def test_a_correction_counts_from_its_recording_on(firm: Flask, tmp_path: Path) -> None:
    with firm.app_context():
        before = scored()
        make.accepted(make.day(tmp_path / "again", DAYS[2], {"10001": ("49880.00", "-40000.00"), "10002": ("80000.00", "0.00")}, TRADES), replace=True)
        assert scored() == before
        balances, _ = days.rows_of(tuple(days.versions(LAST, LAST)[LAST]))  # control: whoever reads it with all that is known sees the loss
        assert balances["equity"].min() == 982_000


def test_a_departure_raises_its_clients_and_names_the_broker(firm: Flask) -> None:
    with firm.app_context():
        before = scored()["10001"]
        leaves(date(2026, 3, 4), datetime(2026, 3, 4, 2, tzinfo=UTC))
        after = scored()["10001"]
        assert after["probability"] > before["probability"]
        assert after["cause"] == ChurnCause.TAKEN_BY_BROKER
        assert 0 < before["follow"] < 1_000_000


def test_reasons_sum_to_the_score(firm: Flask) -> None:
    with firm.app_context():
        frame = scoring.frame_on(LAST, ZONE, lambda step, done, total: None)
        weights = scoring._with_means(PRIORS, frame)
        _, parts = hazard.reasons(weights, frame.values)
        line = frame.values @ weights.vector + weights.intercepts[0] / hazard.MILLION
        assert hazard.base(weights) + parts.sum(axis=1) == pytest.approx(line, abs=1e-6)
        assert (hazard.probability(weights, without_event(frame.values)) <= hazard.probability(weights, frame.values) + 1e-12).all()


def test_scores_are_kept_with_their_version_and_told_as_csv(firm: Flask) -> None:
    result = firm.test_cli_runner().invoke(args=["risk", "scores", "--on", str(LAST), "--keep"])
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["account_no"], row["introducer_no"], row["servicer_no"], row["model_version"]) for row in rows] == [
        ("10001", "B001", "", "priors-2"),
        ("10002", "B001", "", "priors-2"),
    ]
    with firm.app_context():
        run = db.session.execute(select(RiskRun)).scalar_one()
        kept = db.session.execute(select(RiskScore).order_by(RiskScore.account_id)).scalars().all()
        assert (run.accounts, db.session.execute(select(RiskModel.version)).scalar_one()) == (2, "priors-2")
        assert [f"{one.probability / 1_000_000:.6f}" for one in kept] == [row["probability_90d"] for row in rows]
        assert all(one.expected_loss == one.equity * one.probability // 1_000_000 and one.drivers[-1][0] == "rest" for one in kept)
        db.session.remove()


def test_who_asked_not_to_be_profiled_has_no_score(firm: Flask) -> None:
    with firm.app_context():
        frame = scoring.frame_on(LAST, ZONE, lambda step, done, total: None)
        assert set(frame.people["client_no"]) == {"C10001", "C10002"}

    person = someone(firm, Role.CLIENT, email="client@firm.example", client_no="C10002")
    with firm.app_context():
        with transaction():
            said = {"text_version": 1, "text_digest": "0" * 64, "locale": "en", "user_id": person}
            db.session.add(Consent(client_no="C10002", purpose="profiling", given=False, at=datetime(2026, 3, 1, tzinfo=UTC), **said))
        assert set(scored()) == {"10001"}
        db.session.remove()


def test_grades_of_small_tables() -> None:
    said, left = np.array([0.9, 0.8, 0.3, 0.2, 0.1]), np.array([True, False, True, False, False])
    assert grades(said, left).auc == pytest.approx(5 / 6)
    assert grades(np.full(5, 0.4), left).auc == 0.5
    assert lift(said, left) == pytest.approx(2.5)
    assert grades(np.array([0.5, 0.5]), np.array([True, True])).auc is None


def test_causes_follow_their_evidence() -> None:
    calm = dict.fromkeys(FEATURES, np.zeros(1))
    for change, wanted in (
        ({"event": 1, "event_broker": 1}, ChurnCause.TAKEN_BY_BROKER), ({"event": 1}, ChurnCause.TAKEN_BY_STAFF), ({"silence": 1}, ChurnCause.ABANDONED),
        ({"fee_level": 0.6}, ChurnCause.POACHED), ({"loss_90": 0.4}, ChurnCause.LOST_MONEY), ({"downs": 0.4}, ChurnCause.LOST_MONEY), ({"withdrawn_30": 0.9}, ChurnCause.DRAWN_AWAY), ({}, ChurnCause.OWN_WILL),
    ):  # fmt: skip
        assert causes.proposed(calm | {name: np.array([float(value)]) for name, value in change.items()})[0] == wanted


def test_silence_is_no_neglect_where_nobody_writes_contacts_down() -> None:
    calm = {name: np.zeros(3) for name in FEATURES}
    silent = calm | {"silence": np.ones(3)}
    assert causes.proposed(silent, causes.usual_silence(silent)).tolist() == [ChurnCause.OWN_WILL] * 3
    one = calm | {"silence": np.array([0.4, 0.5, 1.0])}
    assert causes.proposed(one, causes.usual_silence(one)).tolist() == [ChurnCause.OWN_WILL, ChurnCause.OWN_WILL, ChurnCause.ABANDONED]


def test_the_job_scores_the_last_settled_day_once(firm: Flask) -> None:
    with firm.app_context():
        assert risk.is_due(clock.now())
        with transaction():
            risk.ask_to_score(TERMINAL, clock.now() + timedelta(0))
        db.session.remove()
    Worker(firm).drain()
    with firm.app_context():
        assert not risk.is_due(clock.now())
        assert db.session.execute(select(RiskRun.on_day)).scalars().all() == [LAST]
        db.session.remove()
