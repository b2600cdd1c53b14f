"""All books held against the rules: what is found, what is kept of it, and what stops an attribution. On a real database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from models import db
from models.audit import AuditEntry
from models.clients import Account
from models.columns import OPEN_END
from models.identity import Role
from models.notices import Notice
from models.partners import Broker
from models.rules import RuleBreach, RuleVersion
from portal.actors import NOBODY, TERMINAL
from portal.refusals import NotAllowed, NotFound, Refusal
from portal.rules import book, data, recheck, recorded
from portal.rules.breaches import breaches
from portal.rules.recorded import NewFact
from portal.rules.stopping import Stopped, refusal_of, stopped_by
from portal.transaction import transaction
from tests import make
from tests.oracle.product import run
from tests.people import someone

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
TODAY = date(2026, 3, 2)
OLD, NEW = date(2025, 7, 31), date(2025, 8, 1)


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm in which 10002's client is B001's spouse."""
    folder = make.firm(tmp_path / "files")
    make.write(folder, "relatives", ["B001,990000197010002,spouse,2024-01-01,"])
    with app.app_context():
        make.accepted(folder)
        db.session.remove()
    return app


def broker_id(number: str) -> int:
    return db.session.execute(select(Broker.id).where(Broker.broker_no == number)).scalar_one()


def account_id(number: str) -> int:
    return db.session.execute(select(Account.id).where(Account.account_no == number)).scalar_one()


def stops(broker: str, account: str, day: date = TODAY, jurisdiction: str = "CN") -> list[str]:
    return [clause.code for clause in stopped_by(broker_id(broker), account_id(account), day, jurisdiction)]


def fact(kind: str, broker: str = "B001", client: str = "", says: str = "Another firm", start: date = date(2025, 1, 1)) -> str:
    with transaction():
        return recorded.record_fact(NewFact(kind, broker, client, says, "paper 1", start, OPEN_END), TERMINAL, NOON).fact_no


def found(day: date = TODAY, jurisdiction: str = "CN") -> set[tuple[Any, ...]]:
    return {(one.clause.code, one.broker and one.broker.broker_no, one.client and one.client.account_no) for one in breaches(day, jurisdiction)}


@pytest.mark.usefixtures("database")
def test_a_relative_may_be_attributed_to_the_day_before_the_change(firm: Flask) -> None:
    assert stops("B001", "10002", OLD) == []
    assert stops("B001", "10002", NEW) == ["ib-relatives"]
    assert stops("B002", "10002", NEW) == []
    assert stops("B001", "10001", NEW) == []


@pytest.mark.usefixtures("database")
def test_what_was_recorded_by_hand_stops_too(firm: Flask) -> None:
    number = fact("other_firm")
    assert stops("B001", "10001", OLD) == []
    assert stops("B001", "10001", NEW) == ["ib-one-firm"]
    with transaction():
        recorded.withdraw_fact(number, "contract ended", TERMINAL, NOON)
    assert stops("B001", "10001") == []
    fact("legal_representative", client="C10001", says="")
    assert stops("B001", "10001") == ["ib-insiders"]
    fact("staff_relative", broker="B002", says="S001")
    assert stops("B002", "10001") == ["ib-not-staff"]


@pytest.mark.usefixtures("database")
def test_the_broker_himself_staff_and_the_lapsed_are_stopped(app: Flask, tmp_path: Path) -> None:
    folder = make.firm(tmp_path / "files", brokers=("B001", "B002", "B003"))
    make.edit(folder / "accounts.csv", "990000197010001", "99000019800100 01x")
    make.edit(folder / "brokers.csv", "19910000020", "19900000001")
    make.edit(folder / "licences.csv", "B003,FB003,2025-01-01,", "B003,FB003,2025-01-01,2026-03-02")
    make.accepted(folder)
    assert stops("B001", "10001") == ["ib-self"]
    assert stops("B002", "10001") == ["ib-not-staff"]  # the phone number of S001
    assert stops("B003", "10001") == ["ib-in-force"]
    assert stops("B003", "10001", date(2026, 3, 1)) == []
    with pytest.raises(Stopped, match="ib-self") as refused:
        raise refusal_of(stopped_by(broker_id("B001"), account_id("10001"), TODAY, "CN"))
    assert refused.value.clauses[0].rule.source


@pytest.mark.usefixtures("database")
def test_the_other_rule_set_lets_the_relative_and_asks_for_the_disclosure(firm: Flask) -> None:
    assert stops("B001", "10002", TODAY, "US") == ["us-risk-disclosure"]
    fact("risk_disclosure", broker="", client="C10002", says="", start=date(2025, 1, 2))
    assert stops("B001", "10002", TODAY, "US") == []
    with pytest.raises(Refusal, match="no rule set XX"):
        stops("B001", "10002", TODAY, "XX")


@pytest.mark.usefixtures("database")
def test_the_books_are_found_wanting_and_mended(firm: Flask) -> None:
    desk = someone(firm, Role.COMPLIANCE)
    assert found(OLD) == set()
    assert found() == {("ib-relatives", "B001", "10002")}

    def again(moment: datetime) -> tuple[int, int, int]:
        with transaction():
            check = recheck.keep(recheck.look(TODAY, "CN"), TERMINAL, moment)
            return check.standing, check.appeared, check.gone

    assert recheck.is_due(TODAY, "CN")
    assert again(NOON) == (1, 1, 0)
    assert not recheck.is_due(TODAY, "CN")
    assert again(NOON) == (1, 0, 0)
    number = fact("other_firm")
    assert recheck.is_due(TODAY, "CN")
    assert again(NOON) == (2, 1, 0)
    with transaction():
        recorded.withdraw_fact(number, "a mistake", TERMINAL, NOON)
    assert again(NOON + timedelta(hours=1)) == (1, 0, 1)
    row = db.session.execute(select(RuleBreach).where(RuleBreach.gone_at.is_(None))).scalar_one()
    assert (row.code, row.since) == ("ib-relatives", NEW)
    told = db.session.execute(select(func.count()).select_from(Notice).where(Notice.user_id == desk, Notice.kind == recheck.FOUND)).scalar_one()
    assert told == 2


@pytest.mark.usefixtures("database")
def test_a_change_of_law_is_data(firm: Flask) -> None:
    assert book.loaded("CN") == []
    with transaction():
        assert recorded.load(data.shipped("CN"), TERMINAL, NOON)["new"] == len(data.shipped("CN"))
        assert recorded.load(data.shipped("CN"), TERMINAL, NOON)["new"] == 0
    assert book.rules("CN") == data.shipped("CN")
    with transaction():
        recorded.end_rule("CN", "ib-relatives", NEW, date(2026, 3, 2), "revision of 2026", TERMINAL, NOON)
    assert stops("B001", "10002", date(2026, 3, 1)) == ["ib-relatives"]
    assert stops("B001", "10002") == []
    assert found() == set()
    rows = db.session.execute(select(func.count()).select_from(RuleVersion).where(RuleVersion.code == "ib-relatives")).scalar_one()
    assert rows == 2  # nothing is edited: the earlier row is still there
    assert db.session.execute(select(AuditEntry.action).order_by(AuditEntry.seq.desc()).limit(1)).scalar_one() == "rules.ended"
    with pytest.raises(NotFound):
        recorded.end_rule("CN", "ib-relatives", OLD, OPEN_END, "no such span", TERMINAL, NOON)
    with pytest.raises(Refusal, match="after the first day"):
        recorded.end_rule("CN", "ib-insiders", NEW, NEW, "an empty span", TERMINAL, NOON)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"kind": "gossip"}, Refusal),
        ({"broker_no": "B999"}, NotFound),
        ({"kind": "risk_disclosure", "client_no": "C999"}, NotFound),
        ({"evidence": " "}, Refusal),
        ({"says": ""}, Refusal),
        ({"valid_to": date(2025, 1, 1)}, Refusal),
    ],
)
def test_a_fact_that_does_not_hold_is_refused(firm: Flask, given: dict[str, Any], refused: type[Refusal]) -> None:
    whole = {"kind": "other_firm", "broker_no": "B001", "client_no": "", "says": "x", "evidence": "paper", "valid_from": date(2025, 1, 1), "valid_to": OPEN_END}
    with pytest.raises(refused), transaction():
        recorded.record_fact(NewFact(**{**whole, **given}), TERMINAL, NOON)


@pytest.mark.usefixtures("database")
def test_only_who_may_changes_rules(firm: Flask) -> None:
    with pytest.raises(NotAllowed), transaction():
        recorded.record_fact(NewFact("other_firm", "B001", "", "x", "paper", TODAY, OPEN_END), NOBODY, NOON)
    with pytest.raises(NotAllowed), transaction():
        recorded.load(data.shipped("CN"), NOBODY, NOON)


@pytest.mark.usefixtures("database")
def test_ten_times_the_accounts_are_no_more_queries(app: Flask, tmp_path: Path) -> None:
    make.accepted(make.firm(tmp_path / "files", accounts=[f"2{number:04d}" for number in range(300)]))
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert breaches(TODAY, "CN") == []
    assert len(asked) < 25


def test_the_command_prints_what_does_not_comply(firm: Flask) -> None:
    printed = run(firm, "rules", "check", "--on", "2025-08-01")
    assert "B001,10002,ib-relatives,block,2025-08-01" in printed
    assert "ib-relatives" not in run(firm, "rules", "check", "--on", "2025-07-31")
    assert "32 new" in run(firm, "rules", "load")
