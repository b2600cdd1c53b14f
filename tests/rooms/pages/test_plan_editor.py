"""The plan editor: typed as a form, judged as the import judges, tried in the shadow, put in force by a second person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from models import db
from models.audit import Approval, AuditEntry
from models.commission import CommissionRun, PlanVersion, RunStatement
from models.identity import Role
from models.jobs import Job
from models.partners import Broker
from models.plan_drafts import PlanDraft, ShadowRun
from portal.commission import plan_queries
from portal.commission.month import quiet
from portal.commission.plan_reading import judge, plans_text
from portal.commission.plan_sheet import changed, filled, plan_of, sheet_of
from portal.commission.queries import newest_run_ids
from portal.demo.plans import PLANS
from portal.jobs.refresh import refresh
from portal.jobs.worker import Worker
from portal.refusals import Refusal
from tests import make
from tests.oracle.notation import Draft, trade
from tests.people import post, seat, someone
from tests.rooms.pages.firm import NUMBERS, settle_in

PAID = (
    select(Broker.broker_no, RunStatement.earned + RunStatement.cap_or_guarantee).join(Broker, Broker.id == RunStatement.broker_id).where(RunStatement.run_id.in_(newest_run_ids()))
)


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


@pytest.fixture
def finance(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.FINANCE))


@pytest.fixture
def second(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.FINANCE))


def begin(client: FlaskClient, **fields: Any) -> str:
    answer = post(client, "/plans/drafts", **fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def digest_in(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


def rows_of(app: Flask) -> list[tuple[Any, ...]]:
    """Every plan version ever asserted, without numbers that count recordings."""
    with app.app_context():
        query = select(PlanVersion.name, PlanVersion.valid_from, PlanVersion.valid_to, PlanVersion.terms, PlanVersion.withdrawn).order_by(PlanVersion.id)
        found = [(name, start, end, json.dumps(terms, sort_keys=True), withdrawn) for name, start, end, terms, withdrawn in db.session.execute(query)]
        db.session.remove()
        return found


def test_a_sheet_says_what_the_plan_says() -> None:
    assert [plan_of(sheet_of(plan)) for plan in PLANS] == PLANS
    assert [judge(sheet_of(plan), overrides_allowed=False) for plan in PLANS] == [[]] * len(PLANS)


def test_every_fault_stands_beside_its_field() -> None:
    sheet = sheet_of(PLANS[1])
    typed = {"code": " ", "versions.0.valid_to": "2020-01-01", "versions.0.components.0.steps.1.from": "x", "versions.0.deductions.0.rate": "2", "versions.0.cap": "-1"}
    found = {(fault.field, fault.finding.code) for fault in judge(filled(sheet, typed.items()), overrides_allowed=False)}
    assert found == {
        ("code", "missing_value"),
        ("versions.0.components.0.steps.1.from", "bad_number"),
        ("versions.0.deductions", "deductions_over_whole"),
        ("versions.0.cap", "bad_number"),
    }
    span = judge(filled(sheet, {"versions.0.valid_to": "2020-01-01"}.items()), overrides_allowed=False)
    assert [(fault.field, fault.finding.code) for fault in span] == [("versions.0.valid_to", "empty_span")]


def test_rows_come_go_and_move() -> None:
    sheet = changed(sheet_of(PLANS[1]), "follow versions.0 2027-01-01")
    assert [(version["valid_from"], version["valid_to"]) for version in sheet["versions"]] == [("2021-01-01", "2027-01-01"), ("2027-01-01", "")]
    sheet = changed(sheet, "remove versions.1.components.0.steps.0")
    sheet = changed(sheet, "up versions.1.components.0.steps.1")
    assert [row["from"] for row in sheet["versions"][1]["components"][0]["steps"]] == ["10000", "3000"]
    sheet = changed(sheet, "add versions.1.components per_lot")
    assert sheet["versions"][1]["components"][1]["rates"] == [{"product": "*", "rate": ""}]
    for wish in ("add versions.9.steps", "remove versions.7", "add code", "add versions.0.components gold", "up nowhere.1", "follow versions.0.deductions.0 2027-01-01"):
        with pytest.raises(Refusal):
            changed(sheet, wish)
    assert filled(sheet, [("versions.0.components.0.kind", "equity"), ("versions.0.nothing", "x"), ("versions", "x")]) == sheet


def test_a_draft_is_shown_a_counter_example_mended_and_put_in_force_by_a_second_person(firm: Flask, finance: FlaskClient, second: FlaskClient) -> None:
    where = begin(finance, source="plan", plan="HALF")
    post(finance, where, revision=1, do="follow versions.0 2026-12-01")
    page = finance.get(where).text
    assert "It changes nothing" not in page
    tiers = {"versions.1.components.0.by": "tiers", "versions.1.components.0.mode": "whole", "versions.1.components.0.steps.0.rate": "0.6"}
    post(finance, where, revision=2, do="add versions.1.components.0.steps", **tiers)
    looked = post(finance, f"{where}/look", **{"versions.1.components.0.steps.1.from": "100", "versions.1.components.0.steps.1.rate": "0.5"})
    assert "Less for more: at 100.00 the month's pay falls from 59.99 to 50.00 yuan, by 9.99 yuan." in looked.text
    assert "Not a plan yet" in finance.get(where).text, "looking saves nothing"
    post(finance, where, revision=3, **{"versions.1.components.0.steps.1.from": "100", "versions.1.components.0.steps.1.rate": "0.5"})
    assert "/ask" not in finance.get(where).text, "what blocks cannot be asked for"
    post(finance, where, revision=4, **{"versions.1.components.0.steps.1.rate": "0.7"})
    page = finance.get(where).text
    assert "A jump: on reaching 100.00" in page
    assert "<del>Of the retained fee of every trade, 50 %; nothing is deducted first.</del>" in page, "a new version is compared with the one that it follows"
    assert post(finance, f"{where}/ask", digest=digest_in(page)).status_code == 303
    assert post(finance, where, revision=5, code="OTHER").status_code == 409, "what waits is not changed"
    with firm.app_context():
        approval = db.session.execute(select(Approval).where(Approval.kind == "plan.activation")).scalar_one()
        number, digest, preview = approval.id, approval.digest, approval.preview
        db.session.remove()
    assert (preview["plan"], preview["counts_from"], preview["agreements"], preview["corrections"]) == ("HALF", "2026-12-01", 2, [])
    assert {"place": "2026-12-01 retained_fee tiers steps 2", "was": None, "will_be": "100 → 0.7"} in preview["changes"]
    assert post(finance, f"/approvals/{number}/approve", digest=digest).status_code == 403, "nobody approves his own"
    assert post(second, f"/approvals/{number}/approve", digest=digest).status_code == 303
    with firm.app_context():
        assert [version["valid_from"] for version in plan_queries.entries()["HALF"]["versions"]] == ["2025-01-01", "2026-12-01"]
        actions = db.session.execute(select(AuditEntry.action).where(AuditEntry.action.like("plan.%")).order_by(AuditEntry.seq)).scalars().all()
        assert actions == ["plan.draft.begun", *["plan.draft.saved"] * 4, "plan.activated"]
        db.session.remove()
    assert "In force" in finance.get(where).text


def test_screen_and_import_give_the_same_rows(firm: Flask, finance: FlaskClient, second: FlaskClient, tmp_path: Path, settings: Any) -> None:
    where = begin(finance, source="plan", plan="HALF")
    post(finance, where, revision=1, do="follow versions.0 2026-12-01")
    post(finance, where, revision=2, **{"versions.1.components.0.rate": "0.7", "versions.1.cap": "3000"})
    page = finance.get(where).text
    post(finance, f"{where}/ask", digest=digest_in(page))
    before = rows_of(firm)
    with firm.app_context():
        approval = db.session.execute(select(Approval).where(Approval.kind == "plan.activation")).scalar_one()
        number, digest = approval.id, approval.digest
        plan = plan_of(db.session.execute(select(PlanDraft)).scalar_one().sheet)
        db.session.remove()
    post(second, f"/approvals/{number}/approve", digest=digest)
    by_screen = rows_of(firm)[len(before) :]
    assert len(by_screen) == 2
    back = begin(finance, source="text", text=plans_text([plan | {"name": "back"}]))
    assert "name" in finance.get(back).text
    file = tmp_path / "again" / "plans.json"
    file.parent.mkdir()
    file.write_text(plans_text([plan]), encoding="utf-8")
    with firm.app_context():
        outcome = make.accepted(file)
        db.session.remove()
    assert [(result.state, result.counts.get("same")) for result in outcome.results] in ([("unchanged", 2)], [("same_bytes", None)])
    assert rows_of(firm)[len(before) :] == by_screen


def test_what_reaches_back_into_a_closed_month_needs_a_shadow_run_and_shows_its_corrections(firm: Flask, finance: FlaskClient) -> None:
    where = begin(finance, source="plan", plan="HALF")
    post(finance, where, revision=1, **{"versions.0.components.0.rate": "0.6"})
    page = finance.get(where).text
    assert "It reaches back into closed months" in page
    assert "/ask" not in page
    result = post(finance, f"{where}/shadow", period="2026-03").headers["Location"]
    assert "Waiting for the worker" in finance.get(result).text
    assert Worker(firm).drain() > 0
    page = finance.get(result).text
    assert "+¥12.00" in page, "two brokers, each 60.00 retained: 30.00 becomes 36.00"
    lines = finance.get(f"{result}?format=csv").text.splitlines()
    assert lines[1:-3] == ["B001,30.00,36.00,6.00,50.00 %,60.00 %,Share of the retained fee", "B002,30.00,36.00,6.00,50.00 %,60.00 %,Share of the retained fee"]
    page = finance.get(where).text
    assert "Corrects 2026-03 by" in page
    with firm.app_context():
        run = db.session.execute(select(ShadowRun)).scalar_one()
        assert run.result["months"] == [{"period": "2026-03", "closed": True, "before": 6_000, "after": 7_200}]
        assert [row["accounts"] for row in run.result["brokers"]] == [[["10001", 3_000, 3_600]], [["10002", 3_000, 3_600]]]
        assert db.session.execute(select(RunStatement.earned).order_by(RunStatement.broker_id)).scalars().all() == [3_000, 3_000], "nothing was posted"
        assert db.session.execute(select(CommissionRun.id)).scalars().all() == [1]
        db.session.remove()
    assert post(finance, f"{where}/ask", digest=digest_in(page)).status_code == 303


def test_what_the_shadow_says_is_what_the_month_then_pays(app: Flask, tmp_path: Path) -> None:
    """An open month, tried and then activated: the shadow's fen are the books' fen, caps, steps and overrides of deductions included."""
    draft = Draft()
    tiers = {"kind": "retained_fee", "tiers": {"measure": "retained_fee", "mode": "marginal", "steps": [["0", "0.4"], ["100", "0.5"]]}}
    draft.plan("P", [tiers], deductions=[{"name": "VAT", "rate": "0.0672"}])
    for number, share in (("1", "70"), ("2", "33.3333")):
        draft.broker(f"B00{number}")
        draft.account(f"1000{number}")
        draft.agree(f"B00{number}", "P")
        draft.attribute(f"1000{number}", f"B00{number}", share)
    for day in ("2026-03-02", "2026-03-03"):
        draft.day(day, [trade(account, "SHFE.rb", 31_237, 7_001, lots=3) for account in ("10001", "10002")], ["10001", "10002"])
    with app.app_context():
        make.accepted(draft.write(tmp_path / "files"))
        refresh(quiet)
        db.session.remove()
    first, second = seat(app, someone(app, Role.FINANCE)), seat(app, someone(app, Role.FINANCE))
    where = begin(first, source="plan", plan="P")
    post(
        first,
        where,
        revision=1,
        **{"versions.0.components.0.steps.1.rate": "0.57", "versions.0.cap": "150", "versions.0.guarantee": "65.5"},
        do="add versions.0.components per_lot",
    )
    post(first, where, revision=2, **{"versions.0.components.1.rates.0.rate": "0.333"})
    post(first, f"{where}/shadow", period="2026-03")
    Worker(app).drain()
    post(first, f"{where}/ask", digest=digest_in(first.get(where).text), reason="tried")
    with app.app_context():
        approval = db.session.execute(select(Approval)).scalar_one()
        number, digest = approval.id, approval.digest
        before = dict(db.session.execute(PAID).all())
        db.session.remove()
    assert post(second, f"/approvals/{number}/approve", digest=digest).status_code == 303
    Worker(app).drain()
    with app.app_context():
        run = db.session.execute(select(ShadowRun)).scalar_one()
        after = dict(db.session.execute(PAID).all())
        assert {row["broker_no"]: row["before"] for row in run.result["brokers"]} == before
        assert {row["broker_no"]: row["after"] for row in run.result["brokers"]} == after
        assert before != after
        db.session.remove()


def test_others_may_be_tried_on_a_plan_as_if_a_version_had_counted(firm: Flask, finance: FlaskClient) -> None:
    new = {"code": "NEW", "name": "", "versions": [{"valid_from": "2027-01-01", "components": [{"kind": "per_lot", "rates": {"*": "5"}}]}]}
    where = begin(finance, source="text", text=json.dumps(new))
    assert post(finance, f"{where}/shadow", period="2026-03", brokers="B001 B999").status_code == 404
    result = post(finance, f"{where}/shadow", period="2026-03", brokers="B001", as_if="2027-01-01").headers["Location"]
    Worker(firm).drain()
    assert finance.get(f"{result}?format=csv").text.splitlines()[1:-3] == ["B001,30.00,5.00,-25.00,50.00 %,8.33 %,Share of the retained fee"]


def test_a_shadow_run_can_be_stopped(firm: Flask, finance: FlaskClient) -> None:
    where = begin(finance, source="plan", plan="HALF")
    result = post(finance, f"{where}/shadow", period="2026-03").headers["Location"]
    public_id = result.rpartition("/")[2]
    assert post(finance, f"/jobs/{public_id}/cancel").status_code == 303
    assert "Cancelled" in finance.get(result).text
    with firm.app_context():
        assert db.session.execute(select(ShadowRun)).scalars().all() == []
        assert db.session.execute(select(Job.state).where(Job.public_id == public_id)).scalar_one() == "cancelled"
        db.session.remove()


def test_two_who_write_at_once_do_not_overwrite_each_other(finance: FlaskClient, second: FlaskClient) -> None:
    where = begin(finance, source="blank")
    assert post(finance, where, revision=1, code="A").status_code == 303
    answer = post(second, where, revision=1, code="B")
    assert answer.status_code == 409
    assert 'value="B"' in answer.text, "what was typed is not lost"
    assert 'value="A"' in finance.get(where).text


def asked(app: Flask, client: FlaskClient) -> tuple[str, int, str]:
    """A draft that waits: its address, the approval and its digest."""
    where = begin(client, source="plan", plan="HALF")
    post(client, where, revision=1, do="follow versions.0 2026-12-01")
    post(client, where, revision=2, **{"versions.1.components.0.rate": "0.7"})
    post(client, f"{where}/ask", digest=digest_in(client.get(where).text))
    with app.app_context():
        approval = db.session.execute(select(Approval).where(Approval.kind == "plan.activation")).scalar_one()
        found = where, approval.id, approval.digest
        db.session.remove()
    return found


def test_a_plan_that_changed_meanwhile_is_not_overwritten(firm: Flask, finance: FlaskClient, second: FlaskClient, tmp_path: Path) -> None:
    _where, number, digest = asked(firm, finance)
    changed_plan = {"code": "HALF", "name": "HALF", "versions": [{"valid_from": "2025-01-01", "components": [{"kind": "retained_fee", "rate": "0.55"}]}]}
    with firm.app_context():
        make.accepted(make.plans(tmp_path / "other", [changed_plan]))
        db.session.remove()
    before = rows_of(firm)
    assert post(second, f"/approvals/{number}/approve", digest=digest).status_code == 409
    assert rows_of(firm) == before


def test_a_draft_that_was_refused_can_be_mended(firm: Flask, finance: FlaskClient, second: FlaskClient) -> None:
    where, number, digest = asked(firm, finance)
    assert post(second, f"/approvals/{number}/refuse", digest=digest, note="too much").status_code == 303
    assert post(finance, where, revision=3, **{"versions.1.components.0.rate": "0.6"}).status_code == 303
    assert post(finance, f"{where}/ask", digest=digest_in(finance.get(where).text)).status_code == 303
    assert post(finance, f"{where}/discard").status_code == 409, "what waits is not thrown away"


def test_warnings_stand_only_with_a_reason(firm: Flask, finance: FlaskClient) -> None:
    plan = {"code": "G", "name": "", "versions": [{"valid_from": "2026-12-01", "components": [{"kind": "retained_fee", "rate": "0.5"}], "guarantee": "100"}]}
    where = begin(finance, source="text", text=json.dumps([plan]))
    page = finance.get(where).text
    assert "The guarantee pays 100.00 yuan for a month without any trade." in page
    assert post(finance, f"{where}/ask", digest=digest_in(page)).status_code == 422
    assert post(finance, f"{where}/ask", digest=digest_in(page), reason="a branch to be won").status_code == 303


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"code": "A", "bonus": 1}', '[{"code":"A","name":"","versions":[]},{"code":"B","name":"","versions":[]}]', "\x00", "[" * 5000])
def test_a_text_that_is_no_plan_is_answered(finance: FlaskClient, text: str) -> None:
    assert post(finance, "/plans/drafts", source="text", text=text).status_code == 422


def test_brokers_read_their_own_plan_and_nobody_elses(firm: Flask, finance: FlaskClient) -> None:
    broker = seat(firm, someone(firm, Role.BROKER, **NUMBERS))
    page = broker.get("/plans/HALF").text
    assert "Of the retained fee of every trade, 50 %" in page
    for hidden in ("Who is on it", "History", "plans.json", "Begin a draft", "B002", "Shadow run"):
        assert hidden not in page, hidden
    assert "Attributed equity" not in broker.get("/plans").text
    for role in (Role.AUDITOR, Role.COMPLIANCE):
        reader = seat(firm, someone(firm, role))
        assert "Begin a draft" not in reader.get("/plans/HALF").text
        assert post(reader, "/plans/drafts", source="blank").status_code == 403
        where = begin(finance, source="plan", plan="HALF")
        page = reader.get(where).text
        assert "readonly" in page
        assert "/ask" not in page


@pytest.fixture
def counted(firm: Flask) -> Iterator[list[str]]:
    found: list[str] = []
    with firm.app_context():
        engine = db.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_the_list_asks_as_much_for_thirty_plans_as_for_one(firm: Flask, finance: FlaskClient, counted: list[str], tmp_path: Path) -> None:
    finance.get("/plans")
    counted.clear()
    finance.get("/plans")
    few = len(counted)
    draft = Draft()
    for number in range(30):
        draft.plan(f"P{number:02d}", [{"kind": "retained_fee", "rate": "0.5"}])
    draft.plan("HALF", [{"kind": "retained_fee", "rate": "0.5"}])
    with firm.app_context():
        make.accepted(draft.write(tmp_path / "more", masters=["plans"]) / "plans.json")
        db.session.remove()
    counted.clear()
    assert "P23" in finance.get("/plans").text
    assert (few, len(counted)) == (few, few)
    assert few <= 15
