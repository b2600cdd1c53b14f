"""The desk's findings, moves and sights on small firms where every row is known, and its pages as requests."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from flask import Flask
from sqlalchemy import event

from models import db
from models.attribution import Attribution
from models.identity import Role
from portal.actors import TERMINAL
from portal.attribution.known import ranks
from portal.attribution.queries import account_id_of
from portal.audit.recordings import last_recording_id, open_recording
from portal.clock import now
from portal.commission.findings import findings, summary
from portal.commission.holdings import firm, holdings
from portal.commission.moves import moves, serving, summed
from portal.commission.sight import could_see
from portal.jobs.worker import Worker
from portal.transaction import transaction
from portal.versions import assert_rows
from tests import make
from tests.people import post, seat, someone

DAY = date(2026, 3, 3)
ACCOUNTS = ("10001", "10002", "10003", "10004", "10005", "10006")

STORIES = [
    "10001,B001,100,confirmed,2025-01-02,2026-03-10,2025-01-02",  # ends; B003 follows at once
    "10001,B003,100,pending,2026-03-10,,",
    "10002,B001,60,confirmed,2025-01-02,,2026-03-20",  # its call comes later
    "10002,B002,40,suspended,2025-01-02,,",
    "10003,B003,30,confirmed,2025-01-02,2026-03-15,",  # ends, and nobody follows
    "10004,B002,100,confirmed,2025-01-02,2026-03-03,",
    "10004,B003,100,confirmed,2026-03-03,,",
]


def settle_in(folder: Path, attributions: list[str] | None = None) -> Path:
    """Three brokers, six accounts of 1,000 yuan to 6,000 yuan on two days; everybody's attribution is another story."""
    firm = make.firm(folder, ACCOUNTS, ("B001", "B002", "B003"))
    make.write(firm, "licences", ["B001,F1,2025-01-01,2026-03-20", "B002,F2,2025-01-01,2026-03-01", "B003,F3,2025-01-01,"])
    make.write(firm, "agreements", ["B001,HALF,2025-01-01,", "B002,HALF,2025-01-01,", "B003,HALF,2025-01-01,2026-03-31"])
    make.write(firm, "servicing", ["10001,S001,servicer,2025-01-02,2026-03-03", "10002,S001,servicer,2026-03-03,"])
    make.write(firm, "attributions", STORIES if attributions is None else attributions)
    for on in ("2026-03-02", "2026-03-03"):
        make.day(firm, on, {account: (f"{1000 * (1 + place)}.00", "0.00") for place, account in enumerate(ACCOUNTS)})
    return firm


def plain(table: pl.DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(str(cell) if isinstance(cell, date) else cell for cell in row) for row in table.iter_rows()]


@pytest.mark.usefixtures("database")
def test_every_finding_with_what_it_concerns(tmp_path: Path) -> None:
    make.accepted(settle_in(tmp_path))
    found = findings(holdings(DAY, firm(last_recording_id())), 30)
    assert plain(found) == [
        ("licence_missing", None, "B002", None, "2026-03-01", -2, 1, 80_000),
        ("pending", "10002", "B001", "2025-01-02", "2026-03-20", 425, 1, 120_000),
        ("span_ends", "10003", "B003", "2025-01-02", "2026-03-15", 12, 1, 90_000),
        ("agreement_ends", None, "B003", "2025-01-01", "2026-03-31", 28, 2, 490_000),
        ("licence_ends", None, "B001", "2025-01-01", "2026-03-20", 17, 2, 220_000),
        ("uncovered", "10006", None, None, None, None, 1, 600_000),
        ("uncovered", "10005", None, None, None, None, 1, 500_000),
    ]
    assert {kind: count for kind, (count, _) in summary(found).items() if count} == {
        "licence_missing": 1,
        "pending": 1,
        "span_ends": 1,
        "agreement_ends": 1,
        "licence_ends": 1,
        "uncovered": 2,
    }
    assert "span_ends" not in findings(holdings(DAY, firm(last_recording_id())), 11)["kind"]


@pytest.mark.usefixtures("database")
def test_shares_given_away_twice_are_found_though_no_import_lets_them_in(tmp_path: Path) -> None:
    make.accepted(settle_in(tmp_path, ["10001,B001,60,confirmed,2025-01-02,,"]))
    before = last_recording_id()
    brokers = {number: key for key, number, _ in ranks().iter_rows()}
    with transaction():
        recording = open_recording(TERMINAL, now(), "planted")
        row = {"account_id": account_id_of("10001"), "valid_to": date(9999, 12, 31), "state": "confirmed", "confirmed_on": None}
        planted = [
            {**row, "broker_id": brokers["B002"], "valid_from": date(2025, 1, 2), "share": 500_000},
            {**row, "broker_id": brokers["B001"], "valid_from": date(2026, 3, 1), "share": 100_000},
        ]
        assert_rows(Attribution, planted, recording.id, ruled=True)
    found = findings(holdings(DAY, firm(before + 1)), 0).filter(pl.col("kind").is_in(["over", "overlapping"]))
    assert plain(found.select("kind", "account_no", "broker_no", "accounts")) == [("over", "10001", None, 1), ("overlapping", "10001", "B001", 1)]
    assert not set(findings(holdings(DAY, firm(before)), 0)["kind"]) & {"over", "overlapping"}


@pytest.mark.usefixtures("database")
def test_what_moved_between_two_days_by_broker_and_by_staff(tmp_path: Path) -> None:
    make.accepted(settle_in(tmp_path))
    whole = firm(last_recording_id())
    table = moves(holdings(date(2026, 3, 2), whole), holdings(DAY, whole), serving(whole.known))
    assert plain(table.select("kind", "number", "account_no", "before", "after", "way", "equity")) == [
        ("broker", "B002", "10004", 1_000_000, None, "out", 400_000),
        ("broker", "B003", "10004", None, 1_000_000, "in", 400_000),
        ("staff", "S001", "10002", None, 1_000_000, "in", 200_000),
        ("staff", "S001", "10001", 1_000_000, None, "out", 100_000),
    ]
    assert plain(summed(table).drop("name")) == [("broker", "B002", 0, 0, 1, 400_000), ("broker", "B003", 1, 400_000, 0, 0), ("staff", "S001", 1, 200_000, 1, 100_000)]


def test_who_could_see_a_client_between_two_days(app: Flask, tmp_path: Path) -> None:
    someone(app, Role.BROKER, email="b@firm.example", broker_no="B001")
    someone(app, Role.STAFF, email="s@firm.example", staff_no="S001")
    someone(app, Role.BRANCH_MANAGER, email="m@firm.example", branch_no="01")
    someone(app, Role.BRANCH_MANAGER, email="elsewhere@firm.example", branch_no="02")
    someone(app, Role.AUDITOR, email="a@firm.example")
    with app.app_context():
        make.accepted(settle_in(tmp_path))
        seen = could_see(account_id_of("10001"), date(2026, 3, 2), date(2026, 3, 12), last_recording_id())
        assert [(one.way, one.number, str(one.first), str(one.until), one.users) for one in seen] == [
            ("broker", "B001", "2026-03-02", "2026-03-10", ("b@firm.example",)),
            ("broker", "B003", "2026-03-10", "2026-03-13", ()),
            ("servicer", "S001", "2026-03-02", "2026-03-03", ("s@firm.example",)),
            ("branch", "01", "2026-03-02", "2026-03-13", ("m@firm.example",)),
            ("all", "auditor", "2026-03-02", "2026-03-13", ("a@firm.example",)),
        ]
        assert [one.way for one in could_see(account_id_of("10001"), DAY, DAY, 0)] == ["all"], "nothing was known of it yet"
        db.session.remove()


def brought_in(app: Flask, folder: Path, attributions: list[str] | None = None) -> None:
    with app.app_context():
        make.accepted(settle_in(folder, attributions))
        db.session.remove()


def test_a_late_transfer_is_found_priced_and_exported(app: Flask, tmp_path: Path) -> None:
    firm = settle_in(tmp_path / "firm", ["10001,B001,100,confirmed,2025-01-02,,"])
    make.day(firm, "2026-03-03", {"10001": ("1000.00", "0.00")}, [("10001", "SHFE", "rb", "2", "80000.00", "24.00", "8.00")])
    make.write(firm, "licences", [f"{no},F,2025-01-01," for no in ("B001", "B002", "B003")])
    later = make.write(tmp_path / "later", "attributions", ["10001,B001,100,confirmed,2025-01-02,2026-03-03,", "10001,B003,100,confirmed,2026-03-03,,"]).parent
    with app.app_context():
        make.accepted(firm)
        before = last_recording_id()
        make.accepted(later)
        after = last_recording_id()
        db.session.remove()
    auditor = seat(app, someone(app, Role.AUDITOR))
    address = f"/attribution/differences?from={before}&to={after}&first=2026-03&last=2026-03"
    assert "Not compared yet" in auditor.get(address).text
    asked = post(auditor, "/attribution/differences", page="/me", **{"from": before, "to": after, "first": "2026-03", "last": "2026-03"})
    assert asked.status_code == 303
    assert Worker(app).drain() == 1
    assert auditor.get(asked.headers["Location"]).headers["Location"] == address
    rows = list(csv.reader(io.StringIO(auditor.get(address + "&format=csv").text.removeprefix("\ufeff"))))
    assert rows[1:-3] == [
        ["10001", "2026-03-03", "2026-03-03", "1", "Other owners", "B001 100 %", "B003 100 %", "B001", "-8.00"],
        ["10001", "2026-03-03", "2026-03-03", "1", "Other owners", "B001 100 %", "B003 100 %", "B003", "8.00"],
    ]
    assert post(auditor, "/attribution/differences", page="/me", **{"from": before, "to": after, "first": "2026-03", "last": "2026-03"}).headers["Location"] == address
    timeline = auditor.get(f"/attribution/accounts/10001?on={DAY}&known={before}").text
    assert re.search(r"B001</strong> 100 %", timeline)
    assert "B003</strong>" in auditor.get(f"/attribution/accounts/10001?on={DAY}&known={after}").text
    shown = app.test_cli_runner().invoke(args=["attribution", "differences", "--from", str(before), "--to", str(after), "--period", "2026-03"])
    assert f"10001,{DAY},{DAY},1,attribution,B001 1000000 confirmed,B003 1000000 confirmed,B003,8.00" in shown.output
    told = app.test_cli_runner().invoke(args=["attribution", "findings", "--on", str(DAY), "--kind", "uncovered"])
    assert told.exit_code == 0
    assert "uncovered,10002,,,,,1," in told.output or "uncovered" not in told.stdout


def test_a_branch_manager_sees_his_branch_alone(app: Flask, tmp_path: Path) -> None:
    firm = settle_in(tmp_path)
    make.write(firm, "branches", ["01,Head office", "02,Elsewhere"])
    make.edit(firm / "accounts.csv", "19920000001,c@example.com,01", "19920000001,c@example.com,02")
    with app.app_context():
        make.accepted(firm)
        db.session.remove()
    manager = seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="02"))
    rows = list(csv.reader(io.StringIO(manager.get("/attribution?format=csv").text)))
    assert [row[0] for row in rows[1:-3]] == ["10001"]
    assert manager.get("/attribution/accounts/10002").status_code == manager.get("/attribution/accounts/99999").status_code == 404
    assert "10002" not in manager.get("/attribution/findings").text
    assert "10002" not in manager.get("/attribution/moves").text
    assert seat(app, someone(app, Role.BROKER, broker_no="B001")).get("/attribution").status_code == 403


BAD = (
    "on=2026-02-30",
    "on=x",
    "known=-1",
    "known=999999",
    "known=1e3",
    "known_on=9999-12-31",
    "known_on=0001-01-01",
    "on=0001-01-01",
    "state=x&sort=y&page=0",
    "within=x",
    "from=9&to=x",
    "first=2026-13&last=x",
    "from=2026-03-09&until=2026-03-01",
    "until=9999-12-31",
)


def test_a_bad_address_is_answered_and_never_a_fault(app: Flask, tmp_path: Path) -> None:
    brought_in(app, tmp_path)
    auditor = seat(app, someone(app, Role.AUDITOR))
    for path in ("", "/findings", "/moves", "/differences", "/accounts/10001", "/accounts/10001/sight", "/brokers"):
        for query in ("", *BAD):
            assert auditor.get(f"/attribution{path}?{query}").status_code == 200, (path, query)
    for fields in (
        {},
        {"from": "x"},
        {"from": 5, "to": 1, "first": "2026-03", "last": "2026-03"},
        {"from": 0, "to": 99999, "first": "2026-03", "last": "2026-03"},
        {"from": 0, "to": 1, "first": "1000-01", "last": "2026-03"},
    ):
        assert post(auditor, "/attribution/differences", page="/me", **fields).status_code == 422
    assert "there is no recording" in auditor.get("/attribution?known=999999").text


def test_an_empty_portal_teaches(app: Flask) -> None:
    auditor = seat(app, someone(app, Role.AUDITOR))
    for path in ("", "/findings", "/moves", "/differences"):
        assert auditor.get("/attribution" + path).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_firm(app: Flask, tmp_path: Path) -> None:
    """Six accounts against thirty-six, on every list of the desk."""
    auditor = seat(app, someone(app, Role.AUDITOR))
    brought_in(app, tmp_path / "small")
    paths = ("", "/findings", "/moves", "/differences", "/accounts/10001")
    assert auditor.get("/me").status_code == 200  # the first page of a session looks its person up
    few = [_queries(app, auditor, path) for path in paths]
    more = [f"2{n:04d}" for n in range(30)]
    firm = make.firm(tmp_path / "large", [*ACCOUNTS, *more], ("B001", "B002", "B003"))
    make.write(firm, "attributions", [*STORIES, *(f"{account},B002,50,confirmed,2025-01-02,," for account in more)])
    make.day(firm, "2026-03-04", dict.fromkeys(more, ("0.00", "10.00")))
    with app.app_context():
        make.accepted(*(firm / f"{name}.csv" for name in ("accounts", "attributions", "balances-2026-03-04", "trades-2026-03-04")))
        db.session.remove()
    many = [_queries(app, auditor, path) for path in paths]
    assert many == few
    assert max(few) <= 20, dict(zip(paths, few, strict=True))


def _queries(app: Flask, client: Any, path: str) -> int:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    assert client.get("/attribution" + path).status_code == 200
    event.remove(engine, "before_cursor_execute", note)
    return sum(statement.lstrip().upper().startswith("SELECT") for statement in seen)
