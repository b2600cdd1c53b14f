"""Questions: put by a client or written down for him, owed by somebody who is there, answered by a time, each step by the table."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import Approval, AuditEntry
from models.clients import Account
from models.departures import Departure, DepartureKind, DepartureState
from models.identity import Role
from models.notices import Notice
from models.questions import ClientQuestion, FeeAsker, QuestionEntry, QuestionState, QuestionSubject, ReusableAnswer
from portal import clock
from portal.actors import TERMINAL
from portal.care import questions as verbs
from portal.care.fee_requests import Wish, columns_of
from portal.care.question_states import NAMES, STEPS, Side, steps_from
from portal.local_day import today
from portal.refusals import Refusal
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.care.test_contacts_and_tasks import ids, rows
from tests.rooms.pages.firm import settle_in

ASK = {"account": "10001", "subject": "margin", "words": "保证金下周会上调吗"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """S001 looks after 10001; S002 is a colleague of the same branch; nobody looks after 10002 of another branch."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        make.accepted(make.write(tmp_path / "more", "staff", ["S001,Li,01,s1@example.com,19900000001,2024-01-01,", "S002,Wang,01,s2@example.com,19900000002,2024-01-01,"]))
        db.session.remove()
    return app


@pytest.fixture
def client(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.CLIENT, client_no="C10001", email="client@firm.example"))


@pytest.fixture
def manager(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.STAFF, staff_no="S001", email="s1@firm.example"))


def notices(app: Flask) -> list[str]:
    return [kind for (kind,) in rows(app, Notice.kind) if kind.startswith("question.")]


def test_the_table_is_the_whole_life_of_a_question() -> None:
    assert {(start.value, name): (step.to.value, [side.value for side in step.sides]) for (start, name), step in STEPS.items()} == {
        ("open", "answer"): ("answered", ["staff"]),
        ("open", "withdraw"): ("closed", ["client", "staff"]),
        ("answered", "close"): ("closed", ["client", "staff"]),
        ("answered", "reopen"): ("open", ["client", "staff"]),
        ("closed", "reopen"): ("open", ["client", "staff"]),
    }
    assert steps_from("open", Side.CLIENT) == ["withdraw"]


def test_from_the_clients_question_to_its_settlement(firm: Flask, manager: FlaskClient, client: FlaskClient) -> None:
    made = post(client, "/questions", "/me", **ASK)
    assert made.status_code == 303, made.text
    address = made.headers["Location"]
    assert notices(firm) == ["question.asked"]
    assert "保证金下周会上调吗" in manager.get("/care/questions").text
    assert "保证金下周会上调吗" in manager.get("/care/clients/10001").text
    assert post(client, address + "/close", "/me").status_code == 409
    assert post(manager, f"/care{address}/answer", "/me", words="  ").status_code == 422
    assert post(manager, f"/care{address}/answer", "/me", words="不会，交易所没有公告").status_code == 303
    assert "不会，交易所没有公告" in client.get(address).text
    assert post(manager, f"/care{address}/answer", "/me", words="once more").status_code == 409
    assert post(client, address + "/reopen", "/me", words="那么节前呢").status_code == 303
    assert rows(firm, ClientQuestion.state, ClientQuestion.answered_at) == [("open", None)]
    assert post(manager, f"/care{address}/answer", "/me", words="节前会，见公告").status_code == 303
    assert post(client, address + "/close", "/me").status_code == 303
    told = [("asked", True), ("answer", False), ("reopen", True), ("answer", False), ("close", True)]
    assert rows(firm, QuestionEntry.action, QuestionEntry.by_client) == told
    assert notices(firm) == ["question.asked", "question.answered", "question.reopened", "question.answered"]
    assert rows(firm, ClientQuestion.state) == [("closed",)]
    with firm.app_context():
        logged = str([row.after for row in db.session.execute(select(AuditEntry).where(AuditEntry.action.like("care.question%"))).scalars()])
        assert "'state': 'answered'" in logged
        assert "公告" not in logged, "the log outlives erasure: words stay in the entries"
        db.session.remove()


def test_every_other_step_is_refused_and_changes_nothing(firm: Flask, manager: FlaskClient, client: FlaskClient) -> None:
    address = post(client, "/questions", "/me", **ASK).headers["Location"]
    for state in QuestionState:
        with firm.app_context():
            with transaction():
                db.session.execute(ClientQuestion.__table__.update().values(state=state, answered_at=clock.now()))
            db.session.remove()
        for side, who, start in ((Side.CLIENT, client, ""), (Side.STAFF, manager, "/care")):
            for name in sorted(set(NAMES) - set(steps_from(state, side))):
                answer = post(who, f"{start}{address}/{name}", "/me", words="some words")
                assert answer.status_code in ({409} if side is Side.STAFF or name != "answer" else {404, 405}), (state, side, name)
        assert rows(firm, ClientQuestion.state) == [(state,)]
    assert len(rows(firm, QuestionEntry.id)) == 1


def test_a_question_on_the_phone_goes_to_whoever_is_named(firm: Flask, manager: FlaskClient) -> None:
    told = {"subject": "delivery", "words": "交割仓库在哪里"}
    assert post(manager, "/care/clients/10001/question", "/me", **told, staff_no="S002").status_code == 303
    assert post(manager, "/care/clients/10001/question", "/me", **told, staff_no="S999").status_code == 422
    assert post(manager, "/care/clients/10001/question", "/me", **{**told, "subject": "weather"}).status_code == 422
    assert post(manager, "/care/clients/10001/question", "/me", **{**told, "words": " a "}).status_code == 422
    assert post(manager, "/care/clients/10002/question", "/me", **told).status_code == 404
    with firm.app_context():
        owner = ids(staff="S002")[1]
        db.session.remove()
    assert rows(firm, ClientQuestion.via, ClientQuestion.owner_id) == [("phone", owner)]
    question = rows(firm, ClientQuestion.id)[0][0]
    assert post(manager, f"/care/questions/{question}/move", "/me", staff_no="S002").status_code == 422
    assert post(manager, f"/care/questions/{question}/move", "/me", staff_no="S001").status_code == 303
    assert rows(firm, QuestionEntry.action) == [("asked",), ("moved",)]


def test_who_left_is_never_asked(firm: Flask, manager: FlaskClient, client: FlaskClient) -> None:
    address = post(client, "/questions", "/me", **ASK).headers["Location"]
    post(manager, f"/care{address}/answer", "/me", words="不会上调")
    with firm.app_context():
        with transaction():
            told = {"announced_on": None, "cause": "", "destination": "", "evidence": "", "recorded_at": clock.now()}
            gone = Departure(kind=DepartureKind.STAFF_LEAVES, staff_id=ids()[1], state=DepartureState.EFFECTIVE, effective_on=today(), **told)
            db.session.add(gone)
        db.session.remove()
    post(client, "/questions", "/me", **ASK)
    post(client, address + "/reopen", "/me", words="再问一次")
    assert rows(firm, ClientQuestion.owner_id) == [(None,), (None,)]
    branch = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01"))
    page = branch.get("/care/questions?owed=nobody").text
    assert page.count("保证金下周会上调吗") == 2
    post(branch, f"/care{address}/move", "/me", staff_no="S002")
    with firm.app_context():
        assert rows(firm, ClientQuestion.owner_id)[0] == (ids(staff="S002")[1],)
        db.session.remove()


def test_open_questions_go_with_the_client(firm: Flask, manager: FlaskClient, client: FlaskClient) -> None:
    address = post(client, "/questions", "/me", **ASK).headers["Location"]
    post(manager, f"/care{address}/answer", "/me", words="不会上调")
    post(client, "/questions", "/me", **ASK)
    with firm.app_context():
        account, leaver = ids()
        heir = ids(staff="S002")[1]
        with transaction():
            assert verbs.hand_on(leaver, {account: heir}, TERMINAL, clock.now()) == 1
        db.session.remove()
    assert rows(firm, ClientQuestion.state, ClientQuestion.owner_id) == [("answered", leaver), ("open", heir)]
    assert [action for (action,) in rows(firm, QuestionEntry.action)][-1] == "moved"


def test_whose_questions_are_seen_by_whom(firm: Flask, manager: FlaskClient, client: FlaskClient) -> None:
    address = post(client, "/questions", "/me", **ASK).headers["Location"]
    assert post(client, "/questions", "/me", **{**ASK, "account": "10002"}).status_code == 422
    other = seat(firm, someone(firm, Role.CLIENT, client_no="C10002"))
    assert (other.get(address).status_code, "保证金" in other.get("/questions").text) == (404, False)
    assert post(other, address + "/withdraw", "/me").status_code == 404
    far = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="02"))
    idle = seat(firm, someone(firm, Role.STAFF, staff_no="S002"))
    auditor = seat(firm, someone(firm, Role.AUDITOR))
    assert [who.get(f"/care{address}").status_code for who in (manager, far, idle, auditor)] == [200, 404, 404, 200]
    assert post(auditor, f"/care{address}/answer", "/me", words="words").status_code == 403
    for role, numbers in ((Role.BROKER, {"broker_no": "B001"}), (Role.FINANCE, {})):
        who = seat(firm, someone(firm, role, **numbers))
        assert [who.get(page).status_code for page in ("/questions", "/care/questions")] == [403, 403]


def test_what_is_late_stands_on_the_first_pages_and_in_the_load(firm: Flask, manager: FlaskClient, client: FlaskClient) -> None:
    post(client, "/questions", "/me", **ASK)
    assert "wait" in manager.get("/").text
    assert "1 overdue" not in manager.get("/").text
    with firm.app_context():
        with transaction():
            db.session.execute(ClientQuestion.__table__.update().values(due_at=clock.now() - timedelta(minutes=1)))
        db.session.remove()
    branch = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01"))
    for who in (manager, branch):
        assert "1 overdue" in who.get("/").text
        assert "保证金下周会上调吗" in who.get("/care/questions?when=overdue").text
    lines = branch.get("/care/load?format=csv").text.splitlines()
    assert lines[1].endswith(",1,1"), lines


PROPOSED = {"subject": "margin", "title_zh": "保证金何时上调", "title_en": "When margin rises", "text_zh": "以交易所公告为准。", "text_en": "As the exchange announces."}


def test_an_answer_is_approved_by_another_put_in_and_counted(firm: Flask, manager: FlaskClient, client: FlaskClient) -> None:
    address = post(client, "/questions", "/me", **ASK).headers["Location"]
    number = address.rsplit("/", 1)[1]
    assert post(manager, "/care/answers", "/me", **PROPOSED, question=number).status_code == 422
    post(manager, f"/care{address}/answer", "/me", words="以交易所公告为准。")
    assert "以交易所公告为准。" in manager.get(f"/care/answers/new?question={number}").text
    assert post(manager, "/care/answers", "/me", **{**PROPOSED, "text_en": " "}, question=number).status_code == 422
    kept = post(manager, "/care/answers", "/me", **PROPOSED, question=number).headers["Location"]
    answer = kept.rsplit("/", 1)[1]
    post(client, address + "/reopen", "/me", words="请再说一次")
    assert "When margin rises" not in manager.get(f"/care{address}").text, "it waits for a second person"
    assert manager.get(f"/care{address}?answer={answer}").status_code == 409
    with firm.app_context():
        approval = db.session.execute(select(Approval).where(Approval.kind == "care.answer")).scalar_one()
        key, digest = approval.id, approval.digest
        db.session.remove()
    compliance = seat(firm, someone(firm, Role.COMPLIANCE))
    assert "As the exchange announces." in compliance.get(f"/approvals/{key}").text
    assert post(compliance, f"/approvals/{key}/approve", "/me", digest=digest).status_code == 303
    assert "When margin rises" in manager.get(f"/care{address}?words=MARGIN").text
    assert "When margin rises" not in manager.get(f"/care{address}?words=delivery").text
    assert "As the exchange announces.</textarea>" in manager.get(f"/care{address}?answer={answer}&in=en").text
    assert post(manager, f"/care{address}/answer", "/me", words="As the exchange announces.", answer_id=answer).status_code == 303
    assert ",1" in manager.get("/care/answers?format=csv").text.splitlines()[1]
    assert post(manager, f"{kept}/retire", "/me").status_code == 303
    assert post(manager, f"{kept}/retire", "/me").status_code == 409
    assert rows(firm, ReusableAnswer.state, ReusableAnswer.decided_label) == [("retired", "s1@firm.example")]


def test_what_was_refused_is_put_in_by_nobody(firm: Flask, manager: FlaskClient) -> None:
    post(manager, "/care/answers", "/me", **PROPOSED)
    with firm.app_context():
        approval = db.session.execute(select(Approval).where(Approval.kind == "care.answer")).scalar_one()
        key, digest = approval.id, approval.digest
        db.session.remove()
    assert post(seat(firm, someone(firm, Role.ADMIN)), f"/approvals/{key}/refuse", "/me", digest=digest, note="too vague").status_code == 303
    assert rows(firm, ReusableAnswer.state) == [("refused",)]


FEES = {"subject": "fees", "words": "手续费能否下调"}


def test_a_request_for_lower_fees_is_written_down_and_decided(firm: Flask, manager: FlaskClient) -> None:
    """Who asks, what he wants, and what was decided; the answer is refused without a decision."""
    made = post(manager, "/care/clients/10001/question", "/me", **FEES, fee_asker="broker", fee_wanted=" 交易所 + 1 分 ")
    assert made.status_code == 303, made.text
    address = made.headers["Location"]
    told = (ClientQuestion.fee_asker, ClientQuestion.fee_wanted, ClientQuestion.fee_decision)
    assert rows(firm, *told) == [("broker", "交易所 + 1 分", None)]
    assert post(manager, address + "/answer", "/me", words="按公司标准答复").status_code == 422
    assert post(manager, address + "/answer", "/me", words="按公司标准答复", fee_decision="free").status_code == 422
    assert post(manager, address + "/answer", "/me", words="按公司标准答复", fee_decision="partly").status_code == 303
    assert rows(firm, *told) == [("broker", "交易所 + 1 分", "partly")]
    page = manager.get(address).text
    assert "his broker" in page
    assert "Fees lowered in part" in page
    assert "his broker,交易所 + 1 分,Fees lowered in part" in manager.get("/care/questions?state=answered&format=csv").text
    assert post(manager, address + "/reopen", "/me", words="客户再次要求下调").status_code == 303
    assert rows(firm, ClientQuestion.fee_decision) == [(None,)]
    with firm.app_context():
        logged = str([row.after for row in db.session.execute(select(AuditEntry).where(AuditEntry.action.like("care.question%"))).scalars()])
        assert "'fee_decision': 'partly'" in logged
        assert "交易所" not in logged, "the log outlives erasure"
        db.session.remove()


def test_a_client_asks_for_lower_fees_himself_and_for_nobody_else(firm: Flask, client: FlaskClient) -> None:
    address = post(client, "/questions", "/me", account="10001", **FEES, fee_asker="broker", fee_wanted="交易所 + 1 分").headers["Location"]
    assert rows(firm, ClientQuestion.fee_asker, ClientQuestion.fee_wanted) == [("client", "交易所 + 1 分")]
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("more", [{"fee_asker": "friend"}, {"fee_wanted": "x" * 121}], ids=["nobody asks for a friend", "too long"])
def test_what_is_no_request_is_refused(firm: Flask, manager: FlaskClient, more: dict[str, str]) -> None:
    assert post(manager, "/care/clients/10001/question", "/me", **FEES, **more).status_code == 422
    assert rows(firm, ClientQuestion.id) == []


def test_no_broker_asks_for_a_client_who_has_none(firm: Flask) -> None:
    """On a day before the client was attributed to anybody; on one after it he may."""
    with firm.app_context():
        account = db.session.execute(select(Account.id).where(Account.account_no == "10001")).scalar_one()
        wish = Wish(FeeAsker.BROKER, "交易所 + 1 分")
        with pytest.raises(Refusal, match="no broker"):
            columns_of(QuestionSubject.FEES, wish, account, date(1990, 1, 1))
        assert columns_of(QuestionSubject.FEES, wish, account, date(2026, 3, 2)) == {"fee_asker": "broker", "fee_wanted": "交易所 + 1 分"}
        db.session.remove()


def test_a_question_about_something_else_keeps_no_wish(firm: Flask, manager: FlaskClient) -> None:
    assert post(manager, "/care/clients/10001/question", "/me", subject="margin", words="保证金何时上调", fee_wanted="交易所 + 1 分").status_code == 303
    assert rows(firm, ClientQuestion.fee_asker, ClientQuestion.fee_wanted) == [(None, None)]
