"""Payments through the pages: two people of finance, the bank's file and answer, what the broker sees, and what an auditor may."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from models import db
from models.audit import Approval, AuditEntry
from models.identity import Role
from models.payouts import Payee
from tests.people import post, seat, someone
from tests.rooms.commission import payout_scene as scene
from tests.rooms.commission.payout_scene import MARCH

NEXT = f"/commission/payouts/next/{MARCH}"
RUN = "/commission/payouts/2026-03-01"
NUMBER = "6217000012345678901"


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    scene.settled(app, tmp_path / "files")
    return app


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def digest_in(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def approve_newest(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        number = db.session.execute(select(func.max(Approval.id)).where(Approval.state == "waiting")).scalar_one()
        db.session.remove()
    page = f"/approvals/{number}"
    assert post(client, f"{page}/approve", page=page, digest=digest_in(client.get(page).text)).status_code == 303


def with_account(app: Flask, one: FlaskClient, two: FlaskClient) -> None:
    page = "/commission/payees/B001"
    assert post(one, f"{page}/account", page=page, holder="居间人B001", bank="工商银行", account_no=NUMBER).status_code == 303
    approve_newest(app, two)


def prepared(one: FlaskClient) -> None:
    shown = one.get(NEXT).text
    assert post(one, NEXT, page=NEXT, digest=digest_in(shown), typed=MARCH).headers["Location"] == RUN


def test_money_goes_from_the_statement_to_the_bank_and_the_broker_sees_where_it_is(firm: Flask) -> None:
    one, two = (seat(firm, someone(firm, Role.FINANCE, email=f"{name}@firm.example")) for name in ("one", "two"))
    broker = seat(firm, someone(firm, Role.BROKER, broker_no="B001"))
    statement = f"/commission/statements/{MARCH}/B001"
    assert "Final: in the next payment run" in text_of(broker.get(statement).text)
    assert "none yet: ask the firm" in text_of(broker.get("/").text)
    with_account(firm, one, two)
    assert "¥3,520.00" in text_of(broker.get("/").text)
    assert "工商银行 •••• 8901" in text_of(broker.get("/").text)
    prepared(one)
    assert "In payment" in text_of(broker.get(statement).text)
    assert "Waits for a second person" in text_of(one.get(RUN).text)
    approve_newest(firm, two)
    rows = _bank_file(one)
    assert [row[2] for row in rows[1:]] == [NUMBER, NUMBER]
    assert [row[4] for row in rows[1:]] == [1360, 2160]
    _answer(one, f"付款编号,金额,处理结果,付款日期,银行流水号,失败原因\n{rows[1][0]},1360.00,成功,2026-04-09,ICBC-1,\n{rows[2][0]},2160.00,退票,,,户名不符\n")
    paid = text_of(broker.get("/commission/statements/2026-02/B001").text)
    assert "Paid" in paid
    assert "ICBC-1" in paid
    back = text_of(broker.get(statement).text)
    assert "Came back: in the next payment run" in back
    assert "户名不符" in back
    home = text_of(broker.get("/").text)
    assert "¥2,160.00" in home, "what came back is in the next run"
    assert "Paid last ¥1,360.00 · 2026-04-09" in home
    assert "was paid on 2026-04-09" in text_of(broker.get("/notices").text)
    listed = broker.get("/commission/statements?state=paid&format=csv").get_data(as_text=True).splitlines()
    assert [line.split(",")[1] for line in listed[1:] if line.count(",") > 3] == ["2026-02"]


def _bank_file(one: FlaskClient) -> list[list[object]]:
    refused = post(one, f"{RUN}/file", page=RUN, reason="", form="xlsx")
    assert refused.status_code == 422
    file = post(one, f"{RUN}/file", page=RUN, reason="to the bank", form="xlsx")
    assert file.status_code == 200
    return CalamineWorkbook.from_filelike(io.BytesIO(file.data)).get_sheet_by_index(0).to_python()


def _answer(one: FlaskClient, content: str) -> None:
    page = f"{RUN}/answer"
    shown = one.post(page, data={"csrf_token": _token(one, page), "file": (io.BytesIO(content.encode()), "answer.csv")}, content_type="multipart/form-data")
    assert shown.status_code == 303
    preview = one.get(shown.headers["Location"]).text
    assert "1 payment" in text_of(preview)
    assert post(one, shown.headers["Location"], page=page, digest=digest_in(preview), wish="take_in").status_code == 303


def _token(client: FlaskClient, page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found
    return found[1]


def test_the_numbers_leave_only_with_a_line_in_the_log(firm: Flask) -> None:
    one, two = (seat(firm, someone(firm, Role.FINANCE, email=f"{name}@firm.example")) for name in ("one", "two"))
    auditor, manager = seat(firm, someone(firm, Role.AUDITOR)), seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01"))
    with_account(firm, one, two)
    prepared(one)
    for address in (RUN, NEXT, "/commission/payees", "/commission/payees/B001", "/commission/payouts"):
        shown = auditor.get(address)
        assert shown.status_code == 200
        assert NUMBER not in shown.text
        assert manager.get(address).status_code == 403
    assert post(one, f"{RUN}/file", page=RUN, reason="too early", form="csv").status_code == 409
    assert post(auditor, "/commission/payees/B001/reveal", page="/commission/payees/B001", reason="curious").status_code == 403
    assert NUMBER in post(one, "/commission/payees/B001/reveal", page="/commission/payees/B001", reason="the bank asks").text
    approve_newest(firm, two)
    assert NUMBER in post(one, f"{RUN}/file", page=RUN, reason="to the bank", form="csv").get_data(as_text=True)
    with firm.app_context():
        logged = dict(
            db.session.execute(
                select(AuditEntry.action, func.count()).where(AuditEntry.action.in_(("payee.reveal", "payout.bank_file", "list.exported"))).group_by(AuditEntry.action)
            ).all()
        )
        assert logged == {"payee.reveal": 1, "payout.bank_file": 1, "list.exported": 1}
        assert NUMBER not in str(db.session.execute(select(Payee.account_no_sealed, Payee.account_index)).all())
        db.session.remove()


def test_the_month_must_be_typed_and_the_second_person_is_another(firm: Flask) -> None:
    one, two = (seat(firm, someone(firm, Role.FINANCE, email=f"{name}@firm.example")) for name in ("one", "two"))
    with_account(firm, one, two)
    shown = one.get(NEXT).text
    assert post(one, NEXT, page=NEXT, digest=digest_in(shown), typed="2026-02").headers["Location"] == NEXT
    assert "type 2026-03" in text_of(one.get(NEXT).text)
    prepared(one)
    assert one.get("/commission/payouts/next/2026-04").status_code == 200
    assert "is not closed" in text_of(one.get("/commission/payouts/next/2026-04").text)
    assert one.get("/commission/payouts/next/nonsense").status_code == 404
