"""Many statements in one file: the same bytes as one by one, an index that holds, the same file twice, for whom it is and nobody else."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.jobs import Job
from models.lists import ExportFile
from portal.jobs.handlers import Cancelled
from portal.jobs.worker import Worker
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.commission import payout_scene
from tests.rooms.commission.payout_scene import FEBRUARY, MARCH

FORMS = {"statement.pdf": "pdf", "statement.xlsx": "xlsx", "lines.csv": "csv", "statement.json": "json"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    payout_scene.settled(app, tmp_path / "files")
    return app


@pytest.fixture
def finance(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.FINANCE))


def newest(client: FlaskClient, app: Flask) -> bytes:
    """Work off what waits, and fetch what was made last."""
    Worker(app, poll=0.01).drain()
    with app.app_context():
        number = db.session.execute(select(ExportFile.public_id).order_by(ExportFile.id.desc()).limit(1)).scalar_one()
        db.session.remove()
    answer = client.get(f"/exports/{number}")
    assert answer.status_code == 200
    assert answer.mimetype == "application/zip"
    return bytes(answer.data)


def test_a_month_in_one_file_is_what_one_by_one_brings(firm: Flask, finance: FlaskClient) -> None:
    page = f"/commission/months/{MARCH}/publication"
    assert post(finance, f"/commission/months/{MARCH}/statements", page).status_code == 303
    body = newest(finance, firm)
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    index = list(csv.DictReader(io.StringIO(archive.read("index.csv").decode("utf-8-sig"))))
    assert [(row["broker_no"], row["month"]) for row in index] == [(f"B00{place}", MARCH) for place in range(1, 5) for _form in FORMS]
    assert all(hashlib.sha256(archive.read(row["file"])).hexdigest() == row["sha256"] and len(archive.read(row["file"])) == int(row["bytes"]) for row in index)
    assert set(archive.namelist()) == {*(row["file"] for row in index), "index.csv", "SHA256SUMS", "check_statement.py"}
    sums = {line[66:]: line[:64] for line in archive.read("SHA256SUMS").decode().splitlines()}
    assert sums == {row["file"]: row["sha256"] for row in index} | {"check_statement.py": hashlib.sha256(archive.read("check_statement.py")).hexdigest()}
    for broker in ("B001", "B004"):
        for path, form in FORMS.items():
            [name] = [row["file"] for row in index if row["broker_no"] == broker and row["file"].endswith(form)]
            assert archive.read(name) == finance.get(f"/commission/statements/{MARCH}/{broker}/{path}").data, name


def test_it_is_the_same_file_the_second_time_and_stands_in_the_log(firm: Flask, finance: FlaskClient) -> None:
    made = []
    for _time in range(2):
        post(finance, f"/commission/months/{FEBRUARY}/statements", "/me")
        made.append(newest(finance, firm))
    assert made[0] == made[1]
    with firm.app_context():
        lines = db.session.execute(select(AuditEntry.subject_key, AuditEntry.after).where(AuditEntry.action == "statements.taken_out")).all()
        db.session.remove()
    assert [(key, after["statements"], after["digest"]) for key, after in lines] == [(FEBRUARY, 4, hashlib.sha256(made[0]).hexdigest())] * 2


def test_each_download_stands_in_the_log_and_a_refused_one_does_not(firm: Flask, finance: FlaskClient) -> None:
    post(finance, f"/commission/months/{MARCH}/statements", "/me")
    body = newest(finance, firm)
    with firm.app_context():
        number = db.session.execute(select(ExportFile.public_id)).scalar_one()
        db.session.remove()
    assert finance.get(f"/exports/{number}").data == body
    assert seat(firm, someone(firm, Role.FINANCE, email="other@firm.example")).get(f"/exports/{number}").status_code == 404
    with firm.app_context():
        lines = db.session.execute(select(AuditEntry).where(AuditEntry.action == "export.fetched").order_by(AuditEntry.seq)).scalars().all()
        assert [(line.subject_type, line.subject_key, line.after["name"], line.after["rows"], line.after["bytes"]) for line in lines] == [
            ("list", "statement_packs.month", f"statements-{MARCH}.zip", 4, len(body))
        ] * 2
        db.session.remove()


def test_a_single_statement_that_leaves_stands_in_the_log_with_its_digest(firm: Flask, finance: FlaskClient) -> None:
    bodies = [finance.get(f"/commission/statements/{MARCH}/B001/{path}").data for path in FORMS]
    with firm.app_context():
        lines = db.session.execute(select(AuditEntry).where(AuditEntry.action == "paper.taken_out").order_by(AuditEntry.seq)).scalars().all()
        assert [(line.subject_key, line.after["form"], line.after["digest"]) for line in lines] == [
            (f"{MARCH} B001", form, hashlib.sha256(body).hexdigest()) for form, body in zip(FORMS.values(), bodies, strict=True)
        ]
        db.session.remove()


def test_a_broker_takes_out_his_own_and_no_other(firm: Flask) -> None:
    broker = seat(firm, someone(firm, Role.BROKER, broker_no="B002"))
    assert "Several months in one file" in broker.get("/commission/statements").text
    assert post(broker, "/commission/statements/own", "/me", first=FEBRUARY, last=MARCH).status_code == 303
    names = zipfile.ZipFile(io.BytesIO(newest(broker, firm))).namelist()
    assert {name.rsplit("/", 1)[0] for name in names if "/" in name} == {f"{FEBRUARY}/B002", f"{MARCH}/B002"}
    assert post(broker, f"/commission/months/{MARCH}/statements", "/me").status_code == 403
    assert post(broker, "/commission/statements/own", "/me", first="2026-05", last="2026-06").status_code == 422
    assert post(broker, "/commission/statements/own", "/me", first=MARCH, last=FEBRUARY).status_code == 422
    assert post(broker, "/commission/statements/own", "/me", first="x", last=FEBRUARY).status_code == 422


def test_who_is_no_broker_has_no_own_and_an_open_month_none(firm: Flask, finance: FlaskClient) -> None:
    assert post(finance, "/commission/statements/own", "/me", first=MARCH, last=MARCH).status_code == 403
    assert post(finance, "/commission/months/2026-04/statements", "/me").status_code == 422


def test_who_may_no_more_cannot_fetch_what_he_made(firm: Flask) -> None:
    user = someone(firm, Role.FINANCE)
    client = seat(firm, user)
    post(client, f"/commission/months/{MARCH}/statements", "/me")
    newest(client, firm)
    other = someone(firm, Role.BROKER, broker_no="B001")
    with firm.app_context():
        number = db.session.execute(select(ExportFile.public_id)).scalar_one()
        with transaction():
            db.session.execute(update(ExportFile).values(owner_id=other))
        db.session.remove()
    assert client.get(f"/exports/{number}").status_code == 404, "it is another's"
    assert seat(firm, other).get(f"/exports/{number}").status_code == 403, "and he may not prepare months"


def test_it_is_stopped_between_two_statements_and_nothing_is_kept(firm: Flask, finance: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    post(finance, f"/commission/months/{MARCH}/statements", "/me")

    def stops(self: object, step: str, done: int = 0, total: int = 0) -> None:
        if done == 2:
            raise Cancelled

    monkeypatch.setattr("portal.jobs.handlers.Work.progress", stops)
    Worker(firm, poll=0.01).drain()
    with firm.app_context():
        assert db.session.execute(select(Job.state).where(Job.kind == "statements.month")).scalar_one() == "cancelled"
        assert db.session.execute(select(ExportFile.id)).all() == []
        db.session.remove()
