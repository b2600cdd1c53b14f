"""Lists of leads: what does not hold is named row by row, what holds gets the answer that it would get alone."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import xlsxwriter
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.leads import Campaign, CampaignKind, Claim, IntroducerKind, Lead, LeadDoor, LeadEntry, LeadLookUp
from portal import clock
from portal.actors import TERMINAL
from portal.imports.leads_file import Listed, read
from portal.imports.leads_upload import registered, today_of
from portal.jobs.worker import Worker
from portal.leads import introducers
from portal.leads.terms import set_terms
from portal.transaction import transaction
from tests import make
from tests.people import seat, someone, token_in
from tests.rooms.leads.firm import NOON, TODAY, lead_of, settle_in, user

HEADER = "name,phone,id_no,email,kind,source,broker_no,referrer_client_no,consent_on,note"


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """The firm of tests/rooms/leads/firm.py."""
    settle_in(app, tmp_path / "files")
    return app


def csv(*rows: str, header: str = HEADER) -> bytes:
    """A list as bytes."""
    return "\n".join([header, *rows, ""]).encode()


def wrong(listed: Listed) -> list[tuple[int, str]]:
    """Line and field of each fault."""
    return [(fault.line, fault.column) for fault in listed.faults]


@pytest.mark.usefixtures("database")
def test_every_fault_is_named_with_its_row_and_field(firm: Flask) -> None:
    listed = read(
        "l.csv",
        csv(
            "张三,13800138001,,,,,,,,",
            ",13800138002,,,,,,,,",
            "李四,1380013,,,,,,,,",
            "王五,13800138003,110105194912310021,,,,,,,",
            "赵六,13800138004,,nobody,,,,,,",
            "钱七,13800138005,,,robot,,,,,",
            "孙八,13800138006,,,,,B999,,,",
            "周九,13800138007,,,,,B001,C10001,,",
            "吴十,13800138008,,,,,,C99999,,",
            "郑一,13800138009,,,,,,,31.3.2026,",
            "冯二,,,,,,,,,",
            "陈三,13800138010,,,,,,C10001,2026-03-01,a friend",
            '"卫\x00四",13800138011,,,,,,,,',
        ).replace(b"\x00", b"\x01"),
        TERMINAL,
    )
    assert wrong(listed) == [
        (3, "name"), (4, "phone"), (5, "id_no"), (6, "email"), (7, "kind"), (8, "broker_no"), (9, "broker_no"), (10, "referrer_client_no"), (11, "consent_on"), (12, "phone"), (14, "name"),
    ]  # fmt: skip
    assert [row.line for row in listed.rows] == [2, 13]
    assert listed.rows[1].introducer.kind is IntroducerKind.CLIENT
    assert "1380013" not in str(listed.faults), "findings are kept, so they hold no number"
    assert [fault.message for fault in listed.faults if fault.column == "name"] == ["this is missing: fill it in", "this holds characters that cannot be kept"]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (csv("x", header="name,phone,age"), "“age” is not known"),
        (csv("x", header="name,phone,手机号"), "stands twice"),
        (csv("x", header="name,note"), "its first line names them"),
        (b"\xff\xfe\x00", "neither UTF-8 nor GB18030"),
        (b"PK\x03\x04 no workbook", "cannot be opened"),
    ],
)
def test_what_is_no_list_at_all_is_refused_whole(firm: Flask, data: bytes, says: str) -> None:
    with pytest.raises(Exception, match=says):
        read("l.csv", data, TERMINAL)


@pytest.mark.usefixtures("database")
def test_a_workbook_with_chinese_headings_and_numbers_as_numbers(firm: Flask) -> None:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["姓名", "手机号", "备注"])
    sheet.write_row(1, 0, ["张三", 13800138001, "_A1"])
    book.close()
    listed = read("名单.xlsx", target.getvalue(), TERMINAL)
    assert (listed.faults, [(row.person.name, row.person.phone, row.person.note) for row in listed.rows]) == ([], [("张三", "+8613800138001", "_A1")])


@pytest.mark.usefixtures("database")
def test_a_list_gets_the_answers_that_its_people_would_get_alone(firm: Flask) -> None:
    """Somebody new, somebody twice, somebody claimed by another, a client: by the set-based way and by the single one."""
    lead_of(1, introducers.broker("B002"), clock.now(), today_of())
    broker = user(firm, Role.BROKER, broker_no="B001")
    rows = ["新一,13900000001,,,,EXPO,,,2026-03-01,", "新一,13900000001,,,,,,,,", "王1,13812340001,,,,,,,,", "客户,19920000001,,,,,,,,", "新二,13900000002,,,,,,,,"]
    with transaction():
        db.session.add(Campaign(code="EXPO", name="Expo", kind=CampaignKind.EVENT, starts_on=TODAY, ends_on=TODAY, cost=1, created_at=NOON))
    told = registered(read("l.csv", csv(*rows), broker).rows, broker, LeadDoor.UPLOAD)
    assert told["answers"] == {"new": 2, "yours": 2, "protected": 1}
    assert [one[:2] for one in told["told"]] == [[3, "yours"], [4, "protected"], [5, "yours"]]
    leads = db.session.execute(select(Lead).where(Lead.name.in_(["新一", "新二"])).order_by(Lead.id)).scalars().all()
    anna = introducers.staff("S001")
    assert [(lead.owner_staff_id, lead.contact_due_on is not None, lead.campaign_id is not None) for lead in leads] == [(anna.id, True, True), (anna.id, True, False)]
    assert db.session.execute(select(LeadEntry.details).where(LeadEntry.lead_id == leads[0].id)).scalar_one()["consent_on"] == "2026-03-01"
    assert db.session.execute(select(func.count()).select_from(LeadLookUp).where(LeadLookUp.introducer == "broker:B001")).scalar_one() == 5
    assert db.session.execute(select(func.count()).select_from(AuditEntry).where(AuditEntry.subject_key == leads[1].number)).scalar_one() == 1
    assert db.session.execute(select(func.count()).select_from(Claim).where(Claim.lead_id == leads[0].id)).scalar_one() == 1


@pytest.mark.usefixtures("database")
def test_a_brokers_list_is_no_way_around_the_days_limit(firm: Flask) -> None:
    with transaction():
        set_terms({"look_ups_a_day": 3, "look_ups_an_hour": 1}, TERMINAL, NOON)
    rows = [f"新,1390000{number:04d},,,,,,,," for number in range(5)]
    broker = user(firm, Role.BROKER, broker_no="B001")
    assert registered(read("l.csv", csv(*rows), broker).rows, broker, LeadDoor.UPLOAD)["answers"] == {"new": 3, "later": 2}
    desk = user(firm, Role.ADMIN)
    assert registered(read("l.csv", csv(*rows), desk).rows, desk, LeadDoor.UPLOAD)["answers"] == {"new": 2, "protected": 3}
    with_other = read("l.csv", csv("新,13900000009,,,,,B002,,,", "新,13900000010,,,,,B001,,,"), broker)
    assert wrong(with_other) == [(2, "broker_no")]


@pytest.mark.usefixtures("database")
def test_leads_csv_among_the_files_of_an_import(firm: Flask, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(csv("新一,13900000001,,,person,,B001,,,", "客户,19920000001,,,person,,B002,,,"))
    outcome = make.accepted(path)
    assert (outcome.results[0].state, outcome.results[0].counts) == ("posted", {"new": 1, "same": 1})
    assert make.codes(outcome) == ["lead_known"]
    again = make.accepted(path)
    assert again.results[0].state == "unchanged"
    assert db.session.execute(select(func.count()).select_from(Lead)).scalar_one() == 1
    path.write_bytes(csv("新二,13900000002,,,person,,B001,,,", "x,12,,,person,,B001,,,"))
    refused = make.imported(path)
    assert (make.found(refused, "bad_lead").line, make.found(refused, "bad_lead").field) == (3, "phone")
    assert db.session.execute(select(func.count()).select_from(Lead)).scalar_one() == 1, "a file goes in whole or not at all"


def test_at_the_desk_preview_then_registration_and_a_harmless_file_of_errors(firm: Flask) -> None:
    client = seat(firm, someone(firm, Role.BROKER, broker_no="B001"))
    stranger = seat(firm, someone(firm, Role.BROKER, broker_no="B002"))
    token = token_in(client.get("/leads/upload").text)
    data = csv("张三,13900000001,,,,,,,,", "李四,13900000002,,,,,=cmd|'/C calc'!A1,,,", "张三,139 0000 0001,,,,,,,,")
    handed = client.post("/leads/upload", data={"csrf_token": token, "file": (io.BytesIO(data), "l.csv")}, content_type="multipart/form-data")
    where = handed.headers["Location"]
    assert Worker(firm).drain() == 1
    page = client.get(where)
    assert "Register 1 person" in page.text
    assert "the same person as on line 2" in page.text
    assert stranger.get(where).status_code == 404
    assert client.post(where + "/register", data={"csrf_token": token_in(page.text)}).status_code == 422, "nobody vouched for their consent"
    assert client.post(where + "/register", data={"csrf_token": token_in(page.text), "consent": "yes"}).status_code == 303
    assert Worker(firm).drain() == 1
    assert client.get("/leads").text.count("张三") == 1
    rows = client.get(where + "/rows?format=csv").text.splitlines()
    assert rows[1].startswith("3,Broker,")
    assert client.post(where + "/register", data={"csrf_token": token_in(client.get("/leads/upload").text), "consent": "yes"}).status_code == 409


def test_what_stopped_says_why_and_who_cancels_stays_with_the_list(firm: Flask) -> None:
    client = seat(firm, someone(firm, Role.BROKER, broker_no="B001"))
    where = hand_in(client, b"PK no workbook", "l.xlsx")
    assert Worker(firm).drain() == 1
    page = client.get(where).text
    assert "this workbook cannot be opened" in page
    assert ("the work goes on" in page, "The list was not taken in" in page) == (False, True)
    where = hand_in(client, csv("张三,13900000001,,,,,,,,"), "l.csv")
    cancelled = client.post(f"/jobs/{where.rsplit('/', 1)[1]}/cancel", data={"csrf_token": token_in(client.get(where).text), "back": where})
    assert cancelled.headers["Location"] == where
    assert "nobody was registered" in client.get(where).text


def test_a_list_has_the_columns_that_its_owner_may_fill_in(firm: Flask) -> None:
    broker, boss = seat(firm, someone(firm, Role.BROKER, broker_no="B001")), seat(firm, someone(firm, Role.ADMIN))
    assert ("broker_no" in broker.get("/leads/upload").text, "broker_no" in boss.get("/leads/upload").text) == (False, True)
    assert broker.get("/leads/upload/empty?format=csv").text.strip("\ufeff\r\n") == "name,phone,id_no,email,kind,source,consent_on,note"
    chinese = boss.get("/leads/upload/empty?format=csv", headers={"Accept-Language": "zh-CN"})
    with firm.app_context():
        assert read("l.csv", chinese.data, TERMINAL).lines == 0, "the headings are those that are understood"
    assert "姓名" in chinese.text


def hand_in(client: FlaskClient, data: bytes, name: str) -> str:
    """Hand a list in. Returns the address of its work."""
    token = token_in(client.get("/leads/upload").text)
    return client.post("/leads/upload", data={"csrf_token": token, "file": (io.BytesIO(data), name)}, content_type="multipart/form-data").headers["Location"]
