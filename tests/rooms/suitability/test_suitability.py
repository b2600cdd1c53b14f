"""The questions, the grade, its time, the warning, and the person who is left alone."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.leads import Claim, LeadState, LeadTask
from models.suitability import RiskWarning, SuitabilityTest
from portal.actors import NOBODY, TERMINAL
from portal.leads import introducers
from portal.leads.conversion_suitability import missing, pass_suitability
from portal.refusals import NotAllowed, Refusal
from portal.rules import data, recorded
from portal.suitability import sittings
from portal.suitability.grading import graded, investor_kind, needs_warning
from portal.suitability.questionnaires import versions
from portal.suitability.sittings import Subject, Taken
from portal.transaction import transaction
from tests import make
from tests.rooms.leads.stories import AVERSE, BOLD, CALM, NOON, TODAY, lead, lead_of, sit

NEWEST = versions()[-1]


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm of two brokers."""
    make.settled(app, tmp_path / "files")
    return app


def qualified() -> int:
    return lead_of(introducers.broker("B001"), state=LeadState.QUALIFIED)


@pytest.mark.parametrize(
    ("answers", "grade", "unsuitable"), [(BOLD, "C5", ""), (CALM, "C3", ""), (AVERSE, "C1", ""), (BOLD | {"age": "a"}, "C5", "minor"), (BOLD | {"record": "c"}, "C5", "record")]
)
def test_answers_make_a_grade(answers: dict[str, str], grade: str, unsuitable: str) -> None:
    found = graded(NEWEST, answers)
    assert (found.grade, found.unsuitable) == (grade, unsuitable)
    assert found.closed is (grade == "C1" or bool(unsuitable))


def test_every_version_is_whole_and_its_digest_is_of_all_of_it() -> None:
    for version in versions():
        assert 10 <= len(version.questions) <= 15
        assert all(question.texts["zh"] and question.texts["en"] and len(question.options) > 1 for question in version.questions)
        assert [name for name, _ in version.grades] == ["C1", "C2", "C3", "C4", "C5"]
        most = sum(max(option.score for option in question.options) for question in version.questions)
        assert [least for _, least in version.grades] == sorted({least for _, least in version.grades})
        assert version.grades[-1][1] < most
    assert len({version.digest for version in versions()}) == len(versions())


@pytest.mark.parametrize(
    ("proofs", "kind"),
    [({}, "ordinary"), ({"financial_assets": True}, "ordinary"), ({"income": True, "experience": True}, "professional"), ({"institution": True}, "professional")],
)
def test_professional_is_who_proves_means_and_experience(proofs: dict[str, bool], kind: str) -> None:
    assert investor_kind(proofs) == kind


def test_a_warning_is_due_above_the_grade() -> None:
    assert [needs_warning(grade, "R4") for grade in ("C2", "C3", "C4", "C5")] == [True, True, False, False]


@pytest.mark.usefixtures("database")
def test_a_qualified_lead_goes_on_with_a_grade_that_stands(firm: Flask) -> None:
    key = qualified()
    with pytest.raises(Refusal, match="no suitability test"), transaction():
        pass_suitability(lead(key), TERMINAL, NOON, TODAY, "CN")
    sit(key)
    assert (lead(key).state, lead(key).risk_grade) == ("suitability_passed", "C5")
    kept = db.session.execute(select(SuitabilityTest)).scalar_one()
    assert (kept.questions_version, kept.questions_digest, kept.valid_until, kept.present) == (NEWEST.version, NEWEST.digest, date(2028, 3, 2), "nobody")
    assert missing(lead(key), date(2028, 3, 2), "CN") == ""
    assert missing(lead(key), date(2028, 3, 3), "CN") == "expired"


@pytest.mark.usefixtures("database")
def test_how_long_a_grade_holds_is_data(firm: Flask) -> None:
    shorter = [rule if rule.code != "suit-retest" else data.read(_with_months(12), "CN")[0] for rule in data.shipped("CN")]
    with transaction():
        recorded.load(shorter, TERMINAL, NOON)
    sit(qualified())
    assert db.session.execute(select(SuitabilityTest.valid_until)).scalar_one() == date(2027, 3, 2)


def _with_months(months: int) -> str:
    (rule,) = [one for one in json.loads((data.HERE / "cn.json").read_text(encoding="utf-8")) if one["code"] == "suit-retest"]
    return json.dumps([rule | {"parameters": {"months": months}}])


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("answers", [AVERSE, BOLD | {"capacity": "b"}])
def test_whom_futures_do_not_suit_is_closed_kindly_and_left_alone(firm: Flask, answers: dict[str, str]) -> None:
    key = qualified()
    with transaction():
        lead(key).pool_since, lead(key).contact_due_on = NOON, TODAY
        db.session.add(LeadTask(lead_id=key, what="call", due_on=TODAY, created_at=NOON, outcome=""))
    sit(key, answers)
    one = lead(key)
    assert (one.state, one.suppressed, one.state_reason, one.pool_since, one.contact_due_on) == ("refused", True, "unsuitable", None, None)
    assert db.session.execute(select(Claim.state, Claim.ended_why).where(Claim.lead_id == key)).one() == ("lapsed", "unsuitable")
    assert db.session.execute(select(LeadTask.done_at).where(LeadTask.lead_id == key)).scalar_one() is not None


@pytest.mark.usefixtures("database")
def test_above_the_grade_the_warning_is_read_and_accepted_first(firm: Flask) -> None:
    key = qualified()
    address = sit(key, CALM)
    assert (lead(key).state, missing(lead(key), TODAY, "CN")) == ("qualified", "unwarned")
    test = db.session.execute(select(SuitabilityTest).where(SuitabilityTest.public_id == address)).scalar_one()
    said: dict[str, Any] = {"locale": "zh", "actor": TERMINAL, "moment": NOON, "today": TODAY, "jurisdiction": "CN"}
    with pytest.raises(Refusal, match="recording"), transaction():
        sittings.warn(test, accepted=True, evidence="", **said)
    with transaction():
        sittings.warn(test, accepted=True, evidence="rec 2", **said)
        pass_suitability(lead(key), TERMINAL, NOON, TODAY, "CN")
    assert lead(key).state == "suitability_passed"
    kept = db.session.execute(select(RiskWarning)).scalar_one()
    assert (kept.product_risk, kept.accepted, len(kept.text_digest)) == ("R4", True, 64)


@pytest.mark.usefixtures("database")
def test_nobody_of_the_lowest_class_accepts_his_way_in(firm: Flask) -> None:
    address = sit(qualified(), AVERSE)
    test = db.session.execute(select(SuitabilityTest).where(SuitabilityTest.public_id == address)).scalar_one()
    with pytest.raises(Refusal, match="may not go on"), transaction():
        sittings.warn(test, accepted=True, evidence="rec", locale="zh", actor=TERMINAL, moment=NOON, today=TODAY, jurisdiction="CN")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "changes", [{"present": " "}, {"where": "in a dream"}, {"version": 99}, {"answers": {}}, {"answers": BOLD | {"aim": "z"}}, {"proofs": {"institution": True}, "evidence": ""}]
)
def test_a_sitting_that_does_not_hold_is_refused(firm: Flask, changes: dict[str, Any]) -> None:
    whole = {"answers": BOLD, "version": NEWEST.version, "where": "at_desk", "present": "nobody", "evidence": "rec", "locale": "zh", "proofs": {}}
    with pytest.raises(Refusal), transaction():
        sittings.take(Subject(None, "C10001", "C10001"), Taken(**{**whole, **changes}), TERMINAL, NOON, TODAY, "CN")
    with pytest.raises(NotAllowed), transaction():
        sittings.take(Subject(None, "C10001", "C10001"), Taken(**whole), NOBODY, NOON, TODAY, "CN")
