"""The log and the approvals on screen."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState, AuditEntry
from models.identity import Role
from portal.actors import TERMINAL, Actor
from portal.audit import heads, log, showing
from portal.audit.approvals import APPROVABLE, prepare, register
from portal.audit.log import Line, write, write_many
from portal.permissions import Can
from portal.refusals import Conflict
from portal.settings import Settings
from portal.transaction import transaction
from tests.rooms.audit.people import NOON
from tests.rooms.audit.seats import post, signed_in


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    """A kind of approval whose effect leaves a line."""

    def effect(approval: Approval, actor: Actor, moment: datetime) -> None:
        if approval.subject == "stale":
            raise Conflict("the preview is stale")
        log.write(actor, moment, "test.closed", "month", approval.subject)

    register("test.close", Can.MONTH_APPROVE, effect, label="Month close", amounts=("total", "amount"))
    yield
    del APPROVABLE["test.close"]


def prepared(app: Flask, by: Actor, subject: str = "2026-10") -> tuple[int, str]:
    preview = {"period": subject, "total": 123_456_00, "lines": 7, "rows": [{"broker": "<b>B1</b>", "amount": -5}], "missing": ["2026-10-09", "2026-10-10"], "counts": {"added": 3}}
    with app.app_context():
        with transaction():
            approval = prepare(by, NOON, kind="test.close", subject=subject, payload={}, preview=preview)
            found = approval.id, approval.digest
        db.session.remove()
    return found


def test_only_who_reads_the_log_opens_it(app: Flask) -> None:
    with app.app_context(), transaction():
        write(TERMINAL, NOON, "test", "thing", "1")
    for number, role in enumerate(Role):
        _, client = signed_in(app, f"p{number}", role)
        expected = 200 if role in {Role.COMPLIANCE, Role.AUDITOR, Role.ADMIN} else 403
        assert {client.get(path).status_code for path in ("/audit", "/audit/1", "/audit?format=csv")} == {expected}, role
    assert app.test_client().get("/audit").status_code in {302, 401}


def test_the_log_is_filtered_paged_and_exported(app: Flask) -> None:
    auditor, client = signed_in(app, "auditor", Role.AUDITOR)
    with app.app_context(), transaction():
        write_many(TERMINAL, NOON, (Line("plan.changed", "plan", f"P{n}", reason="=1+1" if n == 3 else "") for n in range(120)))
        write(auditor, NOON + timedelta(days=2), "account.moved", "account", "A1", before={"broker": "B1"}, after={"broker": "B2"}, reason="移交")
    first = BeautifulSoup(client.get("/audit").text, "html.parser")
    assert len(first.select("table.table-of tbody tr")) == 50
    second = BeautifulSoup(client.get(first.select_one("a[rel=next]")["href"]).text, "html.parser")
    numbers = [int(row.select_one("th a").text) for page in (first, second) for row in page.select("tbody tr")]
    assert numbers == list(range(121, 21, -1))

    def shown(query: str) -> int:
        return len(BeautifulSoup(client.get(f"/audit?{query}").text, "html.parser").select("table.table-of tbody tr"))

    assert shown("person=auditor") == 1
    assert shown("action=account") == shown("action=account.moved") == shown("subject=account:A1") == shown("subject=A1") == shown("from=2026-11-22") == 1
    assert shown("action=acc") == shown("subject=account:A2") == shown("person=%25") == 0
    assert shown("to=2026-11-20&per_page=100") == 100
    assert shown("from=9999-12-31&to=9999-12-31") == 0
    assert client.get("/audit?from=yesterday&after=nonsense&sort=hash&per_page=7").status_code == 200
    answer = client.get("/audit?action=plan&format=csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert (len(rows), rows[0][0], rows[-7][6]) == (1 + 120 + 3, "seq", "'=1+1")
    assert rows[-3][0].startswith("# Taken out by auditor@firm.example on ")
    assert rows[-2][0] == "# Audit log, 120 rows; filters: Action: plan"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    with app.app_context():
        last = db.session.execute(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).scalar_one()
        assert (last.action, last.actor_label, last.subject_key) == ("list.exported", "auditor@firm.example", "audit.log")
        assert (last.after["rows"], last.after["filters"]) == (120, {"action": "plan"})


def test_a_line_shows_what_it_changed(app: Flask) -> None:
    _, client = signed_in(app, "auditor", Role.AUDITOR)
    with app.app_context(), transaction():
        write(TERMINAL, NOON, "account.moved", "account", "A1", before={"broker": "B1", "same": 1}, after={"broker": "<i>B2</i>", "same": 1, "new": [1]}, reason="移交")
    page = BeautifulSoup(client.get("/audit/1").text, "html.parser")
    rows = [[cell.text.strip() for cell in row.select("th, td")] for row in page.select("table.diff tbody tr")]
    assert rows == [["broker", "B1", "<i>B2</i>"], ["new", "–", "[1]"]]
    assert client.get("/audit/2").status_code == client.get(f"/audit/{2**63 - 1}").status_code == client.get(f"/audit/{2**64}").status_code == 404


def test_a_second_person_approves_on_screen(app: Flask, settings: Settings) -> None:
    finance, his = signed_in(app, "finance", Role.FINANCE)
    _, hers = signed_in(app, "compliance", Role.COMPLIANCE)
    number, digest = prepared(app, finance)
    assert f"/approvals/{number}" in hers.get("/approvals").text
    page = hers.get(f"/approvals/{number}").text
    assert digest in page
    assert "123,456.00" in page
    assert "&lt;b&gt;B1&lt;/b&gt;" in page
    assert "/approve" not in his.get(f"/approvals/{number}").text, "who prepared it sees no button"
    assert post(his, f"/approvals/{number}/approve", digest=digest).status_code == 403
    assert post(hers, f"/approvals/{number}/approve", digest="0" * 64).status_code == 409
    assert post(hers, f"/approvals/{number}/approve").status_code == 409
    assert hers.post(f"/approvals/{number}/approve", data={"digest": digest}).status_code == 400, "no form token"
    done = post(hers, f"/approvals/{number}/approve", digest=digest, note="checked")
    assert (done.status_code, done.headers["Location"]) == (303, f"/approvals/{number}")
    assert "checked" in hers.get(f"/approvals/{number}").text
    assert post(hers, f"/approvals/{number}/approve", digest=digest).status_code == 409
    with app.app_context():
        assert db.session.get_one(Approval, number).state == ApprovalState.APPROVED
        assert heads.kept_heads(settings.instance)[-1].hash == heads.current_head()[1], "the head was told outside"


def test_refusing_and_taking_back_on_screen(app: Flask) -> None:
    finance, his = signed_in(app, "finance", Role.FINANCE)
    _, hers = signed_in(app, "compliance", Role.COMPLIANCE)
    number, digest = prepared(app, finance)
    assert post(hers, f"/approvals/{number}/refuse", digest=digest, note=" ").status_code == 422
    assert post(hers, f"/approvals/{number}/withdraw").status_code == 404
    assert post(hers, f"/approvals/{number}/refuse", digest=digest, note="the total is wrong").status_code == 303
    assert "the total is wrong" in his.get("/approvals").text
    own, _ = prepared(app, finance)
    assert post(his, f"/approvals/{own}/withdraw").status_code == 303
    stale, stale_digest = prepared(app, finance, "stale")
    assert post(hers, f"/approvals/{stale}/approve", digest=stale_digest).status_code == 409
    with app.app_context():
        states = db.session.execute(select(Approval.state).order_by(Approval.id)).scalars().all()
        assert states == [ApprovalState.REFUSED, ApprovalState.WITHDRAWN, ApprovalState.WAITING]


def test_who_may_not_decide_sees_no_approvals(app: Flask) -> None:
    number, digest = prepared(app, TERMINAL)
    for n, role in enumerate((Role.BROKER, Role.CLIENT, Role.STAFF, Role.BRANCH_MANAGER)):
        _, client = signed_in(app, f"p{n}", role)
        assert client.get("/approvals").status_code == client.get(f"/approvals/{number}").status_code == 403
        assert post(client, f"/approvals/{number}/approve", digest=digest).status_code == 403
    _, finance = signed_in(app, "finance", Role.FINANCE)
    assert finance.get("/approvals/999999").status_code == 404


def test_the_inbox_asks_as_often_for_thirty_as_for_one(app: Flask) -> None:
    from sqlalchemy import event

    _, client = signed_in(app, "compliance", Role.COMPLIANCE)
    assert client.get("/approvals").status_code == 200  # the first page of a process also draws what is kept for all
    counts = []
    for _ in range(2):
        asked: list[str] = []
        with app.app_context():
            engine = db.engine
        listener = lambda conn, cursor, statement, *rest, asked=asked: asked.append(statement)  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        assert client.get("/approvals").status_code == 200
        event.remove(engine, "before_cursor_execute", listener)
        counts.append(len(asked))
        for n in range(30):
            prepared(app, TERMINAL, f"m{n}")
    assert counts[0] == counts[1] <= 12


def test_the_terminal_approves_in_a_persons_name(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        db.session.remove()
    signed_in(app, "compliance", Role.COMPLIANCE)
    signed_in(app, "auditor", Role.AUDITOR)
    number, digest = prepared(app, TERMINAL)
    run = app.test_cli_runner().invoke
    assert f"{number}\twaiting\ttest.close\t2026-10\tterminal" in run(args=["approvals", "list"]).output
    assert f"digest {digest}" in run(args=["approvals", "show", str(number)]).output
    for by, more in (("auditor@firm.example", []), ("nobody@firm.example", []), ("compliance@firm.example", ["--digest", "0" * 64])):
        refused = run(args=["approvals", "approve", str(number), "--by", by, *more])
        assert (refused.exit_code, "refused:" in refused.output) == (1, True), by
    assert run(args=["approvals", "approve", str(number), "--by", "Compliance@firm.example", "--digest", digest]).exit_code == 0
    assert re.search(rf"{number}\tapproved", run(args=["approvals", "list", "--decided"]).output)
    second, _ = prepared(app, TERMINAL)
    assert run(args=["approvals", "refuse", str(second), "--by", "compliance@firm.example", "--note", "no"]).exit_code == 0
    third, _ = prepared(app, TERMINAL)
    assert run(args=["approvals", "withdraw", str(third)]).exit_code == 0
    assert run(args=["approvals", "show", "999"]).exit_code == 1


def test_a_preview_of_any_form_can_be_shown() -> None:
    for odd in (None, [], "text", 7, {"a": None, "b": [], "c": [1, {"x": 1}], "d": {"e": {}}}, {"rows": [{}, {"x": True}]}):
        showing.preview(odd, ("x", "a"))
    laid = showing.preview({"amount": 5, "flag": True, "rows": [{"amount": -1}, {"other": None}]}, ("amount", "flag"))
    assert laid.facts[0][1].fen == 5
    assert laid.facts[1][1].fen is None
    assert [[cell.fen for cell in row] for row in laid.tables[0].rows] == [[-1, None], [None, None]]
