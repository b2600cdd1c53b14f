"""Who is told what, once and in his own language; who decided is no longer waited for; nobody reads another's inbox."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import event, select

from models import db
from models.audit import Approval, ApprovalState
from models.identity import Role, UserState
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.audit import approvals
from portal.notices import queries, verbs
from portal.notices.kinds import KINDS, register
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.audit.people import person

pytestmark = pytest.mark.usefixtures("planted_kind")
TEST_KIND = "test.notices"


@pytest.fixture
def planted_kind() -> None:
    """A kind of approval that does nothing; its second person must hold the right to close months."""
    if TEST_KIND not in approvals.APPROVABLE:
        approvals.register(TEST_KIND, next(kind.right for name, kind in approvals.APPROVABLE.items() if name.startswith("commission")), lambda *_: None, label="Month close")


def told() -> list[tuple[int, str, bool]]:
    """Every notice: whom, which kind, whether it is unread."""
    return [(row.user_id, row.kind, row.read_at is None) for row in db.session.execute(select(Notice).order_by(Notice.id)).scalars()]


def waiting(preparer: Actor) -> Approval:
    with transaction():
        return approvals.prepare(preparer, clock.now(), kind=TEST_KIND, subject="2026-03", payload={}, preview={})


@pytest.mark.usefixtures("database")
def test_second_persons_are_told_and_whoever_prepared_it_hears_the_answer() -> None:
    finance, other, compliance = person("finance", Role.FINANCE), person("finance2", Role.FINANCE), person("compliance", Role.COMPLIANCE)
    person("staff", Role.STAFF), person("gone", Role.FINANCE, state=UserState.DISABLED), person("auditor", Role.AUDITOR)
    approval = waiting(finance)
    assert sorted(told()) == [(other.user_id, "approval.waiting", True), (compliance.user_id, "approval.waiting", True)]
    with transaction():
        approvals.approve(approval.id, other, clock.now(), digest=approval.digest)
    assert sorted(told()) == [
        (finance.user_id, "approval.approved", True),
        (other.user_id, "approval.waiting", False),
        (compliance.user_id, "approval.waiting", False),
    ]


@pytest.mark.usefixtures("database")
def test_a_refusal_says_why_and_what_was_taken_back_waits_for_nobody() -> None:
    finance, other = person("finance", Role.FINANCE), person("finance2", Role.FINANCE)
    refused, withdrawn = waiting(finance), waiting(finance)
    with transaction():
        approvals.refuse(refused.id, other, clock.now(), digest=refused.digest, note="the tax is wrong")
        approvals.withdraw(withdrawn.id, finance, clock.now())
    assert [row for row in told() if row[2]] == [(finance.user_id, "approval.refused", True)]
    assert withdrawn.state == ApprovalState.WITHDRAWN


@pytest.mark.usefixtures("database")
def test_what_is_rolled_back_was_never_told() -> None:
    finance, _ = person("finance", Role.FINANCE), person("finance2", Role.FINANCE)
    approvals.prepare(finance, clock.now(), kind=TEST_KIND, subject="2026-03", payload={}, preview={})
    db.session.rollback()
    assert told() == []


@pytest.mark.usefixtures("database")
def test_a_thousand_people_are_told_by_one_statement_and_nobody_twice() -> None:
    people = [person(f"p{number}", Role.BROKER) for number in range(30)]
    gone = person("gone", Role.BROKER, state=UserState.DISABLED)
    with transaction():
        verbs.choose(["plan.activated"], people[0], clock.now())
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _r, statement, *_: statements.append(statement))
    with transaction():
        verbs.tell(
            [one.user_id or 0 for one in [*people, *people, gone]], "plan.activated", "/plans/HALF", {"plan": "HALF", "day": "2026-03-01"}, actor=TERMINAL, moment=clock.now()
        )
    assert sum(statement.startswith("INSERT INTO notice") for statement in statements) == 1
    assert told() == [(one.user_id, "plan.activated", one is not people[0]) for one in people]
    assert [queries.unread(one) for one in people[:2]] == [0, 1]


@pytest.mark.usefixtures("database")
def test_what_nobody_registered_cannot_be_told_and_a_kind_is_taken_once() -> None:
    with pytest.raises(Refusal), transaction():
        verbs.tell([1], "no.such.kind", "/", {}, actor=TERMINAL, moment=clock.now())
    with pytest.raises(ValueError, match="registered already"):
        register("plan.activated", "Something else", "plans")
    with pytest.raises(ValueError, match="nowhere"):
        register("test.other", "x", "nowhere")


@pytest.mark.usefixtures("database")
def test_nobody_reads_anothers_inbox() -> None:
    one, other = person("one", Role.BROKER), person("other", Role.BROKER)
    with transaction():
        verbs.tell([one.user_id or 0], "plan.activated", "/", {"plan": "HALF", "day": "2026-03-01"}, actor=TERMINAL, moment=clock.now())
    notice = db.session.execute(select(Notice)).scalar_one()
    with pytest.raises(NotFound), transaction():
        verbs.mark_read(notice.id, other, clock.now())
    with transaction():
        verbs.mark_all_read(other, clock.now())
    assert queries.unread(one) == 1
    assert db.session.execute(queries.inbox(other)).all() == []


def test_a_notice_is_worded_when_it_is_read_and_leads_on(app: Flask) -> None:
    key = someone(app, Role.FINANCE)
    with app.app_context(), transaction():
        verbs.tell([key], "statement.published", "/me", {"month": "2026-03", "net_fen": 123_450}, actor=TERMINAL, moment=clock.now())
        verbs.tell([key], "plan.activated", "https://evil.example/", {}, actor=TERMINAL, moment=clock.now())
    client = seat(app, key)
    page = client.get("/notices")
    assert "Your statement of 2026-03 is ready: ¥1,234.50 net." in page.text
    assert "A plan is activated" in page.text, "values that do not fill the sentence leave its name"
    assert "2 unread notices" in page.text
    assert "2026-03" not in client.get("/notices?group=plans").text.split("<main")[1]
    assert post(client, "/notices/1/open").headers["Location"] == "/me"
    assert post(client, "/notices/2/open").headers["Location"] == "/notices", "a link never leads out of the portal"
    assert 'class="bell-count"' not in client.get("/notices").text


def test_what_is_wanted_quietly_is_kept_but_not_counted(app: Flask) -> None:
    key = someone(app, Role.FINANCE)
    client = seat(app, key)
    counted = [kind for kind in KINDS if kind != "plan.activated"]
    assert post(client, "/notices/choices", counted=counted).status_code == 303
    with app.app_context(), transaction():
        verbs.tell([key], "plan.activated", "/me", {"plan": "HALF", "day": "2026-03-01"}, actor=TERMINAL, moment=clock.now())
    page = client.get("/notices").text
    assert "The plan HALF counts from 2026-03-01." in page
    assert 'class="bell-count"' not in page
    assert "checked" not in page.split('value="plan.activated"')[-1].split(">")[0]
