"""Two at the same moment: a lead is converted once, and a call that ended in two ways counts as the one that came first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.attribution import Attribution
from models.audit import Recording
from models.clients import Account
from models.confirmations import CallOutcome, ConfirmationCall, Conversion
from models.leads import Lead, LeadState
from portal.actors import Actor
from portal.audit.recordings import hold_clock
from portal.keys import keyring
from portal.leads import confirmation, conversion, introducers, steps
from portal.leads import conversion_facts as facts
from portal.leads.confirmation import Call
from portal.leads.states import STEPS
from portal.transaction import transaction
from tests import make
from tests.at_once import at_once
from tests.rooms.leads.stories import NOON, TODAY, lead_of, rows, setting, sit
from tests.rooms.leads.test_confirmation import DESK, GOOD, YES
from tests.rooms.leads.test_conversion import bring, newcomer


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm of two brokers and two accounts of B001."""
    with app.app_context():
        make.accepted(make.firm(tmp_path / "files"))
        db.session.remove()
    return app


def ready(folder: Path) -> int:
    """A lead of B001 whose suitability stands and whose account 10003 is there, not converted yet."""
    one = lead_of(introducers.broker("B001"), state=LeadState.QUALIFIED)
    sit(one)
    with transaction():
        db.session.get_one(Lead, one).state = LeadState.LAPSED  # so that the import leaves it alone
    bring(folder, newcomer())
    with transaction():
        db.session.get_one(Lead, one).state = LeadState.SUITABILITY_PASSED
    return one


def by_hand(lead_id: int) -> None:
    hold_clock()  # before the lead, as the door does: an import holds the clock when it comes to the lead
    lead = db.session.get_one(Lead, lead_id, with_for_update=True, populate_existing=True)
    conversion.convert(lead, "10003", setting())


def by_import(_lead_id: int) -> None:
    conversion.convert_arrivals(setting())


def written() -> tuple[int, int, int]:
    """How many conversions, attribution rows of the account, and steps of knowledge there are."""
    account = select(Account.id).where(Account.account_no == "10003").scalar_subquery()
    counts = (
        select(func.count()).select_from(Conversion),
        select(func.count()).select_from(Attribution).where(Attribution.account_id == account),
        select(func.count()).select_from(Recording).where(Recording.kind == "conversion"),
    )
    one, two, three = (db.session.execute(count).scalar_one() for count in counts)
    return one, two, three


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("first", "second", "answers"),
    [(by_hand, by_hand, [["Refusal", "done"]]), (by_hand, by_import, [["Refusal", "done"], ["done", "done"]]), (by_import, by_import, [["done", "done"]])],
    ids=["two by hand", "by hand beside an import", "two imports"],
)
def test_a_lead_is_converted_once(firm: Flask, tmp_path: Path, first: Any, second: Any, answers: list[list[str]]) -> None:
    one = ready(tmp_path)
    found = at_once(firm, lambda: first(one), lambda: second(one))
    assert sorted(found) in answers
    assert written() == (1, 1, 1)


@pytest.mark.usefixtures("database")
def test_control_who_does_not_look_again_is_seen(firm: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: neither the state of the lead nor the table of steps is asked. The database alone is left to say no."""
    one = ready(tmp_path)
    monkeypatch.setattr(facts, "_live", lambda only: {one: db.session.get_one(Lead, one)})
    monkeypatch.setattr(steps, "step_of", lambda lead, name: STEPS[LeadState.SUITABILITY_PASSED, name])
    assert sorted(at_once(firm, lambda: by_import(one), lambda: by_import(one))) == ["IntegrityError", "done"]


YES_SAID, NO_SAID = GOOD, replace(GOOD, outcome="refused", answers=YES | {"how": "nobody"}, note="says nobody introduced him")


def two_calls(firm: Flask, folder: Path) -> tuple[list[str], list[str], int]:
    """Two of the desk write down opposite outcomes: how it ended for each, the calls that are kept, and the row's assertions."""
    lead_of(introducers.broker("B001"))
    bring(folder, newcomer())
    with transaction():
        number = rows("10003")[-1].id

    def call(given: Call, by: str) -> None:
        confirmation.record(number, given, Actor(None, by, DESK.roles), NOON, TODAY, "CN", keyring())

    answers = at_once(firm, lambda: call(YES_SAID, "one"), lambda: call(NO_SAID, "two"))
    kept = list(db.session.execute(select(ConfirmationCall.outcome).order_by(ConfirmationCall.id)).scalars())
    account = select(Account.id).where(Account.account_no == "10003").scalar_subquery()
    return answers, kept, db.session.execute(select(func.count()).select_from(Attribution).where(Attribution.account_id == account)).scalar_one()


@pytest.mark.usefixtures("database")
def test_of_two_calls_with_opposite_answers_the_first_counts(firm: Flask, tmp_path: Path) -> None:
    answers, kept, assertions = two_calls(firm, tmp_path)
    assert sorted(answers) == ["Conflict", "done"]
    assert (len(kept), assertions) == (1, 2)
    state = {CallOutcome.CONFIRMED: "confirmed", CallOutcome.REFUSED: "suspended"}[CallOutcome(kept[0])]
    assert rows("10003")[-1].state == state


@pytest.mark.usefixtures("database")
def test_control_who_believes_what_he_saw_before_is_seen(firm: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmation, "pending_row", lambda number, today: db.session.get_one(Attribution, number))
    answers, kept, assertions = two_calls(firm, tmp_path)
    assert answers == ["done", "done"]
    assert (len(kept), assertions) == (2, 3)
