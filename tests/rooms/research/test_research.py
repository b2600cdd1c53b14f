"""Reports: written, looked at, released by a second person, put before those whose grade allows it, and taken out of sight."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update

from models import db
from models.audit import Approval, AuditEntry
from models.clients import AccountVersion
from models.identity import Role
from models.notices import Notice
from models.outbox import OutboxMessage
from models.research import Audience, ResearchOpen, ResearchVersion
from models.segments import ClientSegment
from models.suitability import SuitabilityTest
from portal import clock, handed_in
from portal.local_day import today
from portal.refusals import Refusal
from portal.research import drafting, opens, reading, releasing
from portal.research.audiences import reach
from portal.research.drafting import Pdf
from portal.research.markdown import html_of
from portal.research.verdicts import Facts, Verdict, verdict
from portal.transaction import transaction
from tests.people import hidden_in, post, seat, someone
from tests.rooms.pages.firm import settle_in
from tests.rooms.research import scene

FORM = {
    "kind": "report", "title": "铁矿周报", "summary": "", "chain": "ferrous", "products": "i, rb", "risk": "R4", "locale": "zh", "body": "# 观点\n\n中性",
    "author": "林研究", "licence_no": "Z0012345", "risk_line": "期货交易有风险，投资须谨慎。", "for": "everybody:",
}  # fmt: skip


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """10001 (C4 by the masters, of S001) has a sign-in, 10002 (of another branch) has none; a writer and a second person."""
    settle_in(app, tmp_path / "files")
    for role, more in ((Role.STAFF, {"staff_no": "S001", "branch_no": "01"}), (Role.COMPLIANCE, {}), (Role.ADMIN, {}), (Role.CLIENT, {"client_no": "C10001"})):
        someone(app, role, email=f"{role.value}@research.example", **more)
    return app


def at(app: Flask, role: Role) -> FlaskClient:
    with app.app_context():
        number = scene.actor(role).user_id
        db.session.remove()
    assert number is not None
    return seat(app, number)


def grades(**by_client: str) -> None:
    """Set what the masters say of clients; a grade of nothing: never asked."""
    with transaction():
        db.session.execute(db.text("DROP TRIGGER IF EXISTS account_version_no_update")) if db.engine.dialect.name == "sqlite" else db.session.execute(
            db.text("ALTER TABLE account_version DISABLE TRIGGER USER")
        )
        for number, grade in by_client.items():
            db.session.execute(update(AccountVersion).where(AccountVersion.client_no == number).values(risk_grade=grade))


def took(client_no: str, grade: str, *, days: int = 100, investor: str = "ordinary") -> None:
    """A test that a client took here."""
    told: dict[str, Any] = {"criteria": [], "questions_version": 1, "questions_digest": "", "locale": "zh", "answers": "", "answers_digest": "", "score": 1, "unsuitable": ""}
    told |= {"taken_where": "at_desk", "present": "", "evidence": "", "actor_label": "", "recorded_at": clock.now(), "public_id": f"t{client_no}{grade}{days}{investor}"}
    with transaction():
        db.session.add(SuitabilityTest(client_no=client_no, grade=grade, investor=investor, taken_on=today(), valid_until=today() + timedelta(days=days), **told))


def counted(key: str) -> dict[str, int]:
    """Whom the newest version of something reaches, and why not the others."""
    version = drafting.newest_of(drafting.item_by(key))
    found = reach(version, releasing.as_of_moment(clock.now()))
    return {why.value: count for why, count in found.counts.items() if count} | {"signed_in": found.signed_in}


def test_the_rule_in_one_table() -> None:
    day = today_plain()
    rows = {
        (grade, risk): verdict(Facts(grade), risk, day).value for grade in ("", "C1", "C3", "C4", "C5") for risk in ("R1", "R3", "R4", "R5")
    }  # fmt: skip
    assert rows == {
        ("", "R1"): "no_answer", ("", "R3"): "no_answer", ("", "R4"): "no_answer", ("", "R5"): "no_answer",
        ("C1", "R1"): "sees", ("C1", "R3"): "too_low", ("C1", "R4"): "too_low", ("C1", "R5"): "too_low",
        ("C3", "R1"): "sees", ("C3", "R3"): "sees", ("C3", "R4"): "too_low", ("C3", "R5"): "too_low",
        ("C4", "R1"): "sees", ("C4", "R3"): "sees", ("C4", "R4"): "sees", ("C4", "R5"): "too_low",
        ("C5", "R1"): "sees", ("C5", "R3"): "sees", ("C5", "R4"): "sees", ("C5", "R5"): "sees",
    }  # fmt: skip
    yesterday = day - timedelta(days=1)
    assert verdict(Facts("C5", yesterday), "R1", day) is Verdict.RAN_OUT
    assert verdict(Facts("C5", day), "R1", day) is Verdict.SEES, "the last day counts"
    assert verdict(Facts("C2", professional=True), "R4", day) is Verdict.SEES, "the ban protects ordinary investors"
    assert verdict(Facts("C5", wanted=False), "R1", day) is Verdict.OPTED_OUT
    assert verdict(Facts("", meant=False), "R1", day) is Verdict.NOT_MEANT


def today_plain() -> Any:
    return clock.now().date()


def test_from_the_form_by_a_second_person_to_its_reader(firm: Flask) -> None:
    writer, second, client = at(firm, Role.STAFF), at(firm, Role.COMPLIANCE), at(firm, Role.CLIENT)
    valid = clock.now().date() + timedelta(days=30)
    made = post(writer, "/research/desk/new", "/me", **FORM, valid_until=str(valid))
    assert made.status_code == 303, made.text
    address = made.headers["Location"]
    key = address.rsplit("/", 1)[-1]
    page = writer.get(address + "?lang=en").text
    assert "2 of 2 for whom it is meant will see it; 1 of them have a sign-in" in page
    assert client.get(f"/research/{key}").status_code == 404, "a draft is nobody's"
    assert post(writer, address + "/release", "/me").status_code == 303
    assert post(writer, address + "/release", "/me").status_code == 409, "it waits already"
    with firm.app_context():
        approval = db.session.execute(select(Approval).where(Approval.kind == releasing.APPROVAL)).scalar_one()
        assert approval.preview["sees"] == 2
        assert approval.preview["kept_from"] == []
        number, digest = approval.id, approval.digest
        db.session.remove()
    shown = second.get(f"/approvals/{number}")
    assert "C4 / R4" in shown.text
    assert post(writer, f"/approvals/{number}/approve", "/me", digest=digest).status_code == 403, "never the writer himself"
    assert client.get(f"/research/{key}").status_code == 404
    assert post(second, f"/approvals/{number}/approve", "/me", digest=hidden_in(shown.text, "digest")).status_code == 303
    read = client.get(f"/research/{key}").text
    for words in ("Z0012345", "期货交易有风险，投资须谨慎。", "<h3>观点</h3>", "C4 / R4"):
        assert words in read
    assert "铁矿周报" in client.get("/research").text
    assert post(writer, address + "/withdraw", "/me", why=" ").status_code == 422
    assert post(second, address + "/withdraw", "/me", why="数据有误").status_code == 303
    assert client.get(f"/research/{key}").status_code == 404
    assert post(writer, f"{address}/edit", "/me", **FORM, valid_until=str(valid)).status_code == 409, "what was withdrawn stays so"
    with firm.app_context():
        logged = [row.action for row in db.session.execute(select(AuditEntry).where(AuditEntry.subject_type == "research").order_by(AuditEntry.seq)).scalars()]
        db.session.remove()
    assert logged == ["research.version_written", "research.published", "research.withdrawn"]


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"licence_no": ""}, "licence number"), ({"risk_line": "短"}, "risk line is missing"), ({"risk": "R9"}, "risk class"), ({"chain": "gold"}, "product chain"),
        ({"valid_until": "2020-01-01"}, "over before"), ({"valid_until": "soon"}, "until which day"), ({"body": " "}, "a text or a PDF"), ({"for": "segment:none"}, "client segment"),
        ({"for": "tier:none"}, "a tier of the club"), ({"products": "rb2610"}, "codes such as"), ({"title": "x" * 121}, "A title has"), ({"for": ""}, "for whom"), ({"kind": "poem"}, ""),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_said_and_nothing_is_kept(firm: Flask, wrong: dict[str, str], found: str) -> None:
    valid = str(clock.now().date() + timedelta(days=30))
    answer = post(at(firm, Role.STAFF), "/research/desk/new", "/me", **{**FORM, "valid_until": valid, **wrong})
    assert (answer.status_code, found.lower() in answer.text.lower()) == (422, True), answer.text[:2000]
    with firm.app_context():
        assert db.session.execute(select(ResearchVersion)).all() == []
        db.session.remove()


def test_a_pdf_is_kept_whole_or_refused(firm: Flask) -> None:
    writer, valid = at(firm, Role.STAFF), str(clock.now().date() + timedelta(days=30))
    good = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
    for content, told in ((b"MZ\x90", "no whole PDF"), (good.replace(b"<<>>", b"<</JavaScript 1>>"), "a script")):
        answer = post(writer, "/research/desk/new", "/me", **FORM, valid_until=valid, pdf=(io.BytesIO(content), "a.pdf"))
        assert (answer.status_code, told in answer.text) == (422, True)
    with pytest.raises(Refusal, match="larger than 8 MB"):
        Pdf("a.pdf", good + b"x" * handed_in.LARGEST).checked()
    made = post(writer, "/research/desk/new", "/me", **{**FORM, "body": ""}, valid_until=valid, pdf=(io.BytesIO(good), "周报.pdf"))
    address = made.headers["Location"]
    assert writer.get(address + "/pdf/1").data == good
    post(writer, address + "/edit", "/me", **{**FORM, "body": ""}, valid_until=valid, keep_pdf="yes")
    file = writer.get(address + "/pdf/2")
    assert (file.data, file.headers["Content-Disposition"].startswith("attachment"), file.content_type) == (good, True, "application/pdf")


def test_versions_stay_and_what_is_read_changes_only_by_a_release(firm: Flask) -> None:
    client = at(firm, Role.CLIENT)
    with firm.app_context():
        key = scene.published()
        with transaction():
            drafting.revise(drafting.held_item(key), scene.draft(title="新的周报"), scene.actor(Role.STAFF), clock.now(), today())
        db.session.remove()
    assert "螺纹钢周报" in client.get(f"/research/{key}").text
    with firm.app_context():
        scene.released(key)
        assert [row.title for row in drafting.versions_of(drafting.item_by(key))] == ["新的周报", "螺纹钢周报"]
        with pytest.raises(Exception, match="append-only"), transaction():
            db.session.execute(update(ResearchVersion).values(title="x"))
        db.session.remove()
    assert "新的周报" in client.get(f"/research/{key}").text


@pytest.mark.usefixtures("firm")
def test_the_preview_says_from_whom_it_is_kept_and_why(database: None) -> None:
    key = scene.written()
    assert counted(key) == {"sees": 2, "signed_in": 1}
    grades(C10001="C3", C10002="")
    assert counted(key) == {"too_low": 1, "no_answer": 1, "signed_in": 0}
    took("C10002", "C5", days=-1)
    assert counted(key) == {"too_low": 1, "ran_out": 1, "signed_in": 0}
    took("C10001", "C2", investor="professional")
    took("C10002", "C4")
    assert counted(key) == {"sees": 2, "signed_in": 1}


def test_the_page_says_no_to_whom_the_preview_did_not_count(firm: Flask) -> None:
    client = at(firm, Role.CLIENT)
    with firm.app_context():
        keys = {risk: scene.published(risk=risk, title=f"{risk} 报告") for risk in ("R1", "R3", "R4", "R5")}
        db.session.remove()
    for grade, allowed in (("C4", ["R1", "R3", "R4"]), ("C2", ["R1"]), ("", []), ("C5", ["R1", "R3", "R4", "R5"])):
        with firm.app_context():
            grades(C10001=grade)
            db.session.remove()
        assert [risk for risk, key in keys.items() if client.get(f"/research/{key}").status_code == 200] == allowed
        listed, home = client.get("/research").text, client.get("/").text
        assert [risk for risk in keys if f"{risk} 报告" in listed] == allowed
        assert not [risk for risk in keys if f"{risk} 报告" in home and risk not in allowed], "nothing above the grade stands on the first page"


def test_an_audience_is_counted_and_asked_by_the_same_rule(firm: Flask) -> None:
    client = at(firm, Role.CLIENT)
    with firm.app_context():
        with transaction():
            told = {"shared": "firm", "branch_no": "", "made_label": "x", "made_at": clock.now(), "changed_at": clock.now(), "made_by_id": scene.actor(Role.STAFF).user_id}
            db.session.add(ClientSegment(public_id="persons", name="自然人", conditions={"kind": "person"}, **told))
            db.session.add(ClientSegment(public_id="companies", name="机构", conditions={"kind": "institution"}, **told))
        inside, outside = (scene.published(audience=Audience.SEGMENT, audience_ref=key, title=key) for key in ("persons", "companies"))
        assert counted(inside) == {"sees": 2, "signed_in": 1}
        assert counted(outside) == {"not_meant": 2, "signed_in": 0}
        with transaction():
            db.session.execute(db.delete(ClientSegment))
        db.session.remove()
    assert [client.get(f"/research/{key}").status_code for key in (inside, outside)] == [200, 404], "what was released counts, whatever becomes of the segment"


def test_small_counts_of_a_segment_are_not_told_to_who_sees_some_clients(firm: Flask) -> None:
    with firm.app_context():
        with transaction():
            told = {"shared": "firm", "branch_no": "", "made_label": "x", "made_at": clock.now(), "changed_at": clock.now(), "made_by_id": scene.actor(Role.STAFF).user_id}
            db.session.add(ClientSegment(public_id="persons", name="自然人", conditions={"kind": "person"}, **told))
        key = scene.written(audience=Audience.SEGMENT, audience_ref="persons")
        db.session.remove()
    assert "fewer than 5 of fewer than 5" in at(firm, Role.STAFF).get(f"/research/desk/{key}?lang=en").text
    assert "2 of 2 for whom it is meant" in at(firm, Role.ADMIN).get(f"/research/desk/{key}?lang=en").text


def test_subscribers_are_told_once_in_their_way_and_nobody_above_his_grade(firm: Flask) -> None:
    client = at(firm, Role.CLIENT)
    assert post(client, "/research/settings/chains", "/me", chain=["ferrous", "energy"]).status_code == 303
    assert post(client, "/research/settings/chains", "/me", chain=["weather"]).status_code == 422
    with firm.app_context():
        scene.published()
        scene.published(risk="R5", title="太险")
        scene.published(chain="metals", title="没订")
        scene.course(chain="energy", risk="R1")
        told = [(row.kind, row.values["title"]) for row in db.session.execute(select(Notice).where(Notice.kind.like("research.%")).order_by(Notice.id)).scalars()]
        mails = [row.kind for row in db.session.execute(select(OutboxMessage).where(OutboxMessage.kind.like("research.%")).order_by(OutboxMessage.id)).scalars()]
        db.session.remove()
    assert told == [("research.report", "螺纹钢周报"), ("research.course", "期货入门")]
    assert mails == ["research.report", "research.course"]
    post(client, "/research/settings/reading", "/me", recorded="yes")
    with firm.app_context():
        key = scene.published(title="不想听")
        assert counted(key) == {"sees": 1, "opted_out": 1, "signed_in": 0}
        assert len(db.session.execute(select(Notice).where(Notice.kind.like("research.%"))).all()) == 2
        db.session.remove()
    assert "不想听" not in client.get("/").text, "nothing is put before who does not want it"
    assert client.get(f"/research/{key}").status_code == 200, "but he may look for it himself"


def test_what_fits_stands_on_the_first_page_with_its_reason(firm: Flask) -> None:
    client = at(firm, Role.CLIENT)
    with firm.app_context():
        scene.published(title="螺纹")
        scene.published(title="焦煤", products=["jm"])
        scene.published(title="原油", chain="energy", products=["sc"])
        scene.published(title="黄金", chain="metals", products=["au"])
        scene.course(title="黑色入门", chain="ferrous")
        db.session.remove()
    post(client, "/research/settings/chains", "/me", chain=["energy"])
    page = client.get("/?lang=en").text
    part = page[page.index("What fits you") : page.index("All research and courses")]
    told = [(title, part.index(title)) for title in ("螺纹", "焦煤", "原油", "黑色入门")]
    assert [title for title, _place in sorted(told, key=lambda row: row[1])] == ["螺纹", "焦煤", "原油", "黑色入门"]
    assert "because you traded rb in the last 90 days" in part
    assert "because you traded rb, which belongs to Ferrous metals" in part
    assert "because you subscribed to Energy and chemicals" in part
    assert "黄金" not in part


def test_opens_are_kept_by_name_or_counted_without(firm: Flask) -> None:
    client, keeper, other = at(firm, Role.CLIENT), at(firm, Role.STAFF), seat(firm, someone(firm, Role.STAFF, staff_no="S777", branch_no="02", email="s777@research.example"))
    with firm.app_context():
        key = scene.published()
        db.session.remove()
    for _ in range(3):
        client.get(f"/research/{key}")
    client.head(f"/research/{key}")
    assert post(client, f"/research/{key}/finished", "/me").status_code == 303
    with firm.app_context():
        row = db.session.execute(select(ResearchOpen)).scalar_one()
        assert (row.person, row.times, row.last_at >= row.first_at, row.finished_at is not None) == ("client:C10001", 3, True, True)
        db.session.remove()
    assert "客户10001" in keeper.get("/research/desk/opens").text
    assert "客户10001" not in other.get("/research/desk/opens").text, "nobody of another's book"
    assert "客户10001" not in other.get("/research/desk/opens?format=csv").text
    assert "螺纹钢周报" in client.get("/research/settings").text
    post(client, "/research/settings/reading", "/me", wanted="yes")
    assert "客户10001" not in keeper.get("/research/desk/opens").text
    client.get(f"/research/{key}")
    with firm.app_context():
        assert db.session.execute(select(ResearchOpen)).all() == []
        found = opens.one(drafting.item_by(key).id)
        assert (found.readers, found.opens, found.ends) == (0, 4, 1), "counts alone are kept"
        db.session.remove()


def test_every_list_asks_as_many_questions_at_one_report_as_at_thirty(firm: Flask) -> None:
    client = at(firm, Role.CLIENT)
    client.get("/research")

    def asked(address: str) -> int:
        seen: list[str] = []
        with firm.app_context():
            engine = db.engine

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            assert client.get(address).status_code == 200
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    with firm.app_context():
        scene.published()
        db.session.remove()
    before = [asked("/research"), asked("/")]
    with firm.app_context():
        for _ in range(5):
            scene.published()
        db.session.remove()
    assert [asked("/research"), asked("/")] == before


def test_words_cannot_break_out_of_a_report() -> None:
    text = '<script>x</script>\n\n[a](javascript:alert(1)) [b](https://a.example/"onmouseover=x)\n\n**<img src=x>**\n\n![p](https://a.example/p.png)\n\n| a | b |\n|---|---|\n| <i>1</i> | 2 |\n\n1. eins\nweiter\n2. zwei'
    html = str(html_of(text))
    for bad in ("<script", "<img", 'href="javascript', "<i>", '"onmouse'):
        assert bad not in html
    assert "<ol>\n<li>eins<br>\nweiter</li>\n<li>zwei</li>\n</ol>" in html
    assert str(html_of("### a\n## b\n### c\n# d")) == "<h3>a</h3>\n<h4>b</h4>\n<h5>c</h5>\n<h3>d</h3>", "no step of the headings is left out"
    assert '<td data-label="b">2</td>' in html


def test_control_without_the_rule_the_page_would_show_what_is_too_risky(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = at(firm, Role.CLIENT)
    with firm.app_context():
        key = scene.published(risk="R5", title="太险")
        db.session.remove()
    assert (client.get(f"/research/{key}").status_code, "太险" in client.get("/research").text) == (404, False)
    monkeypatch.setattr(reading, "verdict", lambda facts, risk, day: Verdict.SEES)
    assert (client.get(f"/research/{key}").status_code, "太险" in client.get("/research").text) == (200, True), "the refusal above comes from the rule alone"
