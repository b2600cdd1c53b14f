"""One person is one lead, the first valid claim wins, and an introducer learns one word."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry
from models.leads import Claim, ClaimState, Lead, LeadDoor, LeadLookUp
from models.partners import Branch
from portal.actors import TERMINAL
from portal.keys import keyring
from portal.leads import introducers, matching, register
from portal.leads.introducers import Introducer
from portal.leads.people import BadField, Person, person
from portal.leads.protection import extended_end, holds
from portal.leads.register import Answer, Registered, Source
from portal.leads.terms import Terms
from portal.transaction import transaction
from tests import make

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
TODAY = date(2026, 3, 2)
WANG = {"name": "王一", "phone": "138 1234 5678"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm of two brokers and two accounts of B001."""
    make.settled(app, tmp_path / "files")
    return app


def claim(who: Person, by: Introducer, moment: datetime = NOON, today: date = TODAY) -> Registered:
    """Register somebody, in a transaction of its own."""
    with transaction():
        branch = db.session.execute(select(Branch.id)).scalars().first()
        assert branch is not None
        return register.register(who, by, Source(LeadDoor.FORM, branch), actor=TERMINAL, moment=moment, today=today, keyring=keyring())


@pytest.mark.usefixtures("database")
def test_the_first_valid_claim_wins_and_the_next_learns_only_its_end(firm: Flask) -> None:
    wang, one, two = person(**WANG), introducers.broker("B001"), introducers.broker("B002")
    first = claim(wang, one)
    assert (first.answer, first.until) == (Answer.NEW, date(2026, 5, 31))
    assert claim(wang, one).answer is Answer.YOURS
    other = claim(wang, two)
    assert other == Registered(Answer.PROTECTED, date(2026, 4, 1))  # it ends early where nothing happens for 30 days
    assert db.session.execute(select(func.count()).select_from(Lead)).scalar_one() == 1


@pytest.mark.usefixtures("database")
def test_an_expired_claim_is_taken_up_by_another_and_stays_in_the_history(firm: Flask) -> None:
    wang, one, two = person(**WANG), introducers.broker("B001"), introducers.broker("B002")
    claim(wang, one)
    later = NOON + timedelta(days=31)
    again = claim(wang, two, later, TODAY + timedelta(days=31))
    assert again.answer is Answer.NEW
    states = db.session.execute(select(Claim.broker_id, Claim.state, Claim.ended_why).order_by(Claim.id)).all()
    assert [tuple(row) for row in states] == [(one.id, "lapsed", "time"), (two.id, "protected", "")]
    assert db.session.execute(select(func.count()).select_from(Lead)).scalar_one() == 1


@pytest.mark.usefixtures("database")
def test_a_client_is_told_as_client_or_as_yours(firm: Flask) -> None:
    client = person(name="Client", phone="19920000001")  # the number of both accounts
    assert claim(client, introducers.broker("B001")).answer is Answer.YOURS
    assert claim(client, introducers.broker("B002")).answer is Answer.CLIENT
    assert claim(client, introducers.staff("S001")).answer is Answer.YOURS  # he won them


@pytest.mark.usefixtures("database")
def test_too_many_questions_are_answered_later_and_say_nothing(firm: Flask) -> None:
    one = introducers.broker("B001")
    for number in range(20):
        claim(person(name="x", phone=f"1381234{number:04d}"), one)
    assert claim(person(**WANG), one).answer is Answer.LATER
    assert claim(person(**WANG), introducers.broker("B002")).answer is Answer.NEW
    assert claim(person(name="y", phone="13912340000"), one, NOON + timedelta(hours=1, seconds=1)).answer is Answer.NEW


@pytest.mark.usefixtures("database")
def test_phone_and_id_number_are_sealed_and_the_log_names_nobody(firm: Flask) -> None:
    given = person(name="王一", phone="+86 138-1234-5678", id_no="11010519491231002x")
    lead = claim(given, introducers.broker("B001")).lead
    assert lead is not None
    assert (given.phone, given.id_no) == ("+8613812345678", "11010519491231002X")
    assert keyring().open(lead.phone_sealed, f"lead.phone_sealed:{lead.public_id}") == "+8613812345678"
    written = str(db.session.execute(select(AuditEntry.after, AuditEntry.subject_key)).all())
    assert "12345678" not in written
    assert "王一" not in written


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"phone": "12345"}, "phone"),
        ({"phone": "13812345678", "id_no": "110105194912310021"}, "id_no"),
        ({"phone": ""}, "phone"),
        ({"name": " "}, "name"),
        ({"email": "nobody"}, "email"),
        ({"kind": "robot"}, "kind"),
        ({"kind": "institution", "id_no": "11010519491231002X"}, "id_no"),
    ],
)
def test_what_does_not_hold_is_refused_by_its_field(given: dict[str, str], field: str) -> None:
    with pytest.raises(BadField) as refused:
        person(**{**WANG, **given})
    assert refused.value.field == field


def test_a_claim_holds_to_its_last_day_and_no_longer() -> None:
    terms = Terms()
    until, active = date(2026, 5, 31), date(2026, 5, 20)
    assert [holds("protected", until, active, day, terms) for day in (date(2026, 5, 31), date(2026, 6, 1))] == [True, False]
    assert not holds("protected", until, date(2026, 3, 2), date(2026, 4, 2), terms)
    assert not holds("lapsed", until, active, date(2026, 5, 21), terms)
    assert extended_end(until, terms) == date(2026, 6, 30)


def fifty(firm: Flask) -> list[str]:
    """Fifty introductions of one person at the same moment, by two brokers; the answers."""
    answers: list[str] = []
    gate = threading.Barrier(50, timeout=60)
    wang = person(**WANG)
    with firm.app_context():
        brokers = [introducers.broker("B001"), introducers.broker("B002")]
        db.session.remove()

    def one(number: int) -> None:
        with firm.app_context():
            by = brokers[number % 2]
            gate.wait()
            try:
                answers.append(claim(wang, by).answer.value)
            except Exception as error:  # what a person would see as a fault
                answers.append(type(error).__name__)
            db.session.remove()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def plenty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a broker ask often enough for a race."""
    monkeypatch.setattr(register, "terms", lambda: Terms(look_ups_an_hour=1000, look_ups_a_day=1000))


def test_fifty_at_once_make_one_lead_and_forty_nine_clear_answers(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    plenty(monkeypatch)
    answers = Counter(fifty(firm))
    assert answers == {"new": 1, "yours": 24, "protected": 25}
    with firm.app_context():
        assert db.session.execute(select(func.count()).select_from(Lead)).scalar_one() == 1
        assert db.session.execute(select(func.count()).select_from(Claim).where(Claim.state == ClaimState.PROTECTED)).scalar_one() == 1
        assert db.session.execute(select(func.count()).select_from(LeadLookUp)).scalar_one() == 50


def test_control_without_the_look_under_the_lock_the_race_shows(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: everybody looked before anybody wrote. The database's own rule still keeps one lead, but people see faults."""
    plenty(monkeypatch)
    nobody = matching.Match((), None, None, ())
    monkeypatch.setattr(matching, "match", lambda *_: nobody)
    answers = Counter(fifty(firm))
    assert answers["new"] == 1
    assert answers["IntegrityError"] == 49
