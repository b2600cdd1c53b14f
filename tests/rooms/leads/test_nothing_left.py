"""Through every door a person comes in by and every place something of him is kept: after his time nothing of him is left anywhere."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from flask import Flask
from sqlalchemy import false, select, update

from models import Base, db
from models.identity import Role
from models.leads import Lead, LeadEntry
from models.search import SearchWord
from models.suitability import SuitabilityTest
from portal import clock
from portal.actors import TERMINAL
from portal.audit.verify import verify
from portal.imports import parcels
from portal.jobs import retention
from portal.jobs.handlers import Work
from portal.jobs.worker import Worker
from portal.keys import keyring
from portal.leads import erasure, introducers
from portal.leads.people import person
from portal.lists import kept
from portal.search.job import one_step
from portal.suitability import sittings
from portal.transaction import transaction
from portal.transfers import contest
from portal.transfers.case_entries import Evidence
from tests.people import post, seat, someone, token_in
from tests.rooms.introductions.makers import link_of
from tests.rooms.introductions.test_public_form import send
from tests.rooms.leads.firm import settle_in, user
from tests.rooms.leads.stories import CALM, sit

NAME, MAIL, SAID = "欧阳无双", "ouyang@canary.example", "canary-words"
PHONE, OTHER_PHONE = "13912349876", "13912349877"
CANARIES = (NAME, MAIL, SAID, PHONE, OTHER_PHONE, "…4987", "ouyangwushuang")
LATER = timedelta(days=400)
"""After the twelve months that a lead is kept."""


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """The firm of tests/rooms/leads/firm.py."""
    settle_in(app, tmp_path / "files")
    return app


def comes_in(app: Flask) -> list[str]:
    """One person by a list (with a second one looked at and left), another by a link; much is said and done about both. Their indexes."""
    admin = seat(app, someone(app, Role.ADMIN))
    rows = f"name,phone,email,source,note\n{NAME},{PHONE},{MAIL},{SAID},{SAID}\n{NAME},{PHONE[:-1]},,,\n{NAME},,{NAME},,\n"
    for register in (True, False):
        page = admin.get("/leads/upload").text
        made = admin.post("/leads/upload", data={"csrf_token": token_in(page), "file": (io.BytesIO(rows.encode()), f"{NAME}.csv")}, content_type="multipart/form-data")
        Worker(app).drain()
        if register:
            assert post(admin, f"{made.headers['Location']}/register", made.headers["Location"], consent="yes").status_code == 303
            Worker(app).drain()
    with app.app_context():
        code = link_of("B002")
        db.session.remove()
    send(app, code, name=NAME, phone=OTHER_PHONE, note=SAID)
    with app.app_context():
        keys = [lead.public_id for lead in db.session.execute(select(Lead).order_by(Lead.id)).scalars()]
        db.session.remove()
    assert len(keys) == 2
    for key in keys:
        _worked_on(app, admin, key)
    post(admin, "/views", "/me", at=f"/leads?q={NAME}", name="mine")
    for form in ("csv", "xlsx"):
        assert post(admin, "/exports", "/me", at="/leads", form=form).status_code == 200
    return _further(app)


def _worked_on(app: Flask, admin: Any, key: str) -> None:
    page = f"/leads/{key}"

    def press(name: str, **fields: str) -> None:
        text = admin.get(page).text
        version = text.split('name="version" value="')[1].split('"')[0]
        assert post(admin, f"{page}/{name}", page, version=version, **fields).status_code == 303, name

    press("contacts", way="call", outcome="reached", words=f"{SAID} {NAME}", promise=SAID, promised_for=str(clock.now().date() + timedelta(days=2)))
    press("notes", words=f"{NAME} {PHONE}")
    press("tasks", what=f"{SAID} {NAME}", due_on=str(clock.now().date() + timedelta(days=2)))
    post(admin, f"{page}/phone", page)
    post(admin, f"{page}/consent-link", page)


def _further(app: Flask) -> list[str]:
    """Tests, warnings, receipts, a case, and words to be found by; returns the blind indexes."""
    actor = user(app, Role.BROKER, broker_no="B001")
    with app.app_context():
        leads = list(db.session.execute(select(Lead).order_by(Lead.id)).scalars())
        indexes = [lead.phone_index for lead in leads] + [lead.phone_sealed for lead in leads]
        ids, day = [lead.id for lead in leads], clock.now().date()
        for key in ids:
            test = sit(key, CALM, present=NAME, evidence=f"{SAID} {PHONE}", today=day)
            with transaction():
                row = db.session.execute(select(SuitabilityTest).where(SuitabilityTest.public_id == test)).scalar_one()
                sittings.warn(row, accepted=True, evidence=SAID, locale="zh", actor=TERMINAL, moment=clock.now(), today=day, jurisdiction="CN")
        with transaction():
            other, said = introducers.broker("B001"), Evidence("contact", f"{NAME} {SAID}", f"{SAID} {NAME}")
            contest.contest(person(name=NAME, phone=OTHER_PHONE), other, said, actor=actor, moment=clock.now(), today=day, keyring=keyring(), jurisdiction="CN")
        while one_step():
            pass
        db.session.remove()
    return indexes


def everything() -> Iterator[tuple[str, str]]:
    """Every row of every table with its table; what is packed is unpacked."""
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            yield table.name, " ".join(_readable(value) for value in row)


def _readable(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        try:
            return zlib.decompress(bytes(value)).decode("utf-8", "replace")
        except zlib.error:
            return bytes(value).decode("utf-8", "replace")
    return unquote_plus(str(value))  # saved views keep addresses


def left(canaries: tuple[str, ...]) -> dict[str, set[str]]:
    """In which tables which of the canaries stand."""
    found: dict[str, set[str]] = {}
    for table, text in everything():
        for canary in canaries:
            if canary in text:
                found.setdefault(table, set()).add(canary)
    return found


def run(monkeypatch: pytest.MonkeyPatch, after: timedelta) -> dict[str, Any]:
    moment = datetime.now(UTC) + after
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: moment)
        return retention.retention_job(Work(0, "test", retention.RETENTION, {}, TERMINAL, 1))  # type: ignore[no-any-return]


def test_nothing_of_the_person_is_left_in_any_table(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    indexes = comes_in(firm)
    with firm.app_context():
        before = left((NAME, SAID, "ouyangwushuang"))
        expected = {"lead", "lead_entry", "lead_task", "suitability_test", "risk_warning", "case_entry", "search_word", "job_upload", "job", "export_part", "saved_view"}
        assert expected <= set(before), f"control: the walk sees where it is kept, but for {expected - set(before)}"
        db.session.rollback()
        assert run(monkeypatch, timedelta(days=10))["erased"] == 0
        assert not {"job_upload", "export_part", "export_file"} & set(left((NAME, SAID))), "lists and files go within days"
        db.session.rollback()
        assert run(monkeypatch, LATER)["erased"] == 2
        db.session.rollback()
        assert left((*CANARIES, *indexes)) == {}
        assert verify().holds
        assert len(db.session.execute(select(Lead)).scalars().all()) == 2, "counts stay"
        assert db.session.execute(select(SearchWord).where(SearchWord.kind == "lead")).first() is None
        assert not one_step(), "what is erased is not made findable again"
        db.session.remove()


@pytest.mark.parametrize(("fault", "where"), [("words", "search_word"), ("parcels", "job_upload"), ("files", "export_part"), ("entries", "lead_entry")])
def test_control_a_place_that_is_forgotten_is_named(firm: Flask, monkeypatch: pytest.MonkeyPatch, fault: str, where: str) -> None:
    comes_in(firm)
    if fault == "words":
        monkeypatch.setattr(erasure, "FOUND_AS", "nobody")
    elif fault == "parcels":
        monkeypatch.setattr(parcels, "drop_old", lambda moment: 0)
    elif fault == "files":
        monkeypatch.setattr(kept, "drop_expired", lambda moment: None)
    else:
        monkeypatch.setattr(erasure, "update", lambda model: update(model).where(false()) if model is LeadEntry else update(model))
    with firm.app_context():
        assert run(monkeypatch, LATER)["erased"] == 2
        db.session.rollback()
        assert set(left((NAME, SAID, "ouyangwushuang"))) == {where}
        db.session.remove()
