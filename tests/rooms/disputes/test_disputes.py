"""A question to a line: from being put to being booked, by the table of states, with four eyes and every word kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.commission import Adjustment
from models.disputes import Dispute, DisputeEntry, DisputeState
from models.identity import Role
from portal.disputes.states import DAYS_TO_ANSWER, STEPS, Side, due_after, is_overdue, steps_from
from portal.disputes.telling import concerned
from tests.people import post, seat, someone
from tests.rooms.pages.firm import settle_into_april

OWN = {"broker": "B001", "period": "2026-03", "account": "10001", "date": "2026-03-02", "exchange": "SHFE", "product": "rb", "kind": "retained_fee"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A closed March, in which B001 earned on 10001 and B002 on 10002; April is open with one settled day."""
    settle_into_april(app, tmp_path / "files")
    return app


@pytest.fixture
def broker(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.BROKER, broker_no="B001"))


@pytest.fixture
def desk(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.FINANCE, email="desk@firm.example"))


@pytest.fixture
def second(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.COMPLIANCE))


def ask(client: FlaskClient, words: str = "the share should be 100 %", **changed: str) -> str:
    """Put a question; returns the address of the dispute."""
    answer = post(client, "/disputes", "/me", question=words, **{**OWN, **changed})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def do(client: FlaskClient, address: str, step: str, status: int = 303, **fields: Any) -> str:
    """Take a step and return what the page says."""
    answer = post(client, f"{address}/{step}", "/me", **fields)
    assert answer.status_code == status, answer.text
    return answer.text


def kept(app: Flask) -> list[tuple[Any, ...]]:
    """Every dispute's state, outcome and grant."""
    with app.app_context():
        rows = [(row.state, row.outcome, row.granted) for row in db.session.execute(select(Dispute).order_by(Dispute.id)).scalars()]
        db.session.remove()
    return rows


def test_a_question_becomes_an_adjustment_by_two_people(firm: Flask, broker: FlaskClient, desk: FlaskClient, second: FlaskClient) -> None:
    assert "What does not look right?" in broker.get("/disputes/new", query_string=OWN).text
    address = ask(broker)
    do(desk, address, "take")
    do(desk, address, "answer", outcome="upheld", granted="12.50", words="the call-back was found")
    do(broker, address, "accept")
    do(desk, address, "adjust", period="2026-04")
    do(desk, address, "adjust", 409, period="2026-04")
    waiting = second.get("/approvals").text
    assert "Adjustment from a dispute" in waiting
    with firm.app_context():
        approval_id = db.session.execute(select(Dispute.approval_id)).scalar_one()
        digest = second.get(f"/approvals/{approval_id}").text.split('name="digest" value="')[1].split('"')[0]
        db.session.remove()
    assert post(second, f"/approvals/{approval_id}/approve", "/me", digest=digest).status_code == 303
    assert kept(firm) == [(DisputeState.CLOSED, "upheld", 1250)]
    with firm.app_context():
        assert [(row.period, row.amount, row.reason) for row in db.session.execute(select(Adjustment)).scalars()] == [("2026-04", 1250, "dispute")]
        assert [row.action for row in db.session.execute(select(DisputeEntry).order_by(DisputeEntry.id)).scalars()] == ["opened", "take", "answer", "accept", "adjusted"]
        logged = list(db.session.execute(select(AuditEntry).where(AuditEntry.subject_type == "dispute").order_by(AuditEntry.seq)).scalars())
        assert [row.action for row in logged] == ["dispute.opened", "dispute.take", "dispute.answer", "dispute.accept", "dispute.adjusted"]
        assert "call-back" not in str([(row.after, row.reason) for row in logged]), "the log outlives erasure: words stay in the dispute"
        db.session.remove()
    assert "desk@firm.example" not in broker.get(address).text, "a broker meets the firm, not its people"


def test_the_evidence_stays_as_it_stood(firm: Flask, broker: FlaskClient, tmp_path: Path) -> None:
    address = ask(broker)
    with firm.app_context():
        before = db.session.execute(select(Dispute)).scalar_one()
        (line,) = before.evidence["lines"]
        assert (line["kind"], line["amount"]) == ("retained_fee", before.amount)
        assert any("× (1" in step["message"] for step in line["steps"])
        db.session.remove()
    assert "as it stood" in broker.get(address).text


def test_an_escalated_question_is_decided_by_somebody_else(firm: Flask, broker: FlaskClient, desk: FlaskClient, second: FlaskClient) -> None:
    address = ask(broker)
    do(desk, address, "answer", outcome="rejected", words="the share is 50 %")
    do(broker, address, "escalate", 422, words="")
    do(broker, address, "escalate", words="the contract says 100 %")
    assert "decided by somebody else" in do(desk, address, "close", 403, outcome="rejected", words="no, really not")
    do(second, address, "close", outcome="rejected", words="the contract was changed in May")
    assert kept(firm) == [(DisputeState.CLOSED, "rejected", 0)]


def test_who_asked_does_not_answer(firm: Flask) -> None:
    both = seat(firm, someone(firm, Role.BROKER, Role.FINANCE, broker_no="B001"))
    assert "may not answer it" in do(both, ask(both), "answer", 403, outcome="upheld", words="I am right")


def test_another_brokers_question_and_line_are_not_there(firm: Flask, broker: FlaskClient) -> None:
    other = seat(firm, someone(firm, Role.BROKER, broker_no="B002"))
    foreign = ask(other, broker="B002", account="10002")
    assert broker.get(foreign).status_code == 404
    assert broker.get(foreign).text.count("missing") == broker.get("/disputes/99999").text.count("missing")
    do(broker, foreign, "withdraw", 404)
    assert post(broker, "/disputes", "/me", question="why not me", **{**OWN, "broker": "B002", "account": "10002"}).status_code == 404
    assert taken_out(broker) == []
    assert len(taken_out(other)) == 1


def taken_out(client: FlaskClient) -> list[str]:
    """The rows of the list as a file, without its heading and the lines that say who took it out."""
    return [line for line in client.get("/disputes?format=csv").text.splitlines()[1:] if "#" not in line[:2]]


def test_a_line_is_questioned_once_at_a_time(firm: Flask, broker: FlaskClient) -> None:
    address = ask(broker)
    assert post(broker, "/disputes", "/me", question="once more", **OWN).status_code == 409
    do(broker, address, "withdraw")
    assert ask(broker) != address


def test_two_who_ask_at_the_same_moment_make_one_question(firm: Flask) -> None:
    clients = [seat(firm, someone(firm, Role.BROKER, broker_no="B001")) for _ in range(2)]
    ready, answers = threading.Barrier(2), []

    def put(client: FlaskClient) -> None:
        token = client.get("/me").text.split('name="csrf_token" value="')[1].split('"')[0]
        ready.wait()
        answers.append(client.post("/disputes", data={"csrf_token": token, "question": "is that right", **OWN}).status_code)

    threads = [threading.Thread(target=put, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 409]
    assert len(kept(firm)) == 1


@pytest.mark.parametrize(
    ("step", "fields", "said"),
    [
        ("answer", {"words": "why not"}, "whether the line stands"),
        ("answer", {"outcome": "maybe", "words": "why not"}, "whether the line stands"),
        ("answer", {"outcome": "upheld", "words": ""}, "at least four characters"),
        ("answer", {"outcome": "upheld", "words": "why not", "granted": "a lot"}, "no amount in yuan"),
        ("answer", {"outcome": "rejected", "words": "why not", "granted": "1.00"}, "only with an answer"),
        ("adjust", {"period": "2026-03"}, "no open month"),
    ],
)
def test_what_cannot_be_is_answered_with_what_to_do(firm: Flask, broker: FlaskClient, desk: FlaskClient, step: str, fields: dict[str, str], said: str) -> None:
    address = ask(broker)
    assert said in do(desk, address, step, 422, **fields)
    assert kept(firm) == [(DisputeState.OPEN, "", 0)]


def test_a_decided_question_takes_no_further_step(firm: Flask, broker: FlaskClient, desk: FlaskClient) -> None:
    address = ask(broker)
    do(broker, address, "withdraw")
    for step in ("take", "answer", "close"):
        do(desk, address, step, 409, outcome="upheld", words="too late now")
    assert kept(firm) == [(DisputeState.WITHDRAWN, "", 0)]


@pytest.mark.parametrize("address", ["?kind=nothing", "?date=2026-02-31", "?period=2026-13", "?account=99999", "?broker=B001%00"])
def test_a_line_that_is_none_is_not_there(broker: FlaskClient, address: str) -> None:
    name, value = address[1:].split("=")
    assert broker.get("/disputes/new", query_string={**OWN, name: value}).status_code in {400, 404}


def test_a_step_concerns_the_other_side(firm: Flask) -> None:
    mine, colleague = (someone(firm, Role.BROKER, broker_no="B001") for _ in range(2))
    someone(firm, Role.BROKER, broker_no="B002")
    answering = [someone(firm, role) for role in (Role.FINANCE, Role.COMPLIANCE)]
    with firm.app_context():
        assert set(answering) <= set(concerned(Side.BROKER, "B001", mine))
        assert mine not in concerned(Side.BROKER, "B001", mine)
        assert concerned(Side.DESK, "B001", answering[0]) == sorted([mine, colleague])
        db.session.remove()


# The table of states and the deadline, alone.


def walks(state: DisputeState, seen: frozenset[DisputeState] = frozenset()) -> Iterator[DisputeState]:
    """Every state that can be reached."""
    yield state
    for (start, _), step in STEPS.items():
        if start is state and step.to not in seen:
            yield from walks(step.to, seen | {state})


def test_every_state_is_reached_and_every_way_ends() -> None:
    assert set(walks(DisputeState.OPEN)) == set(DisputeState)
    ends = {state for state in DisputeState if not any(steps_from(state, side) for side in Side)}
    assert ends == {DisputeState.CLOSED, DisputeState.WITHDRAWN}


def test_the_fifth_trading_day_after_the_question() -> None:
    friday = date(2026, 9, 25)
    trading = [date(2026, 9, 28), date(2026, 9, 29), date(2026, 9, 30), date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 12)]
    assert due_after(friday, trading, date(2026, 12, 31)) == date(2026, 10, 9)
    assert due_after(date(2026, 12, 30), [date(2026, 12, 31)], date(2026, 12, 31)) == date(2027, 1, 6), "weekdays where the calendar does not reach"
    assert DAYS_TO_ANSWER == 5


def test_only_the_firms_word_can_be_late() -> None:
    due = date(2026, 3, 2)
    late = {state for state in DisputeState if is_overdue(state, due, date(2026, 3, 3))}
    assert late == {DisputeState.OPEN, DisputeState.IN_REVIEW, DisputeState.ESCALATED}
    assert not is_overdue(DisputeState.OPEN, due, due)
