"""The imports desk without a browser: what it refuses, what it keeps, and that two clicks make one job."""

from __future__ import annotations

import dataclasses
import io
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.jobs import Job, JobUpload
from models.settlement import ImportRun, SettlementDay
from portal import clock, create_app
from portal.actors import TERMINAL
from portal.imports import parcels
from portal.imports.job import RUN
from portal.jobs.worker import Worker
from portal.settings import Settings
from portal.transaction import transaction
from tests import make
from tests.oracle.product import run
from tests.people import form_token, hidden_in, post, seat, someone
from tests.rooms.settlement.at_notation import cusfund

CTP = Path(__file__).parents[2] / "files" / "ctp"


def hand_in(client: FlaskClient, *files: Path, **fields: str) -> str:
    """Send files with the form; returns where it leads."""
    data = {"csrf_token": form_token(client, "/imports"), "files": [(io.BytesIO(path.read_bytes()), path.name) for path in files], **fields}
    answer = client.post("/imports", data=data, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def count(app: Flask, model: type) -> int:
    """Rows of a table."""
    with app.app_context():
        found = db.session.execute(select(func.count()).select_from(model)).scalar_one()
        db.session.remove()
    return found


@pytest.fixture
def desk(app: Flask) -> FlaskClient:
    """The finance department's browser."""
    return seat(app, someone(app, Role.FINANCE))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A firm and one day."""
    firm = make.firm(tmp_path / "firm")
    make.day(firm, "2026-03-02", {"10001": ("0.00", "10.00"), "10002": ("0.00", "0.00")})
    return sorted(firm.iterdir())


def result_of(app: Flask, client: FlaskClient, work: str) -> str:
    """Let the worker work; returns the address of the import."""
    Worker(app).drain()
    answer = client.get(work)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_a_preview_keeps_nothing_and_bringing_in_keeps_all(app: Flask, desk: FlaskClient, files: list[Path]) -> None:
    shown = result_of(app, desk, hand_in(desk, *files))
    assert count(app, SettlementDay) == 0
    assert count(app, JobUpload) == len(files)
    assert "Bring in" in desk.get(shown).text
    first, second = (post(desk, f"{shown}/bring-in", page="/imports").headers["Location"] for _ in range(2))
    assert first == second
    result = result_of(app, desk, first)
    assert count(app, SettlementDay) == 1
    assert count(app, JobUpload) == 0
    assert "2026-03-02" in desk.get(result).text
    assert "¥10.00" in desk.get(f"{result}/days").text
    assert post(desk, f"{shown}/bring-in", page="/imports").status_code == 409


def test_what_goes_into_no_sum_is_named_and_a_day_wholly_refused_is_not_offered(app: Flask, desk: FlaskClient, files: list[Path], tmp_path: Path) -> None:
    result_of(app, desk, post(desk, result_of(app, desk, hand_in(desk, *files[:-2])) + "/bring-in", page="/imports").headers["Location"])
    day = tmp_path / "day"
    day.mkdir()
    lines = {"cusfund": [cusfund("10001", "0.000", "0.000"), cusfund("10001", "7.000", "7.000", currency="USD"), cusfund("10002", "0.000", "0.000")], "customer": ["x@y"]}
    for kind in ("cusfund", "fundchg", "trddata", "holddata", "customer"):
        (day / f"0199{kind}20260105.txt").write_bytes("".join(f"{line}\n" for line in lines.get(kind, [])).encode("gb18030"))
    shown = desk.get(result_of(app, desk, hand_in(desk, *day.iterdir()))).text
    assert "customer, 1 row: left alone" in shown
    assert "1 row in USD: kept as it stands, and part of no sum" in shown
    assert "Bring in" in shown
    (day / "0199cusfund20260105.txt").write_text(cusfund("10001", "0.000", "1.000") + "\n")
    refused = desk.get(result_of(app, desk, hand_in(desk, *day.iterdir(), next(CTP.glob("*.txt"))))).text
    assert "nothing is left to bring in" in refused
    assert "Bring in" not in refused
    assert "Hand it in under Comparisons" in refused


def test_a_job_begun_twice_brings_in_once(app: Flask, desk: FlaskClient, files: list[Path]) -> None:
    shown = result_of(app, desk, hand_in(desk, *files))
    post(desk, f"{shown}/bring-in", page="/imports")
    with app.app_context():
        with transaction():
            job = db.session.scalars(select(Job).where(Job.kind == RUN).order_by(Job.id.desc())).first()
            db.session.add(ImportRun(started_at=clock.now(), actor_label="", state="running", dry_run=False, step="", summary={"job": job.public_id}))
        db.session.remove()
    Worker(app).drain()
    with app.app_context():
        states = db.session.execute(select(ImportRun.state).order_by(ImportRun.id)).scalars().all()
        assert [str(state) for state in states] == ["done", "failed", "done"]
        db.session.remove()
    assert count(app, SettlementDay) == 1


def test_a_waiting_preview_can_be_stopped(app: Flask, desk: FlaskClient, files: list[Path]) -> None:
    work = hand_in(desk, *files)
    post(desk, f"/jobs/{work.rsplit('/', 1)[1]}/cancel", page="/imports")
    Worker(app).drain()
    assert "Cancelled" in desk.get(work).text
    assert count(app, ImportRun) == 0


def test_rows_taken_out_wait_for_a_second_person(app: Flask, desk: FlaskClient, files: list[Path]) -> None:
    with app.app_context():
        make.accepted(*files)
        db.session.remove()
    servicing = next(path for path in files if path.name == "servicing.csv")
    lines = servicing.read_text().splitlines()
    servicing.write_text("\n".join([*lines[:-1], ""]))
    assert "1 refusal" in desk.get(result_of(app, desk, hand_in(desk, servicing))).text
    shown = result_of(app, desk, hand_in(desk, servicing, replace="yes"))
    assert "Nothing was refused" in desk.get(shown).text
    result = desk.get(result_of(app, desk, post(desk, f"{shown}/bring-in", page="/imports").headers["Location"])).text
    assert "Waits for a second person" in result
    assert "/approvals" in result


def test_nothing_chosen_is_said(desk: FlaskClient) -> None:
    answer = post(desk, "/imports", page="/imports")
    assert answer.status_code == 422
    assert "choose at least one" in answer.text


def test_too_large_an_upload_is_a_page(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, upload_limit_mb=1))
    assert app.config["MAX_CONTENT_LENGTH"] == 2**20
    app.config["MAX_CONTENT_LENGTH"] = 100_000  # the test's own browser writes larger ones to a file that it leaves open
    client = seat(app, someone(app, Role.FINANCE))
    data = {"csrf_token": form_token(client, "/imports"), "files": (io.BytesIO(b"x" * 110_000), "trades-2026-03-02.csv")}
    answer = client.post("/imports", data=data, content_type="multipart/form-data")
    assert answer.status_code == 413
    assert "too large" in answer.text
    assert count(app, Job) == 0
    with app.app_context():
        db.engine.dispose()


@pytest.mark.usefixtures("database")
def test_files_nobody_decided_about_are_dropped_after_a_week() -> None:
    with transaction():
        old = parcels.begin(TERMINAL, clock.now() - parcels.KEPT - timedelta(hours=1), ["a"])
        parcels.add(old.id, "a", parcels.pack(b"1"))
        name = old.public_id
    with transaction():
        fresh = parcels.begin(TERMINAL, clock.now(), ["b"])
        parcels.add(fresh.id, "b", parcels.pack(b"2"))
    assert parcels.named(name) is None
    assert [file.read() for file in parcels.files_in(fresh)] == [b"2"]


def test_findings_and_imports_download(app: Flask, desk: FlaskClient, tmp_path: Path) -> None:
    bad = make.write(tmp_path, "branches", ["=1+1,"])
    shown = result_of(app, desk, hand_in(desk, bad))
    listed = desk.get(f"{shown}?format=csv").get_data(as_text=True)
    assert "A value is missing." in listed
    assert desk.get(f"{shown}?severity=warning").text.count("A value is missing.") <= 1  # in the filter's choices alone
    assert desk.get("/imports?format=csv").text.count("\n") == 2 + 3  # the last three say who took it out
    assert desk.get(f"{shown}?format=xlsx").data.startswith(b"PK")


def test_the_terminal_previews_what_is_stale(app: Flask, files: list[Path]) -> None:
    with app.app_context():
        make.accepted(*files)
        db.session.remove()
    assert "2026-03" in run(app, "commission", "refresh")
    assert "current" in run(app, "commission", "refresh")


def test_a_corrected_day_of_the_calendar_is_in_the_log(app: Flask, files: list[Path]) -> None:
    with app.app_context():
        make.accepted(*files)
        db.session.remove()
    admin = seat(app, someone(app, Role.ADMIN))
    assert post(admin, "/calendar/2026/days", page="/calendar/2026", day="2026-03-09", trading="no", note="").status_code == 422
    seen = hidden_in(admin.get("/calendar/2026").text, "seen")
    assert post(admin, "/calendar/2026/days", page="/calendar/2026", seen=seen, day="2026-03-09", trading="no", note="storm").status_code == 303
    assert post(admin, "/calendar/2026/days", page="/calendar/2026", seen=seen, day="2026-03-09", trading="yes", note="no storm").status_code == 409, (
        "another looked at it before the storm"
    )
    assert "storm" in admin.get("/calendar/2026").text
    assert post(admin, "/calendar/2040/add", page="/calendar/2040", source="gazette", closed="2040-01-02").status_code == 303
    with app.app_context():
        actions = set(db.session.execute(select(AuditEntry.action)).scalars())
        assert {"calendar.day_set", "calendar.year_added"} <= actions
        db.session.remove()
    assert post(admin, "/calendar/2026/days", page="/calendar/2026", day="2026-13-09", trading="no", note="x").status_code == 422
