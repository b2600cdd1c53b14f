"""Nobody is a broker without everything shown and a second person; what he approves is exactly what then stands in the books."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import Approval
from models.columns import OPEN_END
from models.commission import Agreement
from models.identity import Role
from models.onboarding import ApplicationState, Item
from models.partners import Broker, BrokerStatus, BrokerVersion, Licence, PersonKind
from portal import clock
from portal.actors import Actor
from portal.audit import approvals
from portal.keys import keyring
from portal.leads.people import person
from portal.onboarding import items, states, verbs
from portal.onboarding.checks import Facts, reasons
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.rules.data import shipped
from portal.rules.facts import BrokerFacts, Spell
from portal.rules.stopping import of_brokers
from portal.transaction import transaction
from portal.versions import current
from tests import make
from tests.rooms.onboarding.applicants import HOURS, applied, everything, id_no, row_of, show_all, who

TODAY = datetime.now(UTC).date()
RULES = of_brokers(shipped("CN"))


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """A firm of two brokers on one plan."""
    make.settled(app, tmp_path / "files")
    with app.app_context():
        yield app


def asked(public_id: str, actor: Actor) -> Approval:
    with transaction():
        assert verbs.check(public_id, actor, clock.now(), today=TODAY, least_hours=HOURS, jurisdiction="CN") == []
    with transaction():
        return verbs.ask(public_id, verbs.digest_of(row_of(actor, public_id)), actor, clock.now(), today=TODAY, least_hours=HOURS, jurisdiction="CN")


def approve(approval: Approval, actor: Actor) -> None:
    with transaction():
        approvals.approve(approval.id, actor, clock.now(), digest=approval.digest)


def believed(model: Any, broker_no: str) -> list[Any]:
    """What is believed of a broker now."""
    of_broker = select(Broker.id).where(Broker.broker_no == broker_no)
    return list(db.session.execute(current(model).where(model.broker_id.in_(of_broker))).scalars())


def test_an_applicant_becomes_exactly_the_broker_that_was_approved(firm: Flask) -> None:
    branch, second = who(firm, Role.BRANCH_MANAGER, branch_no="01"), who(firm, Role.COMPLIANCE)
    public_id = applied(branch)
    show_all(public_id, branch, TODAY)
    approval = asked(public_id, branch)
    assert believed(BrokerVersion, "B100") == [], "nothing stands before the second person"
    with pytest.raises(NotAllowed):
        approve(approval, branch)
    approve(approval, second)
    (version,), (status,), (licence,), (agreement,) = (believed(model, "B100") for model in (BrokerVersion, BrokerStatus, Licence, Agreement))
    assert (version.name, version.kind, version.email) == ("赵六", "person", "zhao@firm.example")
    assert keyring().open(version.phone_sealed, "broker_version.phone_sealed:B100") == "+8613812345678"
    assert (status.status, status.valid_from, status.valid_to) == ("active", TODAY, OPEN_END)
    assert (licence.licence_no, licence.valid_from, agreement.valid_from, agreement.valid_to) == ("F100", date(2025, 1, 1), TODAY, date(2099, 1, 1))
    assert row_of(branch, public_id).state == ApplicationState.ACTIVE
    assert len({version.recording_id, status.recording_id, licence.recording_id, agreement.recording_id}) == 1
    with pytest.raises(Conflict):
        approve(approval, second)


@pytest.mark.parametrize("missing", list(Item))
def test_whatever_is_missing_keeps_it_a_draft(firm: Flask, missing: Item) -> None:
    admin = who(firm, Role.ADMIN)
    public_id = applied(admin)
    show_all(public_id, admin, TODAY, but=missing)
    with transaction():
        against = verbs.check(public_id, admin, clock.now(), today=TODAY, least_hours=HOURS, jurisdiction="CN")
    assert [one.at for one in against] == [missing.value]
    assert row_of(admin, public_id).state == ApplicationState.DRAFT


def facts(**other: Any) -> Facts:
    shown = {item.value: details for item, details in everything(date(2026, 3, 2), date(2027, 3, 2)).items()}
    shown |= other.pop("shown", {})
    first, end = date(2026, 3, 2), date(2027, 3, 2)
    licence = shown["licence"]
    himself = BrokerFacts(
        0,
        "B100",
        PersonKind.PERSON.value,
        born_on=date(1990, 1, 1),
        active=(Spell("active", first, OPEN_END),),
        licences=(Spell("F100", *(date.fromisoformat(licence[name]) for name in ("valid_from", "valid_to"))),),
        agreements=(Spell("HALF", first, end),),
    )
    return Facts(**({"himself": replace(himself, **other.pop("himself", {})), "items": shown, "least_hours": HOURS} | other))


@pytest.mark.parametrize(
    ("other", "at", "rule"),
    [
        ({"himself": {"kind": "institution"}}, "kind", "ib-natural-person"),
        ({"himself": {"born_on": date(2008, 3, 3)}}, "id_no", "ib-natural-person"),
        ({"himself": {"born_on": None}}, "id_no", "ib-natural-person"),
        ({"himself": {"staff": (Spell("S001", date(2020, 1, 1), OPEN_END),)}}, "phone", "ib-not-staff"),
        ({"broker": "B001"}, "id_no", ""),
        ({"number_taken": True}, "broker_no", ""),
        ({"least_hours": HOURS + 1}, "training", "ib-natural-person"),
        ({"shown": {"licence": items.licence("F1", date(2026, 3, 3), date(2027, 1, 1))}}, "licence", "ib-natural-person"),
        ({"shown": {"licence": items.licence("F1", date(2025, 1, 1), date(2026, 3, 2))}}, "licence", "ib-in-force"),
        ({"shown": {"declaration": items.declaration(["not_staff", "no_relatives"])}}, "declaration", "ib-one-firm"),
        ({"shown": {"test": items.test([0, 0, 0, 0, 0, 0])}}, "test", "ib-natural-person"),
    ],
)
def test_what_stands_against_somebody_names_its_place_and_its_rule(other: dict[str, Any], at: str, rule: str) -> None:
    assert reasons(facts(), date(2026, 3, 2), RULES) == []
    assert (at, rule) in [(one.at, one.rule) for one in reasons(facts(**other), date(2026, 3, 2), RULES)]


def test_somebody_is_of_age_on_his_birthday() -> None:
    assert reasons(facts(himself={"born_on": date(2008, 3, 2)}), date(2026, 3, 2), RULES) == []


def test_staff_who_left_may_become_brokers() -> None:
    """The rule speaks of the day from which he would be one."""
    left = facts(himself={"staff": (Spell("S001", date(2020, 1, 1), date(2026, 3, 2)),)})
    assert reasons(left, date(2026, 3, 2), RULES) == []


def test_a_rule_that_is_not_in_force_keeps_nobody_away() -> None:
    """The law is data: what the rules of a day do not forbid is no reason."""
    ended = [replace(rule, valid_to=date(2026, 3, 2)) if rule.code == "ib-not-staff" else rule for rule in RULES]
    staff = facts(himself={"staff": (Spell("S001", date(2020, 1, 1), OPEN_END),)})
    assert [one.rule for one in reasons(staff, date(2026, 3, 2), RULES)] == ["ib-not-staff"]
    assert reasons(staff, date(2026, 3, 2), ended) == []


def test_what_changed_since_it_was_shown_is_not_approved(firm: Flask, tmp_path: Path) -> None:
    admin, second = who(firm, Role.ADMIN), who(firm, Role.COMPLIANCE)
    public_id = applied(admin)
    show_all(public_id, admin, TODAY)
    approval = asked(public_id, admin)
    files = make.firm(tmp_path / "more", brokers=("B001", "B002", "B100"))
    make.accepted(files / "brokers.csv")  # somebody imported a broker of that number meanwhile
    with pytest.raises(Conflict, match="broker number is taken"):
        approve(approval, second)
    assert row_of(admin, public_id).state == ApplicationState.WAITING
    assert believed(Agreement, "B100") == []


def test_a_refusal_ends_it_and_the_person_may_apply_anew(firm: Flask) -> None:
    admin, second = who(firm, Role.ADMIN), who(firm, Role.COMPLIANCE)
    public_id = applied(admin)
    with pytest.raises(Conflict, match="open already"):
        applied(admin, "B101")
    show_all(public_id, admin, TODAY)
    approval = asked(public_id, admin)
    with transaction():
        approvals.refuse(approval.id, second, clock.now(), digest=approval.digest, note="the certificate is of somebody else")
    assert row_of(admin, public_id).state == ApplicationState.REFUSED
    with pytest.raises(Conflict):
        show_all(public_id, admin, TODAY)
    assert applied(admin) != public_id


def test_a_branch_sees_and_takes_in_its_own_alone(firm: Flask) -> None:
    admin, other = who(firm, Role.ADMIN), who(firm, Role.BRANCH_MANAGER, branch_no="02")
    public_id = applied(admin)
    with pytest.raises(NotFound):
        row_of(other, public_id)
    with pytest.raises(NotAllowed):
        applied(other, "B101", date(1991, 1, 1))


def test_evidence_of_tomorrow_and_empty_evidence_do_not_count(firm: Flask) -> None:
    admin = who(firm, Role.ADMIN)
    public_id = applied(admin)
    for evidence, day in (("x", TODAY), ("folder 7", date(2999, 1, 1))):
        with pytest.raises(Refusal), transaction():
            verbs.show(public_id, Item.DOCUMENTS, evidence, day, {}, actor=admin, moment=clock.now(), today=TODAY)


def test_only_the_steps_of_the_table_exist() -> None:
    steps = {name for _state, name in states.STEPS}
    for state in ApplicationState:
        for name in steps - set(states.steps_from(state)):
            with pytest.raises(Conflict):
                states.after(state, name)
    assert all(not states.steps_from(state) for state in (ApplicationState.ACTIVE, ApplicationState.REFUSED, ApplicationState.WITHDRAWN))


@pytest.mark.parametrize("index", [True, False], ids=["as built", "control"])
def test_of_eight_who_take_the_same_person_in_at_once_one_does(firm: Flask, index: bool) -> None:
    """Control: without the unique indexes, several would."""
    admin = who(firm, Role.ADMIN)
    if not index:
        with firm.app_context(), transaction():
            for name in ("uq_application_id_no", "uq_application_broker_no"):
                db.session.execute(db.text(f"DROP INDEX {name}"))
    barrier, won = threading.Barrier(8, timeout=60), []

    def take_in() -> None:
        with firm.app_context():
            someone = person(name="赵六", phone="13812345678", id_no=id_no(date(1990, 5, 1)), kind="person")
            barrier.wait()
            try:
                with transaction():
                    won.append(verbs.open_application(someone, "B100", "01", "", actor=admin, moment=clock.now(), keyring=keyring()).public_id)
            except Conflict:
                pass
            finally:
                db.session.remove()

    threads = [threading.Thread(target=take_in) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won) == 1) is index
